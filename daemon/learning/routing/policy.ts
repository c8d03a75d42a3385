/** A learned policy as a document: whether it is one for this router, and the digest it goes by. Pure. */
import { canonicalNumbers, parseStrict } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { ContextField, RouterEntry } from "../../../proto/routing.ts";
import { type BucketField, CELLS_MAX, type Cell, RoutingPolicy } from "../../../proto/routing-policy.ts";
import { lazyCheck } from "../../platform/lazy-check.ts";
import { bucketsIn, type Cells, cellsOf, placesOf } from "./propensities.ts";

/** All cells with four arms each have one megabyte. */
export const POLICY_BYTES_MAX = 4 * 1024 * 1024;
const DEPTH_MAX = 8;

const policyCheck = lazyCheck(RoutingPolicy);

/** A policy that was checked against its router. */
export interface ReadPolicy {
  readonly document: RoutingPolicy;
  readonly cells: Cells;
  /** SHA-256 of the document's canonical JSON, in hex: however it was laid out in its file. */
  readonly digest: string;
}

export const digestOf = (value: unknown): string => Bun.SHA256.hash(canonicalNumbers(value), "hex");

function bucketProblem(bucket: BucketField, fields: readonly ContextField[]): string | null {
  const field = fields.find(({ name }) => name === bucket.field);
  if (field === undefined) return `buckets: the router has no field ${bucket.field}`;
  if ("edges" in bucket) {
    if (field.type !== "number") return `buckets: ${bucket.field} is a ${field.type}, and edges are of numbers`;
    return bucket.edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > (bucket.edges[i - 1] ?? edge))) ? null : `buckets: the edges of ${bucket.field} do not rise`;
  }
  if (field.type === "number") return `buckets: ${bucket.field} is a number, and needs edges`;
  // What is stored of a text is not what was asked, and nobody could draw the same again.
  if (field.type === "text") return `buckets: ${bucket.field} is a text; what is decided by is a number, a boolean or a choice`;
  return new Set(bucket.values).size === bucket.values.length ? null : `buckets: a value of ${bucket.field} stands there twice`;
}

function cellProblem({ at, seen }: Cell, places: readonly number[], { arms, reward }: RouterEntry): string | null {
  const name = `cell ${at.join(" ")}`;
  if (at.length !== places.length || at.some((place, i) => place >= (places[i] ?? 0))) return `${name}: no place of its buckets`;
  if (new Set(seen.map(({ arm }) => arm)).size < seen.length) return `${name}: an arm stands there twice`;
  const wrong = seen.find(({ arm, mean }) => !arms.some(({ id }) => id === arm) || !(mean >= reward.min && mean <= reward.max));
  return wrong === undefined ? null : `${name}: ${wrong.arm} at ${wrong.mean} is no arm of the router, or no reward between ${reward.min} and ${reward.max}`;
}

/** What keeps a policy from deciding for this router, or null. */
export function policyProblem(policy: RoutingPolicy, router: RouterEntry): string | null {
  if (policy.router !== router.id) return `it is for the router ${policy.router}`;
  if (canonicalNumbers(policy.reward) !== canonicalNumbers(router.reward)) return `it was learned from the reward ${policy.reward.name} version ${policy.reward.version}, from ${policy.reward.min} to ${policy.reward.max}; the router has another`;
  if (policy.baseline !== router.baseline) return `its baseline is ${policy.baseline}, the router's is ${router.baseline}`;
  if (new Set(policy.buckets.map(({ field }) => field)).size < policy.buckets.length) return "buckets: a field stands there twice";
  for (const bucket of policy.buckets) {
    const problem = bucketProblem(bucket, router.context);
    if (problem !== null) return problem;
  }
  const places = policy.buckets.map(bucketsIn);
  const all = placesOf(policy.buckets);
  if (all > CELLS_MAX) return `buckets: ${all} places, at most ${CELLS_MAX}`;
  if (new Set(policy.cells.map(({ at }) => at.join(" "))).size < policy.cells.length) return "a cell stands there twice";
  for (const cell of policy.cells) {
    const problem = cellProblem(cell, places, router);
    if (problem !== null) return problem;
  }
  return null;
}

/** The policy, or in one sentence why it is none for this router. */
export function readPolicy(bytes: Uint8Array, router: RouterEntry): ReadPolicy | { readonly problem: string } {
  let document: unknown;
  try {
    document = parseStrict(bytes, { bytes_max: POLICY_BYTES_MAX, depth_max: DEPTH_MAX, fractions: true });
  } catch (error) {
    if (error instanceof MaestroError) return { problem: error.detail };
    throw error;
  }
  if (!policyCheck().Check(document)) {
    const first = policyCheck().Errors(document).First();
    return { problem: `not a routing policy: ${first?.path ?? ""} ${first?.message ?? ""}` };
  }
  const problem = policyProblem(document, router);
  return problem === null ? { document, cells: cellsOf(document), digest: digestOf(document) } : { problem };
}

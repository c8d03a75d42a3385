/** An opening, for the auditor who was given one: the number is the one that the signed leaf holds. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, fromBase64, toBase64, toHex } from "../../../proto/encoding.ts";
import { RangeOpening } from "../../../proto/range.ts";
import type { OpenManifest } from "../manifest.ts";
import { readDocument } from "../schema.ts";
import { pass, stop, type Step } from "../step.ts";
import { rangeGroup } from "./engine.ts";
import type { RangeGroup } from "../../../kernels/ristretto/index.ts";
import { canonicalScalar, mod, toBytesLe } from "./scalars.ts";
import type { RangeSubject } from "./statement.ts";

const OPENING_LIMITS = { bytes_max: 16 * 1024, depth_max: 4 } as const;

/** A number and what hides it: `value·B + blinding·B~`. */
export interface Opening {
  readonly value: bigint;
  readonly blinding: bigint;
}

export function commit(group: RangeGroup, { value, blinding }: Opening): Uint8Array {
  const point = group.sum({ bits: 8, g: [], h: [], basepoint: mod(value), blinding: mod(blinding), points: [] });
  if (point === null) throw new RangeError("a sum of generators has no encoding");
  return point;
}

/** What a leaf holds beside the commitment: it binds even where discrete logarithms are no longer hard. */
export const openingDigest = ({ value, blinding }: Opening): string => toHex(sha256(concatBytes(toBytesLe(mod(value)), toBytesLe(blinding))));

/** Bytes of an opening file against the shown leaf that it names. */
export function checkOpening(bytes: Uint8Array, { shown }: OpenManifest, { gate_id, attempt }: RangeSubject): Step<RangeOpening> {
  const document = readDocument(RangeOpening, bytes, OPENING_LIMITS);
  if ("because" in document) return stop("range.opening", `the opening is malformed: ${document.because}`);
  const opening = document.value;
  if (opening.gate_id !== gate_id || opening.attempt !== attempt.attempt) return stop("range.opening", "the opening is of another gate or attempt");
  const leaf = [...shown.values()].find((one) => one.kind === "numeric" && one.name === opening.obligation);
  if (leaf === undefined || leaf.kind === "identity" || leaf.hidden === undefined) return stop("range.opening", `the bundle shows no hidden ${opening.obligation}`);
  const scalar = canonicalScalar(fromBase64(opening.blinding) ?? new Uint8Array(0));
  if (scalar === null) return stop("range.opening", "the blinding is no scalar");
  const opened = { value: BigInt(opening.value), blinding: scalar };
  const same = toBase64(commit(rangeGroup(), opened)) === leaf.commitment && openingDigest(opened) === leaf.hidden.opening_sha256 && opening.scale === leaf.scale && opening.unit === leaf.unit;
  return same ? pass(opening) : stop("range.opening", `this is not the number that the leaf of ${opening.obligation} holds`);
}

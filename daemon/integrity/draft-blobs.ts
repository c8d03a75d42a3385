/** What was signed about drafts, as it is kept: for a repair, and for whoever looks whether a name holds what it promises. */
import { SigstoreBundle } from "../../proto/attestation.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ImageManifest } from "../../proto/oci.ts";
import { DraftStatement } from "../../proto/predicates/draft.ts";
import { headIn } from "../evidence/log/opening.ts";
import type { SignedHead } from "../evidence/log/recover.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { DRAFT_MEDIA_TYPE, draftNames, gateOfDraft } from "../store/draft-statements.ts";
import { artifactName } from "../store/gates.ts";
import { verifyDraft } from "../verifier/index.ts";
import { BUNDLE_LIMITS, STATEMENT_LIMITS } from "../verifier/limits.ts";
import type { NoteKey } from "../verifier/note.ts";
import type { Trust } from "../verifier/trust.ts";

const isBundle = lazyCheck(SigstoreBundle);
const isStatement = lazyCheck(DraftStatement);
const OPTIONS = { now: new Date(8.64e15), witnesses: "later" } as const;

function parsed(bytes: Uint8Array, limits: { readonly bytes_max: number; readonly depth_max: number }): unknown {
  try {
    return parseCanonical(bytes, limits);
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

/** Where the log entry of such a statement stands; `null` for a blob that is none this node logged. */
export function draftPlace(bytes: Uint8Array, trust: Trust, keys: readonly NoteKey[]): { readonly index: number; readonly entry: Uint8Array; readonly head: SignedHead } | null {
  const verified = verifyDraft(bytes, trust, OPTIONS);
  const bundle = parsed(bytes, BUNDLE_LIMITS);
  if (verified.result !== "verified" || !isBundle().Check(bundle)) return null;
  const [tlog] = bundle.verificationMaterial.tlogEntries;
  const text = tlog?.inclusionProof.checkpoint.envelope ?? "";
  const checkpoint = headIn(text, keys);
  const entry = fromBase64(tlog?.canonicalizedBody ?? "");
  return checkpoint === null || entry === null ? null : { index: verified.log.index, entry, head: { checkpoint, text } };
}

/** Of which attempt of which gate a manifest's statement is; `null` for anything else. It is read, not verified. */
export async function draftIn({ blobs }: Pick<Artifacts, "blobs">, { artifactType, layers: [layer] }: ImageManifest): Promise<{ readonly gate_id: string; readonly attempt: number } | null> {
  if (artifactType !== DRAFT_MEDIA_TYPE || layer === undefined) return null;
  const bytes = await blobs.get(layer.digest).catch((error: unknown) => {
    if (error instanceof MaestroError && error.code === "store.corrupt") return undefined;
    throw error;
  });
  const bundle = bytes === undefined ? null : parsed(bytes, BUNDLE_LIMITS);
  const statement = isBundle().Check(bundle) ? parsed(fromBase64(bundle.dsseEnvelope.payload) ?? new Uint8Array(), STATEMENT_LIMITS) : null;
  return isStatement().Check(statement) ? { gate_id: statement.predicate.gate_id, attempt: statement.predicate.attempt } : null;
}

/** The next free name for such a statement whose own was lost; `null` where its gate is not here, or where it has as many as it may. */
export async function draftNameFor(artifacts: Pick<Artifacts, "blobs" | "names">, manifest: ImageManifest, gates: ReadonlySet<string>): Promise<string | null> {
  const of = await draftIn(artifacts, manifest);
  if (of === null || !gates.has(artifactName(of.gate_id, of.attempt))) return null;
  const known = new Set(artifacts.names());
  return draftNames(of.gate_id, of.attempt).find((name) => !known.has(name)) ?? null;
}

/** What is wrong with the artifact of a name, beside what is wrong with any; `null` for a name of anything else. */
export async function draftProblem(artifacts: Pick<Artifacts, "blobs" | "getArtifact">, name: string, isGate: (name: string) => boolean): Promise<string | null> {
  const gate = gateOfDraft(name);
  if (gate === null) return null;
  if (!isGate(gate)) return "the gate that it is about is not on record";
  const artifact = await artifacts.getArtifact(name);
  if (artifact === undefined) return null;
  const of = await draftIn(artifacts, artifact.manifest);
  if (of === null) return "it holds no statement about drafts";
  return artifactName(of.gate_id, of.attempt) === gate ? null : `its statement is about attempt ${of.attempt} of ${of.gate_id}`;
}

/** Names of such statements that hold none any more, or one of a gate that is not here. */
export async function lostDrafts(artifacts: Artifacts, gates: ReadonlySet<string>): Promise<{ readonly name: string; readonly problem: string }[]> {
  const lost: { readonly name: string; readonly problem: string }[] = [];
  for (const name of artifacts.names().filter((each) => gateOfDraft(each) !== null)) {
    const problem = (await artifacts.checkArtifact(name)) ?? (await draftProblem(artifacts, name, (gate) => gates.has(gate)));
    if (problem !== null) lost.push({ name, problem });
  }
  return lost;
}

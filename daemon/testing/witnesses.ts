/** Witnesses for tests: keys of the test's own, their lines in a trust file, and what they sign. */
import { utf8 } from "../../proto/encoding.ts";
import type { TrustBody, TrustedKey } from "../../proto/trust.ts";
import type { Signer } from "../evidence/keys/signer.ts";
import { cosignatureLine, cosignedBytes, cosignerKey, type CosignerKey } from "../verifier/cosignature.ts";
import { checkpointText } from "../verifier/checkpoint.ts";
import { noteKey, signatureLine } from "../verifier/note.ts";
import { newSigner } from "./evidence.ts";

export interface TestWitness {
  readonly key: CosignerKey;
  readonly signer: Signer;
}

export function newWitness(name: string, signer = newSigner("ed25519")): TestWitness {
  return { key: cosignerKey(name, signer.key), signer };
}

/** The note with a line more. */
export function cosigned(note: string, { key, signer }: TestWitness, time_s: number): string {
  const text = note.slice(0, note.lastIndexOf("\n\n") + 1);
  return note + cosignatureLine(key, time_s, signer.sign(cosignedBytes(text, time_s)));
}

/** A log's own signed checkpoint. */
export function checkpointBy(log: Signer, origin: string, size: number, root: Uint8Array): string {
  const text = checkpointText({ origin, size, root });
  return `${text}\n${signatureLine(noteKey(origin, log.key), log.sign(utf8(text)))}`;
}

export function witnessLine({ key: { name, key } }: TestWitness, window: Pick<TrustedKey, "from" | "to"> = { from: "2026-01-01T00:00:00Z", to: "2030-01-01T00:00:00Z" }): TrustedKey {
  return { fingerprint: key.fingerprint, algorithm: key.algorithm, public_key: key.spki.toBase64(), role: "witness", predicate_types: [], repository_ids: ["*"], modes: ["local"], log_origin: null, name, ...window };
}

/** Makes a trust file's body ask for `quorum` of these witnesses. */
export const asking = (quorum: number | null, witnesses: readonly TestWitness[]) => (body: TrustBody): TrustBody => ({
  ...body,
  keys: [...body.keys, ...witnesses.map((one) => witnessLine(one))],
  ...(quorum === null ? {} : { witnesses: { quorum } }),
});

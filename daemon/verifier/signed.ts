/** A Sigstore bundle that a node signed and logged by itself: envelope, log entry, signature, trust. What its statement means is the caller's to check. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Static, TSchema } from "@sinclair/typebox";
import { SigstoreBundle } from "../../proto/attestation.ts";
import { toHex } from "../../proto/encoding.ts";
import type { VerifyReason, WitnessVerification } from "../../proto/verification.ts";
import { BUNDLE_LIMITS, CLOCK_SKEW_S_MAX, STATEMENT_LIMITS } from "./limits.ts";
import { checkCheckpoint, proveEntry } from "./log-entry.ts";
import { readDocument } from "./schema.ts";
import { checkSignature, openEnvelope } from "./statement.ts";
import { pass, stop, type Step } from "./step.ts";
import { entriesOf, logOf, logUnknown, permits, type Trust, type Use } from "./trust.ts";
import { judgeWitnesses } from "./witnesses.ts";

export interface Signed<T> {
  readonly statement: T;
  readonly statement_sha256: string;
  readonly signer: string;
  readonly self_made: boolean;
  readonly log: { readonly origin: string; readonly index: number; readonly size: number };
  /** null where the trust file knows no witness. */
  readonly witnesses: WitnessVerification | null;
}

export interface SignedOptions {
  readonly now: Date;
  /** For whoever looks before the witnesses can have answered. */
  readonly witnesses?: "later";
}

/** What a statement is believed for, from its own words. */
export type UseOf<T> = (statement: T) => Step<Omit<Use, "role"> & { readonly trust_domain: string }>;

/** A failure's face: whether nobody the trust file knows signed it, or it is broken. */
export const resultOf = ({ code }: VerifyReason): "failed" | "unknown_signer" => (code === "signer.unknown" || code === "log.unknown" ? "unknown_signer" : "failed");

/** Never throws on any input. */
export function openSigned<S extends TSchema>(bytes: Uint8Array, schema: S, trust: Trust, { now, witnesses: later }: SignedOptions, useOf: UseOf<Static<S>>): Step<Signed<Static<S>>> {
  const bundle = readDocument(SigstoreBundle, bytes, BUNDLE_LIMITS);
  if ("because" in bundle) return stop("bundle.malformed", bundle.because);
  const envelope = openEnvelope(bundle.value);
  if (!envelope.ok) return envelope;
  const document = readDocument(schema, envelope.value.payload, STATEMENT_LIMITS);
  if ("because" in document) return stop("statement.malformed", document.because);
  const used = useOf(document.value);
  if (!used.ok) return used;
  const { trust_domain, ...use } = used.value;
  const [tlog] = bundle.value.verificationMaterial.tlogEntries;
  const proven = tlog === undefined ? stop("log.entry", "no log entry") : proveEntry(tlog, envelope.value.entry);
  if (!proven.ok) return proven;
  const signature = checkSignature(envelope.value);
  if (!signature.ok) return signature;
  const { fingerprint } = envelope.value.key;
  const lines = entriesOf(trust, fingerprint);
  if (lines.length === 0) return stop("signer.unknown", `${fingerprint} is not in the trust file`);
  const gate = permits(lines, { role: "gate", ...use });
  if (!gate.ok) return gate;
  const log = logOf(trust, proven.value.log_id);
  if (log === null) return logUnknown(trust, proven.value.checkpoint.origin);
  const checkpoint = checkCheckpoint(proven.value, log.key, trust.witnesses.keys);
  if (!checkpoint.ok) return checkpoint;
  const logged = permits(log.lines, { role: "log", ...use, predicate_type: null });
  if (!logged.ok) return stop("log.key", logged.reason.detail);
  if (trust_domain !== trust.trust_domain) return stop("signer.domain", `the statement is of ${trust_domain}, the trust file of ${trust.trust_domain}`);
  const now_s = now.getTime() / 1000;
  // Written this way round, a clock that is not a number refuses too.
  if (!(use.issued_at_s <= now_s + CLOCK_SKEW_S_MAX)) return stop("statement.time", "signed after the verifier's own time; check the clock");
  const witnesses = judgeWitnesses(checkpoint.value, trust.witnesses, { now_s, later: later === "later" });
  if (!witnesses.ok) return witnesses;
  const { checkpoint: { origin, size }, index } = proven.value;
  return pass({ statement: document.value, statement_sha256: toHex(sha256(envelope.value.payload)), signer: fingerprint, self_made: trust.self_made, log: { origin, index, size }, witnesses: witnesses.value });
}

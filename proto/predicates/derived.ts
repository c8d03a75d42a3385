/**
 * What other people's predicates call the things of a gate. Everything here follows from the signed identity alone, so that whoever verifies
 * writes the same. The reasons are in docs/decisions/0012-attestations.md.
 */
import { fromBase32, toHex, utf8 } from "../encoding.ts";
import type { Attempt, Identity, Mode } from "../change.ts";

/** Simple Verification Result (in-toto/attestation, spec/predicates/svr.md). */
export const SVR_PREDICATE = "https://in-toto.io/attestation/svr/v0.2";
/** Verification Summary Attestation (slsa.dev/spec/v1.1/verification_summary). */
export const VSA_PREDICATE = "https://slsa.dev/verification_summary/v1";
/** Test Result (in-toto/attestation, spec/predicates/test-result.md). */
export const TEST_RESULT_PREDICATE = "https://in-toto.io/attestation/test-result/v0.1";

/** What a node's own log of decisions says of a learned policy that a change brings; of gates of such changes alone. */
export const EVALUATION_PREDICATE = "urn:maestro:predicate:evaluation:v1";

/** What a node says of each gate beside its obligations, where its trust file lets it. */
export const BESIDE_PREDICATES = [SVR_PREDICATE, TEST_RESULT_PREDICATE, VSA_PREDICATE] as const;

/** Who judged, and under whose authority: an id for each mode, so that nobody takes a verdict of mode `local` for an operator's. */
export const verifierId = (trust_domain: string, mode: Mode): string => `urn:maestro:verifier:${trust_domain}:${mode}`;

/** The one level of ours. It names its mode too, since a level is what many consumers look at alone. */
export const gateLevel = (mode: Mode): string => `MAESTRO_GATE_${mode.toUpperCase()}`;

/** RFC 3986 section 3.3: what a path may hold as it is, besides the slash. All other bytes are percent-encoded. */
const PLAIN = /[A-Za-z0-9._~!$&'()*+,;=:@/-]/;

/** A repository id as a URI. It claims no place to fetch from: an id is what the operator, or in mode local the caller, called it. */
export function repositoryUri(repo_id: string): string {
  const encoded = Array.from(utf8(repo_id), (byte) => {
    const char = String.fromCharCode(byte);
    return PLAIN.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return `urn:maestro:repository:${encoded.join("")}`;
}

/** A record id as a resource: its hash is SHA-256 over `maestro/v1/<type>\0` and the record's canonical bytes. */
export function recordResource(id: string): { readonly uri: string; readonly digest: { readonly sha256: string } } {
  const hash = fromBase32(id.slice(id.indexOf(":") + 1));
  return { uri: `urn:maestro:${id}`, digest: { sha256: toHex(hash ?? new Uint8Array()) } };
}

export const attemptUri = (gate_id: string, { attempt }: Attempt): string => `urn:maestro:${gate_id}:attempt:${attempt}`;

export const policyResource = ({ policy }: Identity): ReturnType<typeof recordResource> => recordResource(policy);

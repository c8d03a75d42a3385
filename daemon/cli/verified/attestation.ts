/** `maestro verify` of one attestation by itself: which verifier it is for follows from what it says it is. */
import { DRAFT_PREDICATE } from "../../../proto/predicates/draft-type.ts";
import { MARKET_PREDICATE } from "../../../proto/predicates/market-type.ts";
import { RELEASE_PREDICATE } from "../../../proto/release.ts";
import { PROVENANCE_PREDICATE } from "../../../proto/build.ts";
import { PACKAGE_RELEASE_PREDICATE, SHIPMENT_PREDICATE } from "../../../proto/predicates/shipping-types.ts";
import { VERIFY_EXIT } from "../../../proto/errors.ts";
import { openTrust, verifyProvenance } from "../../verifier/index.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { Values } from "../command.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { describeProvenance } from "../provenance.ts";
import { describeRelease } from "../release-verification.ts";

/** What it claims to be; to be verified before it is believed. */
function claimed(bytes: Uint8Array): string | null {
  try {
    const { dsseEnvelope } = JSON.parse(new TextDecoder().decode(bytes)) as { dsseEnvelope: { payload: string } };
    const { predicateType } = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8")) as { predicateType: unknown };
    return typeof predicateType === "string" ? predicateType : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function verifyAlone(bytes: Uint8Array, trust_bytes: Uint8Array, json: boolean): number {
  const trust = openTrust(trust_bytes);
  const verified = trust.ok ? verifyProvenance(bytes, trust.value, { artifact_sha256: null, now: new Date() }) : ({ result: "failed", reason: trust.reason } as const);
  if (json) printJson(verified);
  else {
    print(describeProvenance(verified));
    if (verified.result === "verified") print("  not proved: that any file is one of its outputs; maestro verify ARTIFACT --provenance FILE compares");
  }
  if (verified.result === "verified") return VERIFY_EXIT.verified;
  return verified.reason.code.startsWith("trust.") ? VERIFY_EXIT.usage : verified.result === "failed" ? VERIFY_EXIT.failed : VERIFY_EXIT.unknown_signer;
}

/** Prints it and returns the exit code. */
export async function verifyAttestation(path: string, bytes: Uint8Array, trust: Uint8Array, values: Values, trust_path: string): Promise<number> {
  const json = values["json"] === true;
  const type = claimed(bytes);
  if (type === PROVENANCE_PREDICATE) return verifyAlone(bytes, trust, json);
  if (type === RELEASE_PREDICATE || type === null) return describeRelease(bytes, trust, json);
  if (type === SHIPMENT_PREDICATE || type === PACKAGE_RELEASE_PREDICATE) return (await import("../shipped/verify.ts")).verifyReleaseFile(path, bytes, trust, values, trust_path);
  if (type === DRAFT_PREDICATE) return (await import("./draft.ts")).verifyDraftFile(bytes, trust, json);
  if (type === MARKET_PREDICATE) return (await import("./market.ts")).verifyMarketFile(bytes, trust, json);
  const detail = `an attestation of ${type.slice(0, 200)} by itself is not judged here: verify the bundle that it came from, or give it to maestro verify-bundle with a key`;
  if (json) printJson({ result: "failed", reason: { code: "attestation.unknown", detail } });
  else print(`FAILED  this is not evidence by itself\n  attestation.unknown: ${escapeTerminal(detail)}`);
  return VERIFY_EXIT.failed;
}

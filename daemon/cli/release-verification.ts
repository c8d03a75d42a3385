/** What `maestro verify` says of a release by itself. */
import { VERIFY_EXIT } from "../../proto/errors.ts";
import { openTrust, verifyRelease } from "../verifier/index.ts";
import { witnessText } from "../verifier/witness-words.ts";
import { releaseHeadline } from "../verifier/wording.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { printJson } from "./document.ts";
import { print } from "./output.ts";

/** Prints it and returns the exit code. */
export function describeRelease(bytes: Uint8Array, trust_bytes: Uint8Array, json: boolean): number {
  const trust = openTrust(trust_bytes);
  if (!trust.ok) {
    print(`FAILED  the trust file is unusable, so nothing was verified\n  ${trust.reason.code}: ${escapeTerminal(trust.reason.detail)}`);
    return VERIFY_EXIT.usage;
  }
  const verified = verifyRelease(bytes, trust.value, new Date());
  if (json) printJson(verified);
  else if (verified.result !== "verified") print(`${releaseHeadline(verified, escapeTerminal)}\n  ${verified.reason.code}: ${escapeTerminal(verified.reason.detail)}`);
  else print([releaseHeadline(verified, escapeTerminal), escapeTerminal(verified.release.request.reason), ...witnessText(verified.witnesses)].join("\n  "));
  return verified.result === "verified" ? VERIFY_EXIT.verified : verified.result === "failed" ? VERIFY_EXIT.failed : VERIFY_EXIT.unknown_signer;
}

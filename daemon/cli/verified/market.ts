/** `maestro verify` of a market's certificate. */
import { VERIFY_EXIT } from "../../../proto/errors.ts";
import { type MarketVerification, openTrust, verifyMarket } from "../../verifier/index.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

type Verified = Extract<MarketVerification, { readonly result: "verified" }>;

/** What stands, whose word it is, and what nobody proved. */
export function certificateText({ statement: { predicate, subject: [subject] }, log, signer, self_made, witnesses }: Verified): string {
  const { epoch, at, regret_usd_micro, promise_usd_micro, slots } = predicate;
  return [
    `VERIFIED  a market's certificate, slot ${epoch}, ${at}, entry ${log.index} of ${escapeTerminal(log.origin)}`,
    `  regret ${regret_usd_micro} <= promise ${promise_usd_micro} millionths of a dollar, of ${slots.count} slots from ${slots.from} on (sha256 ${subject?.digest.sha256})`,
    `  signed by ${signer}${self_made ? " (this machine's own self-made key)" : ""}`,
    "  not proved: that the slots give these figures; maestro market audit computes them on the node that has them",
    ...(self_made ? ["  not proved: who runs this node: a self-made key proves integrity, not authority"] : []),
    ...(witnesses === null ? ["  not proved: that all see the same log: the trust file names no witness"] : []),
  ].join("\n");
}

export function verifyMarketFile(bytes: Uint8Array, trust_bytes: Uint8Array, json: boolean): number {
  const trust = openTrust(trust_bytes);
  const verified = trust.ok ? verifyMarket(bytes, trust.value, { now: new Date() }) : ({ result: "failed", reason: trust.reason } as const);
  if (json) printJson(verified);
  else if (verified.result !== "verified") print(`FAILED  ${verified.reason.code}: ${escapeTerminal(verified.reason.detail)}`);
  else print(certificateText(verified));
  if (verified.result === "verified") return VERIFY_EXIT.verified;
  return verified.reason.code.startsWith("trust.") ? VERIFY_EXIT.usage : verified.result === "failed" ? VERIFY_EXIT.failed : VERIFY_EXIT.unknown_signer;
}

/** A verdict on one screen. */
import type { SigstoreVerdict } from "../../../proto/sigstore.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";

export function describeVerdict(verdict: SigstoreVerdict): string {
  if (verdict.result !== "verified") return `${verdict.result === "failed" ? "FAILED" : "NOT JUDGED"}  ${verdict.code}: ${escapeTerminal(verdict.detail)}`;
  const { signer, digest, predicate_type, log_entries, timestamps, not_proved } = verdict;
  const who = signer.kind === "key" ? `the key ${signer.fingerprint}` : `${escapeTerminal(signer.identity)}, for whom ${escapeTerminal(signer.issuer)} vouched`;
  const lines = [`VERIFIED offline  ${digest} signed by ${who}`];
  if (predicate_type !== null) lines.push(`  statement: ${escapeTerminal(predicate_type)}`);
  for (const { log, index } of log_entries) lines.push(`  logged: entry ${index} of ${escapeTerminal(log)}`);
  for (const time of timestamps) lines.push(`  signed by ${time}`);
  for (const one of not_proved) lines.push(`  not proved: ${escapeTerminal(one)}`);
  return lines.join("\n");
}

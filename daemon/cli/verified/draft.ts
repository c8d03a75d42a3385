/** `maestro verify` of a statement about drafts. */
import { VERIFY_EXIT } from "../../../proto/errors.ts";
import { type DraftVerification, openTrust, verifyDraft } from "../../verifier/index.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

type Verified = Extract<DraftVerification, { readonly result: "verified" }>;

/** What stands, whose word it is, and what nobody proved. */
function draftStatementText({ statement: { predicate }, log, signer, self_made, witnesses }: Verified): string {
  const { gate_id, attempt, at, drafts, conductors } = predicate;
  return [
    `VERIFIED  drafts about ${escapeTerminal(gate_id)} attempt ${attempt}, ${at}, entry ${log.index} of ${escapeTerminal(log.origin)}`,
    ...drafts.map(({ task, path, sha256, model, prompt }) => `  ${task}  by ${path}, text ${sha256.slice(0, 16)}${model === undefined ? "" : `, model ${escapeTerminal(model.name)} ${model.digest.slice(0, 16)}`}${prompt === undefined ? "" : `, prompt ${prompt.name} ${prompt.version} ${prompt.sha256.slice(0, 16)}`}`),
    ...(conductors.length === 0 ? [] : [`  under ${conductors.map(({ name, sha256 }) => `${name} ${sha256.slice(0, 16)}`).join(", ")}`]),
    `  signed by ${signer}${self_made ? " (this machine's own self-made key)" : ""}`,
    "  not proved: that any draft is right; it says who wrote what, and decides nothing",
    ...(self_made ? ["  not proved: who runs this node: a self-made key proves integrity, not authority"] : []),
    ...(witnesses === null ? ["  not proved: that all see the same log: the trust file names no witness"] : []),
  ].join("\n");
}

export function verifyDraftFile(bytes: Uint8Array, trust_bytes: Uint8Array, json: boolean): number {
  const trust = openTrust(trust_bytes);
  const verified = trust.ok ? verifyDraft(bytes, trust.value, { now: new Date() }) : ({ result: "failed", reason: trust.reason } as const);
  if (json) printJson(verified);
  else if (verified.result !== "verified") print(`FAILED  ${verified.reason.code}: ${escapeTerminal(verified.reason.detail)}`);
  else print(draftStatementText(verified));
  if (verified.result === "verified") return VERIFY_EXIT.verified;
  return verified.reason.code.startsWith("trust.") ? VERIFY_EXIT.usage : verified.result === "failed" ? VERIFY_EXIT.failed : VERIFY_EXIT.unknown_signer;
}

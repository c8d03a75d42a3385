/** `maestro verify-deploy`: may this file be deployed under that policy? Offline: files and a trust file answer, no daemon. */
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import type { DeployReason, DeployVerdict } from "../../../proto/deploy.ts";
import { judgeDeploy } from "../../verifier/deploy/release.ts";
import { openTrust } from "../../verifier/index.ts";
import { artifactAt } from "../artifact-file.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule } from "../command.ts";
import { evidenceBeside } from "../deploy-evidence.ts";
import { readPolicy } from "../deploy-policy.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { readTrustFile } from "../verification.ts";

const EXITS = { pass: VERIFY_EXIT.verified, refuse: VERIFY_EXIT.failed, unknown_signer: VERIFY_EXIT.unknown_signer } as const;

export const reasonLines = ({ code, gate_id, detail, next }: DeployReason): string[] => [`  ${code}${gate_id === null ? "" : ` ${escapeTerminal(gate_id)}`}: ${escapeTerminal(detail)}`, `    next: ${escapeTerminal(next)}`];

function describe({ result, artifact, reasons, gates }: DeployVerdict): string {
  const about = `${escapeTerminal(artifact.name)} sha256 ${artifact.sha256}`;
  if (result === "pass") return `PASS  ${about}: released, and the evidence of ${gates} gates is what the policy asks for`;
  return [`${result === "refuse" ? "REFUSE" : "UNKNOWN SIGNER"}  ${about}`, ...reasons.flatMap(reasonLines)].join("\n");
}

/** The policy and the trust file that a command names; both come from outside the evidence. */
export function policyAndTrust(values: Parameters<CommandModule["run"]>[0]["values"]): { readonly policy: ReturnType<typeof readPolicy>; readonly trust: Extract<ReturnType<typeof openTrust>, { ok: true }>["value"] } {
  const [policy, trust_path] = [textOf(values, "policy"), textOf(values, "trust")];
  if (policy === undefined || trust_path === undefined) throw new MaestroError("cli.usage", "give --policy FILE and --trust FILE: neither may come with the evidence");
  const trust = openTrust(readTrustFile(trust_path));
  if (!trust.ok) throw new MaestroError("trust.malformed", `${trust_path}: ${trust.reason.detail}`);
  return { policy: readPolicy(policy), trust: trust.value };
}

export const run: CommandModule["run"] = async ({ values, positionals, lists }) => {
  const [path] = positionals;
  if (path === undefined) throw new MaestroError("cli.usage", "verify-deploy takes the artifact");
  const { policy, trust } = policyAndTrust(values);
  const now = new Date();
  const evidence = evidenceBeside(await artifactAt(path), { path, release: textOf(values, "release"), provenance: textOf(values, "provenance"), bundles: lists?.["bundle"] ?? [] }, trust, now);
  const verdict = judgeDeploy(policy, evidence, now);
  if (values["json"] === true) printJson(verdict);
  else print(describe(verdict));
  return EXITS[verdict.result];
};

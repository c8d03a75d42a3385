/** Anybody's Sigstore bundle, offline. The options are those of sigstore-conformance, docs/cli_protocol.md. */
import { readFileSync, statSync } from "node:fs";
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import type { SigstoreVerdict } from "../../../proto/sigstore.ts";
import { SIGSTORE_BYTES_MAX } from "../../verifier/sigstore.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { judge, type Question } from "../sigstore/judge.ts";
import { TRUSTED_ROOT_LIMITS } from "../sigstore/trusted-root.ts";
import { required } from "../values.ts";

const KEY_BYTES_MAX = 64 * 1024;

function readNamed(path: string, bytes_max: number): Uint8Array {
  try {
    if (statSync(path).size > bytes_max) throw new MaestroError("cli.usage", `${path} has more than ${bytes_max} bytes`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof MaestroError) throw error;
    throw new MaestroError("cli.usage", `${path} cannot be read`, { cause: error });
  }
}

function wantedOf(values: Values): Question["wanted"] {
  const key = textOf(values, "key");
  const identity = textOf(values, "certificate-identity");
  const issuer = textOf(values, "certificate-oidc-issuer");
  if (key !== undefined && (identity !== undefined || issuer !== undefined)) throw new MaestroError("cli.usage", "--key is for a bundle signed with a key, an identity for one with a certificate: give one of them");
  if (key !== undefined) return { key: readNamed(key, KEY_BYTES_MAX) };
  if (identity === undefined || issuer === undefined) throw new MaestroError("cli.usage", "give --key FILE, or --certificate-identity and --certificate-oidc-issuer: a signature by just anybody proves nothing");
  return { identity, issuer };
}

function describe(verdict: SigstoreVerdict): string {
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

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const [file_or_digest] = positionals;
  if (file_or_digest === undefined) throw new MaestroError("cli.usage", "verify-bundle takes the file that was signed, or its digest as sha256:HEX");
  const root = textOf(values, "trusted-root");
  const verdict = await judge({
    bundle: readNamed(required("verify-bundle", values, "bundle"), SIGSTORE_BYTES_MAX),
    trusted_root: root === undefined ? null : readNamed(root, TRUSTED_ROOT_LIMITS.bytes_max),
    file_or_digest,
    wanted: wantedOf(values),
    predicate_type: textOf(values, "predicate-type") ?? null,
    now: new Date(),
  });
  if (values["json"] === true) printJson(verdict);
  else (verdict.result === "verified" ? print : note)(describe(verdict));
  return verdict.result === "verified" ? VERIFY_EXIT.verified : VERIFY_EXIT.failed;
};

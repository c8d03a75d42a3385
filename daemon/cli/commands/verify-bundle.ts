/** Anybody's Sigstore bundle, offline. The options are those of sigstore-conformance, docs/cli_protocol.md. */
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { SIGSTORE_BYTES_MAX } from "../../verifier/sigstore.ts";
import { readNamed } from "../bounded-file.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { judge, type Question } from "../sigstore/judge.ts";
import { TRUSTED_ROOT_LIMITS } from "../sigstore/trusted-root.ts";
import { describeVerdict } from "../sigstore/words.ts";
import { required } from "../values.ts";

const KEY_BYTES_MAX = 64 * 1024;

function wantedOf(values: Values): Question["wanted"] {
  const key = textOf(values, "key");
  const identity = textOf(values, "certificate-identity");
  const issuer = textOf(values, "certificate-oidc-issuer");
  if (key !== undefined && (identity !== undefined || issuer !== undefined)) throw new MaestroError("cli.usage", "--key is for a bundle signed with a key, an identity for one with a certificate: give one of them");
  if (key !== undefined) return { key: readNamed(key, KEY_BYTES_MAX) };
  if (identity === undefined || issuer === undefined) throw new MaestroError("cli.usage", "give --key FILE, or --certificate-identity and --certificate-oidc-issuer: a signature by just anybody proves nothing");
  return { identity, issuer };
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
  else (verdict.result === "verified" ? print : note)(describeVerdict(verdict));
  return verdict.result === "verified" ? VERIFY_EXIT.verified : VERIFY_EXIT.failed;
};

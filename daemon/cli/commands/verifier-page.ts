import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { CommandModule } from "../command.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { pageFile } from "../page-file.ts";
import { writeOut } from "../write-file.ts";

export const run: CommandModule["run"] = ({ values }) => {
  const { out } = values;
  if (typeof out !== "string") throw new MaestroError("cli.usage", "verifier-page writes one file: name it with --out FILE");
  const bytes = pageFile("verifier");
  writeOut(out, bytes, 0o644, "nothing was changed", values["force"] === true);
  const digest = toHex(sha256(bytes));
  if (values["json"] === true) printJson({ path: out, bytes: bytes.length, sha256: digest });
  else {
    print(`${out}  ${bytes.length} bytes  sha256:${digest}`);
    note("open it in a browser; it needs no network. Whoever gets it compares the digest with yours");
  }
  return Promise.resolve(EXIT.admit);
};

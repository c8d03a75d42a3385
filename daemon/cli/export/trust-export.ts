/** `maestro trust export`: everything a stranger's tools need to check this node's evidence, in one folder. */
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { openTrust } from "../../verifier/trust.ts";
import { textOf, type Values } from "../command.ts";
import { locate } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { pageFile } from "../page-file.ts";
import { required } from "../values.ts";
import { readTrustFile } from "../verification.ts";
import { writeFolder, type Files } from "./folder.ts";
import { trustFiles } from "./trust-files.ts";
import { trustReadme } from "./trust-readme.ts";

const PAGE_FILE = "verifier.html";

/** The verifier as a page, of this very release. Where it cannot be built, keys are handed out all the same. */
function page(): Files {
  try {
    return new Map([[PAGE_FILE, pageFile("verifier")]]);
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "install.failed") throw error;
    note(`without ${PAGE_FILE}: ${error.detail}`);
    return new Map();
  }
}

export function exportTrust(values: Values, files: readonly string[]): number {
  const out = required("trust", values, "out");
  if (files.length > 1) throw new MaestroError("cli.usage", "trust export takes one trust file");
  const bytes = readTrustFile(files[0] ?? textOf(values, "trust") ?? locate(values).trust_path);
  const opened = openTrust(bytes);
  if (!opened.ok) throw new MaestroError("trust.malformed", opened.reason.detail);
  const made = trustFiles(bytes, opened.value);
  const all = new Map([...made.files, ...page(), ["README.txt", trustReadme(opened.value, made)]]);
  writeFolder(out, all);
  if (values["json"] === true) printJson({ folder: out, files: [...all.keys()] });
  else print([`wrote ${out}:`, ...[...all.keys()].map((name) => `  ${name}`), "start with README.txt"].join("\n"));
  return EXIT.admit;
}

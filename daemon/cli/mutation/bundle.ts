/** The policy somebody brings: a folder with Rego, its tests and its data. Only what OPA loads is read, and only copies are changed. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";

const FILES_MAX = 2_000;
const BYTES_MAX = 64 * 1024 * 1024;
/** Beside the Rego, as text: OPA would load a YAML or JSON file as data. */
export const EQUIVALENTS_FILE = "equivalent-mutants.txt";
const LEFT_OUT = new Set([".git", "node_modules", ".toolchain"]);

export interface PolicyFolder {
  /** By path relative to the folder, in order. */
  readonly files: ReadonlyMap<string, string>;
  /** Rego that decides; the rest is tests and data. */
  readonly policies: readonly string[];
  /** Text of `EQUIVALENTS_FILE`; empty where there is none. */
  readonly equivalents: string;
}

/** By its name, or by its package's: `opa test` asks for neither, so both habits are there. */
const isTest = (file: string, text: string): boolean => file.endsWith("_test.rego") || /^package[ \t]+[^\s#]*_test[ \t]*(?:#.*)?$/m.test(text);

function filesUnder(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : filesUnder(folder, path);
    // A link could lead out of the folder.
    return entry.isFile() && /\.(?:rego|json|ya?ml)$|(?:^|\/)\.manifest$/.test(path) ? [path] : [];
  });
}

/** Throws `cli.usage` for what is no folder with Rego and tests, `request.too_large` past the limits. */
export function readPolicyFolder(folder: string): PolicyFolder {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new MaestroError("cli.usage", `${folder} is no folder; name the one with the .rego files and their _test.rego`);
  const paths = filesUnder(folder).sort();
  if (paths.length > FILES_MAX) throw new MaestroError("request.too_large", `${folder}: ${paths.length} files, limit ${FILES_MAX}`);
  let left = BYTES_MAX;
  const files = new Map(paths.map((path) => {
    left -= lstatSync(join(folder, path)).size;
    if (left < 0) throw new MaestroError("request.too_large", `${folder}: more than ${BYTES_MAX} bytes of policy and data`);
    return [path, readFileSync(join(folder, path), "utf8")] as const;
  }));
  const rego = paths.filter((path) => path.endsWith(".rego"));
  const policies = rego.filter((path) => !isTest(path, files.get(path) ?? ""));
  if (policies.length === 0) throw new MaestroError("cli.usage", `${folder} has no .rego file that is no test`);
  // Also beside the rules they test.
  if (!rego.some((path) => /^test_/m.test(files.get(path) ?? ""))) throw new MaestroError("cli.usage", `${folder} has no rule that begins with test_: without tests no mutant can be killed`);
  const declared = join(folder, EQUIVALENTS_FILE);
  return { files, policies, equivalents: statSync(declared, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(declared, "utf8") : "" };
}

export function copyTo(folder: string, { files }: PolicyFolder): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

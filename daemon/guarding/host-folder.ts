/** The operator's own rules: a folder that the host configuration names. They join what ships, and take nothing away. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { Documents } from "./shipped.ts";

/** The work tree of a repository in which a path lies, also one that is not there at the moment; `null` for none. */
function workTreeOf(path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return null;
  }
}

/** What lies in a work tree is there on some branches, and otherwise on others: whoever switched one sees what became of the rules. */
function malformed(folder: string, detail: string, cause?: unknown): MaestroError {
  const tree = workTreeOf(folder);
  const advice = tree === null ? "" : `; invariants_folder names a folder in the work tree ${tree}, whose files change with the branch: keep the rules in a folder outside of it, and name that one`;
  return new MaestroError("config.malformed", `invariants: ${detail}${advice}`, cause === undefined ? undefined : { cause });
}

function filesIn(folder: string): { readonly name: string; readonly text: string }[] {
  try {
    const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name) && name !== "targets.yaml").sort();
    return names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  } catch (cause) {
    throw malformed(folder, `${folder} cannot be read; see that invariants_folder names the folder of your rules`, cause);
  }
}

/** Throws `config.malformed` with file, line and column of the first mistake; a daemon does not start on rules that are not whole. */
export async function joinedWith(shipped: Documents, folder: string): Promise<Documents> {
  // Only here is YAML needed.
  const { compileAll } = await import("../invariants/index.ts");
  const files = filesIn(folder);
  if (files.length === 0) throw malformed(folder, `${folder}, which invariants_folder names, holds no .yaml file`);
  const { compiled, errors, events } = compileAll(files, { events: shipped.events, taken: new Set(shipped.documents.map(({ id }) => id)) });
  const [first] = errors;
  if (first !== undefined) throw malformed(folder, `${join(folder, first.file)}:${first.line}:${first.column}: ${first.message}; ${first.fix}`);
  return { documents: [...shipped.documents, ...compiled.map(({ document }) => document)], events: events ?? shipped.events };
}

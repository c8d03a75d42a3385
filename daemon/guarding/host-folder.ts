/** The operator's own rules: a folder that the host configuration names. They join what ships, and take nothing away. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { Documents } from "./shipped.ts";

const malformed = (detail: string, cause?: unknown): MaestroError => new MaestroError("config.malformed", `invariants: ${detail}`, cause === undefined ? undefined : { cause });

function filesIn(folder: string): { readonly name: string; readonly text: string }[] {
  try {
    const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name) && name !== "targets.yaml").sort();
    return names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  } catch (cause) {
    throw malformed(`${folder} cannot be read`, cause);
  }
}

/** Throws `config.malformed` with file, line and column of the first mistake; a daemon does not start on rules that are not whole. */
export async function joinedWith(shipped: Documents, folder: string): Promise<Documents> {
  // Only here is YAML needed.
  const { compileAll } = await import("../invariants/index.ts");
  const files = filesIn(folder);
  if (files.length === 0) throw malformed(`${folder} holds no .yaml file`);
  const { compiled, errors, events } = compileAll(files, { events: shipped.events });
  const [first] = errors;
  if (first !== undefined) throw malformed(`${join(folder, first.file)}:${first.line}:${first.column}: ${first.message}; ${first.fix}`);
  const known = new Set(shipped.documents.map(({ id }) => id));
  const twice = compiled.find(({ id }) => known.has(id));
  if (twice !== undefined) throw malformed(`${join(folder, twice.file)}: the id ${twice.id} is that of a rule that ships; give it another`);
  return { documents: [...shipped.documents, ...compiled.map(({ document }) => document)], events: events ?? shipped.events };
}

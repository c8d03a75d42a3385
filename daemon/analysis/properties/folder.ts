/** Invariants and targets of a folder, for a program that is no daemon. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { INVARIANT_BYTES_MAX, INVARIANT_FILES_MAX } from "../../../proto/invariant.ts";
import { nearest } from "../../../proto/suggest.ts";
import { compileRepository } from "../../invariants/repository.ts";
import { type Folder, planOf, type Plan } from "../../invariants/index.ts";

function read(folder: string, name: string): { readonly name: string; readonly text: string } {
  const path = join(folder, name);
  if (statSync(path).size > INVARIANT_BYTES_MAX) throw new MaestroError("cli.usage", `${path} is larger than ${INVARIANT_BYTES_MAX} bytes`);
  const text = fromUtf8(readFileSync(path));
  if (text === null) throw new MaestroError("cli.usage", `${path} is not valid UTF-8`);
  return { name: path, text };
}

/** Throws `cli.usage` for a folder that is not there, or a file in it that is not whole: a target that is not read is not tested. */
export function targetsIn(folder: string): Folder {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (error) {
    throw new MaestroError("cli.usage", `${folder} is no folder that can be read`, { cause: error });
  }
  if (names.length > INVARIANT_FILES_MAX) throw new MaestroError("cli.usage", `${folder} holds more than ${INVARIANT_FILES_MAX} files`);
  const all = compileRepository(names.map((name) => read(folder, name)));
  const [first, ...more] = all.errors;
  if (first !== undefined) throw new MaestroError("cli.usage", `${first.file}:${first.line}:${first.column}: ${first.message}; ${first.fix}${more.length === 0 ? "" : ` (and ${more.length} more; see maestro invariants check)`}`);
  return all;
}

export interface Chosen {
  readonly target: string;
  readonly invariant: string;
  readonly plan: Plan | { readonly because: string };
}

/** Every target, or those that are named, with each of their invariants, or the one that is named. Throws `cli.usage`. */
export function chosen({ compiled, targets }: Folder, names: readonly string[], invariant: string | null): readonly Chosen[] {
  if (targets.size === 0) throw new MaestroError("cli.usage", "no file here declares targets; see docs/property-tests.md");
  const unknown = names.find((name) => !targets.has(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, [...targets.keys()]);
    throw new MaestroError("cli.usage", `there is no target ${unknown}; ${near === null ? `there are ${[...targets.keys()].join(", ")}` : `did you mean ${near}?`}`);
  }
  const all = [...targets].filter(([name]) => names.length === 0 || names.includes(name)).flatMap(([name, target]) => target.invariants.map((id) => ({ name, target, id })));
  const wanted = all.filter(({ id }) => invariant === null || id === invariant);
  if (wanted.length === 0) throw new MaestroError("cli.usage", `no such target is about ${invariant}; they are about ${[...new Set(all.map(({ id }) => id))].join(", ")}`);
  return wanted.flatMap(({ name, target, id }) => compiled.filter((one) => one.id === id).map((one) => ({ target: name, invariant: id, plan: planOf(name, target, one) })));
}

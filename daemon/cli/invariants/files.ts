/** Files of invariants that somebody names. */
import { lstatSync, readdirSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { INVARIANT_BYTES_MAX, INVARIANT_FILES_MAX } from "../../../proto/invariant.ts";
import type { Folder, InvariantFile } from "../../invariants/index.ts";
import { compileOwn, compileRepository } from "../../invariants/repository.ts";
import { readNamed } from "../bounded-file.ts";

/** Where they lie in a repository. */
const INVARIANTS_FOLDER = "invariants";
const EVENTS_FILE = "events.yaml";

const isYaml = (name: string): boolean => /\.ya?ml$/.test(name);

function read(path: string): InvariantFile {
  const text = fromUtf8(readNamed(path, INVARIANT_BYTES_MAX));
  if (text === null) throw new MaestroError("cli.usage", `${path} is not valid UTF-8`);
  return { name: path, text };
}

function named(path: string): readonly string[] {
  let folder: boolean;
  try {
    folder = lstatSync(path).isDirectory();
  } catch (error) {
    throw new MaestroError("cli.usage", `${path} is not there`, { cause: error });
  }
  if (!folder) return [path];
  const names = readdirSync(path).filter(isYaml).sort();
  if (names.length === 0) throw new MaestroError("cli.usage", `${path} holds no .yaml file`);
  // Whoever names a pipe means it; one that lies in a folder would be waited for without end.
  const other = names.slice(0, INVARIANT_FILES_MAX + 1).find((name) => statSync(join(path, name), { throwIfNoEntry: false })?.isFile() === false);
  if (other !== undefined) throw new MaestroError("cli.usage", `${join(path, other)} is no file`);
  return names.slice(0, INVARIANT_FILES_MAX + 1).map((name) => join(path, name));
}

/** The catalogue beside a file that is named alone. */
function beside(paths: readonly string[]): readonly string[] {
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  const there = folders.map((folder) => join(folder, EVENTS_FILE)).filter((path) => !paths.includes(path) && lstatSync(path, { throwIfNoEntry: false })?.isFile() === true);
  return [...paths, ...there];
}

const filesOf = (paths: readonly string[]): readonly InvariantFile[] => beside([...new Set((paths.length === 0 ? [INVARIANTS_FOLDER] : paths).flatMap(named).map(normalize))]).map(read);

/** Throws `cli.usage`. */
export const compileNamed = (paths: readonly string[]): Folder => compileRepository(filesOf(paths));

/** The same with what a daemon would not take beside the rules that ship. Throws `cli.usage`. */
export const checkNamed = (paths: readonly string[]): Folder => compileOwn(filesOf(paths));

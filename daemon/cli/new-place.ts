/** Where something is to be written that is asked and paid for first: looked at before, and nothing that lies there is written over. */
import { accessSync, constants, lstatSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { fileFailure, writeFile } from "./write-file.ts";

export interface NewPlace {
  readonly path: string;
  /** Throws `cli.usage`, `store.no_space`; `still` says what is safe all the same. */
  write(content: string | Uint8Array, still: string): void;
}

function lookedAt(path: string): Stats | undefined {
  // A link counts as what it leads to, and one that leads nowhere is there all the same.
  return statSync(path, { throwIfNoEntry: false }) ?? lstatSync(path, { throwIfNoEntry: false });
}

/** The same where somebody may say `--force`, which writes over what lies there. */
export const outPlace = (path: string, force: boolean): NewPlace => (force ? { path, write: (content, still) => writeFile(path, content, 0o644, still) } : newPlace(path, "name another file, or say --force to write over it"));

/** Throws `cli.usage` for a place where nothing new can be written. A pipe or a device takes what is written, and loses nothing by it. */
export function newPlace(path: string, instead = "name another file"): NewPlace {
  try {
    const there = lookedAt(path);
    if (there === undefined) accessSync(dirname(path), constants.W_OK | constants.X_OK);
    else if (there.isDirectory()) throw new MaestroError("cli.usage", `${path} is a folder; name a file in it`);
    else if (there.isFile() || there.isSymbolicLink()) throw new MaestroError("cli.usage", `${path} is there already, and nothing is written over it; ${instead}`);
    else if (there.isSocket()) throw new MaestroError("cli.usage", `${path} is a socket; name a file`);
    return { path, write: (content, still) => writeFile(path, content, 0o644, still, there === undefined ? "wx" : "w") };
  } catch (error) {
    throw fileFailure(error);
  }
}

import type { FileChange } from "../../../../proto/facts.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { readBlocks } from "./blocks.ts";
import { readBunLock } from "./bun.ts";
import type { Lock } from "./entry.ts";
import { readGoSum } from "./go-sum.ts";
import { readNpmLock } from "./npm.ts";
import { readPnpmLock } from "./pnpm.ts";
import { readYarnLock } from "./yarn.ts";

interface Reader {
  /** Locks of one ecosystem share their sources: moving from one tool to another brings in nobody new. */
  readonly ecosystem: "npm" | "cargo" | "go" | "python";
  /** The tool writes down the usual registry as it does any other, by an address that nothing here knows. */
  readonly names_every_registry?: true;
  read(content: string): Lock;
}

const npm = (read: Reader["read"]): Reader => ({ ecosystem: "npm", read });

const READERS: Readonly<Record<string, Reader>> = {
  "package-lock.json": npm(readNpmLock),
  "npm-shrinkwrap.json": npm(readNpmLock),
  "yarn.lock": { ...npm(readYarnLock), names_every_registry: true },
  "pnpm-lock.yaml": npm(readPnpmLock),
  "bun.lock": npm(readBunLock),
  "cargo.lock": { ecosystem: "cargo", names_every_registry: true, read: (content) => readBlocks(content, true) },
  "uv.lock": { ecosystem: "python", names_every_registry: true, read: (content) => readBlocks(content, true) },
  "poetry.lock": { ecosystem: "python", read: (content) => readBlocks(content, false) },
  "go.sum": { ecosystem: "go", read: readGoSum },
};

/** Lock files that a change adds, edits, renames or removes. */
export const touchesLock = (files: readonly Pick<FileChange, "path" | "old_path">[]): boolean => files.some(({ path, old_path }) => [path, old_path].some((one) => one !== null && lockReader(pathText(one)) !== null));

export function lockReader(path: string): Reader | null {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return Object.hasOwn(READERS, name) ? (READERS[name] ?? null) : null;
}

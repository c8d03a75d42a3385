import type { ReadManifest } from "./manifest.ts";
import { goHosts, readCargoToml, readGoMod, readNpmrc, readPyproject, readRequirements } from "./others.ts";
import { readPackageJson } from "./package-json.ts";

interface Reader {
  readonly ecosystem: "npm" | "cargo" | "go" | "python";
  read(content: string): ReadManifest;
  /** Addresses its own text already vouches for, beside those it reads. */
  known?(content: string): string[];
}

const READERS: Readonly<Record<string, Reader>> = {
  "package.json": { ecosystem: "npm", read: readPackageJson },
  ".npmrc": { ecosystem: "npm", read: readNpmrc },
  ".yarnrc": { ecosystem: "npm", read: readNpmrc },
  ".yarnrc.yml": { ecosystem: "npm", read: readNpmrc },
  "cargo.toml": { ecosystem: "cargo", read: readCargoToml },
  "go.mod": { ecosystem: "go", read: readGoMod, known: goHosts },
  "pyproject.toml": { ecosystem: "python", read: readPyproject },
};
const REQUIREMENTS: Reader = { ecosystem: "python", read: readRequirements };

export function manifestReader(path: string): Reader | null {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (/^requirements[\w.-]{0,100}\.txt$/.test(name)) return REQUIREMENTS;
  return Object.hasOwn(READERS, name) ? (READERS[name] ?? null) : null;
}

/** Files of development alone: their names say so, and nobody who uses the package gets what they list. */
export function forDevelopment(path: string): boolean {
  return /(?:dev|test|docs?|lint|ci|typing|build)[^/]*\.txt$|(?:^|\/)docs?\//i.test(path);
}

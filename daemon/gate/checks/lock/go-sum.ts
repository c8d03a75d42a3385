import { DEFAULT_SOURCE, type Lock, type LockEntry } from "./entry.ts";

const LINE = /^(\S{1,1000}) (\S{1,300}) (h1:[A-Za-z0-9+/]{43}=)$/;

/** `module version hash`, one per line; a module's name is its origin, so only hashes can be compared. */
export function readGoSum(content: string): Lock {
  const entries: LockEntry[] = [];
  for (const raw of content.split("\n")) {
    const line = raw.trim();
    if (line === "") continue;
    const [, name, version, hash] = LINE.exec(line) ?? [];
    if (name === undefined || version === undefined || hash === undefined) return { broken: "a line is not a module, a version and a hash" };
    entries.push({ name, version, source: DEFAULT_SOURCE, integrity: [hash], installs: false });
  }
  return { entries };
}

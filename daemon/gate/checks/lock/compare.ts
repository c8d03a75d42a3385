import { DEFAULT_SOURCE, type LockEntry } from "./entry.ts";

export interface Foreign {
  readonly source: string;
  readonly packages: readonly LockEntry[];
}

export function sourcesOf(entries: readonly LockEntry[]): Set<string> {
  return new Set(entries.flatMap(({ source }) => source ?? []));
}

/** Source most entries share: the house's registry in a lock that has no past. */
export function mainSource(entries: readonly LockEntry[]): string | null {
  const counts = new Map<string, number>();
  for (const { source } of entries) if (source !== null) counts.set(source, (counts.get(source) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/** Entries whose source the base did not use, one group per source. */
export function foreign(entries: readonly LockEntry[], known: ReadonlySet<string>): Foreign[] {
  const groups = new Map<string, LockEntry[]>();
  for (const entry of entries) {
    if (entry.source === null || entry.source === DEFAULT_SOURCE || known.has(entry.source)) continue;
    const group = groups.get(entry.source) ?? [];
    group.push(entry);
    groups.set(entry.source, group);
  }
  return [...groups].map(([source, packages]) => ({ source, packages }));
}

/** `sha512-…`, `sha256:…`, `h1:…`, and Yarn's `10c0/…`, whose prefix is the version of its cache. */
function algorithm(digest: string): string {
  return /^[a-z0-9]{1,12}(?=[-:/])/i.exec(digest)?.[0] ?? "plain";
}

export interface Swapped {
  readonly entry: LockEntry;
  readonly how: "other" | "none";
}

/**
 * Packages of the same name and version whose digest is another, or gone. Two
 * digests are compared only under one algorithm; where several are stated
 * (files of one Python release), one in common is enough.
 */
export function swapped(old: readonly LockEntry[], now: readonly LockEntry[]): Swapped[] {
  const before = new Map<string, { digests: Set<string>; sources: Set<string | null> }>();
  for (const { name, version, integrity, source } of old) {
    const key = `${name}@${version}`;
    const known = before.get(key) ?? { digests: new Set(), sources: new Set() };
    for (const digest of integrity) known.digests.add(digest);
    known.sources.add(source);
    before.set(key, known);
  }
  const said = new Set<string>();
  return now.flatMap((entry): Swapped[] => {
    const key = `${entry.name}@${entry.version}`;
    const known = before.get(key);
    if (known === undefined || known.digests.size === 0 || entry.source === null || said.has(key)) return [];
    const comparable = entry.integrity.filter((digest) => [...known.digests].some((other) => algorithm(other) === algorithm(digest)));
    const same = entry.integrity.some((digest) => known.digests.has(digest));
    const how = entry.integrity.length === 0 ? "none" : comparable.length > 0 && !same ? "other" : null;
    if (how === null) return [];
    said.add(key);
    return [{ entry, how }];
  });
}

/** Names that now run a script on install and did not before. */
export function newInstallers(old: readonly LockEntry[], now: readonly LockEntry[]): LockEntry[] {
  const known = new Set(old.filter(({ installs }) => installs).map(({ name }) => name));
  const said = new Set<string>();
  return now.filter((entry) => {
    if (!entry.installs || known.has(entry.name) || said.has(entry.name)) return false;
    said.add(entry.name);
    return true;
  });
}

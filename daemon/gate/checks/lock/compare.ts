import { DEFAULT_SOURCE, type LockEntry } from "./entry.ts";

export interface Foreign {
  readonly source: string;
  readonly packages: readonly LockEntry[];
}

export function sourcesOf(entries: readonly LockEntry[]): Set<string> {
  return new Set(entries.flatMap(({ source }) => source ?? []));
}

/** Source most entries name: the house's registry in a lock that has no past. */
export function mainSource(entries: readonly LockEntry[]): string | null {
  const counts = new Map<string, number>();
  for (const { source } of entries) if (source !== null && source !== DEFAULT_SOURCE) counts.set(source, (counts.get(source) ?? 0) + 1);
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

interface Stated {
  readonly digests: Set<string>;
  /** Places in the lock where this package stands with a digest, and without one. */
  pinned: number;
  bare: number;
}

const keyOf = ({ name, version }: LockEntry): string => `${name}@${version}`;

function stated(entries: readonly LockEntry[]): Map<string, Stated> {
  const found = new Map<string, Stated>();
  for (const entry of entries) {
    if (entry.source === null) continue;
    const one = found.get(keyOf(entry)) ?? { digests: new Set(), pinned: 0, bare: 0 };
    for (const digest of entry.integrity) one.digests.add(digest);
    if (entry.integrity.length === 0) one.bare += 1;
    else one.pinned += 1;
    found.set(keyOf(entry), one);
  }
  return found;
}

export interface Digests {
  /** Same name and version, other bytes. */
  readonly swapped: readonly LockEntry[];
  /** Had a digest and has none now, so nothing is compared when it is installed. */
  readonly lost: readonly LockEntry[];
}

/**
 * Packages of the same name and version whose digest is another, or gone. Two
 * digests are compared only under one algorithm; where several are stated
 * (files of one Python release), one in common is enough. npm itself writes
 * nested copies without a digest beside pinned ones and keeps them, so a digest
 * counts as lost only where one that stood is missing and a bare place is new.
 */
export function compareDigests(old: readonly LockEntry[], now: readonly LockEntry[]): Digests {
  const [before, after] = [stated(old), stated(now)];
  const said = new Set<string>();
  const swapped: LockEntry[] = [];
  const lost: LockEntry[] = [];
  for (const entry of now) {
    const key = keyOf(entry);
    const [known, left] = [before.get(key), after.get(key)];
    if (known === undefined || left === undefined || known.digests.size === 0 || entry.source === null || said.has(key)) continue;
    const comparable = entry.integrity.some((digest) => [...known.digests].some((other) => algorithm(other) === algorithm(digest)));
    if (comparable && !entry.integrity.some((digest) => known.digests.has(digest))) swapped.push(entry);
    else if (entry.integrity.length === 0 && left.pinned < known.pinned && left.bare > known.bare) lost.push(entry);
    else continue;
    said.add(key);
  }
  return { swapped, lost };
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

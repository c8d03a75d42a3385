/** Packages of several lock files as one list, each once, in an order that follows from what they are. Pure. */
import type { Gap } from "../../proto/facts.ts";
import type { Ecosystem } from "../../proto/sbom.ts";
import { hashOf, type Hash } from "./hashes.ts";
import { plain } from "./plain.ts";
import { isDefault, isRegistry, purlOf } from "./purl.ts";

/** What a lock reader says of one package; see daemon/gate/checks/lock. */
export interface Locked {
  readonly name: string;
  readonly version: string;
  /** null for what lies in the repository itself. */
  readonly source: string | null;
  readonly integrity: readonly string[];
}

export interface LockFile {
  readonly path: string;
  readonly ecosystem: Ecosystem;
  /** The usual registry is written down in it like any other, and cannot be told from one. */
  readonly names_every_registry?: true;
  readonly entries: readonly Locked[];
}

export interface Package {
  /** The purl, or a reference that is none. */
  readonly ref: string;
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version: string;
  readonly purl: string | null;
  readonly source: string;
  readonly hashes: readonly Hash[];
  /** Digests that are not of one file of the package's, as the lock states them. */
  readonly stated: readonly string[];
  readonly locks: readonly string[];
}

/** Packages of one document; more are counted in a gap. */
const PACKAGES_MAX = 20_000;
/** Of one package. */
const STATED_MAX = 16;
const LOCKS_MAX = 8;

/** The first of them, and how many more there are. */
const first = (all: readonly string[], max: number): string[] => (all.length <= max ? all.map(plain) : [...all.slice(0, max).map(plain), `and ${all.length - max} more`]);

interface Building extends Omit<Package, "hashes" | "stated" | "locks"> {
  readonly integrity: Set<string>;
  readonly locks: Set<string>;
}

/** Several digests of one algorithm are of several files (a wheel for each platform): which of them a user has, the lock does not say. */
function digestsOf(integrity: ReadonlySet<string>): Pick<Package, "hashes" | "stated"> {
  const all = [...integrity].sort();
  const found = all.map(hashOf);
  const one = (algorithm: Hash["algorithm"]): boolean => found.filter((hash) => hash?.algorithm === algorithm).length === 1;
  const hashes = found.filter((hash) => hash !== null && one(hash.algorithm)).filter((hash) => hash !== null);
  const rest = all.filter((_, at) => found[at] === null || found[at] === undefined || !one(found[at].algorithm));
  return { hashes, stated: first(rest, STATED_MAX) };
}

const byRef = (a: { readonly ref: string }, b: { readonly ref: string }): number => (a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0);

/**
 * The registry that packages of an ecosystem are taken to be of where its locks name every one: the source of more than half of those that
 * come from a registry. None where one is told to be the usual one, or no source is of more than half: each package then names its own. One
 * for all locks together, as one purl must not name packages of two registries.
 */
function ownRegistries(files: readonly LockFile[]): ReadonlyMap<Ecosystem, string> {
  const own = new Map<Ecosystem, string>();
  for (const ecosystem of new Set(files.flatMap((file) => (file.names_every_registry === true ? [file.ecosystem] : [])))) {
    const sources = files.filter((file) => file.ecosystem === ecosystem).flatMap(({ entries }) => entries.flatMap(({ source }) => (source !== null && isRegistry(ecosystem, source) ? [source] : [])));
    const counts = new Map<string, number>();
    for (const source of sources) counts.set(source, (counts.get(source) ?? 0) + 1);
    const [most] = [...counts].find(([, count]) => count * 2 > sources.length) ?? [];
    if (most !== undefined && !sources.some((source) => isDefault(ecosystem, source))) own.set(ecosystem, most);
  }
  return own;
}

export interface Gathered {
  readonly packages: readonly Package[];
  readonly local: number;
  /** `ecosystem: registry` where which registry purls without one are of is told by most packages alone. */
  readonly registries: readonly string[];
  readonly gaps: readonly Gap[];
}

/** At most `packages_max` of them, the first by their purls. */
export function gather(files: readonly LockFile[], packages_max = PACKAGES_MAX): Gathered {
  const found = new Map<string, Building>();
  const own = ownRegistries(files);
  let local = 0;
  for (const { path, ecosystem, entries } of files) {
    for (const { name, version, source, integrity } of entries) {
      if (source === null) {
        local += 1;
        continue;
      }
      // go.sum has a line of its own for each module's go.mod, which is no package.
      if (ecosystem === "go" && version.endsWith("/go.mod")) continue;
      const purl = purlOf(ecosystem, { name, version, source }, own.get(ecosystem) ?? null);
      const ref = purl ?? `${ecosystem}:${plain(name)}@${plain(version)} (${plain(source)})`;
      const one = found.get(ref) ?? { ref, ecosystem, name: plain(name), version: plain(version), purl, source: plain(source), integrity: new Set<string>(), locks: new Set<string>() };
      found.set(ref, one);
      for (const digest of integrity) one.integrity.add(digest);
      one.locks.add(path);
    }
  }
  const all = [...found.values()].sort(byRef);
  const cut = all.length - packages_max;
  const packages = all.slice(0, packages_max).map(({ integrity, locks, ...one }) => ({ ...one, ...digestsOf(integrity), locks: first([...locks].sort(), LOCKS_MAX) }));
  const registries = [...own].map(([ecosystem, registry]) => plain(`${ecosystem}: ${registry}`)).sort();
  return { packages, local, registries, gaps: cut > 0 ? [{ what: `${cut} packages`, because: packages_max === PACKAGES_MAX ? `more than ${PACKAGES_MAX}` : "the document would not fit where it is kept" }] : [] };
}

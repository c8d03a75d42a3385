/** The work of the `dependencies` check: every manifest and lock before and after. Loaded in the check process only. */
import type { Facts, FileChange, Gap } from "../../../../proto/facts.ts";
import { pathText } from "../../../../proto/scalar.ts";
import type { Seen } from "../check.ts";
import { compareDigests, foreign, mainSource, newInstallers, sourcesOf } from "../lock/compare.ts";
import { anyShaped, npmShaped, sourceOf, type LockEntry } from "../lock/entry.ts";
import { lockReader } from "../lock/read.ts";
import { classify } from "../../../checking/classify.ts";
import { contentReader, missingBecause } from "../reading/contents.ts";
import { lineWith } from "../reading/lines.ts";
import { findingList, type FindingList } from "../reporting/finding.ts";
import { EMPTY, type Manifest, type ReadManifest } from "./manifest.ts";
import { forDevelopment, manifestReader } from "./read.ts";

type Ecosystem = NonNullable<ReturnType<typeof lockReader>>["ecosystem"];

interface ReadLock {
  readonly kind: "lock";
  readonly file: FileChange;
  readonly ecosystem: Ecosystem;
  readonly old: readonly LockEntry[] | null;
  readonly now: readonly LockEntry[];
}

interface ReadFile {
  readonly kind: "manifest";
  readonly file: FileChange;
  readonly ecosystem: Ecosystem;
  readonly old: Manifest | null;
  readonly now: Manifest;
  readonly known: readonly string[];
}

interface Reading {
  readonly read: readonly (ReadLock | ReadFile)[];
  readonly gaps: readonly Gap[];
  readonly blind: string | null;
}

const NAMES_SHOWN = 5;

/** A parse of one side: null where the side is absent or did not parse. */
function parsed<T extends object>(text: string | null, read: (content: string) => T | { readonly broken: string }): T | null {
  if (text === null) return null;
  const result = read(text);
  return "broken" in result ? null : (result as T);
}

function readOne(file: FileChange, old: string | null, now: string | null): ReadLock | ReadFile | { readonly broken: string } {
  const path = pathText(file.path);
  const lock = lockReader(path);
  if (lock !== null) {
    const after = now === null ? { entries: [] } : lock.read(now);
    if ("broken" in after) return after;
    // A base that does not parse locks nothing: everything in the new lock is then new.
    return { kind: "lock", file, ecosystem: lock.ecosystem, old: parsed<{ readonly entries: readonly LockEntry[] }>(old, lock.read)?.entries ?? null, now: after.entries };
  }
  const manifest = manifestReader(path);
  if (manifest === null) return { broken: "nothing reads it" };
  const after: ReadManifest = now === null ? EMPTY : manifest.read(now);
  if ("broken" in after) return after;
  return { kind: "manifest", file, ecosystem: manifest.ecosystem, old: parsed<Manifest>(old, manifest.read), now: after, known: old === null ? [] : (manifest.known?.(old) ?? []) };
}

function readAll(facts: Facts, files: readonly FileChange[], signal: AbortSignal): Reading {
  const contentOf = contentReader(facts);
  const read: (ReadLock | ReadFile)[] = [];
  const gaps: Gap[] = [];
  let blind: string | null = null;
  for (const file of files) {
    if (signal.aborted) break;
    if (file.new !== null && file.new.oid === file.old?.oid) continue;
    const path = pathText(file.path);
    const sides = contentOf(file);
    const result = sides.missing !== null ? { broken: missingBecause(file, sides) } : readOne(file, sides.old, sides.new);
    if ("kind" in result) read.push(result);
    // Broken manifests are ordinary test data; anywhere else nobody can say what they would install.
    else if (classify(path).fixture || classify(path).test) gaps.push({ what: path, because: result.broken });
    else blind ??= `${path} could not be read: ${result.broken}`;
  }
  return { read, gaps, blind };
}

const addressSource = (ecosystem: Ecosystem, address: string): string | null => sourceOf(address, ecosystem === "npm" ? npmShaped : anyShaped);
const registrySource = (address: string): string | null => sourceOf(address, anyShaped);

/** Everything the base already trusts, as far as this change's files show it. */
function knownSources(read: readonly (ReadLock | ReadFile)[], ecosystem: Ecosystem): Set<string> {
  const known = new Set<string>();
  for (const one of read) {
    if (one.ecosystem !== ecosystem) continue;
    const sources = one.kind === "lock" ? [...sourcesOf(one.old ?? [])] : [...[...(one.old?.addresses ?? []), ...one.known].map((address) => addressSource(ecosystem, address)), ...(one.old?.registries ?? []).map(registrySource)];
    for (const source of sources) if (source !== null) known.add(source);
  }
  return known;
}

function at(file: FileChange, needle: string) {
  const line = lineWith(file, needle);
  return line === null ? { file } : { file, line: line.number, text: line.text };
}

function namesOf(packages: readonly LockEntry[]): string {
  const names = packages.slice(0, NAMES_SHOWN).map(({ name, version }) => `${name}@${version}`).join(", ");
  return packages.length > NAMES_SHOWN ? `${names} and ${packages.length - NAMES_SHOWN} more` : names;
}

function compareLock({ file, old, now }: ReadLock, known: Set<string>, list: FindingList, gaps: Gap[]): void {
  const house = sourcesOf(old ?? []).size === 0 ? mainSource(now) : null;
  const trusted = house === null ? known : new Set([...known, house]);
  if (house !== null && !known.has(house)) gaps.push({ what: `the origin of ${pathText(file.path)}`, because: `the lock is new, so its main source ${house} could not be compared with the base` });
  for (const { source, packages } of foreign(now, trusted)) {
    list.add(() => ({ rule: "dep.foreign-source", severity: "error", message: `${namesOf(packages)} from ${source}, which the base does not use`, ...at(file, hostOf(source)), fix: "Use a source the project already trusts, or let a person add this one first." }));
  }
  const { swapped, lost } = compareDigests(old ?? [], now);
  for (const entry of swapped) list.add(() => ({ rule: "dep.foreign-source", severity: "error", message: `${entry.name}@${entry.version} has another digest than before under the same version`, ...at(file, entry.integrity[0] ?? entry.name), fix: "Restore the lock from the base and install again." }));
  // One finding for all: npm has been seen to drop the digests of a whole lock at once.
  if (lost[0] !== undefined) list.add({ rule: "dep.foreign-source", severity: "error", message: `${namesOf(lost)} lost ${lost.length === 1 ? "its digest" : "their digests"}`, ...at(file, lost[0].name), fix: "Restore the lock from the base and install again." });
  for (const entry of newInstallers(old ?? [], now)) list.add(() => ({ rule: "dep.install-script", severity: "warning", message: `${entry.name}@${entry.version} runs a script when it is installed`, ...at(file, entry.name) }));
}

/** Text of a source that stands in the lock as well. */
function hostOf(source: string): string {
  return (source.split(" ").at(-1) ?? source).replace(/^http:\/\//, "").split("/")[0] ?? source;
}

function compareManifest(one: ReadFile, known: ReadonlySet<string>, listedBefore: ReadonlySet<string>, list: FindingList): void {
  const { file, ecosystem, old, now } = one;
  const path = pathText(file.path);
  const said = new Set<string>();
  const addresses = [...now.addresses.map((address) => [address, addressSource(ecosystem, address)] as const), ...now.registries.map((address) => [address, registrySource(address)] as const)];
  for (const [address, source] of addresses) {
    if (source === null || known.has(source) || said.has(source)) continue;
    said.add(source);
    list.add(() => ({ rule: "dep.foreign-source", severity: "error", message: `${source} is a source the base does not use`, ...at(file, address.replace(/^git\+/, "")), fix: "Use a source the project already trusts, or let a person add this one first." }));
  }
  const before = new Set(old?.installs ?? []);
  for (const script of now.installs) if (!before.has(script)) list.add(() => ({ rule: "dep.install-script", severity: "warning", message: `on install: ${script}`, ...at(file, script.split(":")[0] ?? script) }));
  const kind = classify(path);
  if (kind.test || kind.fixture || kind.example || forDevelopment(path)) return;
  for (const name of now.runtime.keys()) {
    if (!listedBefore.has(`${ecosystem} ${name}`)) list.add(() => ({ rule: "dep.new-runtime", severity: "note", message: `${name} is a new runtime dependency`, ...at(file, name) }));
  }
}

export function compareDependencies(facts: Facts, files: readonly FileChange[], signal: AbortSignal): Seen {
  const { read, gaps: unread, blind } = readAll(facts, files, signal);
  const list = findingList();
  const gaps = [...unread];
  const listed = new Set(read.flatMap((one) => (one.kind === "manifest" ? [...(one.old?.runtime.keys() ?? [])].map((name) => `${one.ecosystem} ${name}`) : [])));
  const knownTo = new Map([...new Set(read.map(({ ecosystem }) => ecosystem))].map((ecosystem) => [ecosystem, knownSources(read, ecosystem)]));
  for (const one of read) {
    const known = knownTo.get(one.ecosystem) ?? new Set<string>();
    if (one.kind === "lock") compareLock(one, known, list, gaps);
    else compareManifest(one, known, listed, list);
  }
  return list.seen(gaps, blind);
}

/** Facts that remember which of their parts were read: an answer follows from those alone, and is told again where they are the same. */
import type { Commit, Facts } from "../../../../proto/facts.ts";
import { COMMIT_WORDS } from "../../facts/parts.ts";

export interface Tracked {
  readonly facts: Facts;
  /** In alphabetical order. */
  reads(): string[];
}

/** How many commits there are and what they say is one part; what they are called and stand on is the other. */
const NAMES: ReadonlySet<string> = new Set(["oid", "parents"] satisfies (keyof Commit)[]);

function watched(commit: Commit, saw: (part: string) => void): Commit {
  const get = (name: string) => () => {
    saw(NAMES.has(name) ? "commits" : COMMIT_WORDS);
    return Reflect.get(commit, name);
  };
  return Object.defineProperties({}, Object.fromEntries(Object.keys(commit).map((name) => [name, { get: get(name), enumerable: true }]))) as Commit;
}

export function tracked(facts: Facts): Tracked {
  const seen = new Set<string>();
  const commits = facts.commits.map((commit) => watched(commit, (part) => seen.add(part)));
  const descriptors = Object.keys(facts).map((part) => {
    const get = (): unknown => {
      seen.add(part === "commits" ? COMMIT_WORDS : part);
      return part === "commits" ? commits : Reflect.get(facts, part);
    };
    return [part, { get, enumerable: true }] as const;
  });
  // Every part of the original has its getter, so the type holds.
  const view = Object.defineProperties({}, Object.fromEntries(descriptors)) as Facts;
  return { facts: view, reads: () => [...seen].toSorted() };
}

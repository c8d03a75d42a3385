/**
 * Old sins, counted by rule and file. The list may only shrink: a new one
 * fails, and so does an entry that is no longer true. `bun daemon/house/ratchet.ts`
 * writes the list anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unusedExports } from "./exports.ts";
import { RULES } from "./rules.ts";
import { readSources, ROOT, type Source } from "./sources.ts";

export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

const RATCHET_PATH = "daemon/house/ratchet.json";

/** What the files break today, by rule and file. */
export function countAll(files: readonly Source[]): Counts {
  const counts: Record<string, Record<string, number>> = {};
  const add = (rule: string, file: string, count: number) => {
    if (count > 0) (counts[rule] ??= {})[file] = count;
  };
  // The rules and their canaries quote what they forbid.
  const ruled = files.filter(({ path }) => !/^daemon\/house\/(?:rules|tidy\.test)\.ts$/.test(path));
  for (const { name, find } of RULES) for (const file of ruled) add(name, file.path, find(file).length);
  for (const unused of unusedExports(files)) add("unused-export", unused, 1);
  return counts;
}

export function readRatchet(): Counts {
  return JSON.parse(readFileSync(join(ROOT, RATCHET_PATH), "utf8"));
}

/** The list as it was last committed; empty where there is none. */
export function committedRatchet(): Counts | null {
  const git = Bun.spawnSync(["git", "show", `HEAD:${RATCHET_PATH}`], { cwd: ROOT });
  return git.exitCode === 0 ? JSON.parse(git.stdout.toString()) : null;
}

function rows(counts: Counts): [rule: string, file: string, count: number][] {
  return Object.entries(counts).flatMap(([rule, files]) => Object.entries(files).map(([file, count]): [string, string, number] => [rule, file, count]));
}

/** What stands against `allowed`: more than it says, or less. */
export function compare(found: Counts, allowed: Counts): string[] {
  const more = rows(found).flatMap(([rule, file, count]) => {
    const limit = allowed[rule]?.[file] ?? 0;
    return count > limit ? [`${file}: ${rule}, ${count} found, ${limit} allowed`] : [];
  });
  const less = rows(allowed).flatMap(([rule, file, limit]) => {
    const count = found[rule]?.[file] ?? 0;
    return count < limit ? [`${file}: ${rule} is down to ${count}; write that into ${RATCHET_PATH} (it says ${limit})`] : [];
  });
  return [...more, ...less];
}

/** Entries of `now` that `before` did not have, or had lower. */
export function grown(now: Counts, before: Counts): string[] {
  return rows(now).flatMap(([rule, file, count]) => (count > (before[rule]?.[file] ?? 0) ? [`${rule} ${file}`] : []));
}

if (import.meta.main) writeFileSync(join(ROOT, RATCHET_PATH), `${JSON.stringify(countAll(readSources()), null, 2)}\n`);

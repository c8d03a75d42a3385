/** `.maestro-baseline.json`: findings that were there on adoption. It may only shrink. Pure, and read in a check process alone. */
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { parseStrict } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import { BASELINE_FILE_NAME, BaselineFile, type BaselineEntry } from "../../proto/waiver.ts";
import { speaksOf } from "../checking/border.ts";

const LIMITS = { bytes_max: 8 * 1024 * 1024, depth_max: 8 };
const valid = TypeCompiler.Compile(BaselineFile);

/** Throws `config.malformed`. Entries may stand in any order; equal ones add up. */
export function parseBaseline(bytes: Uint8Array): readonly BaselineEntry[] {
  let value: unknown;
  try {
    value = parseStrict(bytes, LIMITS);
  } catch (error) {
    throw new MaestroError("config.malformed", `${BASELINE_FILE_NAME}: ${error instanceof Error ? error.message.slice(0, 300) : "not JSON"}`, { cause: error });
  }
  if (!valid.Check(value)) throw new MaestroError("config.malformed", `${BASELINE_FILE_NAME}: ${valid.Errors(value).First()?.path.slice(0, 200) ?? ""} does not fit the form of this file`);
  return value.findings;
}

const keyOf = ({ rule, path, identity }: Omit<BaselineEntry, "count">): string => JSON.stringify([rule, path, identity]);

function countsOf(entries: readonly BaselineEntry[], named: (path: string) => string): Map<string, { entry: BaselineEntry; count: number }> {
  const counts = new Map<string, { entry: BaselineEntry; count: number }>();
  for (const entry of entries) {
    const moved = { ...entry, path: named(entry.path) };
    const known = counts.get(keyOf(moved));
    counts.set(keyOf(moved), { entry: moved, count: (known?.count ?? 0) + entry.count });
  }
  return counts;
}

const alike = ({ rule, identity }: BaselineEntry): string => JSON.stringify([rule, identity]);

function totalsOf(entries: readonly BaselineEntry[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const entry of entries) totals.set(alike(entry), (totals.get(alike(entry)) ?? 0) + entry.count);
  return totals;
}

/** Entries of `now` beyond those of `old`, with how many there are too many. `renamed` is the change's own: a file may take its entries along. */
export function grownEntries(old: readonly BaselineEntry[], now: readonly BaselineEntry[], renamed: ReadonlyMap<string, string>): BaselineEntry[] {
  const before = countsOf(old, (path) => renamed.get(path) ?? path);
  // An entry under its old name accepts nothing more than it did.
  const kept = countsOf(old, (path) => path);
  const left = totalsOf(old);
  return [...countsOf(now, (path) => path)].flatMap(([key, { entry, count }]) => {
    // One entry may stand under either name, and not under both.
    const budget = left.get(alike(entry)) ?? 0;
    const covered = Math.min(count, budget, Math.max(before.get(key)?.count ?? 0, kept.get(key)?.count ?? 0));
    left.set(alike(entry), budget - covered);
    return count > covered ? [{ ...entry, count: count - covered }] : [];
  });
}

/** Rules that neither the file nor a comment may accept, whatever the host says: they are about accepting itself. */
const NEVER: readonly string[] = ["waiver.*", "baseline.*", "gate.*"];

/** Whether one of the patterns speaks of the rule. */
export function denied(rule: string, patterns: readonly string[]): boolean {
  return [...NEVER, ...patterns].some((pattern) => speaksOf(pattern, rule));
}

/** Takes findings out of the file one by one: two equal lines need two entries. */
export class Accepting {
  private readonly left: Map<string, { entry: BaselineEntry; count: number }>;

  constructor(entries: readonly BaselineEntry[], private readonly denied_rules: readonly string[]) {
    this.left = countsOf(entries, (path) => path);
  }

  /** `path` is the one at the base. */
  take(rule: string, path: string, identity: string): boolean {
    if (denied(rule, this.denied_rules)) return false;
    const found = this.left.get(keyOf({ rule, path, identity }));
    if (found === undefined || found.count === 0) return false;
    found.count--;
    return true;
  }

  /** What nothing was taken for, of the rules that `looked` says were looked for everywhere. */
  stale(looked: (entry: BaselineEntry) => boolean): BaselineEntry[] {
    return [...this.left.values()].flatMap(({ entry, count }) => (count > 0 && looked(entry) ? [{ ...entry, count }] : []));
  }
}

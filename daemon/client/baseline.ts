/** `.maestro-baseline.json` as `maestro baseline` writes it: canonical, sorted, one entry a line, so that a diff shows what left. Pure. */
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { canonicalText, parseStrict } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { CheckFinding } from "../../proto/findings.ts";
import { BASELINE_FILE_NAME, BASELINE_RULES, BaselineFile, type BaselineEntry } from "../../proto/waiver.ts";

const LIMITS = { bytes_max: 8 * 1024 * 1024, depth_max: 8 };

/** Throws `config.malformed`. */
export function readBaseline(bytes: Uint8Array): readonly BaselineEntry[] {
  const value: unknown = parseStrict(bytes, LIMITS);
  if (!TypeCompiler.Compile(BaselineFile).Check(value)) throw new MaestroError("config.malformed", `${BASELINE_FILE_NAME} does not fit its form`);
  return value.findings;
}

const keyOf = ({ rule, path, identity }: Omit<BaselineEntry, "count">): string => canonicalText({ rule, path, identity });

function summed(entries: readonly BaselineEntry[]): Map<string, BaselineEntry> {
  const sums = new Map<string, BaselineEntry>();
  for (const entry of entries) sums.set(keyOf(entry), { ...entry, count: entry.count + (sums.get(keyOf(entry))?.count ?? 0) });
  return sums;
}

/** What the file may list of a gate's findings: those with a place, of rules that find a thing where it stands, that nobody waived. */
export function entriesOf(findings: readonly CheckFinding[]): BaselineEntry[] {
  const entries = findings.flatMap(({ finding: { rule, range, identity, waiver } }): BaselineEntry[] => {
    const listed = rule.startsWith("command.") || BASELINE_RULES.some((one) => one === rule);
    if (!listed || range === null || !("u" in range.path) || identity === undefined || waiver?.state === "accepted") return [];
    return [{ rule, path: range.path.u, identity, count: 1 }];
  });
  return [...summed(entries).values()];
}

/** The entries that still accept something, never more of one than before. Those of a check that gave no answer stay as they are. */
export function pruned(old: readonly BaselineEntry[], found: readonly BaselineEntry[], answered: (rule: string) => boolean): BaselineEntry[] {
  const now = summed(found);
  return [...summed(old).values()].flatMap((entry) => {
    const count = answered(entry.rule) ? Math.min(entry.count, now.get(keyOf(entry))?.count ?? 0) : entry.count;
    return count > 0 ? [{ ...entry, count }] : [];
  });
}

export function formatBaseline(entries: readonly BaselineEntry[]): string {
  const order = ({ path, rule, identity }: BaselineEntry): string => `${path}\0${rule}\0${identity}`;
  const lines = [...summed(entries).values()].sort((a, b) => (order(a) < order(b) ? -1 : 1)).map((entry) => canonicalText(entry));
  return `{"findings":[\n${lines.join(",\n")}${lines.length === 0 ? "" : "\n"}],"version":1}\n`;
}

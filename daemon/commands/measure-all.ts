/** Every obligation of a gate, each from its own report; one report that ends its reader takes no other with it. */
import { MaestroError } from "../../proto/errors.ts";
import type { GateConfig } from "../../proto/config.ts";
import type { MeasuredObligation, Obligation, Outcome } from "../../proto/outcome.ts";
import type { ObligationRule } from "../../proto/report.ts";
import { commandCheck } from "../../proto/command.ts";
import type { KeptFile, MeasureJob } from "../../proto/worker.ts";
import { reasonOf } from "../checking/failure.ts";
import type { Lane } from "../checking/lane.ts";
import { unmeasured } from "./reports/measure.ts";
import type { Attempted } from "./kept.ts";

export interface Sources {
  readonly attempted: readonly Attempted[];
  readonly outcomes: readonly Outcome[];
  readonly handed: ReadonlyMap<string, KeptFile>;
  readonly lane: Lane;
  readonly deadline_ms: () => number;
}

type Source = { readonly report: KeptFile } | { readonly missing: "unavailable" | "not_applicable"; readonly because: string };

const none = (because: string, missing: "unavailable" | "not_applicable" = "unavailable"): Source => ({ missing, because });

function sourceOf({ from }: ObligationRule, { attempted, outcomes, handed }: Sources): Source {
  if (from.report !== undefined) {
    const report = handed.get(from.report);
    return report === undefined ? none(`the job handed in no report called ${from.report}; give --report ${from.report}=FILE`) : { report };
  }
  const command = attempted.find(({ name }) => name === from.command);
  if (command === undefined) return none(`there is no command called ${from.command ?? ""}`);
  if (command.not_applicable) return none(`command ${command.name}: ${command.because}`, "not_applicable");
  if (command.files === null) {
    const because = outcomes.find(({ check }) => check === commandCheck(command.name))?.because;
    return none(`command ${command.name} gave no report: ${because ?? command.because}`);
  }
  const report = command.files.get(from.file ?? "") ?? { absent: "it was not asked for" };
  return "absent" in report ? none(`command ${command.name}: ${report.absent}`) : { report };
}

type Ask = MeasureJob["rules"][number];

/** The answers to exactly what was asked, in that order; anything else is no answer. */
function answered(asks: readonly Ask[], observer: MeasureJob["observer"], obligations: readonly Obligation[]): readonly Obligation[] {
  const fits = obligations.length === asks.length && obligations.every((one, at) => one.name === asks[at]?.name && one.observer === observer);
  if (!fits) throw new MaestroError("worker.protocol", "other obligations were measured than those that were asked for");
  return obligations;
}

async function measured(asks: readonly Ask[], report: KeptFile, observer: MeasureJob["observer"], { lane, deadline_ms }: Sources): Promise<readonly Obligation[]> {
  const [first] = asks;
  if (first === undefined) return [];
  try {
    const { obligations } = await lane.run({ kind: "measure", format: first.rule.format, observer, report, rules: [...asks] }, deadline_ms());
    return answered(asks, observer, obligations);
  } catch (error) {
    const because = reasonOf(error);
    return asks.map(({ name, rule }) => unmeasured(name, rule, observer, "unavailable", because));
  }
}

/** Sorted by name, one for each rule. Throws `request.cancelled` and `daemon.draining` only. */
export async function measureAll({ obligations: rules }: Pick<GateConfig, "obligations">, sources: Sources): Promise<MeasuredObligation[]> {
  const all = Object.entries(rules).map(([name, rule]) => ({ name, rule, observer: rule.from.report === undefined ? ("sandbox" as const) : ("job" as const), source: sourceOf(rule, sources) }));
  const missing = all.flatMap(({ name, rule, observer, source }): MeasuredObligation[] => ("report" in source ? [] : [{ ...unmeasured(name, rule, observer, source.missing, source.because), source_sha256: null }]));
  const groups = Map.groupBy(all.flatMap((one) => ("report" in one.source ? [{ ...one, report: one.source.report }] : [])), ({ report, rule, observer }) => JSON.stringify([report.path, rule.format, observer]));
  const found: MeasuredObligation[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const asks = group.map(({ name, rule }) => ({ name, rule }));
    for (const one of await measured(asks, first.report, first.observer, sources)) found.push({ ...one, source_sha256: first.report.sha256 });
  }
  return [...missing, ...found].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

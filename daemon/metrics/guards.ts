/** What the guards of invariants did. Ids come from documents that the operator's host holds, so they are few. */
import { Gauge, type Metric } from "./registry.ts";

export interface GuardReading {
  readonly checks: number;
  readonly violations: ReadonlyMap<string, number>;
  readonly told: ReadonlyMap<string, number>;
}

export const guardMetrics = (now: () => GuardReading): Metric[] => [
  new Gauge("maestro_invariant_checks_total", "How often an invariant was asked about the daemon's own writes, requests and actions.", () => [[{}, now().checks]], "counter"),
  new Gauge("maestro_invariant_violations_total", "What was not done because an invariant would not have held, by its id; anything above 0 wants a look at the log.", () => [...now().violations].map(([id, count]) => [{ id }, count]), "counter"),
  new Gauge("maestro_change_rules_broken_total", "Changes that were decided and of which a rule about change_decided does not hold, by its id; the decisions stand.", () => [...now().told].map(([id, count]) => [{ id }, count]), "counter"),
];

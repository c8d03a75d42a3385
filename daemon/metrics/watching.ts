/** What monitors and breakers did since the start. */
import { Gauge, type Metric } from "./registry.ts";

export interface WatchingReading {
  readonly open: number;
  readonly trips: ReadonlyMap<string, number>;
  readonly refused: ReadonlyMap<string, number>;
  readonly findings: { readonly violated: number; readonly inconclusive: number };
}

export function watchingMetrics(now: () => WatchingReading): Metric[] {
  const byAction = (counts: ReadonlyMap<string, number>): [Record<string, string>, number][] => [...counts].map(([action, count]) => [{ action }, count]);
  return [
    new Gauge("maestro_breakers_open", "Actions that are refused for a while, of one tenant each, because they failed too often.", () => [[{}, now().open]]),
    new Gauge("maestro_breaker_trips_total", "How often a breaker opened, by action.", () => byAction(now().trips), "counter"),
    new Gauge("maestro_breaker_refused_total", "Requests refused by an open breaker, by action.", () => byAction(now().refused), "counter"),
    new Gauge("maestro_monitor_findings_total", "What monitors of rules about time found, by verdict.", () => Object.entries(now().findings).map(([verdict, count]) => [{ verdict }, count]), "counter"),
  ];
}

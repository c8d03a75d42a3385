/** What the daemon counts of itself, for Prometheus. Names end in their unit; labels come from small closed sets, never from a change or a client. */
import type { GateResult } from "../../proto/api.ts";
import type { Verdict } from "../../proto/decision.ts";
import type { ErrorCode } from "../../proto/errors.ts";
import type { RouteName } from "../../proto/routes.ts";
import { guardMetrics, type GuardReading } from "./guards.ts";
import { modelMetrics, type ModelsReading } from "./models.ts";
import type { MarketReply } from "../../proto/market.ts";
import { marketMetrics } from "./market.ts";
import { routingMetrics, type RoutingReading } from "./routing.ts";
import { watchingMetrics, type WatchingReading } from "./watching.ts";
import { witnessMetrics, type WitnessReading } from "./witnesses.ts";
import { Counter, exposition, Gauge, Histogram, type Labels, type Metric } from "./registry.ts";

/** One look at the daemon; read when somebody asks for the metrics. */
export interface Reading {
  readonly version: string;
  readonly bun: string;
  readonly started_at_s: number;
  readonly draining: boolean;
  readonly gates: { readonly running: number; readonly waiting: number; readonly total: number };
  readonly workers: { readonly ready: number; readonly busy: number; readonly waiting: number; readonly suspended_tenants: number; readonly deaths: number };
  readonly connections: number;
  readonly log: { readonly size: number; readonly last_append_s: number; readonly time_frozen: boolean };
  readonly store_bytes: number;
  readonly state_free_bytes: number;
  readonly memory_bytes: number;
  readonly cpu_s: number;
  readonly open_descriptors: number;
  /** A turn of the event loop, as the watchdog last measured it; null without a watchdog. */
  readonly loop_turn_s: number | null;
  /** What the scrubber knows of everything that is kept. */
  readonly kept: { readonly damage: number; readonly passes: number; readonly scrubbed_bytes: number; readonly last_pass_s: number | null };
  /** Of retention: what went, by class; gates that are held; records past their time that could not be removed. */
  readonly retention: { readonly tombstones: ReadonlyMap<string, number>; readonly holds: number; readonly overdue: number };
  /** The last reload of the configuration; null before the first. */
  readonly reload: { readonly at_s: number; readonly applied: boolean } | null;
  /** The log's witnesses, and this node as one of others. */
  readonly witnesses: WitnessReading;
  readonly guards: GuardReading;
  readonly watching: WatchingReading;
  readonly routing: RoutingReading;
  /** Null where none is configured. */
  readonly market: MarketReply | null;
  readonly models: ModelsReading;
}

const REQUEST_BOUNDS_S = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
const GATE_BOUNDS_S = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180];
const CHECK_BOUNDS_S = [0.01, 0.05, 0.25, 1, 5, 20, 60];
const VERDICTS: readonly Verdict[] = ["admit", "refuse", "hold"];
const NONE: Labels = {};

/** A repository names its own commands; as labels they would have no end. */
const checkLabel = (check: string): string => check.replace(/\..*$/s, "");

export class Metrics {
  private readonly requests = new Counter("maestro_requests_total", "Requests answered, by route and HTTP status; route none where no route matched.");
  private readonly request_seconds = new Histogram("maestro_request_duration_seconds", "Time from a request's head to its reply's last byte, by route.", REQUEST_BOUNDS_S);
  private readonly refusals = new Counter("maestro_refusals_total", "Requests and connections refused, by error code of proto/errors.ts.");
  private readonly gates = new Counter("maestro_gates_total", "Verdicts given, by verdict.", VERDICTS.map((verdict) => ({ verdict })));
  private readonly repeated = new Counter("maestro_gates_repeated_total", "Gates answered with a verdict that already stood.", [NONE]);
  private readonly gate_seconds = new Histogram("maestro_gate_duration_seconds", "One gate from its start to its durable verdict.", GATE_BOUNDS_S);
  private readonly outcomes = new Counter("maestro_check_outcomes_total", "Outcomes of checks in recorded gates, by check and result.");
  private readonly check_seconds = new Histogram("maestro_check_duration_seconds", "One check of a recorded gate, by check.", CHECK_BOUNDS_S);
  private readonly withheld = new Counter("maestro_watchdog_withheld_total", "Signs of life that were withheld because the daemon could not do its work.", [NONE]);
  private readonly releases = new Counter("maestro_releases_total", "Releases of held or refused changes by a person, by kind.", [{ kind: "approve" }, { kind: "override" }]);
  private readonly reading: readonly Metric[];

  constructor(private readonly read: () => Reading) {
    this.reading = readingMetrics(() => this.now());
  }

  /** One reading serves all gauges of one document. */
  private current: Reading | null = null;
  private now(): Reading {
    return (this.current ??= this.read());
  }

  request(route: RouteName | null, status: number, code: ErrorCode | null, duration_us: number): void {
    this.requests.add({ route: route ?? "none", status: String(status) });
    if (route !== null) this.request_seconds.observe(duration_us / 1e6, { route });
    if (code !== null) this.refused(code);
  }

  refused(code: ErrorCode): void {
    this.refusals.add({ code });
  }

  gate({ recorded, verdict, card, timings }: Pick<GateResult, "recorded" | "verdict" | "card" | "timings">): void {
    if (recorded) return this.repeated.add();
    this.gates.add({ verdict });
    this.gate_seconds.observe(timings.total_us / 1e6);
    for (const { check, result } of card.checks) this.outcomes.add({ check: checkLabel(check), result });
    for (const { check, us } of timings.by_check) this.check_seconds.observe(us / 1e6, { check: checkLabel(check) });
  }

  released(kind: "approve" | "override"): void {
    this.releases.add({ kind });
  }

  watchdogWithheld(): void {
    this.withheld.add();
  }

  /** The document, as `text/plain; version=0.0.4`. */
  text(): string {
    this.current = null;
    return exposition([this.requests, this.request_seconds, this.refusals, this.gates, this.repeated, this.gate_seconds, this.outcomes, this.check_seconds, this.withheld, this.releases, ...this.reading]);
  }
}

/** Gauges of one reading; what is null is left out. */
function readingMetrics(now: () => Reading): Metric[] {
  const one = (name: string, help: string, read: (reading: Reading) => number | null, type: "gauge" | "counter" = "gauge") =>
    new Gauge(name, help, () => {
      const value = read(now());
      return value === null ? [] : [[NONE, value]];
    }, type);
  return [
    new Gauge("maestro_build_info", "Always 1; the labels say what runs.", () => [[{ version: now().version, bun: now().bun }, 1]]),
    new Gauge("maestro_workers", "Check processes, by state.", () => [[{ state: "ready" }, now().workers.ready], [{ state: "busy" }, now().workers.busy]]),
    one("maestro_workers_waiting", "Callers in line for a check process.", ({ workers }) => workers.waiting),
    one("maestro_workers_suspended_tenants", "Tenants whose changes killed so many check processes that none is started for them for a moment.", ({ workers }) => workers.suspended_tenants),
    one("maestro_worker_deaths_total", "Check processes that died.", ({ workers }) => workers.deaths, "counter"),
    one("maestro_gates_running", "Gates in work.", ({ gates }) => gates.running),
    one("maestro_gates_waiting", "Gates waiting for their turn.", ({ gates }) => gates.waiting),
    one("maestro_gates_recorded", "Gate attempts on record.", ({ gates }) => gates.total),
    one("maestro_connections", "Open connections.", ({ connections }) => connections),
    one("maestro_draining", "1 while a stop waits for what is in flight.", ({ draining }) => Number(draining)),
    one("maestro_log_entries", "Entries of the transparency log.", ({ log }) => log.size),
    one("maestro_log_last_append_timestamp_seconds", "Log time of the newest entry; 0 for an empty log.", ({ log }) => log.last_append_s),
    one("maestro_log_time_frozen", "1 while log time stands still after a jump of the wall clock.", ({ log }) => Number(log.time_frozen)),
    one("maestro_store_bytes", "Size of the LMDB file.", ({ store_bytes }) => store_bytes),
    one("maestro_state_free_bytes", "Free bytes on the state folder's disk.", ({ state_free_bytes }) => state_free_bytes),
    one("maestro_watchdog_turn_seconds", "A turn of the event loop, as the watchdog last measured it.", ({ loop_turn_s }) => loop_turn_s),
    one("maestro_kept_damage", "Things kept that are damaged; anything above 0 wants maestro fsck.", ({ kept }) => kept.damage),
    one("maestro_scrub_passes", "How often everything that is kept was looked at since the start.", ({ kept }) => kept.passes),
    one("maestro_scrub_bytes", "What the scrubber has read since the start.", ({ kept }) => kept.scrubbed_bytes),
    one("maestro_scrub_last_pass_timestamp_seconds", "When everything had last been looked at.", ({ kept }) => kept.last_pass_s),
    new Gauge("maestro_tombstones", "Records that went because their time was over or somebody asked, by class.", () => [...now().retention.tombstones].map(([of, count]) => [{ class: of }, count])),
    one("maestro_retention_holds", "Gates of which nothing goes.", ({ retention }) => retention.holds),
    one("maestro_retention_overdue", "Records past their time that could not be removed; anything above 0 wants a look at the log, and no backup is made.", ({ retention }) => retention.overdue),
    one("maestro_config_reload_success", "1 where the last reload of the configuration was applied, 0 where it was refused.", ({ reload }) => (reload === null ? null : Number(reload.applied))),
    one("maestro_config_reload_timestamp_seconds", "Time of the last reload.", ({ reload }) => reload?.at_s ?? null),
    ...witnessMetrics(() => now().witnesses),
    ...guardMetrics(() => now().guards),
    ...watchingMetrics(() => now().watching),
    ...routingMetrics(() => now().routing),
    ...marketMetrics(() => now().market),
    ...modelMetrics(() => now().models),
    one("process_start_time_seconds", "When the daemon started.", ({ started_at_s }) => started_at_s),
    one("process_resident_memory_bytes", "Resident memory of the daemon, check processes not counted.", ({ memory_bytes }) => memory_bytes),
    one("process_open_fds", "Open file descriptors of the daemon.", ({ open_descriptors }) => open_descriptors),
    one("process_cpu_seconds_total", "Processor time of the daemon, user and system.", ({ cpu_s }) => cpu_s, "counter"),
  ];
}

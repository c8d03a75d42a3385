/** What is learned from, put together: opened by the first that needs it, so that a daemon nobody asks has none of it in memory. */
import type { GateResult } from "../proto/api.ts";
import type { Episode } from "../proto/episode.ts";
import type { ReleaseRequest } from "../proto/release.ts";
import type { RouterEntry } from "../proto/routing.ts";
import type { Host } from "./config/host.ts";
import type { Exported, OpenExported } from "./exported.ts";
import type { EpisodeLog } from "./learning/episodes/index.ts";
import type { Clock } from "./platform/clock.ts";
import type { State } from "./state.ts";
import { payerOf } from "./store/gates.ts";

export interface LearnedDeps extends Pick<State, "store" | "evidence" | "gates"> {
  readonly host: Pick<Host, "routers" | "limits">;
  readonly clock: Pick<Clock, "now_ms">;
  readonly warn: (what: string, error: unknown) => void;
  /** Hears of each episode that is closed, inside the transaction. */
  readonly closed?: (episode: Episode) => void;
  /** A router as it was when it decided; null where that is not known. */
  readonly decided?: (episode: Pick<Episode, "router" | "policy" | "seed">) => RouterEntry | null;
  /** Hears how far expiry came. */
  readonly expired?: (before_ms: number) => Promise<void>;
  /** Files of what was decided; absent in tests of the log alone. */
  readonly exporting?: OpenExported;
}

export interface Learned {
  episodes(): Promise<EpisodeLog>;
  exported(): Promise<Exported | null>;
  /** A router of the host's configuration. */
  router(id: string): RouterEntry | null;
  /** Written down once the answer is out; lost where the daemon is killed before. */
  decided(result: GateResult): void;
  /** A person broke the glass over an attempt. */
  overridden(request: Pick<ReleaseRequest, "gate_id" | "attempt">): void;
  /** Episodes from before that time go, and those that waited for an outcome too long are closed; where none was ever kept, nothing is opened. */
  sweep(before_ms: number | null): Promise<void>;
  /** What the daemon decided is written down when this resolves. */
  settled(): Promise<void>;
  /** The same, and no file is written any more. */
  stop(): Promise<void>;
}

/** The answer to a gate is out by then. */
const AFTER_REPLY_MS = 50;
/** Decisions that wait to be written; with more the oldest wait no longer. */
const WAITING_MAX = 256;

interface Parts {
  readonly log: EpisodeLog;
  readonly own: typeof import("./learning/episodes/own.ts");
  readonly exported: Exported | null;
}
type Work = (parts: Parts) => void;

/** What is written down once the answers are out, all of it in one transaction. */
class Afterwards {
  private waiting: Work[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly ready: () => Promise<Parts>,
    private readonly warn: LearnedDeps["warn"],
  ) {}

  later(work: Work): void {
    this.waiting.push(work);
    if (this.waiting.length >= WAITING_MAX) void this.flush();
    this.timer ??= setTimeout(() => void this.flush(), AFTER_REPLY_MS);
  }

  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    return (this.writing = this.writing.then(() => this.write()));
  }

  private failed(error: unknown): void {
    this.warn("a decision of this daemon could not be kept as an episode; its verdict stands", error);
  }

  private async write(): Promise<void> {
    const due = this.waiting;
    this.waiting = [];
    if (due.length === 0) return;
    try {
      const parts = await this.ready();
      parts.log.recordAll(() => due.forEach((work) => this.tried(parts, work)));
    } catch (error) {
      this.failed(error);
    }
  }

  /** One tenant's log may be full, and the others' is not. */
  private tried(parts: Parts, work: Work): void {
    try {
      parts.log.recordAll(() => work(parts));
    } catch (error) {
      this.failed(error);
    }
  }
}

export function openLearned(deps: LearnedDeps): Learned {
  const { store, evidence, gates, host, clock, warn } = deps;
  let opened: Promise<Parts> | null = null;
  // Read anew each time: a reload may bring others.
  const configured = (id: string): RouterEntry | null => host.routers.find((entry) => entry.id === id) ?? null;

  async function open(): Promise<Parts> {
    const [{ EpisodeLog: Log }, own] = await Promise.all([import("./learning/episodes/index.ts"), import("./learning/episodes/own.ts")]);
    const router = (id: string): RouterEntry | null => own.OWN_ROUTERS.get(id) ?? configured(id);
    // Log time stands still after a clock jumped ahead, and knows seconds alone.
    const now_ms = (): number => Math.min(clock.now_ms(), evidence.now_s() * 1000 + 999);
    const exported = deps.exporting === undefined ? null : await deps.exporting((await import("./learning/exporting/log-source.ts")).logSource(() => log, router), now_ms);
    const log: EpisodeLog = new Log({ store, now_ms, keyed: (purpose, value) => evidence.keyed(purpose, value), router, silence: own.SILENCE, episodes_max: host.limits.learning.episodes_max, ...(deps.closed === undefined ? {} : { closed: deps.closed }), ...(deps.decided === undefined ? {} : { decided: deps.decided }), ...(exported === null ? {} : { changed: (id, at_ms) => exported.partitions.touched(id, at_ms) }) });
    return { log, own, exported };
  }
  const ready = () => (opened ??= open());
  const afterwards = new Afterwards(ready, warn);

  const spaceOf = (gate_id: string, attempt: number): string | null => {
    const row = gates.get(gate_id, attempt);
    return row === undefined ? null : payerOf(row);
  };

  return {
    episodes: async () => (await ready()).log,
    exported: async () => (await ready()).exported,
    router: configured,
    decided(result) {
      if (result.recorded) return;
      afterwards.later(({ log, own }) => {
        const space = spaceOf(result.gate_id, result.attempt);
        if (space === null) return;
        const all = [own.gateDecision(space, result), ...(host.routers.length === 0 ? [] : own.checkDecisions(space, result))];
        for (const { decision, reward } of all) {
          const { episode } = log.record(decision);
          if (reward !== null) log.outcome(episode.id, null, { reward });
        }
      });
    },
    overridden({ gate_id, attempt }) {
      afterwards.later(({ log, own }) => {
        const space = spaceOf(gate_id, attempt);
        const { key, asked } = own.gateName(gate_id, attempt);
        const episode = space === null ? null : log.named(space, "gate", key, asked);
        if (episode !== null && episode.outcome === null) log.outcome(episode.id, null, { reward: 0 });
      });
    },
    async sweep(before_ms) {
      if (!store.scanner.tables().includes("episodes")) return;
      const { log, exported } = await ready();
      if (before_ms !== null) {
        await log.expire(before_ms);
        await deps.expired?.(before_ms);
      }
      await log.censorInTurns();
      if (before_ms !== null) await exported?.partitions.expire(before_ms);
      // Beside whatever comes next: the start of a daemon waits for no file.
      void exported?.partitions.write();
    },
    settled: () => afterwards.flush(),
    async stop() {
      await afterwards.flush();
      if (opened !== null) await (await opened).exported?.partitions.close();
    },
  };
}

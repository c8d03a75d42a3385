/** The breakers of one daemon, by action and party. What opened one outlives a restart; what is under way does not. */
import type { BreakerAction, BreakerView } from "../../../proto/breaker.ts";
import { BREAKER_ACTIONS } from "../../../proto/breaker.ts";
import { ERRORS, MaestroError, type ErrorCode } from "../../../proto/errors.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Store } from "../../store/db.ts";
import { timestampOf } from "../../verifier/time.ts";
import { admits, BreakerRecord, CLOSED, closed, failed, type Phase, phaseOf, type Policy, succeeded } from "./core.ts";

export interface BreakersDeps {
  readonly store: Pick<Store, "table" | "atomic">;
  readonly policyOf: (action: BreakerAction) => Policy;
  /** Seconds since 1970 when this starts; from then on the steady clock counts alone, so a clock that is set, and log time that is frozen, open and close nothing. */
  readonly start_s: number;
  readonly clock: Pick<Clock, "monotonic_ms">;
  /** Hears of each opening, once it is kept. */
  readonly opened?: (action: BreakerAction, party: string, reason: string) => void;
}

/** One piece of work that was let in; told once how it ended. */
export interface Entered {
  ended(error: unknown): void;
}

export interface BreakerCounts {
  readonly open: number;
  readonly trips: ReadonlyMap<BreakerAction, number>;
  readonly refused: ReadonlyMap<BreakerAction, number>;
}

/** Of the caller or of the moment: they say nothing about the action. */
const HARMLESS: ReadonlySet<ErrorCode> = new Set(["request.busy", "request.timeout", "request.cancelled", "daemon.draining", "breaker.open"]);
/** Somebody tries what is not theirs: that counts as the action's own failures do. */
const COUNTED: ReadonlySet<ErrorCode> = new Set(["release.denied", "invariant.violated"]);
const SERVER_FAULT = 500;
const PARTIES_PROBING_MAX = 4_096;

function failureIn(error: unknown): string | null {
  if (error === null) return null;
  if (!(error instanceof MaestroError)) return "internal.bug";
  const { code, detail }: MaestroError = error;
  if (HARMLESS.has(code)) return null;
  return COUNTED.has(code) || ERRORS[code].status >= SERVER_FAULT ? `${code}: ${detail}` : null;
}

export class Breakers {
  private readonly table;
  /** What a full disk did not take: it counts all the same, until a write goes through or the daemon ends. */
  private readonly unkept = new Map<string, BreakerRecord>();
  private readonly probing = new Map<string, number>();
  private readonly start_s: number;
  private readonly start_ms: number;
  private readonly trips = new Map<BreakerAction, number>();
  private readonly refused = new Map<BreakerAction, number>();

  constructor(private readonly deps: BreakersDeps) {
    this.table = deps.store.table<readonly [string, string], typeof BreakerRecord>("breakers", BreakerRecord);
    // Never before what is on record: a clock that was set back meanwhile would keep it open until it has caught up.
    this.start_s = Math.max(deps.start_s, ...[...this.table.entries()].map(({ value: { failures_s, open } }) => Math.max(open?.since_s ?? 0, ...failures_s)));
    this.start_ms = deps.clock.monotonic_ms();
  }

  /** Lets the work in, or throws `breaker.open` with the reason it opened for and how long it stays so. */
  enter(action: BreakerAction, party: string): Entered {
    const limits = this.deps.policyOf(action);
    const now = this.now_s();
    const record = this.record(action, party);
    const began = phaseOf(record, now);
    // Each opening has probes of its own: one that hangs since an opening before says nothing of this one.
    const name = `${action} ${party} ${record.trips}`;
    const probing = this.probing.get(name) ?? 0;
    if (!admits(record, now, probing, limits) || (began === "half-open" && this.probing.size >= PARTIES_PROBING_MAX)) throw this.refusal(action, party, record, now);
    if (began === "half-open") this.probing.set(name, probing + 1);
    let told = false;
    return {
      ended: (error) => {
        if (told) return;
        told = true;
        if (began === "half-open") this.leave(name);
        this.settle(action, party, { phase: began, trips: record.trips }, failureIn(error), error);
      },
    };
  }

  /** Why it is refused just now, or null; asking counts for nothing. What is half open is closed here: whoever does it then is the one that tries. */
  refusing(action: BreakerAction, party: string): string | null {
    const { open } = this.record(action, party);
    return open === null || this.now_s() >= open.until_s ? null : `${action} of ${party} is refused until ${timestampOf(open.until_s)}; it opened for ${open.reason}`;
  }

  async run<T>(action: BreakerAction, party: string, work: () => Promise<T>): Promise<T> {
    const entered = this.enter(action, party);
    try {
      const result = await work();
      entered.ended(null);
      return result;
    } catch (error) {
      entered.ended(error);
      throw error;
    }
  }

  /** A temporal invariant whose scope is the action's name was broken by that party. */
  violated(scope: string, party: string, reason: string): void {
    const action = BREAKER_ACTIONS.find((name) => name === scope);
    if (action !== undefined) this.settle(action, party, { phase: "closed", trips: this.record(action, party).trips }, reason, null);
  }

  /** `party` null: everybody's. Those that are plainly closed are left out. */
  views(party: string | null): BreakerView[] {
    const now = this.now_s();
    return this.all().flatMap(({ name, whose, record }) => {
      const action = BREAKER_ACTIONS.find((known) => known === name);
      if (action === undefined || (party !== null && whose !== party)) return [];
      const { open, trips, failures_s } = record;
      const failures = failures_s.filter((at_s) => at_s > now - this.deps.policyOf(action).window_ms / 1000).length;
      if (open === null && failures === 0) return [];
      return [{ action, party: whose, state: phaseOf(record, now), failures, trips, reason: open?.reason ?? null, opened: open === null ? null : timestampOf(open.since_s), half_opens: open === null ? null : timestampOf(open.until_s) }];
    });
  }

  /** Inside `Store.atomic`, beside the entry that says so. */
  close(action: BreakerAction, party: string): void {
    this.table.put([action, party], closed(this.record(action, party)));
    this.unkept.delete(`${action} ${party}`);
  }

  get counts(): BreakerCounts {
    const now = this.now_s();
    const open = this.all().filter(({ record }) => phaseOf(record, now) === "open").length;
    return { open, trips: this.trips, refused: this.refused };
  }

  private now_s(): number {
    return this.start_s + Math.floor((this.deps.clock.monotonic_ms() - this.start_ms) / 1000);
  }

  private all(): { readonly name: string; readonly whose: string; readonly record: BreakerRecord }[] {
    const kept = [...this.table.entries()].map(({ key: [name, whose], value }) => ({ name, whose, record: this.unkept.get(`${name} ${whose}`) ?? value }));
    const fresh = [...this.unkept].map(([key, record]) => ({ name: key.slice(0, key.indexOf(" ")), whose: key.slice(key.indexOf(" ") + 1), record }));
    return [...kept, ...fresh.filter(({ name, whose }) => this.table.get([name, whose]) === undefined)];
  }

  private record(action: BreakerAction, party: string): BreakerRecord {
    return this.unkept.get(`${action} ${party}`) ?? this.table.get([action, party]) ?? CLOSED;
  }

  private leave(name: string): void {
    const left = (this.probing.get(name) ?? 1) - 1;
    if (left <= 0) this.probing.delete(name);
    else this.probing.set(name, left);
  }

  private settle(action: BreakerAction, party: string, began: { readonly phase: Phase; readonly trips: number }, reason: string | null, error: unknown): void {
    const limits = this.deps.policyOf(action);
    const now = this.now_s();
    const before = this.record(action, party);
    // Neither a success nor a failure: a probe that the caller broke off leaves it as it was.
    if (reason === null && error !== null) return;
    // It has opened since that was let in, so what came of it is of another opening.
    if (before.trips !== began.trips) return;
    const after = reason === null ? succeeded(before, now, began.phase) : failed(before, now, reason, began.phase, limits);
    if (after === before) return;
    this.keep(action, party, after);
    if (after.trips <= before.trips) return;
    this.trips.set(action, (this.trips.get(action) ?? 0) + 1);
    this.deps.opened?.(action, party, after.open?.reason ?? "");
  }

  /** The work has ended or a timer found something: nobody is there to be told that the disk is full. */
  private keep(action: BreakerAction, party: string, record: BreakerRecord): void {
    const name = `${action} ${party}`;
    try {
      this.deps.store.atomic(() => this.table.put([action, party], record));
      this.unkept.delete(name);
    } catch (error) {
      if (!(error instanceof MaestroError) || (error.code !== "store.no_space" && error.code !== "store.read_only")) throw error;
      this.unkept.set(name, record);
    }
  }

  private refusal(action: BreakerAction, party: string, { open }: BreakerRecord, now: number): MaestroError {
    this.refused.set(action, (this.refused.get(action) ?? 0) + 1);
    if (open === null || now >= open.until_s) return new MaestroError("breaker.open", `${action} of ${party}: one call is being tried, and this one was more than that`, { retry_after_s: 1 });
    return new MaestroError("breaker.open", `${action} of ${party} is refused until ${timestampOf(open.until_s)}, when one call is tried; it opened for ${open.reason}`, { retry_after_s: open.until_s - now });
  }
}

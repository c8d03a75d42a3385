/** The breakers of one daemon, by action and party. What opened one outlives a restart; what is under way does not. */
import type { BreakerAction, BreakerView } from "../../../proto/breaker.ts";
import { BREAKER_ACTIONS } from "../../../proto/breaker.ts";
import { ERRORS, MaestroError, type ErrorCode } from "../../../proto/errors.ts";
import type { Store } from "../../store/db.ts";
import { LAST_TEXT } from "../../store/table.ts";
import { timestampOf } from "../../verifier/time.ts";
import { admits, BreakerRecord, CLOSED, closed, failed, type Phase, phaseOf, type Policy, succeeded } from "./core.ts";

export interface BreakersDeps {
  readonly store: Pick<Store, "table" | "atomic">;
  readonly limits: Policy;
  /** Log time, which never goes back: a clock that was set opens and closes nothing. */
  readonly now_s: () => number;
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
  private readonly probing = new Map<string, number>();
  private readonly trips = new Map<BreakerAction, number>();
  private readonly refused = new Map<BreakerAction, number>();

  constructor(private readonly deps: BreakersDeps) {
    this.table = deps.store.table<readonly [string, string], typeof BreakerRecord>("breakers", BreakerRecord);
  }

  /** Lets the work in, or throws `breaker.open` with the reason it opened for and how long it stays so. */
  enter(action: BreakerAction, party: string): Entered {
    const { limits, now_s } = this.deps;
    const now = now_s();
    const record = this.record(action, party);
    const began = phaseOf(record, now);
    const name = `${action} ${party}`;
    const probing = this.probing.get(name) ?? 0;
    if (!admits(record, now, probing, limits) || (began === "half-open" && this.probing.size >= PARTIES_PROBING_MAX)) throw this.refusal(action, party, record, now);
    if (began === "half-open") this.probing.set(name, probing + 1);
    let told = false;
    return {
      ended: (error) => {
        if (told) return;
        told = true;
        if (began === "half-open") this.leave(name);
        this.settle(action, party, began, failureIn(error), error);
      },
    };
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
    if (action !== undefined) this.settle(action, party, "closed", reason, null);
  }

  /** `party` null: everybody's. Those that are plainly closed are left out. */
  views(party: string | null): BreakerView[] {
    const now = this.deps.now_s();
    return [...this.table.entries()].filter(({ key }) => party === null || key[1] === party).flatMap(({ key: [name, whose], value }) => {
      const action = BREAKER_ACTIONS.find((known) => known === name);
      if (action === undefined) return [];
      const { open, trips, failures_s } = value;
      const failures = failures_s.filter((at_s) => at_s > now - this.deps.limits.window_ms / 1000).length;
      if (open === null && failures === 0) return [];
      return [{ action, party: whose, state: phaseOf(value, now), failures, trips, reason: open?.reason ?? null, opened: open === null ? null : timestampOf(open.since_s), half_opens: open === null ? null : timestampOf(open.until_s) }];
    });
  }

  /** Inside `Store.atomic`, beside the entry that says so. */
  close(action: BreakerAction, party: string): void {
    this.table.put([action, party], closed(this.record(action, party)));
  }

  get counts(): BreakerCounts {
    const now = this.deps.now_s();
    const open = [...this.table.entries({ start: ["", ""], end: [LAST_TEXT, ""] })].filter(({ value }) => phaseOf(value, now) === "open").length;
    return { open, trips: this.trips, refused: this.refused };
  }

  private record(action: BreakerAction, party: string): BreakerRecord {
    return this.table.get([action, party]) ?? CLOSED;
  }

  private leave(name: string): void {
    const left = (this.probing.get(name) ?? 1) - 1;
    if (left <= 0) this.probing.delete(name);
    else this.probing.set(name, left);
  }

  private settle(action: BreakerAction, party: string, began: Phase, reason: string | null, error: unknown): void {
    const { store, limits, now_s, opened } = this.deps;
    const now = now_s();
    const before = this.record(action, party);
    // Neither a success nor a failure: a probe that the caller broke off leaves it as it was.
    if (reason === null && error !== null) return;
    const after = reason === null ? succeeded(before, now, began) : failed(before, now, reason, began, limits);
    if (after === before) return;
    store.atomic(() => this.table.put([action, party], after));
    if (after.trips <= before.trips) return;
    this.trips.set(action, (this.trips.get(action) ?? 0) + 1);
    opened?.(action, party, after.open?.reason ?? "");
  }

  private refusal(action: BreakerAction, party: string, { open }: BreakerRecord, now: number): MaestroError {
    this.refused.set(action, (this.refused.get(action) ?? 0) + 1);
    if (open === null || now >= open.until_s) return new MaestroError("breaker.open", `${action} of ${party}: one call is being tried, and this one was more than that`, { retry_after_s: 1 });
    return new MaestroError("breaker.open", `${action} of ${party} is refused until ${timestampOf(open.until_s)}, when one call is tried; it opened for ${open.reason}`, { retry_after_s: open.until_s - now });
  }
}

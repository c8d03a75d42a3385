/** The log's own clock over the host's; see core.ts for the rule. */
import { MaestroError } from "../../../proto/errors.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Store } from "../../store/db.ts";
import { looked, nextSeconds, type Reading, resumed, TimeRecord } from "./core.ts";

export interface LogTimeDeps {
  readonly store: Store;
  readonly clock: Pick<Clock, "now_ms" | "boottime_ms" | "boot_id">;
  /** Called once, when log time stops. */
  readonly froze: (step_ms: number) => void;
}

export interface Freeze {
  readonly time_s: number;
  readonly step_ms: number;
}

export interface LogTime {
  /** Seconds for the next entry, given the newest entry's. Looks at the clocks, and freezes where they disagree. */
  next_s(newest_s: number): number;
  /** `null` while log time follows the wall clock. Looks at the clocks. */
  frozen(newest_s: number): Freeze | null;
  /** Follows the wall clock again from now on. Only inside `Store.atomic`, beside the entry that says so. */
  thaw(): void;
}

const KEY = "clock";

export function openLogTime({ store, clock, froze }: LogTimeDeps): LogTime {
  const table = store.table<string, typeof TimeRecord>("evidence.time", TimeRecord);
  const reading = (): Reading => ({ wall_ms: clock.now_ms(), boottime_ms: clock.boottime_ms() });
  const stored = (): TimeRecord => {
    const record = table.get(KEY);
    if (record === undefined) throw new MaestroError("store.corrupt", "evidence: the record of the clock is gone");
    return record;
  };
  const found = table.get(KEY);
  const first = resumed(found, clock.boot_id(), reading());
  if (first !== found) store.atomic(() => table.put(KEY, first));

  const look = (now: Reading, newest_s: number): TimeRecord => {
    const record = stored();
    const next = looked(record, now, newest_s);
    if (next === record || next.frozen === null) return record;
    // Kept before anything is issued under it: a restart right after this must not forget.
    store.atomic(() => table.put(KEY, next));
    froze(next.frozen.step_ms);
    return next;
  };

  return {
    next_s(newest_s) {
      const now = reading();
      return nextSeconds(look(now, newest_s), now, newest_s);
    },
    frozen: (newest_s) => look(reading(), newest_s).frozen,
    thaw: () => table.put(KEY, { anchor: { boot_id: clock.boot_id(), ...reading() }, frozen: null }),
  };
}

/** For work on a folder without a daemon: what the next entry would bear. A freeze on record holds there, too. */
export const logSeconds = (deps: Pick<LogTimeDeps, "store" | "clock">, newest_s: number): number => openLogTime({ ...deps, froze: () => undefined }).next_s(newest_s);

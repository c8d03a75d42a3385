/**
 * By which time records are old. Within one boot a wrong clock is noticed (log time freezes); a machine that starts with one is believed by everybody.
 * What is deleted by it cannot come back, so a start long after the last look waits for a day: somebody has set the clock right by then, or it is right.
 */
import type { Store } from "../store/db.ts";
import type { Floors } from "../store/floors.ts";

export interface AgeDeps {
  readonly store: Pick<Store, "atomic">;
  readonly floors: Floors;
  /** Never ahead of log time. */
  readonly now_ms: () => number;
}

/** Names of floors, in seconds since 1970: the newest look that was believed, the first one after a leap, and the first one after a restore that was told of no holds. */
const LOOKED = "looked at";
const DOUBTED = "leap seen at";
const HOLDS_AWAITED = "holds awaited since";
/** Nobody has looked since the restore. */
const NOT_YET_S = 1;

const LEAP_S_MAX = 7 * 86_400;
const DOUBT_S = 86_400;
/** Looks closer together than this are not written down. */
const NOTED_S = 3_600;

export class Age {
  /** Since this process began: the machine may have started meanwhile. */
  private doubts = false;
  /** For holds that were placed after the backup was made, which somebody has to place again. */
  private waits = false;

  constructor(private readonly deps: AgeDeps) {}

  /** At each start, before anything is judged by its age. */
  begin(): void {
    const looked_s = this.deps.floors.next(LOOKED);
    this.doubts = looked_s !== 0 && this.wall_s - looked_s > LEAP_S_MAX;
    this.waits = this.deps.floors.next(HOLDS_AWAITED) !== 0;
  }

  /** Milliseconds since 1970: as long as a leap is doubted or holds are awaited, the time of the last look. */
  now_ms(): number {
    return this.doubts || this.waits ? Math.min(this.deps.floors.next(LOOKED) * 1000, this.deps.now_ms()) : this.deps.now_ms();
  }

  /** The same of what no hold keeps: only a leap is doubted. */
  unheld_ms(): number {
    return this.doubts ? Math.min(this.deps.floors.next(LOOKED) * 1000, this.deps.now_ms()) : this.deps.now_ms();
  }

  /** Once in each sweep, first. */
  look(): void {
    const { store, floors } = this.deps;
    const now_s = this.wall_s;
    if (this.waits && this.awaits(now_s)) return;
    const doubted_s = floors.next(DOUBTED);
    if (this.doubts && now_s - floors.next(LOOKED) > LEAP_S_MAX && (doubted_s === 0 || now_s < doubted_s + DOUBT_S)) {
      // A clock that was set back since then has begun another leap.
      if (doubted_s === 0 || now_s < doubted_s) store.atomic(() => this.put(DOUBTED, now_s));
      return;
    }
    this.doubts = false;
    if (doubted_s === 0 && Math.abs(now_s - floors.next(LOOKED)) < NOTED_S) return;
    store.atomic(() => {
      floors.forget(DOUBTED);
      this.put(LOOKED, now_s);
    });
  }

  /** Whether a day since the first look has still to pass. */
  private awaits(now_s: number): boolean {
    const { store, floors } = this.deps;
    const since_s = floors.next(HOLDS_AWAITED);
    const begins = since_s <= NOT_YET_S || now_s < since_s;
    if (begins) store.atomic(() => this.put(HOLDS_AWAITED, now_s));
    if (begins || now_s < since_s + DOUBT_S) return true;
    store.atomic(() => {
      believeClock(floors);
      floors.forget(HOLDS_AWAITED);
    });
    this.waits = this.doubts = false;
    return false;
  }

  private get wall_s(): number {
    return Math.floor(this.deps.now_ms() / 1000);
  }

  private put(name: string, seconds: number): void {
    this.deps.floors.forget(name);
    this.deps.floors.raise(name, seconds);
  }
}

/** Inside `Store.atomic`: whoever restores a backup by hand has looked at the clock. */
export function believeClock(floors: Floors): void {
  for (const name of [LOOKED, DOUBTED]) floors.forget(name);
}

/** Inside `Store.atomic`: which gates are held may not all be known, so for a day after the next start nothing goes by its age. */
export function awaitHolds(floors: Floors): void {
  floors.forget(HOLDS_AWAITED);
  floors.raise(HOLDS_AWAITED, NOT_YET_S);
}

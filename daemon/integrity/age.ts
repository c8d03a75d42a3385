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

/** Names of floors, in seconds since 1970: the newest look that was believed, and the first one after a leap. */
const LOOKED = "looked at";
const DOUBTED = "leap seen at";

const LEAP_S_MAX = 7 * 86_400;
const DOUBT_S = 86_400;
/** Looks closer together than this are not written down. */
const NOTED_S = 3_600;

export class Age {
  /** Since this process began: the machine may have started meanwhile. */
  private doubts = false;

  constructor(private readonly deps: AgeDeps) {}

  /** At each start, before anything is judged by its age. */
  begin(): void {
    const looked_s = this.deps.floors.next(LOOKED);
    this.doubts = looked_s !== 0 && this.wall_s - looked_s > LEAP_S_MAX;
  }

  /** Milliseconds since 1970: as long as a leap is doubted, the time of the last look. */
  now_ms(): number {
    return this.doubts ? Math.min(this.deps.floors.next(LOOKED) * 1000, this.deps.now_ms()) : this.deps.now_ms();
  }

  /** Once in each sweep, first. */
  look(): void {
    const { store, floors } = this.deps;
    const now_s = this.wall_s;
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

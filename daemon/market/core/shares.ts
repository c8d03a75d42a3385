/**
 * What each tenant was served of what it asked for, in dollars of value: the guard that keeps promised shares, the
 * shares of windows, and the starvation clock. Pure; time is handed in.
 */

/** Slots in the two windows a promise is judged by: one minute and five, or a slot where that is longer. */
export interface ShareWindows {
  readonly short: number;
  readonly long: number;
}

export const windowsOf = (slot_ms: number): ShareWindows => ({ short: Math.max(1, Math.ceil(60_000 / slot_ms)), long: Math.max(1, Math.ceil(300_000 / slot_ms)) });

/** How far below its floor a share may lie over the short window, and never over the long one. */
export const SHORT_SLACK = 0.05;
/** How far above the floors the second duals aim, so that they do most of the work, where it costs least, and the guard is left with what they miss. */
const AIM_ABOVE = 0.05;

/** What `createFavours` is given for these floors; a tenant without a floor is not favoured. */
export const aimsOf = (floors: readonly number[]): number[] => floors.map((floor) => (floor > 0 ? Math.min(1, floor + AIM_ABOVE) : 0));

/** What was served above the floor earlier in a slot lets later requests of it have less, by this part of what was asked for in the last minute: a window may begin between them. */
const GIVEN_BACK = 0.01;

/** A tenant's open slot. */
export interface OpenShare {
  readonly served: number;
  readonly due: number;
  /** Most that `served` was above the floor of `due` since the slot began. */
  readonly ahead: number;
}

/** Least service of a request worth `due`; `minute_due` was asked for in the short window, open slot with it. */
export function leastService(floor: number, open: OpenShare, minute_due: number, due: number): number {
  if (floor === 0) return 0;
  const kept = Math.max(0, open.ahead - GIVEN_BACK * (minute_due + due));
  return Math.max(0, (floor * (open.due + due) - open.served + kept) * (1 - ROUNDING));
}

export const aheadOf = (floor: number, { served, due, ahead }: OpenShare): number => Math.max(ahead, served - floor * due);

/** A share that is reached but for rounding counts as reached. */
const ROUNDING = 1e-12;

/** Value served and value asked for. */
export type Served = readonly [served: number, due: number];

export interface SharesState {
  /** By tenant, of the open slot. */
  readonly open: readonly OpenShare[];
  /** By tenant, closed slots from old to new, at most as many as the long window has. */
  readonly past: readonly (readonly Served[])[];
  /** By tenant: since when nothing it asked for was served, and the longest time it had to wait so. */
  readonly hungry_since_ms: readonly (number | null)[];
  readonly hungry_longest_ms: readonly number[];
}

export interface ShareReport {
  /** Over the open slot and the closed ones before it; `null` without demand. */
  readonly short: number | null;
  readonly long: number | null;
  readonly starving_ms: number;
  readonly starving_longest_ms: number;
}

export interface Shares {
  /** Least service that a request worth `due` must get, for the tenant's share of this slot to stay at its floor. As it holds in every slot from its first request on, it holds in every window of slots, whatever comes later; and in any other window but for a hundredth of what a minute asks for. */
  readonly service_min: (tenant: number, due: number) => number;
  /** Whether the tenant's share of the open slot, or of the short window, is below its floor as it stands: what a router that chooses by prices alone can go by. */
  readonly behind: (tenant: number) => boolean;
  record(tenant: number, service: number, due: number, now_ms: number): void;
  /** Ends the slot; by tenant the share served in it, `null` without demand: what the second duals are moved by. */
  close(): readonly (number | null)[];
  readonly report: (now_ms: number) => readonly ShareReport[];
  readonly state: () => SharesState;
}

export function startShares(tenants: number): SharesState {
  const each = <T>(value: T): T[] => Array.from({ length: tenants }, () => value);
  return { open: each<OpenShare>({ served: 0, due: 0, ahead: 0 }), past: each([]), hungry_since_ms: each(null), hungry_longest_ms: each(0) };
}

export function sumOf(slots: readonly Served[]): Served {
  let served = 0;
  let due = 0;
  for (const [s, d] of slots) [served, due] = [served + s, due + d];
  return [served, due];
}

/** Share of a window; `null` where nothing was asked for. */
export function shareOf(slots: readonly Served[]): number | null {
  const [served, due] = sumOf(slots);
  return due > 0 ? served / due : null;
}

export function createShares(floors: readonly number[], windows: ShareWindows, from: SharesState = startShares(floors.length)): Shares {
  const { length } = floors;
  if ([from.open, from.past, from.hungry_since_ms, from.hungry_longest_ms].some((rows) => rows.length !== length)) throw new RangeError(`shares of ${from.open.length} tenants; there are ${length}`);
  const open = from.open.map((slot) => ({ ...slot }));
  const past = from.past.map((slots) => [...slots]);
  const since: (number | null)[] = [...from.hungry_since_ms];
  const longest = [...from.hungry_longest_ms];
  const at = (tenant: number) => {
    const found = open[tenant];
    if (found === undefined) throw new RangeError(`tenant ${tenant} of ${length}`);
    return found;
  };
  /** By tenant, of the short window less the open slot: summed once a slot, in the order in which a sum over all of it adds. */
  let recent: (Served | undefined)[] = [];
  const before = (tenant: number): Served => (recent[tenant] ??= windows.short > 1 ? sumOf((past[tenant] ?? []).slice(1 - windows.short)) : [0, 0]);
  const waited = (tenant: number, now_ms: number): number => Math.max(0, now_ms - (since[tenant] ?? now_ms));
  return {
    service_min(tenant, due) {
      const slot = at(tenant);
      return leastService(floors[tenant] ?? 0, slot, before(tenant)[1] + slot.due, due);
    },
    behind(tenant) {
      const { served, due } = at(tenant);
      const floor = (floors[tenant] ?? 0) * (1 - ROUNDING);
      return served < floor * due || (shareOf([before(tenant), [served, due]]) ?? 1) < floor;
    },
    record(tenant, service, due, now_ms) {
      const slot = at(tenant);
      slot.served += service;
      slot.due += due;
      slot.ahead = aheadOf(floors[tenant] ?? 0, slot);
      if (service === 0 && due > 0) since[tenant] ??= now_ms;
      longest[tenant] = Math.max(longest[tenant] ?? 0, waited(tenant, now_ms));
      if (service > 0) since[tenant] = null;
    },
    close() {
      recent = [];
      return open.map((slot, tenant) => {
        const { served, due } = slot;
        const kept = past[tenant] ?? [];
        kept.push([served, due]);
        if (kept.length > windows.long) kept.shift();
        [slot.served, slot.due, slot.ahead] = [0, 0, 0];
        return due > 0 ? served / due : null;
      });
    },
    report: (now_ms) =>
      open.map(({ served, due }, tenant) => {
        const all: Served[] = [...(past[tenant] ?? []), [served, due]];
        return { short: shareOf(all.slice(-windows.short)), long: shareOf(all.slice(-windows.long)), starving_ms: waited(tenant, now_ms), starving_longest_ms: Math.max(longest[tenant] ?? 0, waited(tenant, now_ms)) };
      }),
    state: () => ({ open: open.map((slot) => ({ ...slot })), past: past.map((slots) => [...slots]), hungry_since_ms: [...since], hungry_longest_ms: [...longest] }),
  };
}

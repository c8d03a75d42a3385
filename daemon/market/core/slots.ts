/** What each slot used, by resource and tenant. Counted when it is reserved: a price that learns of use a minute late no longer lowers the peak (measured, docs/market.md). Pure. */

export interface SlotsState {
  /** Number of the open slot: time over the slot's length. */
  readonly slot: number;
  /** By resource and tenant, in whole units. Below zero where settling gave back more than this slot reserved; later slots take that off. */
  readonly balance: readonly (readonly number[])[];
}

export interface Slots {
  /** Whole units of each resource, promised to work that begins now. */
  reserve(tenant: number, amounts: readonly number[]): void;
  /** Work that had `reserved` so much used `used`; the difference belongs to the slot in which that became known. */
  settle(tenant: number, reserved: readonly number[], used: readonly number[]): void;
  /** Ends the open slot; what it used, by resource and tenant, in whole units and never below zero. */
  close(): readonly (readonly number[])[];
  /** Use of the open slot so far of one resource by one tenant; what a ceiling is compared with. */
  readonly used: (resource: number, tenant: number) => number;
  readonly state: () => SlotsState;
}

export function startSlots(resources: number, tenants: number, slot: number): SlotsState {
  return { slot, balance: Array.from({ length: resources }, () => Array.from({ length: tenants }, () => 0)) };
}

export const slotOf = (now_ms: number, slot_ms: number): number => Math.floor(now_ms / slot_ms);

/**
 * Slots to close before work of `now` is counted, and how many are left out because the clock went far ahead: an idle
 * market moves no price for longer than `slots_max`. A clock set back closes none, and the open slot goes on.
 */
export function slotsPassed(open: number, now: number, slots_max: number): { readonly close: number; readonly skip: number } {
  const passed = Math.max(0, now - open);
  const close = Math.min(passed, slots_max);
  return { close, skip: passed - close };
}

/** Throws `RangeError` for an amount that is no whole number of at least zero. */
function checked(amounts: readonly number[], count: number): void {
  if (amounts.length !== count || !amounts.every((amount) => Number.isSafeInteger(amount) && amount >= 0)) throw new RangeError(`${amounts.join(", ")} of ${count} resources: whole units, at least zero`);
}

export function createSlots(from: SlotsState): Slots {
  const balance = from.balance.map((row) => [...row]);
  let slot = from.slot;
  const row = (resource: number, tenant: number): number[] => {
    const found = balance[resource];
    if (found?.[tenant] === undefined) throw new RangeError(`resource ${resource}, tenant ${tenant}: the slots hold ${balance.length} and ${balance[0]?.length ?? 0}`);
    return found;
  };
  const add = (tenant: number, amounts: readonly number[], sign: 1 | -1): void => {
    checked(amounts, balance.length);
    amounts.forEach((amount, resource) => {
      const cells = row(resource, tenant);
      cells[tenant] = (cells[tenant] ?? 0) + sign * amount;
    });
  };
  return {
    reserve: (tenant, amounts) => add(tenant, amounts, 1),
    settle(tenant, reserved, used) {
      checked(reserved, balance.length);
      add(tenant, used, 1);
      add(tenant, reserved, -1);
    },
    close() {
      const use = balance.map((cells) => cells.map((amount) => Math.max(0, amount)));
      for (const cells of balance) cells.forEach((amount, tenant) => (cells[tenant] = Math.min(0, amount)));
      slot += 1;
      return use;
    },
    used: (resource, tenant) => Math.max(0, row(resource, tenant)[tenant] ?? 0),
    state: () => ({ slot, balance: balance.map((cells) => [...cells]) }),
  };
}

/**
 * Prices of what routed work takes. They move lazily, with the first call of a new slot, so an idle market wakes nobody;
 * every amount is on the disk with the promise that it is of.
 */
import { createHash } from "node:crypto";
import { createFavours, type Favours } from "../../kernels/oco/index.ts";
import { canonicalNumbers } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { MarketLimits } from "../../proto/limits.ts";
import { type MarketReply, type MarketSetting, type MarketSlot, type MarketSlotsReply, OTHERS, SLOTS_PAGE_MAX, type TenantShare } from "../../proto/market.ts";
import type { MarketNow } from "../../proto/market-note.ts";
import type { Prices, ResourceAmounts } from "../../proto/resource.ts";
import type { Store } from "../store/db.ts";
import { timestampOf } from "../verifier/time.ts";
import { beginning, Closing } from "./closing.ts";
import { pricesFor } from "./core/personal.ts";
import { documentOf, worthAt } from "./note.ts";
import { aheadOf, leastService, type Served, shareOf, sumOf, windowsOf } from "./core/shares.ts";
import { slotOf, slotsPassed } from "./core/slots.ts";
import { amountsOf, countedMax, type Line, linesOf, named } from "./rules.ts";
import { type MarketTables, openMarketTables, type OpenRow, type StateRow } from "./table.ts";

export interface MarketDeps {
  readonly store: Pick<Store, "table" | "atomic">;
  readonly setting: MarketSetting;
  readonly limits: MarketLimits;
  /** Milliseconds since 1970; it may be set back or ahead. */
  readonly now_ms: () => number;
}

/** Value in dollars, or in rewards where no router says what one is worth. */
export interface Worth {
  readonly served: number;
  /** Of the best answer that could be had, whatever it would cost. */
  readonly due: number;
}

/** Slots closed at once after a long sleep; longer, and nothing of what came before is left in the prices anyway. */
const IDLE_SLOTS_MAX = 360;
/** Of a promised share: below its floor by no more than rounding. */
const ROUNDING = 1e-12;

const digestOf = (value: unknown): string => createHash("sha256").update(canonicalNumbers(value)).digest("hex");

export class Market {
  private readonly tables: MarketTables;
  private readonly lines: readonly Line[];
  private readonly rules: string;
  private readonly closing: Closing;
  private readonly slot_ms: number;
  /** Jain's index knows of no slot; an instance of the kernel takes a millisecond. */
  private fairness: Favours | null = null;
  private readonly windows;

  constructor(private readonly deps: MarketDeps) {
    const { setting } = deps;
    const { slot_s, method, step_max, window_slots, resources } = setting;
    this.tables = openMarketTables(deps.store);
    this.lines = linesOf(setting);
    this.rules = digestOf({ slot_s, method, step_max, window_slots, resources });
    this.closing = new Closing({ tables: this.tables, setting, rules: this.rules, slots_max: deps.limits.slots_max });
    this.slot_ms = slot_s * 1000;
    this.windows = windowsOf(this.slot_ms);
  }

  private lineOf(tenant: string | null): Line {
    return this.lines.find((line) => line.tenant === tenant) ?? { tenant: OTHERS, floor: 0, ceiling: 1 };
  }

  /** The market as it stands now, every slot that is over closed. */
  private current(): StateRow {
    const now = slotOf(this.deps.now_ms(), this.slot_ms);
    const row = this.tables.state.get();
    if (row !== undefined && row.rules === this.rules && row.slot === now) return row;
    return this.deps.store.atomic(() => this.advanced(row, now));
  }

  private advanced(row: StateRow | undefined, now: number): StateRow {
    if (row === undefined || row.rules !== this.rules) {
      const begun = beginning({ rules: this.rules, setting: this.deps.setting }, row === undefined ? 0 : row.epoch + 1, now);
      this.tables.state.put(begun);
      return begun;
    }
    this.closing.adopt();
    // Set back, the clock gives the open slot another name and a later end; no slot is opened twice.
    let open: StateRow = row.slot > now ? { ...row, slot: now } : row;
    const { close, skip } = slotsPassed(open.slot, now, IDLE_SLOTS_MAX);
    for (let nth = 0; nth < close; nth++) open = this.closing.close(open, nth === close - 1 ? now : open.slot + 1, (open.slot + (nth === 0 ? 0 : skip)) * this.slot_ms);
    this.tables.state.put(open);
    return open;
  }

  /** The same for whoever only looks: on a disk that takes nothing, as it stood before. */
  private seen(): StateRow {
    try {
      return this.current();
    } catch (error) {
      const row = error instanceof MaestroError && error.code.startsWith("store.") ? this.tables.state.get() : undefined;
      if (row?.rules === this.rules) return row;
      throw error;
    }
  }

  /** Prices in force. For a tenant with a promised share they are lowered by its weight; where its share is below its floor it is forgiven what it pays, too. */
  prices(tenant: string | null): { readonly epoch: number; readonly prices: Prices } {
    const { epoch, state } = this.current();
    const { resources } = this.deps.setting;
    const line = this.lineOf(tenant);
    const favour = line.floor === 0 ? 0 : this.behind(line, epoch) ? Number.POSITIVE_INFINITY : this.closing.openOf(line.tenant).favour;
    return { epoch, prices: pricesFor(named({ resources }, state.price), favour) };
  }

  /** By tenant, in the slots of a window and the open one. */
  private servedIn(tenant: string, epoch: number, slots: number): Served[] {
    const { served, due } = this.closing.openOf(tenant);
    const past = this.tables.served.get(tenant).filter(([at]) => at > epoch - slots).map(([, s, d]): Served => [s, d]);
    return [...past, [served, due]];
  }

  private shareIn(tenant: string, epoch: number, slots: number): number | null {
    return shareOf(this.servedIn(tenant, epoch, slots));
  }

  private behind({ tenant, floor }: Line, epoch: number): boolean {
    const share = this.shareIn(tenant, epoch, this.windows.short);
    const open = this.closing.openOf(tenant);
    return (share !== null && share < floor - ROUNDING) || open.served < floor * open.due * (1 - ROUNDING);
  }

  /** Least value of the answer to what is worth `due`, for the tenant's share of the open slot to stay at its floor, and for what comes after a good answer not to fall far behind it. */
  least(tenant: string | null, due: number): number {
    const line = this.lineOf(tenant);
    if (line.floor === 0) return 0;
    const { epoch } = this.current();
    const open = this.closing.openOf(line.tenant);
    return leastService(line.floor, { ...open, ahead: open.ahead ?? 0 }, sumOf(this.servedIn(line.tenant, epoch, this.windows.short))[1], due);
  }

  /** Why a ceiling leaves no room for so much in this slot; null where it does. */
  short(tenant: string | null, amounts: ResourceAmounts): string | null {
    const line = this.lineOf(tenant);
    if (line.ceiling >= 1) return null;
    const { slot } = this.current();
    const open = this.closing.openOf(line.tenant);
    const wanted = amountsOf(this.deps.setting, amounts);
    for (const [i, { resource, capacity }] of this.deps.setting.resources.entries()) {
      const most = Math.floor(line.ceiling * capacity);
      const taken = open.taken?.[i] ?? Math.max(0, open.balance[i] ?? 0);
      const more = wanted[i] ?? 0;
      if (more > 0 && taken + more > most) return `${line.tenant} has ${Math.max(0, most - taken)} of ${resource} left in this slot under its ceiling, the work may take ${more}; ${more > most ? "a whole slot never has so much for it" : `again in ${Math.ceil(((slot + 1) * this.slot_ms - this.deps.now_ms()) / 1000)} s`}`;
    }
    return null;
  }

  /** What is promised to work that begins now; inside the transaction that promises it. The slot in which it counts. */
  reserve(tenant: string | null, amounts: ResourceAmounts, { served, due }: Worth): number {
    const { floor } = this.lineOf(tenant);
    return this.change(tenant, amountsOf(this.deps.setting, amounts), null, (before, now_ms) => {
      const open = { ...before, served: before.served + served, due: before.due + due };
      const ahead = floor === 0 ? {} : { ahead: aheadOf(floor, { ...open, ahead: before.ahead ?? 0 }) };
      const since = served > 0 ? null : due > 0 ? (open.hungry_since_ms ?? now_ms) : open.hungry_since_ms;
      const waited = open.hungry_since_ms === null ? 0 : Math.max(0, now_ms - open.hungry_since_ms);
      return { served: open.served, due: open.due, ...ahead, hungry_since_ms: since, hungry_longest_ms: Math.max(open.hungry_longest_ms, waited) };
    });
  }

  /** Of work that nothing was reserved for here, such as a gate's: known when it ends. Inside the transaction that bills it. */
  spent(tenant: string | null, amounts: ResourceAmounts): void {
    const by = amountsOf(this.deps.setting, amounts);
    if (by.some((amount) => amount !== 0)) this.change(tenant, by, null, () => ({}));
  }

  /** Work that had `promised`, in slot `since`, took `used`: the difference counts in the slot in which that became known. Inside the transaction that settles it. */
  settle(tenant: string | null, promised: ResourceAmounts, used: ResourceAmounts, since: number): void {
    const before = amountsOf(this.deps.setting, promised);
    const by = amountsOf(this.deps.setting, used).map((amount, i) => amount - (before[i] ?? 0));
    if (by.some((amount) => amount !== 0)) this.change(tenant, by, since, () => ({}));
  }

  /** `since`: the slot that a promise was made in, `null` for a new one. What another slot promised makes no room under this one's ceiling. */
  private change(tenant: string | null, by: readonly number[], since: number | null, more: (open: OpenRow, now_ms: number) => Partial<OpenRow>): number {
    const { tenant: name } = this.lineOf(tenant);
    const { resources } = this.deps.setting;
    const counted = (amount: number, i: number): number => {
      const most = countedMax(resources[i] ?? { capacity: 0 });
      return Math.max(-most, Math.min(amount, most));
    };
    return this.deps.store.atomic(() => {
      const { epoch } = this.current();
      const open = this.closing.openOf(name);
      const here = since === null || since === epoch;
      const before = open.taken ?? open.balance.map((amount) => Math.max(0, amount));
      const taken = before.map((amount, i) => counted(Math.max(0, amount + (here ? (by[i] ?? 0) : Math.max(0, by[i] ?? 0))), i));
      this.tables.open.put(name, { ...open, balance: open.balance.map((amount, i) => counted(amount + (by[i] ?? 0), i)), taken, ...more(open, this.deps.now_ms()) });
      return epoch;
    });
  }

  private share({ tenant, floor, ceiling }: Line, epoch: number): TenantShare {
    const { resources } = this.deps.setting;
    const { balance, favour, hungry_since_ms, hungry_longest_ms } = this.closing.openOf(tenant);
    const starving = hungry_since_ms === null ? 0 : Math.max(0, this.deps.now_ms() - hungry_since_ms);
    const used = named({ resources }, balance.map((amount) => Math.max(0, amount)));
    return { tenant, floor, ceiling, used, favour, minute: this.shareIn(tenant, epoch, this.windows.short), five_minutes: this.shareIn(tenant, epoch, this.windows.long), starving_s: starving / 1000, starving_longest_s: Math.max(hungry_longest_ms, starving) / 1000 };
  }

  /** `null` where the disk does not let it be known: whoever collects figures of everything gets all the others. */
  reading(): MarketReply | null {
    return this.unlessFull(() => this.view());
  }

  private unlessFull<T>(look: () => T): T | null {
    try {
      return look();
    } catch (error) {
      if (error instanceof MaestroError && error.code.startsWith("store.")) return null;
      throw error;
    }
  }

  /** Prices in force and what proves them, for whatever stands beside them; `null` as in `reading`. */
  private noted(): MarketNow | null {
    return this.unlessFull(() => {
      const { epoch, state, regret, promise } = this.seen();
      const last = this.tables.slots.get(epoch - 1);
      return { epoch, prices: named(this.deps.setting, state.price), certificate: { regret, promise, holds: regret <= promise }, slot: last === undefined ? null : { epoch: last.epoch, sha256: digestOf(last) } };
    });
  }

  /** For the evidence of a gate. */
  document(): ReturnType<typeof documentOf> | null {
    const now = this.noted();
    return now === null ? null : documentOf(now);
  }

  /** For the bill of a change that took so much. */
  billed(amounts: ResourceAmounts): (MarketNow & { readonly usd_micro: number }) | null {
    const now = this.noted();
    return now === null ? null : { ...now, usd_micro: worthAt(now.prices, amounts) };
  }

  view(): MarketReply {
    const row = this.seen();
    const { setting } = this.deps;
    const tenants = this.lines.map((line) => this.share(line, row.epoch));
    const shares = tenants.map(({ five_minutes }) => five_minutes);
    const [oldest] = [...this.tables.slots.entries({ limit: 1 })];
    return {
      epoch: row.epoch,
      slot_s: setting.slot_s,
      slot_ends: timestampOf(((row.slot + 1) * this.slot_ms) / 1000),
      method: setting.method,
      step_max: setting.step_max,
      window_slots: setting.window_slots,
      resources: setting.resources.map((priced, i) => ({ ...priced, price: row.state.price[i] ?? 0, used: Math.min(tenants.reduce((sum, { used }) => sum + (used[priced.resource] ?? 0), 0), countedMax(priced)) })),
      tenants,
      jain: shares.some((share) => share !== null) ? (this.fairness ??= createFavours(shares.map(() => 0), 1, 1)).jain(shares) : null,
      certificate: { regret: row.regret, promise: row.promise, holds: row.regret <= row.promise },
      at_cap: row.counted === 0 ? null : row.at_cap / row.counted,
      kept: { from: oldest?.key ?? row.epoch, slots: this.tables.slots.count() },
    };
  }

  /** Every closed slot that is kept. */
  *kept(): Generator<MarketSlot> {
    for (const { value } of this.tables.slots.entries()) yield value;
  }

  /** Closed slots from `from` on, and the windows that they stand in. */
  slots(from: number): MarketSlotsReply {
    this.seen();
    const rows = [...this.tables.slots.entries({ start: from, limit: SLOTS_PAGE_MAX + 1 })].map(({ value }) => value);
    const slots = rows.slice(0, SLOTS_PAGE_MAX);
    const past = slots.at(-1)?.epoch ?? from;
    const windows = [...this.tables.windows.entries()].map(({ value }) => value);
    const first = windows.findLastIndex(({ epoch }) => epoch <= (slots[0]?.epoch ?? from));
    return { slots, windows: windows.slice(Math.max(0, first)).filter(({ epoch }) => epoch <= past), next: rows[SLOTS_PAGE_MAX]?.epoch ?? null };
  }
}

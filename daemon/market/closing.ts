/** Ends slots: counts what they used, moves the prices and the weights of promised shares, and keeps a row of each. */
import { type Certificate, createFavours, createPricer, type Favours, type Pricer, type PricerState, startState } from "../../kernels/oco/index.ts";
import { type MarketSetting, type MarketSlot, type MarketWindow, OTHERS } from "../../proto/market.ts";
import { aimsOf, windowsOf } from "./core/shares.ts";
import { createSlots } from "./core/slots.ts";
import { countedMax, type Line, linesOf, naturalUse, pricerSettings } from "./rules.ts";
import { type MarketTables, type OpenRow, SERVED_MAX, type ServedRow, type StateRow } from "./table.ts";

/** How fast a weight follows a missed share, and how far; as in the simulations of docs/market.md. */
const FAVOUR_RATE = 1;
const FAVOUR_MAX = 20;

export interface ClosingDeps {
  readonly tables: MarketTables;
  readonly setting: MarketSetting;
  /** Digest of what prices depend on. */
  readonly rules: string;
  readonly slots_max: number;
}

const copied = ({ price, squares, began, divisor, gradients, paid, closed }: PricerState): MarketWindow["state"] => ({ price: [...price], squares: [...squares], began: [...began], divisor: [...divisor], gradients: [...gradients], paid: [...paid], closed: [...closed] });

/** The row of a market that begins, or begins anew because what its prices depend on was changed; slots go on being counted. */
export function beginning({ rules, setting }: Pick<ClosingDeps, "rules" | "setting">, epoch: number, slot: number): StateRow {
  return { rules, epoch, slot, window: epoch, at_cap: 0, counted: 0, regret: 0, promise: 0, state: copied(startState(setting.resources.length)) };
}

export const windowOf = ({ method, step_max, window_slots, resources }: MarketSetting, epoch: number, state: StateRow["state"]): MarketWindow => ({ epoch, method, step_max, window_slots, resources: [...resources], state });

const emptyOpen = (rules: string, resources: number): OpenRow => ({ rules, balance: Array.from({ length: resources }, () => 0), served: 0, due: 0, favour: 0, hungry_since_ms: null, hungry_longest_ms: 0 });

export class Closing {
  private readonly lines: readonly Line[];
  private readonly windows;
  /** Good for the slot `epoch` alone: after a transaction that went back it is of another one. */
  private pricer: { readonly epoch: number; readonly steps: Pricer } | null = null;

  /** Good for these weights alone. An instance of the kernel takes a millisecond, and after a long sleep hundreds of slots are closed at once. */
  private favouring: { readonly from: readonly number[]; readonly steps: Favours } | null = null;

  constructor(private readonly deps: ClosingDeps) {
    this.lines = linesOf(deps.setting);
    this.windows = windowsOf(deps.setting.slot_s * 1000);
  }

  openOf(tenant: string): OpenRow {
    const { tables, setting, rules } = this.deps;
    const row = tables.open.get(tenant);
    // What was counted in other resources says nothing of these.
    return row?.rules === rules ? row : emptyOpen(rules, setting.resources.length);
  }

  /** What somebody took whose line is gone since the start before is everybody's: it was promised all the same, and is settled there. Inside a transaction. */
  adopt(): void {
    const { tables, rules } = this.deps;
    for (const name of tables.open.names().filter((each) => !this.lines.some(({ tenant }) => tenant === each))) {
      const { balance, ...stray } = tables.open.get(name) ?? emptyOpen(rules, 0);
      const open = this.openOf(OTHERS);
      if (stray.rules === rules) tables.open.put(OTHERS, { ...open, balance: open.balance.map((amount, i) => amount + (balance[i] ?? 0)) });
      tables.open.remove(name);
    }
  }

  /** Ends the open slot; inside a transaction, after which the row given back is the market's. `slot` is what the clock calls the next one. */
  close(row: StateRow, slot: number, at_ms: number): StateRow {
    const { tables, setting, rules } = this.deps;
    const opens = this.lines.map(({ tenant }) => this.openOf(tenant));
    const slots = createSlots({ slot: row.slot, balance: setting.resources.map((_, i) => opens.map(({ balance }) => balance[i] ?? 0)) });
    const used = slots.close().map((amounts, i) => Math.min(amounts.reduce((sum, amount) => sum + amount, 0), countedMax(setting.resources[i] ?? { capacity: 0 })));
    const { balance } = slots.state();
    const favours = this.favours(opens);
    this.lines.forEach(({ tenant }, n) => {
      const open = opens[n] ?? emptyOpen(rules, setting.resources.length);
      const left = balance.map((cells) => cells[n] ?? 0);
      const favour = favours[n] ?? 0;
      const idle = open.due === 0 && open.taken === undefined && favour === open.favour && left.every((amount, i) => amount === open.balance[i]);
      if (idle) return;
      if (open.due > 0) tables.served.put(tenant, this.served(tables.served.get(tenant), row.epoch, open));
      const { taken: _, ahead: __, ...kept } = open;
      tables.open.put(tenant, { ...kept, balance: left, favour, served: 0, due: 0 });
    });
    return this.step(row, used, slot, at_ms);
  }

  /** Those of the long window and one more slot, which goes to the one before it where they stand in the same part of the window. */
  private served(slots: ServedRow["slots"], epoch: number, { served, due }: OpenRow): ServedRow["slots"] {
    const { long } = this.windows;
    const part = Math.ceil(long / SERVED_MAX);
    const before = slots.filter(([at]) => at > epoch - long);
    const last = before.at(-1);
    if (last === undefined || Math.floor(last[0] / part) !== Math.floor(epoch / part)) return [...before, [epoch, served, due] as [number, number, number]].slice(-SERVED_MAX);
    return [...before.slice(0, -1), [epoch, last[1] + served, last[2] + due]];
  }

  private favours(opens: readonly OpenRow[]): readonly number[] {
    if (this.lines.every(({ floor }) => floor === 0)) return opens.map(() => 0);
    const from = opens.map(({ favour }) => favour);
    const kept = this.favouring?.from.every((weight, n) => weight === from[n]) === true ? this.favouring : null;
    const steps = kept?.steps ?? createFavours(aimsOf(this.lines.map(({ floor }) => floor)), FAVOUR_RATE, FAVOUR_MAX, from);
    const weights = [...steps.step(opens.map(({ served, due }) => (due > 0 ? served / due : null)))];
    this.favouring = { from: weights, steps };
    return weights;
  }

  private step(row: StateRow, used: number[], slot: number, at_ms: number): StateRow {
    const { tables, setting, slots_max } = this.deps;
    const pricer = this.pricer?.epoch === row.epoch ? this.pricer.steps : createPricer(pricerSettings(setting), row.state);
    const prices = [...pricer.prices()];
    const at_cap = prices.some((price, i) => price > 0 && price >= (setting.resources[i]?.price_max ?? 0));
    if (row.window === row.epoch) tables.windows.put(row.epoch, windowOf(setting, row.epoch, row.state));
    const { regret, promise }: Certificate = pricer.step(naturalUse(setting, used));
    const closed: MarketSlot = { epoch: row.epoch, at_ms, prices, used, regret, promise };
    tables.slots.put(row.epoch, closed);
    this.ring(row.epoch - slots_max);
    const state = copied(pricer.state());
    const epoch = row.epoch + 1;
    this.pricer = { epoch, steps: pricer };
    return { ...row, epoch, slot, state, counted: row.counted + 1, at_cap: row.at_cap + (at_cap ? 1 : 0), regret, promise, window: setting.window_slots > 0 && state.closed[2] === 0 ? epoch : row.window };
  }

  /** Slots up to `last` go, one for each that came; a window whose slots are all gone goes with the last of them. */
  private ring(last: number): void {
    const { slots, windows } = this.deps.tables;
    if (last < 0) return;
    for (const { key } of [...slots.entries({ start: 0, end: last + 1, limit: 8 })]) slots.remove(key);
    const [first, next] = [...windows.entries({ limit: 2 })];
    if (first !== undefined && next !== undefined && next.key <= last + 1) windows.remove(first.key);
  }
}

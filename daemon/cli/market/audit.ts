/** Closed slots computed once more by the same kernel: prices to the last bit, and both sides of the certificate. */
import { createPricer, type Pricer } from "../../../kernels/oco/index.ts";
import type { MarketReply, MarketSlot, MarketWindow } from "../../../proto/market.ts";
import { PER_NATURAL_UNIT } from "../../../proto/resource.ts";

export interface Audit {
  readonly slots: number;
  /** Before the first window that is kept whole: nothing says what their prices went on from. */
  readonly without_start: number;
  /** The first that is not what its use gives, and how. */
  readonly wrong: { readonly epoch: number; readonly what: string } | null;
  readonly regret: number | null;
  readonly promise: number | null;
  /** How often prices began anew at zero, because what they depend on was changed. */
  readonly began_anew: number;
}

/** What the node says of its open slot, asked before its slots were. */
export type Open = Pick<MarketReply, "epoch" | "certificate" | "at_cap" | "resources">;

function pricerOf({ resources, method, window_slots, step_max, state }: MarketWindow): Pricer {
  return createPricer({ resources: resources.map(({ resource, capacity, price_max }) => ({ capacity: capacity / PER_NATURAL_UNIT[resource], price_max, step_max })), method, window_slots }, state);
}

const same = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((value, i) => value === b[i]);

type State = MarketWindow["state"];
const STATE: readonly (keyof State)[] = ["price", "squares", "began", "divisor", "gradients", "paid", "closed"];
const untouched = (state: State): boolean => STATE.every((name) => state[name].every((value) => value === 0));

const rulesOf = ({ method, step_max, window_slots, resources }: MarketWindow): string => JSON.stringify([method, step_max, window_slots, ...resources.map(({ resource, capacity, price_max }) => [resource, capacity, price_max])]);

interface Line {
  readonly window: MarketWindow;
  readonly pricer: Pricer;
}

/** What is wrong with where a window begins, given what stands before it; null too where nothing does. Prices that begin anew leave a number out: of the slot that was open then nothing was counted. */
function beginProblem(window: MarketWindow, last: MarketSlot | null, before: Line | null): string | null {
  if (last === null) return null;
  if (window.epoch !== last.epoch + 1) return untouched(window.state) ? null : `the slots between ${last.epoch} and this one are missing, and its window says that it goes on from them`;
  if (before === null) return null;
  const state = before.pricer.state();
  return rulesOf(window) === rulesOf(before.window) && STATE.every((name) => same(window.state[name], state[name])) ? null : "its window begins with other sums or prices than the slots before it end with";
}

/** What is wrong with one slot, given the prices and the certificate that follow from those before it. */
function problemOf(slot: MarketSlot, { pricer, window: { resources } }: Line): string | null {
  if (slot.used.length !== resources.length) return `it has use of ${slot.used.length} resources; ${resources.length} are priced`;
  const prices = pricer.prices();
  if (!same(prices, slot.prices)) return `its prices were ${slot.prices.join(", ")}; what was used before gives ${prices.join(", ")}`;
  const { regret, promise } = pricer.step(resources.map(({ resource }, i) => [(slot.used[i] ?? 0) / PER_NATURAL_UNIT[resource]]));
  if (regret !== slot.regret || promise !== slot.promise) return `its certificate says ${slot.regret} of ${slot.promise}; what was used gives ${regret} of ${promise}`;
  return regret <= promise ? null : `the regret ${regret} is above the promise ${promise}`;
}

/** What the node says now has to be what its newest closed slot leaves. */
function openProblem({ certificate, resources }: Open, slot: MarketSlot, line: Line | null): string | null {
  if (certificate.regret !== slot.regret || certificate.promise !== slot.promise) return `it leaves a certificate of ${slot.regret} of ${slot.promise}; the market says ${certificate.regret} of ${certificate.promise}`;
  if (line !== null && !same(resources.map(({ price }) => price), line.pricer.prices())) return `it leaves prices ${line.pricer.prices().join(", ")}; the market says ${resources.map(({ price }) => price).join(", ")}`;
  return null;
}

export function audited(slots: readonly MarketSlot[], windows: readonly MarketWindow[], now: Open | null = null): Audit {
  const starts = new Map(windows.map((window) => [window.epoch, window]));
  let line: Line | null = null;
  let [without_start, began_anew, last]: [number, number, MarketSlot | null] = [0, 0, null];
  const found = (wrong: Audit["wrong"]): Audit => ({ slots: slots.length, without_start, wrong, regret: last?.regret ?? null, promise: last?.promise ?? null, began_anew });
  for (const slot of slots) {
    const window = starts.get(slot.epoch);
    // A hole would be filled by nobody: what is not in the ring was not seen.
    if (last !== null && slot.epoch !== last.epoch + 1 && window === undefined) return found({ epoch: slot.epoch, what: `the slot before it is missing; ${last.epoch} is the last one` });
    if (window !== undefined) {
      const what = beginProblem(window, last, line);
      if (what !== null) return found({ epoch: slot.epoch, what });
      if (last !== null && slot.epoch !== last.epoch + 1) began_anew++;
      line = { window, pricer: pricerOf(window) };
    }
    last = slot;
    if (line === null) without_start++;
    const what = (line === null ? null : problemOf(slot, line)) ?? (now?.epoch === slot.epoch + 1 && now.at_cap !== null ? openProblem(now, slot, line) : null);
    if (what !== null) return found({ epoch: slot.epoch, what });
  }
  const newest = (now?.epoch ?? 0) - 1;
  if (now !== null && now.at_cap !== null && (last === null || last.epoch < newest)) return found({ epoch: newest, what: "it is missing; the market says that it is the newest closed one" });
  return found(null);
}

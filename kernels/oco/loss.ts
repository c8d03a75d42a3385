/**
 * The dual loss of logged slots at a fixed price: sum over requests of max over arms (worth - p . use), and for each
 * slot p . capacity. Convex and piecewise linear in p; capacity - use is a subgradient. Columns in flat arrays, so that
 * an hour of requests is summed in a millisecond. Pure.
 */

export interface LoggedRequest {
  /** Of each arm that was open to it, what it is worth without prices, in dollars; those that a budget or a promised share took away are left out. */
  readonly worth: readonly number[];
  /** Of each arm, of each resource, in natural units. */
  readonly use: readonly (readonly number[])[];
}

export interface LoggedSlot {
  /** In force while it was open, dollars for a natural unit. */
  readonly prices: readonly number[];
  readonly requests: readonly LoggedRequest[];
}

export interface PricedBox {
  /** Below zero where what nobody chose takes more than there is. */
  readonly capacity: number;
  readonly price_max: number;
}

export interface Columns {
  readonly resources: number;
  readonly worth: Float64Array;
  /** Of one arm beside each other. */
  readonly use: Float64Array;
  /** First arm of each request, and one past the last; first request of each slot, likewise. */
  readonly arms: Uint32Array;
  readonly requests: Uint32Array;
}

export function columnsOf(slots: readonly LoggedSlot[], resources: number): Columns {
  const all = slots.flatMap(({ requests }) => requests);
  const arms = Uint32Array.from([0, ...all.map(({ worth }) => worth.length)]);
  for (let i = 1; i < arms.length; i++) arms[i] = (arms[i] ?? 0) + (arms[i - 1] ?? 0);
  const requests = Uint32Array.from([0, ...slots.map((slot) => slot.requests.length)]);
  for (let i = 1; i < requests.length; i++) requests[i] = (requests[i] ?? 0) + (requests[i - 1] ?? 0);
  const total = arms[arms.length - 1] ?? 0;
  const columns = { resources, worth: new Float64Array(total), use: new Float64Array(total * resources), arms, requests };
  let at = 0;
  for (const { worth, use } of all) {
    if (use.length !== worth.length || use.some((row) => row.length !== resources)) throw new RangeError(`a request of ${worth.length} arms and use of ${use.length}; ${resources} resources are priced`);
    columns.worth.set(worth, at);
    use.forEach((row, a) => columns.use.set(row, (at + a) * resources));
    at += worth.length;
  }
  if (!columns.worth.every(Number.isFinite) || !columns.use.every((amount) => amount >= 0 && Number.isFinite(amount))) throw new RangeError("worth has to be a number, and use one that is at least zero");
  return columns;
}

export interface Loss {
  readonly value: number;
  /** Subgradient: capacity of all these slots less what they would have used. */
  readonly gradient: readonly number[];
  /** Largest error of `value` by rounding. */
  readonly rounding: number;
}

const EPSILON = 2 ** -53;

/** What a slot's requests choose at `prices`: adds their use to `used`, one cell for each resource, and their worth to its last; gives back the sum of the best scores. The first of equal arms is taken. */
export function slotScore({ resources, worth, use, arms, requests }: Columns, slot: number, prices: readonly number[], used: Float64Array): number {
  const [first, past] = [requests[slot] ?? 0, requests[slot + 1] ?? 0];
  let sum = 0;
  for (let r = first; r < past; r++) {
    let most = Number.NEGATIVE_INFINITY;
    let chosen = -1;
    for (let a = arms[r] as number; a < (arms[r + 1] as number); a++) {
      let score = worth[a] as number;
      for (let i = 0; i < resources; i++) score -= (prices[i] as number) * (use[a * resources + i] as number);
      if (score > most) {
        most = score;
        chosen = a;
      }
    }
    if (chosen === -1) continue;
    sum += most;
    for (let i = 0; i < resources; i++) used[i] = (used[i] as number) + (use[chosen * resources + i] as number);
    used[resources] = (used[resources] as number) + (worth[chosen] as number);
  }
  return sum;
}

/** Of the slots from `from` to before `past`. */
export function lossAt(columns: Columns, box: readonly PricedBox[], from: number, prices: readonly number[], past: number): Loss {
  const slots = past - from;
  const used = new Float64Array(columns.resources + 1);
  let value = 0;
  let size = 0;
  for (let s = from; s < past; s++) {
    const score = slotScore(columns, s, prices, used);
    value += score;
    size += Math.abs(score);
  }
  let reserve = 0;
  for (let i = 0; i < box.length; i++) reserve += (prices[i] ?? 0) * (box[i]?.capacity ?? 0);
  const terms = (columns.requests[past] ?? 0) - (columns.requests[from] ?? 0) + slots + 8 * columns.resources;
  return {
    value: value + slots * reserve,
    gradient: box.map(({ capacity }, i) => slots * capacity - (used[i] ?? 0)),
    // Standard bound of a sum of n terms (Higham 2002, 4.2), with room for the few operations inside each.
    rounding: terms * EPSILON * (size + slots * Math.abs(reserve) + Math.abs(value)) * 2,
  };
}

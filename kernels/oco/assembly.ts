/**
 * Prices as dual variables, moved once a slot: p <- clip(p - eta g / sqrt(G)) with g = capacity - use, so that a price
 * rises while more is used than there is. Beside the prices stand both sides of the regret certificate: what is paid
 * at most more than under the best fixed price, bounded by convexity, and what AdaGrad (Duchi, Hazan, Singer 2011)
 * promises. Fairness is a second family of duals, one for each tenant that is promised a share.
 *
 * Addition, division and square roots alone: the same log gives the same bytes on any machine.
 */

export const RESOURCES: i32 = 8;
export const TENANTS: i32 = 64;

/** f64 for each resource, set by the host. */
export const CAPACITY: usize = memory.data(8 * 8, 16);
export const PRICE_MAX: usize = memory.data(8 * 8, 16);
/** Largest change of a price in one slot, as a share of PRICE_MAX; 1 is none. */
export const STEP_MAX: usize = memory.data(8 * 8, 16);
/** f64 for each resource and tenant: what the slot used, tenants beside each other. */
export const USE: usize = memory.data(8 * 64 * 8, 16);

/** f64 for each resource: what carries over from slot to slot. */
export const PRICE: usize = memory.data(8 * 8, 16);
/** Sum of squared gradients of this window, what it began with, and the divisor, which a cap may have raised above both. */
export const SQUARES: usize = memory.data(8 * 8, 16);
export const BEGAN: usize = memory.data(8 * 8, 16);
export const DIVISOR: usize = memory.data(8 * 8, 16);
/** Sum of gradients, and of gradient times price, of this window. */
export const GRADIENTS: usize = memory.data(8 * 8, 16);
export const PAID: usize = memory.data(8 * 8, 16);
/** f64: regret and promise of the windows that are over, slots of this window. */
export const CLOSED: usize = memory.data(3 * 8, 16);
/** f64: regret and promise so far. */
export const REPORT: usize = memory.data(2 * 8, 16);

/** f64 for each tenant: promised share, share served in this slot or -1 without demand, dual weight. */
export const FLOOR: usize = memory.data(64 * 8, 16);
export const SERVED: usize = memory.data(64 * 8, 16);
export const WEIGHT: usize = memory.data(64 * 8, 16);

@inline function at(base: usize, i: i32): f64 { return load<f64>(base + (<usize>i << 3)); }
@inline function put(base: usize, i: i32, value: f64): void { store<f64>(base + (<usize>i << 3), value); }

/** Regret of this window against the best fixed price, at most: f is convex, so the sum of g (p - q) bounds that of f(p) - f(q), and a box has its worst q in a corner. */
@inline function regretOf(i: i32): f64 { return at(PAID, i) + max(0, -at(GRADIENTS, i)) * at(PRICE_MAX, i); }

/** What the steps of AdaGrad promise whatever arrives: D / sqrt 2 (sqrt divisor + sqrt(began + squares) - sqrt began). */
@inline function promiseOf(i: i32): f64 {
  const began = at(BEGAN, i);
  return at(PRICE_MAX, i) * 0.7071067811865476 * (Math.sqrt(at(DIVISOR, i)) + Math.sqrt(began + at(SQUARES, i)) - Math.sqrt(began));
}

/** What those of gradient descent promise: 3/2 D G sqrt T, of which the divisor G^2 T / 2 is left to tell. */
@inline function descentPromiseOf(i: i32): f64 { return 1.5 * at(PRICE_MAX, i) * Math.sqrt(2 * at(DIVISOR, i)); }

/** AdaGrad's divisor. A cap raises it instead of cutting the step: steps then never grow within a window, which is all the promise needs. */
@inline function adaptive(i: i32, g: f64): f64 {
  const capped = 0.5 * (g * g) / (at(STEP_MAX, i) * at(STEP_MAX, i));
  return max(max(at(DIVISOR, i), at(BEGAN, i) + at(SQUARES, i)), capped);
}

/** Gradient descent's, eta = D / (G sqrt t): G, which BEGAN keeps, is the largest gradient so far, or what the cap makes of this one. */
function descending(i: i32, g: f64, slots: f64): f64 {
  const size = Math.abs(g);
  const largest = max(max(at(BEGAN, i), size), size / (at(STEP_MAX, i) * Math.sqrt(slots)));
  put(BEGAN, i, largest);
  return 0.5 * largest * largest * slots;
}

/** Moves every price by the slot's use, by AdaGrad or, where `descent` is not 0, by gradient descent, and writes REPORT. After `window` slots a new window begins; 0 is one window for ever. */
export function step(resources: i32, tenants: i32, window: f64, descent: i32): void {
  const slots = at(CLOSED, 2) + 1;
  put(CLOSED, 2, slots);
  let regret = at(CLOSED, 0), promise = at(CLOSED, 1);
  for (let i = 0; i < resources; i++) {
    let used: f64 = 0;
    const row = USE + (<usize>(i * TENANTS) << 3);
    for (let k = 0; k < tenants; k++) used += at(row, k);
    const g = at(CAPACITY, i) - used;
    const price = at(PRICE, i);
    const most = at(PRICE_MAX, i);
    put(PAID, i, at(PAID, i) + g * price);
    put(GRADIENTS, i, at(GRADIENTS, i) + g);
    put(SQUARES, i, at(SQUARES, i) + g * g);
    put(DIVISOR, i, descent != 0 ? descending(i, g, slots) : adaptive(i, g));
    // Zero where nothing but exact balance was seen.
    const next = at(DIVISOR, i) > 0 ? price - (most * 0.7071067811865476 * g) / Math.sqrt(at(DIVISOR, i)) : price;
    put(PRICE, i, min(max(next, 0), most));
    regret += regretOf(i);
    promise += descent != 0 ? descentPromiseOf(i) : promiseOf(i);
  }
  put(REPORT, 0, regret);
  put(REPORT, 1, promise);
  if (window > 0 && slots >= window) turn(resources, regret, promise, descent);
}

function turn(resources: i32, regret: f64, promise: f64, descent: i32): void {
  put(CLOSED, 0, regret);
  put(CLOSED, 1, promise);
  put(CLOSED, 2, 0);
  for (let i = 0; i < resources; i++) {
    // As if the window had begun after as many slots as a twentieth of it, so that its first step is no jump.
    const began = descent != 0 ? 0 : at(SQUARES, i) / 20;
    put(BEGAN, i, began);
    put(DIVISOR, i, began);
    put(SQUARES, i, 0);
    put(GRADIENTS, i, 0);
    put(PAID, i, 0);
  }
}

/** Raises the weight of each tenant that was served less than its floor, and lowers the others': lambda <- clip(lambda + rate (floor - served), 0, most). */
export function favour(tenants: i32, rate: f64, most: f64): void {
  for (let k = 0; k < tenants; k++) {
    const served = at(SERVED, k);
    if (served < 0) continue;
    put(WEIGHT, k, min(max(at(WEIGHT, k) + rate * (at(FLOOR, k) - served), 0), most));
  }
}

/** Jain's index of the shares of tenants with demand, (sum x)^2 / (K sum x^2); 1 where there is none. */
export function jain(tenants: i32): f64 {
  let sum: f64 = 0, squares: f64 = 0, count: f64 = 0;
  for (let k = 0; k < tenants; k++) {
    const served = at(SERVED, k);
    if (served < 0) continue;
    sum += served;
    squares += served * served;
    count += 1;
  }
  return squares > 0 ? (sum * sum) / (count * squares) : 1;
}

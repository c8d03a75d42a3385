/**
 * Off-policy statistics over columns of doubles, a block of rows at a time.
 *
 * Every sum is made in one fixed order: two lanes over even and odd rows of a
 * block, then block after block with Neumaier's correction. Multiplication,
 * division and square roots are exact to the last bit everywhere (IEEE 754),
 * and log, exp and the gamma functions are compiled in, so the same log gives
 * the same bytes on any machine.
 *
 * Squares are summed around a shift, the mean of the first block: a variance
 * does not cancel where the mean is large beside the spread.
 */

/** Rows of one block: its columns fit the second-level cache of any machine of the last ten years. */
export const BLOCK: i32 = 2048;
export const P_EVAL: usize = memory.data(2048 * 8, 64);
export const P_LOG: usize = memory.data(2048 * 8, 64);
export const REWARD: usize = memory.data(2048 * 8, 64);
export const Q_LOGGED: usize = memory.data(2048 * 8, 64);
export const Q_PI: usize = memory.data(2048 * 8, 64);
const WEIGHT: usize = memory.data(2048 * 8, 64);
/** The sub-Gaussian weight, asked for with and without a model. */
const SHRUNK: usize = memory.data(2048 * 8, 64);

/** f64: clip of weights, bound of SWITCH, lambda of DRos, lambda of sub-Gaussian. */
export const TUNING: usize = memory.data(4 * 8, 16);

/** Terms whose mean and variance are kept, in this order; index.ts names them. */
const TERMS: i32 = 13;
/** f64 for each term: mean, sum of squares around it; then two co-moments, largest weight, smallest propensity, rows of weight zero, rows refused. */
export const RESULT: usize = memory.data((13 * 2 + 6) * 8, 16);

/** f64 for each quantity: sum and correction. 13 sums, 13 sums of squares, 2 of products. */
const QUANTITIES: i32 = 28;
const TOTALS: usize = memory.data(28 * 2 * 8, 16);
const SHIFTS: usize = memory.data(13 * 8, 16);
/** v128 for each quantity: this block's lanes. */
const LANES: usize = memory.data(28 * 16, 16);

let rows: f64 = 0;
let shifted: bool = false;
let weight_max: f64 = 0;
let propensity_min: f64 = 0;
let zeros: f64 = 0;
let refused: f64 = 0;
/** Whether a probability of this block lies outside its bounds. */
let doubted: bool = false;

@inline function shiftOf(term: i32): v128 { return f64x2.splat(load<f64>(SHIFTS + (<usize>term << 3))); }
@inline function lane(quantity: i32): usize { return LANES + (<usize>quantity << 4); }
@inline function add(quantity: i32, value: v128): void { v128.store(lane(quantity), f64x2.add(v128.load(lane(quantity)), value)); }

/** Forgets what was summed. */
export function begin(): void {
  memory.fill(TOTALS, 0, 28 * 2 * 8);
  memory.fill(SHIFTS, 0, 13 * 8);
  rows = 0;
  shifted = false;
  weight_max = 0;
  propensity_min = 1;
  zeros = 0;
  refused = 0;
}

/** The block's `count` rows; `with_q` is 0 where there is no model of the reward. */
export function sums(count: i32, with_q: i32): void {
  if (!shifted) {
    pass(count, with_q);
    for (let term = 0; term < TERMS; term++) store<f64>(SHIFTS + (<usize>term << 3), both(term) / <f64>count);
    shifted = true;
    weight_max = 0;
    propensity_min = 1;
    zeros = 0;
    refused = 0;
  }
  pass(count, with_q);
  for (let quantity = 0; quantity < QUANTITIES; quantity++) carry(quantity, both(quantity));
  rows += <f64>count;
}

@inline function both(quantity: i32): f64 { return load<f64>(lane(quantity)) + load<f64>(lane(quantity) + 8); }

/** Neumaier, ZAMM 54 (1974): the part of each addition that is lost is kept beside the sum. */
function carry(quantity: i32, value: f64): void {
  const at = TOTALS + (<usize>quantity << 4);
  const sum = load<f64>(at);
  const next = sum + value;
  const lost = Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
  store<f64>(at, next);
  store<f64>(at + 8, load<f64>(at + 8) + lost);
}

function pass(count: i32, with_q: i32): void {
  memory.fill(LANES, 0, 28 * 16);
  doubted = false;
  const even = count & ~1;
  weigh(even);
  if (count != even) weighLast(even);
  // An endless number or none makes its sum such; asking each row would take a third more time.
  let sum = both(0);
  if (with_q != 0) {
    model(even);
    if (count != even) modelLast(even);
    sum += both(6) + both(7);
  }
  if (doubted || !isFinite(sum)) refuse(count, with_q);
}

/** Counts what is no decision, row by row, in a block where something may be none. */
function refuse(count: i32, with_q: i32): void {
  for (let row = 0; row < count; row++) {
    const at = <usize>row << 3;
    const eval = load<f64>(P_EVAL + at), logged = load<f64>(P_LOG + at);
    const known = isFinite(load<f64>(REWARD + at)) && (with_q == 0 || (isFinite(load<f64>(Q_LOGGED + at)) && isFinite(load<f64>(Q_PI + at))));
    if (!(known && logged > 0 && logged <= 1 && eval >= 0 && eval <= 1)) refused += 1;
  }
}

// Functions of their own, since an engine compiles each as a whole; the last row of an odd number has a lane beside it that counts for nothing.
function weigh(to: i32): void { weighRows(0, to, false); }
function weighLast(row: i32): void { weighRows(row, row + 2, true); }
function model(to: i32): void { modelRows(0, to, false); }
function modelLast(row: i32): void { modelRows(row, row + 2, true); }
@inline function only(value: v128, half: bool): v128 { return half ? v128.and(value, i64x2(-1, 0)) : value; }

/** Terms 0 to 5: reward, weight, weighted reward, clipped, sub-Gaussian, gain over the logged reward. */
@inline function weighRows(from: i32, to: i32, half: bool): void {
  const one = f64x2.splat(1);
  const none = f64x2.splat(0);
  const clip = v128.load64_splat(TUNING);
  const lambda = v128.load64_splat(TUNING + 24);
  const rest = f64x2.sub(one, lambda);
  const k0 = shiftOf(0), k1 = shiftOf(1), k2 = shiftOf(2), k3 = shiftOf(3), k4 = shiftOf(4), k5 = shiftOf(5);
  let s0 = none, s1 = none, s2 = none, s3 = none, s4 = none, s5 = none;
  let v0 = none, v1 = none, v2 = none, v3 = none, v4 = none, v5 = none;
  let product = none, largest = none, smallest = one;
  let empty = i64x2.splat(0), fine = i64x2.splat(-1);
  for (let row = from; row < to; row += 2) {
    const at = <usize>row << 3;
    const eval = v128.load(P_EVAL + at);
    const logged = v128.load(P_LOG + at);
    const r = v128.load(REWARD + at);
    // Only the sign bit is read below, where that of `eval` has to be clear.
    fine = v128.and(fine, v128.andnot(v128.and(f64x2.le(logged, one), f64x2.le(eval, one)), eval));
    const w = f64x2.div(eval, logged);
    v128.store(WEIGHT + at, w);
    largest = f64x2.pmax(largest, only(w, half));
    smallest = f64x2.pmin(smallest, half ? v128.bitselect(logged, one, i64x2(-1, 0)) : logged);
    empty = i64x2.sub(empty, only(f64x2.eq(w, none), half));
    const wr = f64x2.mul(w, r);
    const shrunk = f64x2.div(w, f64x2.add(rest, f64x2.mul(lambda, w)));
    v128.store(SHRUNK + at, shrunk);
    const d0 = only(f64x2.sub(r, k0), half);
    const d1 = only(f64x2.sub(w, k1), half);
    const d2 = only(f64x2.sub(wr, k2), half);
    const d3 = only(f64x2.sub(f64x2.mul(f64x2.pmin(w, clip), r), k3), half);
    const d4 = only(f64x2.sub(f64x2.mul(shrunk, r), k4), half);
    const d5 = only(f64x2.sub(f64x2.sub(wr, r), k5), half);
    s0 = f64x2.add(s0, d0); v0 = f64x2.add(v0, f64x2.mul(d0, d0));
    s1 = f64x2.add(s1, d1); v1 = f64x2.add(v1, f64x2.mul(d1, d1));
    s2 = f64x2.add(s2, d2); v2 = f64x2.add(v2, f64x2.mul(d2, d2));
    s3 = f64x2.add(s3, d3); v3 = f64x2.add(v3, f64x2.mul(d3, d3));
    s4 = f64x2.add(s4, d4); v4 = f64x2.add(v4, f64x2.mul(d4, d4));
    s5 = f64x2.add(s5, d5); v5 = f64x2.add(v5, f64x2.mul(d5, d5));
    product = f64x2.add(product, f64x2.mul(d1, d2));
  }
  add(0, s0); add(1, s1); add(2, s2); add(3, s3); add(4, s4); add(5, s5);
  add(13, v0); add(14, v1); add(15, v2); add(16, v3); add(17, v4); add(18, v5);
  add(26, product);
  weight_max = max(weight_max, max(f64x2.extract_lane(largest, 0), f64x2.extract_lane(largest, 1)));
  const least = min(f64x2.extract_lane(smallest, 0), f64x2.extract_lane(smallest, 1));
  propensity_min = min(propensity_min, least);
  zeros += <f64>(i64x2.extract_lane(empty, 0) + i64x2.extract_lane(empty, 1));
  if ((i64x2.bitmask(fine) | <i32>half << 1) != 3 || !(least > 0)) doubted = true;
}

/** Terms 6 to 12: model's value, weighted residual, and the estimators made of both: clipped, SWITCH, DRos, sub-Gaussian, gain over the logged reward. */
@inline function modelRows(from: i32, to: i32, half: bool): void {
  const none = f64x2.splat(0);
  const clip = v128.load64_splat(TUNING);
  const bound = v128.load64_splat(TUNING + 8);
  const shrink = v128.load64_splat(TUNING + 16);
  const k6 = shiftOf(6), k7 = shiftOf(7), k8 = shiftOf(8), k9 = shiftOf(9), k10 = shiftOf(10), k11 = shiftOf(11), k12 = shiftOf(12);
  let s6 = none, s7 = none, s8 = none, s9 = none, s10 = none, s11 = none, s12 = none;
  let v6 = none, v7 = none, v8 = none, v9 = none, v10 = none, v11 = none, v12 = none;
  let product = none;
  for (let row = from; row < to; row += 2) {
    const at = <usize>row << 3;
    const w = v128.load(WEIGHT + at);
    const r = v128.load(REWARD + at);
    const q = v128.load(Q_LOGGED + at);
    const value = v128.load(Q_PI + at);
    const residual = f64x2.sub(r, q);
    const y = f64x2.mul(w, residual);
    const d6 = only(f64x2.sub(value, k6), half);
    const d7 = only(f64x2.sub(y, k7), half);
    const d8 = only(f64x2.sub(f64x2.add(value, f64x2.mul(f64x2.pmin(w, clip), residual)), k8), half);
    const d9 = only(f64x2.sub(f64x2.add(value, v128.and(y, f64x2.le(w, bound))), k9), half);
    const d10 = only(f64x2.sub(f64x2.add(value, f64x2.mul(f64x2.div(f64x2.mul(shrink, w), f64x2.add(f64x2.mul(w, w), shrink)), residual)), k10), half);
    const d11 = only(f64x2.sub(f64x2.add(value, f64x2.mul(v128.load(SHRUNK + at), residual)), k11), half);
    const d12 = only(f64x2.sub(f64x2.sub(f64x2.add(value, y), r), k12), half);
    s6 = f64x2.add(s6, d6); v6 = f64x2.add(v6, f64x2.mul(d6, d6));
    s7 = f64x2.add(s7, d7); v7 = f64x2.add(v7, f64x2.mul(d7, d7));
    s8 = f64x2.add(s8, d8); v8 = f64x2.add(v8, f64x2.mul(d8, d8));
    s9 = f64x2.add(s9, d9); v9 = f64x2.add(v9, f64x2.mul(d9, d9));
    s10 = f64x2.add(s10, d10); v10 = f64x2.add(v10, f64x2.mul(d10, d10));
    s11 = f64x2.add(s11, d11); v11 = f64x2.add(v11, f64x2.mul(d11, d11));
    s12 = f64x2.add(s12, d12); v12 = f64x2.add(v12, f64x2.mul(d12, d12));
    product = f64x2.add(product, f64x2.mul(d6, d7));
  }
  add(6, s6); add(7, s7); add(8, s8); add(9, s9); add(10, s10); add(11, s11); add(12, s12);
  add(19, v6); add(20, v7); add(21, v8); add(22, v9); add(23, v10); add(24, v11); add(25, v12);
  add(27, product);
}

@inline function total(quantity: i32): f64 { return load<f64>(TOTALS + (<usize>quantity << 4)) + load<f64>(TOTALS + (<usize>quantity << 4) + 8); }

/** Writes what was summed since `begin` to RESULT: means, and squares and products around them. */
export function finish(): void {
  for (let term = 0; term < TERMS; term++) {
    const sum = total(term);
    store<f64>(RESULT + (<usize>term << 4), load<f64>(SHIFTS + (<usize>term << 3)) + sum / rows);
    store<f64>(RESULT + (<usize>term << 4) + 8, max(0, total(TERMS + term) - (sum * sum) / rows));
  }
  const rest = RESULT + (<usize>TERMS << 4);
  store<f64>(rest, total(26) - (total(1) * total(2)) / rows);
  store<f64>(rest + 8, total(27) - (total(6) * total(7)) / rows);
  store<f64>(rest + 16, weight_max);
  store<f64>(rest + 24, propensity_min);
  store<f64>(rest + 32, zeros);
  store<f64>(rest + 40, refused);
}

// --- anytime-valid confidence sequence -------------------------------------

/** f64: rows, sum and variance of the rewards, both of the reflected rewards, rows refused. */
export const SEQUENCE: usize = memory.data(6 * 8, 16);

/** Adds the block's rows, whose rewards lie between `least` and `range` above it, to the sums of Waudby-Smith et al., arXiv 2210.10768, O(1) state. */
export function follow(count: i32, least: f64, range: f64): void {
  let t = load<f64>(SEQUENCE);
  let sum = load<f64>(SEQUENCE + 8), spread = load<f64>(SEQUENCE + 16);
  let sum_up = load<f64>(SEQUENCE + 24), spread_up = load<f64>(SEQUENCE + 32);
  let bad = 0;
  for (let row = 0; row < count; row++) {
    const at = <usize>row << 3;
    const eval = load<f64>(P_EVAL + at), logged = load<f64>(P_LOG + at), above = load<f64>(REWARD + at) - least;
    bad += i32(!((logged > 0) & (logged <= 1) & (eval >= 0) & (eval <= 1) & (above >= 0) & (above <= range)));
    const w = eval / logged;
    const r = above / range;
    t += 1;
    const low = w * r;
    const high = w * (1 - r);
    const d = low - (sum + 0.5) / t;
    const e = high - (sum_up + 0.5) / t;
    spread += d * d;
    spread_up += e * e;
    sum += low;
    sum_up += high;
  }
  store<f64>(SEQUENCE, t);
  store<f64>(SEQUENCE + 8, sum); store<f64>(SEQUENCE + 16, spread);
  store<f64>(SEQUENCE + 24, sum_up); store<f64>(SEQUENCE + 32, spread_up);
  store<f64>(SEQUENCE + 40, load<f64>(SEQUENCE + 40) + <f64>bad);
}

/**
 * Log of the wealth of a gamma-exponential mixture with rho = 1 against the mean `mu`. With a = V + 1 and x = a + s it is
 * s + V - a ln x + ln gamma(a, x) - ln gamma(1, 1), written so that nothing of the size of a ln a is subtracted from its like.
 */
function logWealth(t: f64, sum: f64, spread: f64, mu: f64): f64 {
  const s = sum - t * mu;
  const a = spread + 1;
  return a * beyondLn(s / a) - 1 - 0.5 * Math.log(a) + stirlingRest(a) + shareLn(a, a + s, s) - lowerGammaLn(1, 1);
}

/** The least mean in [0, 1] whose wealth stays below 1 / `alpha`: the root of a falling function, halved until neighbours. */
export function sequenceLower(t: f64, sum: f64, spread: f64, alpha: f64): f64 {
  if (t <= 0) return 0;
  const bar = -Math.log(alpha);
  if (logWealth(t, sum, spread, 0) < bar) return 0;
  let low: f64 = 0;
  let high = min(<f64>1, sum / t);
  if (logWealth(t, sum, spread, high) >= bar) return high;
  for (let step = 0; step < 100; step++) {
    const middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    if (logWealth(t, sum, spread, middle) >= bar) low = middle;
    else high = middle;
  }
  return low;
}

// --- betting ----------------------------------------------------------------

/** f64: rows, sum, squares. */
export const STAKES: usize = memory.data(3 * 8, 16);
/** f64: log of the wealth so far. */
export const BETS: usize = memory.data(8, 16);

/**
 * What is staked on each of the block's rows, of the rows before it alone, whatever it is that is bet against: from the first
 * column in [0, 1] into the second. Waudby-Smith and Ramdas, JRSS-B 86 (2024), predictable plug-in for `planned` rows.
 */
export function stakes(count: i32, alpha: f64, planned: f64): void {
  let t = load<f64>(STAKES), sum = load<f64>(STAKES + 8), squares = load<f64>(STAKES + 16);
  const scale = (2 * -Math.log(alpha)) / planned;
  for (let row = 0; row < count; row++) {
    const at = <usize>row << 3;
    const x = load<f64>(P_EVAL + at);
    store<f64>(P_LOG + at, Math.sqrt(scale / ((0.25 + squares) / (t + 1))));
    t += 1;
    sum += x;
    const d = x - (0.5 + sum) / (t + 1);
    squares += d * d;
  }
  store<f64>(STAKES, t); store<f64>(STAKES + 8, sum); store<f64>(STAKES + 16, squares);
}

/**
 * Bets against the mean being `mu`, over the block's first column in [0, 1] with the stakes of its second, each at most half of what
 * can be lost; 1 as soon as the wealth has been 1 / `alpha`.
 */
export function bet(count: i32, mu: f64, alpha: f64): i32 {
  let wealth = load<f64>(BETS);
  const bar = -Math.log(alpha);
  const most = 0.5 / mu;
  let product: f64 = 1;
  let goal = Math.exp(bar - wealth);
  for (let row = 0; row < count; row++) {
    const at = <usize>row << 3;
    product *= 1 + min(load<f64>(P_LOG + at), most) * (load<f64>(P_EVAL + at) - mu);
    if (product >= goal) return 1;
    if ((row & 31) == 31) {
      wealth += Math.log(product);
      product = 1;
      goal = Math.exp(bar - wealth);
    }
  }
  wealth += Math.log(product);
  store<f64>(BETS, wealth);
  return 0;
}

// --- bootstrap --------------------------------------------------------------

/** Rows that can be resampled; 16 MiB that no page of is touched before. */
export const SAMPLE: i32 = 1 << 20;
export const TOP: usize = memory.data(1048576 * 8, 64);
export const BOTTOM: usize = memory.data(1048576 * 8, 64);
/** f64: the generator's draw, a ratio or a mean. */
export const DRAW: usize = memory.data(8, 16);

let state: u64 = 0;

/** SplitMix64 (Steele, Lea, Flood 2014). */
@inline function random(): u64 {
  state += 0x9e3779b97f4a7c15;
  let z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** One resample of `count` rows with replacement; sum of TOP over `count`, or over the sum of BOTTOM. Draw `nth` of `seed` is the same whatever came before. */
export function resample(count: u32, ratio: i32, seed: f64, nth: f64): void {
  state = reinterpret<u64>(seed) ^ (<u64>nth * 0xd1342543de82ef95);
  random();
  let top: f64 = 0, top_two: f64 = 0, bottom: f64 = 0, bottom_two: f64 = 0;
  const pairs = count >> 1;
  for (let pair: u32 = 0; pair < pairs; pair++) {
    const bits = random();
    const a = <usize>(((bits >> 32) * <u64>count) >> 32) << 3;
    const b = <usize>(((bits & 0xffffffff) * <u64>count) >> 32) << 3;
    top += load<f64>(TOP + a);
    top_two += load<f64>(TOP + b);
    if (ratio != 0) {
      bottom += load<f64>(BOTTOM + a);
      bottom_two += load<f64>(BOTTOM + b);
    }
  }
  if ((count & 1) != 0) {
    const a = <usize>(((random() >> 32) * <u64>count) >> 32) << 3;
    top += load<f64>(TOP + a);
    if (ratio != 0) bottom += load<f64>(BOTTOM + a);
  }
  store<f64>(DRAW, (top + top_two) / (ratio != 0 ? bottom + bottom_two : <f64>count));
}

// --- special functions ------------------------------------------------------

export function ln(x: f64): f64 { return Math.log(x); }
export function exp(x: f64): f64 { return Math.exp(x); }

/** What Stirling's series (DLMF 5.11.1) adds to (x - 1/2) ln x - x, for x from 16 on. */
@inline function stirlingSeries(x: f64): f64 {
  const i = 1 / x;
  const s = i * i;
  return 0.91893853320467274178 + i * (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s * (691.0 / 360360 - s * (1.0 / 156)))))));
}

/** Log of the gamma function of 2 + z for small z (DLMF 5.7.3): near its roots at one and two no larger number is taken from its like. */
@inline function nearTwoLn(z: f64): f64 {
  let sum: f64 = -0.0000449262367381331417;
  sum = 0.000099457512781808533715 + z * sum;
  sum = -0.00022315475845357937976 + z * sum;
  sum = 0.00050966952474304242234 + z * sum;
  sum = -0.0011927539117032609771 + z * sum;
  sum = 0.0028905103307415232858 + z * sum;
  sum = -0.0073855510286739852663 + z * sum;
  sum = 0.020580808427784547879 + z * sum;
  sum = -0.067352301053198095133 + z * sum;
  sum = 0.32246703342411321824 + z * sum;
  return z * (0.42278433509846713939 + z * sum);
}

/** Log of the gamma function for x > 0, to 1e-12 of itself and 1e-13 of one. */
export function gammaLn(x: f64): f64 {
  if (!(x > 0)) return NaN;
  if (Math.abs(x - 2) < 0.1) return nearTwoLn(x - 2);
  if (Math.abs(x - 1) < 0.1) return nearTwoLn(x - 1) - Math.log1p(x - 1);
  let product: f64 = 1;
  while (x < 16) {
    product *= x;
    x += 1;
  }
  return (x - 0.5) * Math.log(x) - x + stirlingSeries(x) - Math.log(product);
}

function stirlingRest(x: f64): f64 { return x >= 16 ? stirlingSeries(x) : gammaLn(x) - (x - 0.5) * Math.log(x) + x; }

/** u - ln(1 + u), above zero; its series near zero, where the two are almost the same. */
function beyondLn(u: f64): f64 {
  if (Math.abs(u) > 0.1) return u - Math.log1p(u);
  let sum: f64 = 0;
  for (let n: f64 = 17; n >= 2; n--) sum = 1 / n - u * sum;
  return u * u * sum;
}

/** exp(z^2) erfc(z) for z >= 0: series (DLMF 7.6.2) and continued fraction (7.9.1). */
function erfcScaled(z: f64): f64 {
  if (z < 1.5) {
    let term = z, sum = z;
    for (let n: f64 = 1; n < 40; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return Math.exp(z * z) - 1.12837916709551257390 * sum;
  }
  let rest = z;
  for (let n: f64 = 120; n > 0; n--) rest = z + (0.5 * n) / rest;
  return 0.56418958354775628695 / rest;
}

/** From here on the expansion below is exact to 1e-15, and a series would take a thousand terms and more. */
const LARGE: f64 = 1e6;
const NEAR: f64 = 0.02;

/** Log of P(a, x) for large `a` and x = (1 + u) a close to it: Temme's uniform expansion (DLMF 8.12.3, 8.12.9), in powers of eta. */
function nearShareLn(a: f64, u: f64): f64 {
  const half = beyondLn(u);
  const eta = u < 0 ? -Math.sqrt(2 * half) : Math.sqrt(2 * half);
  const first = -1.0 / 3 + eta * (1.0 / 12 - eta * (2.0 / 135 - eta * (1.0 / 864 + eta * (1.0 / 2835))));
  const second = -1.0 / 540 - eta * (1.0 / 288);
  const rest = (first + second / a) / Math.sqrt(6.28318530717958647693 * a);
  const scaled = 0.5 * erfcScaled(Math.sqrt(a * half));
  return u < 0 ? Math.log(scaled - rest) - a * half : Math.log1p(-(scaled + rest) * Math.exp(-a * half));
}

/** Terms of a series or a fraction: more than the root of what is not yet large, times eight, or than what is not near needs. */
const STEPS_MAX: i32 = 20000;

/** Log of P(a, x), the lower incomplete gamma function over the whole, where `d` is x - a. */
function shareLn(a: f64, x: f64, d: f64): f64 {
  if (!(a > 0) || !(x >= 0)) return NaN;
  if (x == 0) return -Infinity;
  // What is left above x is less than exp(-700).
  if (x > 2 * a + 1500) return 0;
  if (a >= LARGE && Math.abs(d) < NEAR * a) return nearShareLn(a, d / a);
  // a ln x - x - ln gamma(a) without its large parts, but where x is so small that ln x is the larger.
  const front = (d < -0.5 * a ? a * Math.log(x / a) - d : -a * beyondLn(d / a)) + 0.5 * Math.log(a) - stirlingRest(a);
  return x < a + 1 ? front + seriesLn(a, x) : Math.log1p(-Math.exp(front + fractionLn(a, x)));
}

/** DLMF 8.7.1, for x below a + 1. */
function seriesLn(a: f64, x: f64): f64 {
  let n = a, term = 1 / a, sum = term;
  for (let step = 0; step < STEPS_MAX; step++) {
    n += 1;
    term *= x / n;
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return Math.log(sum);
}

/** DLMF 8.9.2 by Lentz, for x above it. */
function fractionLn(a: f64, x: f64): f64 {
  const tiny: f64 = 1e-300;
  let b = x + 1 - a, c = 1 / tiny, h = 1 / b, e = h;
  for (let step = 1; step < STEPS_MAX; step++) {
    const i = <f64>step;
    const an = -i * (i - a);
    b += 2;
    e = an * e + b;
    if (Math.abs(e) < tiny) e = tiny;
    c = b + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    e = 1 / e;
    const factor = e * c;
    h *= factor;
    if (Math.abs(factor - 1) < 1e-16) break;
  }
  return Math.log(h);
}

/** Log of the lower incomplete gamma function, not regularised, a > 0 and x >= 0. */
export function lowerGammaLn(a: f64, x: f64): f64 {
  // Its reciprocal may have no double, and what is not in it is less than its last bit.
  if (a < 1e-300 && a > 0 && x > 0) return -Math.log(a);
  // Far below its mean the share is what is left of ln gamma(a), so neither is asked.
  if (x > 0 && x < 0.5 * a) return a * Math.log(x) - x + seriesLn(a, x);
  return gammaLn(a) + shareLn(a, x, x - a);
}

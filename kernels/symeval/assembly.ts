/**
 * Evaluates a condition over columns, a batch of rows at a time: each
 * instruction is one loop over all rows of the batch, so that what it costs to
 * decide what to do is paid once for 512 rows.
 *
 * A program is a stranger's until `load` has walked through it: every place,
 * kind and depth is checked there, and `run` relies on it. All memory is
 * static; a stack entry is two pointers, so that reading a column copies
 * nothing. program.ts says what each instruction means and how it is written.
 *
 * A truth is a byte, 0 false, 1 true, 2 missing, 3 error. A number is 8 bytes,
 * and a byte beside it that is 0, 2 or 3; while no row of a vector has one, the
 * pointer to these bytes is 0 and nobody looks.
 */

/** Rows of one batch. */
export const ROWS: i32 = 512;
export const PROGRAM: usize = memory.data(17420, 16);
export const VALUES: usize = memory.data(64 * 512 * 8, 64);
export const STATUS: usize = memory.data(64 * 512, 64);
/** A truth for each row. */
export const OUT: usize = memory.data(512, 64);
/** u32: why the last program was refused, 0 where it was not; rows of the last batch that are not true. */
export const REPORT: usize = memory.data(8, 16);

const INPUTS_MAX: u32 = 64;
const CODE_MAX: u32 = 2048;
const DEPTH_MAX: i32 = 64;
const MAGIC: u32 = 0x314d5953;
const BOUNDED_MAX: i64 = 315576000000000;

const INT: u32 = 0;
const DOUBLE: u32 = 1;
const BOOL: u32 = 2;

/** Results: two places for each depth, so that an operator never writes over what it still reads. */
const SLOT_VALUES: usize = memory.data(128 * 512 * 8, 64);
const SLOT_STATUS: usize = memory.data(128 * 512, 64);
const ZEROS: usize = memory.data(512, 64);
const EQUALS: usize = memory.data(512, 64);
/** Of each stack entry: kind, pointer to values, pointer to status. */
const KIND_AT: usize = memory.data(64 * 4, 16);
const VALUE_AT: usize = memory.data(64 * 4, 16);
const STATUS_AT: usize = memory.data(64 * 4, 16);

let inputs: u32 = 0;
let instructions: u32 = 0;

@inline function inputWord(i: u32, word: u32): u32 { return load<u32>(PROGRAM + 12 + ((<usize>i) << 4) + (<usize>word << 2)); }
@inline function codeWord(i: u32, word: u32): u32 { return load<u32>(PROGRAM + 12 + ((<usize>inputs) << 4) + ((<usize>i) << 3) + (<usize>word << 2)); }
@inline function kindAt(depth: i32): u32 { return load<u32>(KIND_AT + (<usize>depth << 2)); }
@inline function valueAt(depth: i32): usize { return load<u32>(VALUE_AT + (<usize>depth << 2)); }
@inline function statusAt(depth: i32): usize { return load<u32>(STATUS_AT + (<usize>depth << 2)); }
@inline function put(depth: i32, kind: u32, value: usize, status: usize): void {
  store<u32>(KIND_AT + (<usize>depth << 2), kind);
  store<u32>(VALUE_AT + (<usize>depth << 2), <u32>value);
  store<u32>(STATUS_AT + (<usize>depth << 2), <u32>status);
}

/** The place at `depth` that entry does not use. */
@inline function freeValues(depth: i32): usize {
  const first = SLOT_VALUES + (<usize>depth << 13);
  return valueAt(depth) == first ? first + 4096 : first;
}
@inline function freeStatus(depth: i32): usize {
  const first = SLOT_STATUS + (<usize>depth << 10);
  return statusAt(depth) == first ? first + 512 : first;
}
@inline function orZeros(status: usize): usize { return status == 0 ? ZEROS : status; }

function refuse(why: u32): void { store<u32>(REPORT, why); }

/** What `op` does to the depth and kinds of the stack; the new depth, or -1 where it cannot. */
function step(op: u32, arg: u32, depth: i32): i32 {
  if (op < 2) {
    if (arg >= inputs || depth >= DEPTH_MAX) return -1;
    store<u32>(KIND_AT + (<usize>depth << 2), op == 0 ? inputWord(arg, 0) : BOOL);
    return depth + 1;
  }
  if (op == 35) {
    // The value and `arg` items of its kind.
    if (arg >= <u32>DEPTH_MAX || depth < <i32>arg + 1) return -1;
    const below = depth - <i32>arg - 1;
    const kind = kindAt(below);
    if (kind == BOOL) return -1;
    for (let i = below + 1; i < depth; i++) if (kindAt(i) != kind) return -1;
    store<u32>(KIND_AT + (<usize>below << 2), BOOL);
    return below + 1;
  }
  if (op > 35 || arg != 0) return -1;
  if (op == 34) {
    if (depth < 3 || kindAt(depth - 3) != BOOL || kindAt(depth - 2) != kindAt(depth - 1)) return -1;
    store<u32>(KIND_AT + (<usize>(depth - 3) << 2), kindAt(depth - 1));
    return depth - 2;
  }
  const single = op == 7 || (op >= 14 && op <= 16) || op == 33;
  const takes: u32 = op >= 29 ? BOOL : (op >= 10 && op <= 14) || op == 16 || op >= 23 ? DOUBLE : INT;
  const gives: u32 = op >= 17 ? BOOL : (op >= 10 && op <= 15) ? DOUBLE : INT;
  const least = single ? 1 : 2;
  if (depth < least) return -1;
  for (let i = depth - least; i < depth; i++) if (kindAt(i) != takes) return -1;
  store<u32>(KIND_AT + (<usize>(depth - least) << 2), gives);
  return depth - least + 1;
}

/** Takes the `length` bytes at PROGRAM; REPORT says 0, or why not: 1 its form, 2 an input, 3 an instruction, 4 its end. */
export function load_program(length: u32): void {
  instructions = 0;
  if (length < 12 || length > 17420 || load<u32>(PROGRAM) != MAGIC) return refuse(1);
  inputs = load<u32>(PROGRAM, 4);
  const code = load<u32>(PROGRAM, 8);
  if (inputs > INPUTS_MAX || code > CODE_MAX || length != 12 + (inputs << 4) + (code << 3)) return refuse(1);
  for (let i: u32 = 0; i < inputs; i++) if (!takeInput(i)) return refuse(2);
  let depth = 0;
  for (let i: u32 = 0; i < code; i++) {
    depth = step(codeWord(i, 0), codeWord(i, 1), depth);
    if (depth < 0) return refuse(3);
  }
  if (depth != 1 || kindAt(0) != BOOL) return refuse(4);
  instructions = code;
  refuse(0);
}

/** A constant becomes a column that never changes. */
function takeInput(i: u32): bool {
  const kind = inputWord(i, 0);
  const constant = inputWord(i, 1);
  if (kind > BOOL || constant > 1) return false;
  if (constant == 0) return true;
  const bits = <u64>inputWord(i, 2) | (<u64>inputWord(i, 3) << 32);
  if (kind == BOOL && bits > 1) return false;
  const status = STATUS + (<usize>i << 9);
  memory.fill(status, kind == BOOL ? <u8>bits : 0, 512);
  if (kind == BOOL) return true;
  const values = VALUES + (<usize>i << 12);
  for (let at: usize = 0; at < 4096; at += 8) store<u64>(values + at, bits);
  return true;
}

function anyStatus(status: usize, n: usize): bool {
  let all = i8x16.splat(0);
  for (let at: usize = 0; at < n; at += 16) all = v128.or(all, v128.load(status + at));
  return v128.any_true(all);
}

/** The left side's reason where it has one, else the right side's. */
function mergeStatus(left: usize, right: usize, to: usize, n: usize): void {
  const zero = i8x16.splat(0);
  for (let at: usize = 0; at < n; at += 16) {
    const a = v128.load(left + at);
    v128.store(to + at, v128.bitselect(v128.load(right + at), a, i8x16.eq(a, zero)));
  }
}

/** Whether that row's own arithmetic has no value. */
function fails(op: u32, x: i64, y: i64): bool {
  if (op == 2) return ((x ^ (x + y)) & (y ^ (x + y))) < 0;
  if (op == 3) return ((x ^ y) & (x ^ (x - y))) < 0;
  if (op == 4) return timesOverflows(x, y);
  if (op == 5) return y == 0 || (y == -1 && x == i64.MIN_VALUE);
  if (op == 6) return y == 0;
  const sum = op == 8 ? x + y : x - y;
  return fails(op - 6, x, y) || sum > BOUNDED_MAX || sum < -BOUNDED_MAX;
}

function timesOverflows(x: i64, y: i64): bool {
  if (x == 0 || y == 0) return false;
  if (y == -1) return x == i64.MIN_VALUE;
  if (x == -1) return y == i64.MIN_VALUE;
  return (x * y) / y != x;
}

/** x + y or x - y of all rows; whether one of them overflows. Two at a time. */
function sums(minus: bool, a: usize, b: usize, to: usize, bytes: usize): bool {
  let over = i64x2.splat(0);
  if (minus) {
    for (let at: usize = 0; at < bytes; at += 16) {
      const x = v128.load(a + at), y = v128.load(b + at);
      const r = i64x2.sub(x, y);
      over = v128.or(over, v128.and(v128.xor(x, y), v128.xor(x, r)));
      v128.store(to + at, r);
    }
  } else {
    for (let at: usize = 0; at < bytes; at += 16) {
      const x = v128.load(a + at), y = v128.load(b + at);
      const r = i64x2.add(x, y);
      over = v128.or(over, v128.and(v128.xor(x, r), v128.xor(y, r)));
      v128.store(to + at, r);
    }
  }
  return i64x2.bitmask(over) != 0;
}

function beyondBound(at: usize, bytes: usize): bool {
  let over = i64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(at + i);
    over = v128.or(over, v128.or(i64x2.gt_s(x, i64x2.splat(BOUNDED_MAX)), i64x2.lt_s(x, i64x2.splat(-BOUNDED_MAX))));
  }
  return v128.any_true(over);
}

/** Products; whether a factor is beyond 32 bits, so that one may have overflowed. */
function products(a: usize, b: usize, to: usize, bytes: usize): bool {
  let wide: u64 = 0;
  for (let at: usize = 0; at < bytes; at += 8) {
    const x = load<i64>(a + at), y = load<i64>(b + at);
    wide |= <u64>(x + 0x80000000) | <u64>(y + 0x80000000);
    store<i64>(to + at, x * y);
  }
  return wide >> 32 != 0;
}

/** Quotients or remainders; whether one has no value. The machine would stop at these. */
function quotients(rest: bool, a: usize, b: usize, to: usize, bytes: usize): bool {
  let bad = false;
  for (let at: usize = 0; at < bytes; at += 8) {
    const x = load<i64>(a + at), y = load<i64>(b + at);
    if (y == 0 || (y == -1 && x == i64.MIN_VALUE)) {
      bad = true;
      store<i64>(to + at, 0);
    } else store<i64>(to + at, rest ? x % y : x / y);
  }
  return bad;
}

function integers(op: u32, depth: i32, n: usize): void {
  const a = valueAt(depth), b = valueAt(depth + 1);
  const sa = statusAt(depth), sb = statusAt(depth + 1);
  const to = freeValues(depth);
  const bytes = n << 3;
  let own = false;
  if (op == 4) own = products(a, b, to, bytes);
  else if (op == 5 || op == 6) own = quotients(op == 6, a, b, to, bytes);
  else {
    own = sums((op & 1) != 0, a, b, to, bytes);
    if (op >= 8 && !own) own = beyondBound(to, bytes);
  }
  if (sa == 0 && sb == 0 && !own) return put(depth, INT, to, 0);
  const status = freeStatus(depth);
  mergeStatus(orZeros(sa), orZeros(sb), status, n);
  if (own) {
    for (let i: usize = 0; i < n; i++) {
      if (load<u8>(status + i) == 0 && fails(op, load<i64>(a + (i << 3)), load<i64>(b + (i << 3)))) store<u8>(status + i, 3);
    }
  }
  put(depth, INT, to, status);
}

function doubles(op: u32, depth: i32, n: usize): void {
  const a = valueAt(depth), b = valueAt(depth + 1);
  const sa = statusAt(depth), sb = statusAt(depth + 1);
  const to = freeValues(depth);
  const bytes = n << 3;
  if (op == 10) for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, f64x2.add(v128.load(a + at), v128.load(b + at)));
  else if (op == 11) for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, f64x2.sub(v128.load(a + at), v128.load(b + at)));
  else if (op == 12) for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, f64x2.mul(v128.load(a + at), v128.load(b + at)));
  else for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, f64x2.div(v128.load(a + at), v128.load(b + at)));
  if (sa == 0 && sb == 0) return put(depth, DOUBLE, to, 0);
  const status = freeStatus(depth);
  mergeStatus(orZeros(sa), orZeros(sb), status, n);
  put(depth, DOUBLE, to, status);
}

/** Operators of one number. */
function single(op: u32, depth: i32, n: usize): void {
  const a = valueAt(depth), sa = statusAt(depth);
  const to = freeValues(depth);
  const bytes = n << 3;
  if (op == 14) {
    for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, f64x2.neg(v128.load(a + at)));
    return put(depth, DOUBLE, to, sa);
  }
  if (op == 15) {
    for (let at: usize = 0; at < bytes; at += 8) store<f64>(to + at, <f64>load<i64>(a + at));
    return put(depth, DOUBLE, to, sa);
  }
  const status = freeStatus(depth);
  mergeStatus(orZeros(sa), ZEROS, status, n);
  let own = false;
  for (let i: usize = 0; i < n; i++) {
    const at = i << 3;
    let bad = false;
    if (op == 7) {
      const x = load<i64>(a + at);
      bad = x == i64.MIN_VALUE;
      store<i64>(to + at, -x);
    } else {
      const x = load<f64>(a + at);
      // A NaN is in no range. 2^63 is the first double that is too large, -2^63 still fits.
      bad = !(x >= -9223372036854775808.0 && x < 9223372036854775808.0);
      store<i64>(to + at, bad ? 0 : <i64>x);
    }
    if (bad && load<u8>(status + i) == 0) {
      own = true;
      store<u8>(status + i, 3);
    }
  }
  put(depth, INT, to, sa == 0 && !own ? 0 : status);
}

/** Sixteen masks of 64 bits as sixteen bytes. */
@inline function pack(a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
  return i8x16.narrow_i16x8_s(
    i16x8.narrow_i32x4_s(v128.shuffle<u32>(a, b, 0, 2, 4, 6), v128.shuffle<u32>(c, d, 0, 2, 4, 6)),
    i16x8.narrow_i32x4_s(v128.shuffle<u32>(e, f, 0, 2, 4, 6), v128.shuffle<u32>(g, h, 0, 2, 4, 6)),
  );
}

/** Each relation once; the others are these turned round. `flip` is xored to the answer. */
function equalInts(a: usize, b: usize, to: usize, n: usize, flip: v128): void {
  const one = i8x16.splat(1);
  for (let i: usize = 0; i < n; i += 16, a += 128, b += 128) {
    const m = pack(
      i64x2.eq(v128.load(a), v128.load(b)), i64x2.eq(v128.load(a, 16), v128.load(b, 16)), i64x2.eq(v128.load(a, 32), v128.load(b, 32)), i64x2.eq(v128.load(a, 48), v128.load(b, 48)),
      i64x2.eq(v128.load(a, 64), v128.load(b, 64)), i64x2.eq(v128.load(a, 80), v128.load(b, 80)), i64x2.eq(v128.load(a, 96), v128.load(b, 96)), i64x2.eq(v128.load(a, 112), v128.load(b, 112)),
    );
    v128.store(to + i, v128.xor(v128.and(m, one), flip));
  }
}
function lessInts(a: usize, b: usize, to: usize, n: usize, flip: v128): void {
  const one = i8x16.splat(1);
  for (let i: usize = 0; i < n; i += 16, a += 128, b += 128) {
    const m = pack(
      i64x2.lt_s(v128.load(a), v128.load(b)), i64x2.lt_s(v128.load(a, 16), v128.load(b, 16)), i64x2.lt_s(v128.load(a, 32), v128.load(b, 32)), i64x2.lt_s(v128.load(a, 48), v128.load(b, 48)),
      i64x2.lt_s(v128.load(a, 64), v128.load(b, 64)), i64x2.lt_s(v128.load(a, 80), v128.load(b, 80)), i64x2.lt_s(v128.load(a, 96), v128.load(b, 96)), i64x2.lt_s(v128.load(a, 112), v128.load(b, 112)),
    );
    v128.store(to + i, v128.xor(v128.and(m, one), flip));
  }
}
function equalDoubles(a: usize, b: usize, to: usize, n: usize, flip: v128): void {
  const one = i8x16.splat(1);
  for (let i: usize = 0; i < n; i += 16, a += 128, b += 128) {
    const m = pack(
      f64x2.eq(v128.load(a), v128.load(b)), f64x2.eq(v128.load(a, 16), v128.load(b, 16)), f64x2.eq(v128.load(a, 32), v128.load(b, 32)), f64x2.eq(v128.load(a, 48), v128.load(b, 48)),
      f64x2.eq(v128.load(a, 64), v128.load(b, 64)), f64x2.eq(v128.load(a, 80), v128.load(b, 80)), f64x2.eq(v128.load(a, 96), v128.load(b, 96)), f64x2.eq(v128.load(a, 112), v128.load(b, 112)),
    );
    v128.store(to + i, v128.xor(v128.and(m, one), flip));
  }
}
/** A NaN is neither less nor at least, so at-most has a loop of its own. */
function lessDoubles(a: usize, b: usize, to: usize, n: usize): void {
  const one = i8x16.splat(1);
  for (let i: usize = 0; i < n; i += 16, a += 128, b += 128) {
    const m = pack(
      f64x2.lt(v128.load(a), v128.load(b)), f64x2.lt(v128.load(a, 16), v128.load(b, 16)), f64x2.lt(v128.load(a, 32), v128.load(b, 32)), f64x2.lt(v128.load(a, 48), v128.load(b, 48)),
      f64x2.lt(v128.load(a, 64), v128.load(b, 64)), f64x2.lt(v128.load(a, 80), v128.load(b, 80)), f64x2.lt(v128.load(a, 96), v128.load(b, 96)), f64x2.lt(v128.load(a, 112), v128.load(b, 112)),
    );
    v128.store(to + i, v128.and(m, one));
  }
}
function atMostDoubles(a: usize, b: usize, to: usize, n: usize): void {
  const one = i8x16.splat(1);
  for (let i: usize = 0; i < n; i += 16, a += 128, b += 128) {
    const m = pack(
      f64x2.le(v128.load(a), v128.load(b)), f64x2.le(v128.load(a, 16), v128.load(b, 16)), f64x2.le(v128.load(a, 32), v128.load(b, 32)), f64x2.le(v128.load(a, 48), v128.load(b, 48)),
      f64x2.le(v128.load(a, 64), v128.load(b, 64)), f64x2.le(v128.load(a, 80), v128.load(b, 80)), f64x2.le(v128.load(a, 96), v128.load(b, 96)), f64x2.le(v128.load(a, 112), v128.load(b, 112)),
    );
    v128.store(to + i, v128.and(m, one));
  }
}

function relate(op: u32, depth: i32, n: usize): void {
  const a = valueAt(depth), b = valueAt(depth + 1);
  const sa = statusAt(depth), sb = statusAt(depth + 1);
  const to = freeStatus(depth);
  const same = i8x16.splat(0), other = i8x16.splat(1);
  if (op < 23) {
    const relation = op - 17;
    if (relation < 2) equalInts(a, b, to, n, relation == 0 ? same : other);
    else if (relation == 2) lessInts(a, b, to, n, same);
    else if (relation == 3) lessInts(b, a, to, n, other);
    else if (relation == 4) lessInts(b, a, to, n, same);
    else lessInts(a, b, to, n, other);
  } else {
    const relation = op - 23;
    if (relation < 2) equalDoubles(a, b, to, n, relation == 0 ? same : other);
    else if (relation == 2) lessDoubles(a, b, to, n);
    else if (relation == 3) atMostDoubles(a, b, to, n);
    else if (relation == 4) lessDoubles(b, a, to, n);
    else atMostDoubles(b, a, to, n);
  }
  put(depth, BOOL, 0, to);
  if (sa != 0 || sb != 0) excuse(orZeros(sa), orZeros(sb), to, n);
}

/** Puts the reason of the left side, else of the right side, over the answer. */
function excuse(left: usize, right: usize, to: usize, n: usize): void {
  const zero = i8x16.splat(0);
  for (let at: usize = 0; at < n; at += 16) {
    const a = v128.load(left + at), b = v128.load(right + at);
    const inner = v128.bitselect(v128.load(to + at), b, i8x16.eq(b, zero));
    v128.store(to + at, v128.bitselect(inner, a, i8x16.eq(a, zero)));
  }
}

/** Truths: == != && || . One side that decides outweighs the other side's error; of two errors the right side's is told. */
function truths(op: u32, depth: i32, n: usize): void {
  const left = statusAt(depth), right = statusAt(depth + 1);
  const to = freeStatus(depth);
  const one = i8x16.splat(1), zero = i8x16.splat(0);
  const decisive = op == 31 ? zero : one;
  for (let at: usize = 0; at < n; at += 16) {
    const a = v128.load(left + at), b = v128.load(right + at);
    const a_bad = i8x16.gt_u(a, one), b_bad = i8x16.gt_u(b, one);
    let r: v128;
    if (op >= 31) {
      const decided = v128.or(i8x16.eq(a, decisive), i8x16.eq(b, decisive));
      r = v128.bitselect(decisive, v128.bitselect(b, a, b_bad), decided);
    } else {
      const equal = v128.and(i8x16.eq(a, b), one);
      r = v128.bitselect(a, v128.bitselect(b, op == 29 ? equal : v128.xor(equal, one), b_bad), a_bad);
    }
    v128.store(to + at, r);
  }
  put(depth, BOOL, 0, to);
}

function negation(depth: i32, n: usize): void {
  const from = statusAt(depth), to = freeStatus(depth);
  const one = i8x16.splat(1);
  for (let at: usize = 0; at < n; at += 16) {
    const a = v128.load(from + at);
    v128.store(to + at, v128.xor(a, v128.andnot(one, i8x16.gt_u(a, one))));
  }
  put(depth, BOOL, 0, to);
}

/** Both branches have been computed; their errors count where they are chosen. */
function choose(depth: i32, n: usize): void {
  const test = statusAt(depth), kind = kindAt(depth + 1);
  const then = orZeros(statusAt(depth + 1)), otherwise = orZeros(statusAt(depth + 2));
  const status = freeStatus(depth);
  const one = i8x16.splat(1);
  for (let at: usize = 0; at < n; at += 16) {
    const t = v128.load(test + at);
    const chosen = v128.bitselect(v128.load(then + at), v128.load(otherwise + at), i8x16.eq(t, one));
    v128.store(status + at, v128.bitselect(t, chosen, i8x16.gt_u(t, one)));
  }
  if (kind == BOOL) return put(depth, BOOL, 0, status);
  const to = freeValues(depth), a = valueAt(depth + 1), b = valueAt(depth + 2);
  for (let i: usize = 0; i < n; i++) store<u64>(to + (i << 3), select<u64>(load<u64>(a + (i << 3)), load<u64>(b + (i << 3)), load<u8>(test + i) == 1));
  put(depth, kind, to, anyStatus(status, n) ? status : 0);
}

/** Whether the value at `depth` equals one of the `items` above it; any of them without a value leaves none. */
function among(items: i32, depth: i32, n: usize): void {
  const a = valueAt(depth), kind = kindAt(depth);
  const to = freeStatus(depth);
  const same = i8x16.splat(0);
  memory.fill(to, 0, n);
  for (let i = 1; i <= items; i++) {
    if (kind == INT) equalInts(a, valueAt(depth + i), EQUALS, n, same);
    else equalDoubles(a, valueAt(depth + i), EQUALS, n, same);
    for (let at: usize = 0; at < n; at += 16) v128.store(to + at, v128.or(v128.load(to + at), v128.load(EQUALS + at)));
  }
  // From the last to the first, so that the first reason is the one that stays.
  for (let i = items; i >= 0; i--) if (statusAt(depth + i) != 0) excuse(statusAt(depth + i), ZEROS, to, n);
  put(depth, BOOL, 0, to);
}

function readInput(i: u32, depth: i32, n: usize): void {
  const kind = inputWord(i, 0);
  const status = STATUS + (<usize>i << 9);
  const clean = kind != BOOL && (inputWord(i, 1) == 1 || !anyStatus(status, n));
  put(depth, kind, VALUES + (<usize>i << 12), clean ? 0 : status);
}

function presence(i: u32, depth: i32, n: usize): void {
  const from = STATUS + (<usize>i << 9);
  const to = freeStatus(depth);
  const one = i8x16.splat(1), missing = i8x16.splat(2);
  for (let at: usize = 0; at < n; at += 16) v128.store(to + at, v128.andnot(one, i8x16.eq(v128.load(from + at), missing)));
  put(depth, BOOL, 0, to);
}

/** Runs the program over the first `rows` rows of VALUES and STATUS, into OUT. */
export function run(rows: u32): void {
  if (instructions == 0 || rows == 0 || rows > 512) return refuse(5);
  const n = <usize>((rows + 15) & ~15);
  let depth = 0;
  for (let i: u32 = 0; i < instructions; i++) {
    const op = codeWord(i, 0), arg = codeWord(i, 1);
    if (op == 0) readInput(arg, depth++, n);
    else if (op == 1) presence(arg, depth++, n);
    else if (op == 34) choose(depth -= 3, n), depth++;
    else if (op == 35) among(<i32>arg, depth -= <i32>arg + 1, n), depth++;
    else if (op == 33) negation(depth - 1, n);
    else if (op == 7 || (op >= 14 && op <= 16)) single(op, depth - 1, n);
    else {
      depth -= 2;
      if (op < 10) integers(op, depth, n);
      else if (op < 14) doubles(op, depth, n);
      else if (op < 29) relate(op, depth, n);
      else truths(op, depth, n);
      depth++;
    }
  }
  const answer = statusAt(0);
  const one = i8x16.splat(1);
  const whole = <usize>(rows & ~15);
  let kept: u32 = 0;
  for (let at: usize = 0; at < n; at += 16) {
    const truth = v128.load(answer + at);
    v128.store(OUT + at, truth);
    const bits = <u32>i8x16.bitmask(i8x16.eq(truth, one));
    kept += popcnt(at < whole ? bits : bits & ((1 << (rows & 15)) - 1));
  }
  store<u32>(REPORT, 0);
  store<u32>(REPORT, rows - kept, 4);
}

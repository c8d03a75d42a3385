/**
 * Sums of points of ristretto255 (RFC 9496): `scalar·point` over many points at once, by Straus with signed windows.
 *
 * Compiled with `--runtime stub --noAssert` and without imports; all memory is static, so a call allocates nothing and two engines compute the
 * same bytes. Not constant time: which digits are zero shows in how long it takes. The typed wrapper in `wasm.ts` is the only caller and keeps
 * inside the exported limits.
 *
 * A field element is ten limbs of 26 and 25 bits in turn, signed, so that a product of two limbs and its carries fit into an i64. Sums are
 * not carried: a product takes limbs of up to 2^28, and every formula below stays under that. A point is X, Y, Z, T of extended twisted Edwards
 * coordinates; a table entry Y+X, Y-X, Z, 2dT (Hisil, Wong, Carter, Dawson 2008, section 3.1).
 */

/** Points that are held at once, each with its table. */
export const SLOTS: i32 = 1088;
/** Bits of a signed digit: digits are odd and below 2^5, one in seven is not zero. */
const WIDTH: i32 = 6;
const ENTRIES: i32 = 16;
const DIGITS: i32 = 256;

const FIELD: usize = 40;
const POINT: usize = 160;
const TABLE: usize = 2560;

/** 64 bytes that are read, 32 that are written; `OK` is 1 where a point was decoded. */
export const INPUT: usize = memory.data(64, 16);
export const OUTPUT: usize = memory.data(32, 16);
export const OK: usize = memory.data(8, 8);
/** Slots of a sum, and their scalars of 32 bytes. */
export const CHOSEN: usize = memory.data(4352, 16);
export const SCALARS: usize = memory.data(34816, 16);

const TABLES: usize = memory.data(2785280, 16);
const NAF: usize = memory.data(278528, 16);

const D: usize = memory.data<i32>([56195235, 13857412, 51736253, 6949390, 114729, 24766616, 60832955, 30306712, 48412415, 21499315]);
const D2: usize = memory.data<i32>([45281625, 27714825, 36363642, 13898781, 229458, 15978800, 54557047, 27058993, 29715967, 9444199]);
const SQRT_M1: usize = memory.data<i32>([34513072, 25610706, 9377949, 3500415, 12389472, 33281959, 41962654, 31548777, 326685, 11406482]);
const ONE_MINUS_D_SQ: usize = memory.data<i32>([6275446, 16937061, 44170319, 29780721, 11667076, 7397348, 39186143, 1766194, 42675006, 672202]);
const D_MINUS_ONE_SQ: usize = memory.data<i32>([15551776, 22456977, 53683765, 23429360, 55212328, 10178283, 40474537, 4729243, 61826754, 23438029]);
const SQRT_AD_MINUS_ONE: usize = memory.data<i32>([24849947, 33400850, 43495378, 6347714, 46036536, 32887293, 41837720, 18186727, 66238516, 14525638]);
const INVSQRT_A_MINUS_D: usize = memory.data<i32>([6111466, 4156064, 39310137, 12243467, 41204824, 120896, 20826367, 26493656, 6093567, 31568420]);
const ONE: usize = memory.data<i32>([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const ZERO: usize = memory.data<i32>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** Field elements that are worked with: some for powers, some for the maps, the rest for points. */
const P: usize = memory.data(160, 8);
const F: usize = memory.data(800, 8);
const SUM: usize = memory.data(160, 8);
const SECOND: usize = memory.data(160, 8);
const DOUBLED: usize = memory.data(160, 8);
const CACHED: usize = memory.data(160, 8);
const BYTES: usize = memory.data(32, 8);

@inline
function limb(f: usize, i: i32): i64 {
  return <i64>load<i32>(f + (<usize>i << 2));
}

@inline
function put(f: usize, i: i32, value: i64): void {
  store<i32>(f + (<usize>i << 2), <i32>value);
}

/** Carries: limbs end within 2^25 and 2^24 of zero. */
@inline
function settle(to: usize, a0: i64, a1: i64, a2: i64, a3: i64, a4: i64, a5: i64, a6: i64, a7: i64, a8: i64, a9: i64): void {
  const HALF26: i64 = 1 << 25;
  const HALF25: i64 = 1 << 24;
  let c = (a0 + HALF26) >> 26; let h1 = a1 + c; let h0 = a0 - (c << 26);
  c = (a4 + HALF26) >> 26; let h5 = a5 + c; let h4 = a4 - (c << 26);
  c = (h1 + HALF25) >> 25; let h2 = a2 + c; h1 -= c << 25;
  c = (h5 + HALF25) >> 25; let h6 = a6 + c; h5 -= c << 25;
  c = (h2 + HALF26) >> 26; let h3 = a3 + c; h2 -= c << 26;
  c = (h6 + HALF26) >> 26; let h7 = a7 + c; h6 -= c << 26;
  c = (h3 + HALF25) >> 25; h4 += c; h3 -= c << 25;
  c = (h7 + HALF25) >> 25; let h8 = a8 + c; h7 -= c << 25;
  c = (h4 + HALF26) >> 26; h5 += c; h4 -= c << 26;
  c = (h8 + HALF26) >> 26; let h9 = a9 + c; h8 -= c << 26;
  c = (h9 + HALF25) >> 25; h0 += c * 19; h9 -= c << 25;
  c = (h0 + HALF26) >> 26; h1 += c; h0 -= c << 26;
  put(to, 0, h0); put(to, 1, h1); put(to, 2, h2); put(to, 3, h3); put(to, 4, h4);
  put(to, 5, h5); put(to, 6, h6); put(to, 7, h7); put(to, 8, h8); put(to, 9, h9);
}

function mul(to: usize, f: usize, g: usize): void {
  const f0 = limb(f, 0);
  const f1 = limb(f, 1);
  const f2 = limb(f, 2);
  const f3 = limb(f, 3);
  const f4 = limb(f, 4);
  const f5 = limb(f, 5);
  const f6 = limb(f, 6);
  const f7 = limb(f, 7);
  const f8 = limb(f, 8);
  const f9 = limb(f, 9);
  const g0 = limb(g, 0);
  const g1 = limb(g, 1);
  const g2 = limb(g, 2);
  const g3 = limb(g, 3);
  const g4 = limb(g, 4);
  const g5 = limb(g, 5);
  const g6 = limb(g, 6);
  const g7 = limb(g, 7);
  const g8 = limb(g, 8);
  const g9 = limb(g, 9);
  const h0 = f0 * g0 + 19 * (f2 * g8 + f4 * g6 + f6 * g4 + f8 * g2) + 38 * (f1 * g9 + f3 * g7 + f5 * g5 + f7 * g3 + f9 * g1);
  const h1 = f0 * g1 + f1 * g0 + 19 * (f2 * g9 + f3 * g8 + f4 * g7 + f5 * g6 + f6 * g5 + f7 * g4 + f8 * g3 + f9 * g2);
  const h2 = f0 * g2 + f2 * g0 + 2 * f1 * g1 + 19 * (f4 * g8 + f6 * g6 + f8 * g4) + 38 * (f3 * g9 + f5 * g7 + f7 * g5 + f9 * g3);
  const h3 = f0 * g3 + f1 * g2 + f2 * g1 + f3 * g0 + 19 * (f4 * g9 + f5 * g8 + f6 * g7 + f7 * g6 + f8 * g5 + f9 * g4);
  const h4 = f0 * g4 + f2 * g2 + f4 * g0 + 2 * (f1 * g3 + f3 * g1) + 19 * (f6 * g8 + f8 * g6) + 38 * (f5 * g9 + f7 * g7 + f9 * g5);
  const h5 = f0 * g5 + f1 * g4 + f2 * g3 + f3 * g2 + f4 * g1 + f5 * g0 + 19 * (f6 * g9 + f7 * g8 + f8 * g7 + f9 * g6);
  const h6 = f0 * g6 + f2 * g4 + f4 * g2 + f6 * g0 + 2 * (f1 * g5 + f3 * g3 + f5 * g1) + 19 * f8 * g8 + 38 * (f7 * g9 + f9 * g7);
  const h7 = f0 * g7 + f1 * g6 + f2 * g5 + f3 * g4 + f4 * g3 + f5 * g2 + f6 * g1 + f7 * g0 + 19 * (f8 * g9 + f9 * g8);
  const h8 = f0 * g8 + f2 * g6 + f4 * g4 + f6 * g2 + f8 * g0 + 2 * (f1 * g7 + f3 * g5 + f5 * g3 + f7 * g1) + 38 * f9 * g9;
  const h9 = f0 * g9 + f1 * g8 + f2 * g7 + f3 * g6 + f4 * g5 + f5 * g4 + f6 * g3 + f7 * g2 + f8 * g1 + f9 * g0;
  settle(to, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9);
}

function square(to: usize, f: usize): void {
  const f0 = limb(f, 0);
  const f1 = limb(f, 1);
  const f2 = limb(f, 2);
  const f3 = limb(f, 3);
  const f4 = limb(f, 4);
  const f5 = limb(f, 5);
  const f6 = limb(f, 6);
  const f7 = limb(f, 7);
  const f8 = limb(f, 8);
  const f9 = limb(f, 9);
  const h0 = f0 * f0 + 38 * (f2 * f8 + f4 * f6 + f5 * f5) + 76 * (f1 * f9 + f3 * f7);
  const h1 = 2 * f0 * f1 + 38 * (f2 * f9 + f3 * f8 + f4 * f7 + f5 * f6);
  const h2 = 2 * (f0 * f2 + f1 * f1) + 19 * f6 * f6 + 38 * f4 * f8 + 76 * (f3 * f9 + f5 * f7);
  const h3 = 2 * (f0 * f3 + f1 * f2) + 38 * (f4 * f9 + f5 * f8 + f6 * f7);
  const h4 = f2 * f2 + 2 * f0 * f4 + 4 * f1 * f3 + 38 * (f6 * f8 + f7 * f7) + 76 * f5 * f9;
  const h5 = 2 * (f0 * f5 + f1 * f4 + f2 * f3) + 38 * (f6 * f9 + f7 * f8);
  const h6 = 2 * (f0 * f6 + f2 * f4 + f3 * f3) + 4 * f1 * f5 + 19 * f8 * f8 + 76 * f7 * f9;
  const h7 = 2 * (f0 * f7 + f1 * f6 + f2 * f5 + f3 * f4) + 38 * f8 * f9;
  const h8 = f4 * f4 + 2 * (f0 * f8 + f2 * f6) + 4 * (f1 * f7 + f3 * f5) + 38 * f9 * f9;
  const h9 = 2 * (f0 * f9 + f1 * f8 + f2 * f7 + f3 * f6 + f4 * f5);
  settle(to, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9);
}

@inline
function add(to: usize, f: usize, g: usize): void {
  v128.store(to, i32x4.add(v128.load(f), v128.load(g)));
  v128.store(to + 16, i32x4.add(v128.load(f + 16), v128.load(g + 16)));
  store<i64>(to + 32, i64x2.extract_lane(i32x4.add(v128.load64_zero(f + 32), v128.load64_zero(g + 32)), 0));
}

@inline
function sub(to: usize, f: usize, g: usize): void {
  v128.store(to, i32x4.sub(v128.load(f), v128.load(g)));
  v128.store(to + 16, i32x4.sub(v128.load(f + 16), v128.load(g + 16)));
  store<i64>(to + 32, i64x2.extract_lane(i32x4.sub(v128.load64_zero(f + 32), v128.load64_zero(g + 32)), 0));
}

function copy(to: usize, f: usize, bytes: usize): void {
  memory.copy(to, f, bytes);
}

function negate(to: usize, f: usize): void {
  sub(to, ZERO, f);
}

/** The 32 bytes of the number between 0 and p. */
function toBytes(to: usize, f: usize): void {
  settle(F + 760, limb(f, 0), limb(f, 1), limb(f, 2), limb(f, 3), limb(f, 4), limb(f, 5), limb(f, 6), limb(f, 7), limb(f, 8), limb(f, 9));
  const h = F + 760;
  let q = (19 * limb(h, 9) + (1 << 24)) >> 25;
  for (let i = 0; i < 10; i++) q = (limb(h, i) + q) >> <i64>(26 - (i & 1));
  let carry: i64 = 19 * q;
  for (let i = 0; i < 10; i++) {
    const width = <i64>(26 - (i & 1));
    const value = limb(h, i) + carry;
    carry = value >> width;
    put(h, i, value - (carry << width));
  }
  let bits: i64 = 0;
  let have: i64 = 0;
  let at = 0;
  for (let i = 0; i < 10; i++) {
    bits |= limb(h, i) << have;
    have += <i64>(26 - (i & 1));
    while (have >= 8 && at < 31) {
      store<u8>(to + at++, <u8>bits);
      bits >>= 8;
      have -= 8;
    }
  }
  store<u8>(to + 31, <u8>bits);
}

/** The lowest 255 bits of 32 bytes. */
function fromBytes(to: usize, from: usize): void {
  let bits: i64 = 0;
  let have: i64 = 0;
  let at = 0;
  for (let i = 0; i < 10; i++) {
    const width = <i64>(26 - (i & 1));
    while (have < width && at < 32) {
      bits |= <i64>load<u8>(from + at++) << have;
      have += 8;
    }
    put(to, i, bits & ((<i64>1 << width) - 1));
    bits >>= width;
    have -= width;
  }
}

function isZero(f: usize): bool {
  toBytes(BYTES, f);
  return (load<u64>(BYTES) | load<u64>(BYTES + 8) | load<u64>(BYTES + 16) | load<u64>(BYTES + 24)) == 0;
}

function isNegative(f: usize): bool {
  toBytes(BYTES, f);
  return (load<u8>(BYTES) & 1) != 0;
}

function isEqual(f: usize, g: usize): bool {
  sub(F + 720, f, g);
  return isZero(F + 720);
}

function absolute(f: usize): void {
  if (isNegative(f)) negate(f, f);
}

function squares(to: usize, f: usize, count: i32): void {
  square(to, f);
  for (let i = 1; i < count; i++) square(to, to);
}

/** f^((p-5)/8), by the usual chain. */
function power(to: usize, f: usize): void {
  const t0 = P;
  const t1 = P + FIELD;
  const t2 = P + 2 * FIELD;
  square(t0, f);
  squares(t1, t0, 2);
  mul(t1, f, t1);
  mul(t0, t0, t1);
  square(t0, t0);
  mul(t0, t1, t0);
  squares(t1, t0, 5);
  mul(t0, t1, t0);
  squares(t1, t0, 10);
  mul(t1, t1, t0);
  squares(t2, t1, 20);
  mul(t1, t2, t1);
  squares(t1, t1, 10);
  mul(t0, t1, t0);
  squares(t1, t0, 50);
  mul(t1, t1, t0);
  squares(t2, t1, 100);
  mul(t1, t2, t1);
  squares(t1, t1, 50);
  mul(t0, t1, t0);
  squares(t0, t0, 2);
  mul(to, t0, f);
}

/** SQRT_RATIO_M1 (RFC 9496, section 4.2): the root of u/v, or of its product with the root of -1; true where it was a square. */
function rootOfRatio(to: usize, u: usize, v: usize): bool {
  const t = F + 640;
  const w = F + 680;
  square(t, v);
  mul(t, t, v);
  square(w, t);
  mul(w, w, v);
  mul(w, w, u);
  power(w, w);
  mul(w, w, t);
  mul(to, w, u);
  square(t, to);
  mul(t, t, v);
  const correct = isEqual(t, u);
  negate(w, u);
  const flipped = isEqual(t, w);
  mul(w, w, SQRT_M1);
  const turned = isEqual(t, w);
  if (flipped || turned) mul(to, to, SQRT_M1);
  absolute(to);
  return correct || flipped;
}

/** Y+X, Y-X, Z, 2dT of a point. */
function cache(to: usize, p: usize): void {
  add(to, p + FIELD, p);
  sub(to + FIELD, p + FIELD, p);
  copy(to + 2 * FIELD, p + 2 * FIELD, FIELD);
  mul(to + 3 * FIELD, p + 3 * FIELD, D2);
}

/** p + q, where q is cached; p - q where `minus`. */
@inline
function addCached(to: usize, p: usize, q: usize, minus: bool): void {
  const a = F + 400;
  const b = F + 440;
  const c = F + 480;
  const d = F + 520;
  const e = F + 560;
  const f = F + 600;
  add(a, p + FIELD, p);
  sub(b, p + FIELD, p);
  mul(a, a, minus ? q + FIELD : q);
  mul(b, b, minus ? q : q + FIELD);
  mul(c, q + 3 * FIELD, p + 3 * FIELD);
  mul(d, p + 2 * FIELD, q + 2 * FIELD);
  add(d, d, d);
  sub(e, a, b);
  add(f, a, b);
  if (minus) {
    sub(a, d, c);
    add(b, d, c);
  } else {
    add(a, d, c);
    sub(b, d, c);
  }
  mul(to, e, b);
  mul(to + FIELD, f, a);
  mul(to + 2 * FIELD, a, b);
  mul(to + 3 * FIELD, e, f);
}

/** 2p; T only where the next step reads it. */
@inline
function double(to: usize, p: usize, with_t: bool): void {
  const a = F + 400;
  const b = F + 440;
  const c = F + 480;
  const d = F + 520;
  const e = F + 560;
  square(a, p);
  square(b, p + FIELD);
  square(c, p + 2 * FIELD);
  add(c, c, c);
  add(d, p, p + FIELD);
  square(d, d);
  add(e, b, a);
  sub(b, b, a);
  sub(d, d, e);
  sub(c, c, b);
  mul(to, d, c);
  mul(to + FIELD, e, b);
  mul(to + 2 * FIELD, b, c);
  if (with_t) mul(to + 3 * FIELD, d, e);
}

/** The odd multiples 1P to 31P of SUM into a slot's table. */
function tabulate(slot: i32): void {
  let entry = TABLES + <usize>slot * TABLE;
  cache(entry, SUM);
  double(DOUBLED, SUM, true);
  cache(CACHED, DOUBLED);
  for (let i = 1; i < ENTRIES; i++) {
    addCached(SUM, SUM, CACHED, false);
    entry += POINT;
    cache(entry, SUM);
  }
}

/** Section 4.3.1: INPUT as a point, into a slot. */
export function decode(slot: i32): void {
  const s = F;
  const ss = F + 40;
  const u1 = F + 80;
  const u2 = F + 120;
  const v = F + 160;
  const root = F + 200;
  const x = F + 240;
  const y = F + 280;
  const u22 = F + 320;
  store<i32>(OK, 0);
  fromBytes(s, INPUT);
  toBytes(BYTES, s);
  for (let i = 0; i < 32; i++) if (load<u8>(BYTES + i) != load<u8>(INPUT + i)) return;
  if ((load<u8>(INPUT) & 1) != 0) return;
  square(ss, s);
  sub(u1, ONE, ss);
  add(u2, ONE, ss);
  square(u22, u2);
  square(v, u1);
  mul(v, v, D);
  negate(v, v);
  sub(v, v, u22);
  mul(x, v, u22);
  const was_square = rootOfRatio(root, ONE, x);
  mul(x, root, u2);
  mul(y, root, x);
  mul(y, y, v);
  add(s, s, s);
  mul(x, s, x);
  absolute(x);
  mul(y, u1, y);
  copy(SUM, x, FIELD);
  copy(SUM + FIELD, y, FIELD);
  copy(SUM + 2 * FIELD, ONE, FIELD);
  mul(SUM + 3 * FIELD, x, y);
  if (!was_square || isNegative(SUM + 3 * FIELD) || isZero(y)) return;
  store<i32>(OK, 1);
  tabulate(slot);
}

/** Section 4.3.2: SUM as bytes, into OUTPUT. */
function encode(): void {
  const u1 = F;
  const u2 = F + 40;
  const root = F + 80;
  const den1 = F + 120;
  const den2 = F + 160;
  const z_inv = F + 200;
  const x = F + 240;
  const y = F + 280;
  const t = F + 320;
  add(u1, SUM + 2 * FIELD, SUM + FIELD);
  sub(t, SUM + 2 * FIELD, SUM + FIELD);
  mul(u1, u1, t);
  mul(u2, SUM, SUM + FIELD);
  square(t, u2);
  mul(t, u1, t);
  rootOfRatio(root, ONE, t);
  mul(den1, root, u1);
  mul(den2, root, u2);
  mul(z_inv, den1, den2);
  mul(z_inv, z_inv, SUM + 3 * FIELD);
  mul(t, SUM + 3 * FIELD, z_inv);
  if (isNegative(t)) {
    mul(x, SUM + FIELD, SQRT_M1);
    mul(y, SUM, SQRT_M1);
    mul(den2, den1, INVSQRT_A_MINUS_D);
  } else {
    copy(x, SUM, FIELD);
    copy(y, SUM + FIELD, FIELD);
  }
  mul(t, x, z_inv);
  if (isNegative(t)) negate(y, y);
  sub(t, SUM + 2 * FIELD, y);
  mul(t, den2, t);
  absolute(t);
  toBytes(OUTPUT, t);
}

/** MAP (section 4.3.4) of 32 bytes, into a point. */
function elligator(to: usize, from: usize): void {
  const r = F;
  const u = F + 40;
  const v = F + 80;
  const s = F + 120;
  const n = F + 160;
  const c = F + 200;
  const t = F + 240;
  const e = F + 280;
  fromBytes(t, from);
  square(r, t);
  mul(r, r, SQRT_M1);
  add(u, r, ONE);
  mul(u, u, ONE_MINUS_D_SQ);
  mul(v, r, D);
  negate(v, v);
  sub(v, v, ONE);
  add(e, r, D);
  mul(v, v, e);
  negate(c, ONE);
  if (!rootOfRatio(s, u, v)) {
    mul(s, s, t);
    absolute(s);
    negate(s, s);
    copy(c, r, FIELD);
  }
  sub(n, r, ONE);
  mul(n, n, c);
  mul(n, n, D_MINUS_ONE_SQ);
  sub(n, n, v);
  mul(u, s, v);
  add(u, u, u);
  mul(n, n, SQRT_AD_MINUS_ONE);
  square(s, s);
  sub(e, ONE, s);
  add(s, ONE, s);
  mul(to, u, s);
  mul(to + FIELD, e, n);
  mul(to + 2 * FIELD, n, s);
  mul(to + 3 * FIELD, u, e);
}

/** Section 4.3.4: the point that 64 uniform bytes in INPUT stand for, into a slot. */
export function derive(slot: i32): void {
  elligator(SECOND, INPUT);
  elligator(SUM, INPUT + 32);
  cache(CACHED, SECOND);
  addCached(SUM, SUM, CACHED, false);
  tabulate(slot);
}

/** Signed odd digits of a scalar, most of them zero, into column `i`; the highest that is not comes back. A row holds one bit's digits of all scalars. */
function digits(column: i32, scalar: usize): i32 {
  let carry = 0;
  let highest = -1;
  let i = 0;
  while (i < DIGITS) {
    // Past the last byte lies the next scalar: what is read from it is masked away.
    const window = <i32>(load<u32>(scalar + <usize>(i >> 3)) >> (i & 7));
    const left = DIGITS - i;
    const mask = left < WIDTH ? (1 << left) - 1 : (1 << WIDTH) - 1;
    const value = (window & mask) + carry;
    if ((value & 1) == 0) {
      i++;
      continue;
    }
    const digit = value >= 1 << (WIDTH - 1) ? value - (1 << WIDTH) : value;
    carry = digit < 0 ? 1 : 0;
    store<i8>(NAF + <usize>(i * SLOTS + column), <i8>digit);
    highest = i;
    i += WIDTH;
  }
  return highest;
}

/** The sum of `count` slots, each times its scalar below 2^253; its encoding in OUTPUT. */
export function sum(count: i32): void {
  const eights = (count + 7) & ~7;
  for (let at = 0; at < DIGITS; at++) memory.fill(NAF + <usize>(at * SLOTS), 0, eights);
  let highest = -1;
  for (let i = 0; i < count; i++) highest = max(highest, digits(i, SCALARS + <usize>(i << 5)));
  copy(SUM, ZERO, FIELD);
  copy(SUM + FIELD, ONE, FIELD);
  copy(SUM + 2 * FIELD, ONE, FIELD);
  copy(SUM + 3 * FIELD, ZERO, FIELD);
  for (let at = highest; at >= 0; at--) {
    double(SUM, SUM, true);
    const row = NAF + <usize>(at * SLOTS);
    for (let i = 0; i < eights; i += 8) {
      let eight = load<u64>(row + <usize>i);
      while (eight != 0) {
        const nth = i + (<i32>ctz(eight) >> 3);
        const digit = <i32>load<i8>(row + <usize>nth);
        eight &= ~(<u64>255 << (<u64>(nth - i) << 3));
        addCached(SUM, SUM, TABLES + <usize>load<i32>(CHOSEN + <usize>(nth << 2)) * TABLE + <usize>(abs(digit) >> 1) * POINT, digit < 0);
      }
    }
  }
  encode();
}

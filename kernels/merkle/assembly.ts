/**
 * SHA-256 (FIPS 180-4) of four messages at a time, one message per 32-bit lane.
 *
 * Compiled with `--runtime stub --noAssert` and without imports: all memory is
 * the static arena below, so a call allocates nothing and two engines compute
 * the same bytes. The caller keeps inside the exported limits; the typed
 * wrapper in `wasm.ts` is the only caller.
 *
 * Three things were measured on the engine that matters here (JavaScriptCore):
 * - It turns a shift by a constant into four instructions, one of them a move
 *   between register files that runs once a cycle. A round has 22 shifts, so
 *   that move is the bound; multiplying instead of shifting was slower.
 * - The message schedule therefore runs inside the round loop, where it hides
 *   behind the rounds' latency: 128 ns a block and lane in two loops, 96 in one.
 * - Eight or more rounds per iteration spill registers: 131 ns.
 */

/** Bytes of messages that fit into one call. */
export const ARENA_BYTES: i32 = 262144;
/** Messages, or nodes, that fit into one call. */
export const MESSAGES_MAX: i32 = 4096;

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** W[0..63] of the block at hand, each word as four lanes. */
const W: usize = memory.data(64 * 16, 16);
/** The chaining value, eight words of four lanes. */
const STATE: usize = memory.data(8 * 16, 16);

/** Two u32 per message: its offset in ARENA and its length in bytes. */
export const TABLE: usize = memory.data(4096 * 8, 16);
/** One 32-byte digest per message; three more, because lanes past the last message write too. */
export const DIGESTS: usize = memory.data(4099 * 32, 16);
/** A node's first load starts one byte before its children, where the prefix byte belongs. */
const BEFORE: usize = memory.data(64, 64);
export const ARENA: usize = memory.data(262144 + 128, 64);

@inline
function rotr(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

/** Turns each 32-bit lane from big endian to native and back. */
@inline
function flip(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Stores the columns of four rows of four words as rows at `to`, `to + stride`, ... */
@inline
function transpose(a: v128, b: v128, c: v128, d: v128, to: usize, stride: usize): void {
  const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const CD = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<u64>(ab, cd, 0, 2));
  v128.store(to + stride, v128.shuffle<u64>(ab, cd, 1, 3));
  v128.store(to + 2 * stride, v128.shuffle<u64>(AB, CD, 0, 2));
  v128.store(to + 3 * stride, v128.shuffle<u64>(AB, CD, 1, 3));
}

/** Puts the 64-byte blocks at p, q, r, s into the four lanes of W[0..15]. */
function gather(p: usize, q: usize, r: usize, s: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    transpose(
      flip(v128.load(p + i)), flip(v128.load(q + i)), flip(v128.load(r + i)), flip(v128.load(s + i)),
      W + 4 * i, 16,
    );
  }
}

/** The initial chaining value (FIPS 180-4, 5.3.3). */
function reset(): void {
  v128.store(STATE, i32x4.splat(0x6a09e667));
  v128.store(STATE, i32x4.splat(0xbb67ae85), 16);
  v128.store(STATE, i32x4.splat(0x3c6ef372), 32);
  v128.store(STATE, i32x4.splat(0xa54ff53a), 48);
  v128.store(STATE, i32x4.splat(0x510e527f), 64);
  v128.store(STATE, i32x4.splat(0x9b05688c), 80);
  v128.store(STATE, i32x4.splat(0x1f83d9ab), 96);
  v128.store(STATE, i32x4.splat(0x5be0cd19), 112);
}

/** Adds `x` to word `i` of the chaining value, in the lanes that `live` selects. */
@inline
function chain(i: usize, x: v128, live: v128): void {
  const at = STATE + (i << 4);
  const old = v128.load(at);
  v128.store(at, i32x4.add(old, v128.and(x, live)));
}

/** One block in each lane of `live` (FIPS 180-4, 6.2.2); the order of the additions is for latency. */
function compress(live: v128): void {
  let a = v128.load(STATE), b = v128.load(STATE, 16), c = v128.load(STATE, 32), d = v128.load(STATE, 48);
  let e = v128.load(STATE, 64), f = v128.load(STATE, 80), g = v128.load(STATE, 96), h = v128.load(STATE, 112);
  for (let t: usize = 0; t < 64; t++) {
    const w = W + (t << 4);
    const wt = v128.load(w);
    if (t < 48) {
      const w1 = v128.load(w, 1 * 16);
      const w14 = v128.load(w, 14 * 16);
      const s0 = v128.xor(v128.xor(rotr(w1, 7), rotr(w1, 18)), i32x4.shr_u(w1, 3));
      const s1 = v128.xor(v128.xor(rotr(w14, 17), rotr(w14, 19)), i32x4.shr_u(w14, 10));
      v128.store(w, i32x4.add(i32x4.add(i32x4.add(wt, v128.load(w, 9 * 16)), s0), s1), 16 * 16);
    }
    const ch = v128.xor(g, v128.and(e, v128.xor(f, g)));
    const early = i32x4.add(i32x4.add(i32x4.add(h, v128.load32_splat(K + (t << 2))), wt), ch);
    const S1 = v128.xor(v128.xor(rotr(e, 6), rotr(e, 11)), rotr(e, 25));
    const S0 = v128.xor(v128.xor(rotr(a, 2), rotr(a, 13)), rotr(a, 22));
    const maj = v128.xor(v128.and(v128.xor(a, b), v128.xor(b, c)), b);
    h = g; g = f; f = e;
    e = i32x4.add(i32x4.add(d, early), S1);
    d = c; c = b; b = a;
    a = i32x4.add(i32x4.add(i32x4.add(early, S1), maj), S0);
  }
  chain(0, a, live); chain(1, b, live); chain(2, c, live); chain(3, d, live);
  chain(4, e, live); chain(5, f, live); chain(6, g, live); chain(7, h, live);
}

/** Writes the four digests in STATE to DIGESTS[i .. i + 3]. */
function digests(i: i32): void {
  const to = DIGESTS + (<usize>i << 5);
  transpose(
    flip(v128.load(STATE)), flip(v128.load(STATE, 16)), flip(v128.load(STATE, 32)), flip(v128.load(STATE, 48)),
    to, 32,
  );
  transpose(
    flip(v128.load(STATE, 64)), flip(v128.load(STATE, 80)), flip(v128.load(STATE, 96)), flip(v128.load(STATE, 112)),
    to + 16, 32,
  );
}

/** Blocks a message of `length` bytes takes with its padding: one 0x80 byte and an eight-byte length. */
@inline
function blocks(length: u32): u32 {
  return (length + 72) >> 6;
}

/**
 * Writes the padding (FIPS 180-4, 5.1.1) behind the last `tail` bytes of a
 * message of `total` bytes. By hand, because memory.fill is a call out of the
 * kernel; blocks are 64-byte aligned, so the stores never pass their end.
 */
function pad(at: usize, tail: u32, total: u64): void {
  const end = at + (<usize>blocks(tail) << 6);
  let to = at + tail;
  store<u8>(to++, 0x80);
  while (to & 7) store<u8>(to++, 0);
  for (; to < end - 8; to += 8) store<u64>(to, 0);
  store<u64>(end - 8, bswap<u64>(total << 3));
}

@inline
function lanes(a: u32, b: u32, c: u32, d: u32): v128 {
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(a), 1, b), 2, c), 3, d);
}

@inline
function offset(i: i32): usize {
  return ARENA + load<u32>(TABLE + (<usize>i << 3));
}

@inline
function length(i: i32): u32 {
  return load<u32>(TABLE + (<usize>i << 3), 4);
}

/**
 * Hashes messages 0 .. count - 1 of TABLE into DIGESTS. Each has room for its
 * padding in ARENA. Four messages run until the longest of them is done, so
 * neighbours of equal length waste nothing.
 */
export function messages(count: i32): void {
  for (let i = 0; i < count; i++) pad(offset(i), length(i), length(i));
  const last = count - 1;
  for (let i = 0; i < count; i += 4) {
    // Lanes past the end repeat the last message; their digests are never read.
    const j = min(i + 1, last), k = min(i + 2, last), l = min(i + 3, last);
    const n = lanes(blocks(length(i)), blocks(length(j)), blocks(length(k)), blocks(length(l)));
    reset();
    let done = 0;
    let live = i32x4.gt_s(n, i32x4.splat(0));
    while (v128.any_true(live)) {
      const at = <usize>done << 6;
      gather(offset(i) + at, offset(j) + at, offset(k) + at, offset(l) + at);
      compress(live);
      live = i32x4.gt_s(n, i32x4.splat(++done));
    }
    digests(i);
  }
}

/**
 * SHA-256(0x01 || left || right) of `count` pairs that lie side by side from
 * ARENA on (RFC 9162, 2.1.1), into DIGESTS. 65 bytes are two blocks, and all of
 * the second but its first byte is padding.
 */
export function nodes(count: i32): void {
  const all = i32x4.splat(-1);
  const rest = i32x4.splat(0x00ffffff);
  const prefix = i32x4.splat(0x01000000);
  const marker = i32x4.splat(0x00800000);
  const zero = i32x4.splat(0);
  const last = count - 1;
  for (let i = 0; i < count; i += 4) {
    const p = ARENA + (<usize>i << 6);
    const q = ARENA + (<usize>min(i + 1, last) << 6);
    const r = ARENA + (<usize>min(i + 2, last) << 6);
    const s = ARENA + (<usize>min(i + 3, last) << 6);
    reset();
    gather(p - 1, q - 1, r - 1, s - 1);
    v128.store(W, v128.or(v128.and(v128.load(W), rest), prefix));
    compress(all);
    const ends = lanes(load<u8>(p, 63), load<u8>(q, 63), load<u8>(r, 63), load<u8>(s, 63));
    v128.store(W, v128.or(i32x4.shl(ends, 24), marker));
    for (let t: usize = 16; t < 240; t += 16) v128.store(W + t, zero);
    v128.store(W, i32x4.splat(65 * 8), 240);
    compress(all);
    digests(i);
  }
}

/** Begins one message of any length, fed through `absorb` and ended by `finish`. */
export function begin(): void {
  reset();
}

/** Adds `count` whole blocks that lie in ARENA; all four lanes compute the same. */
export function absorb(count: i32): void {
  const all = i32x4.splat(-1);
  for (let i = 0; i < count; i++) {
    const at = ARENA + (<usize>i << 6);
    gather(at, at, at, at);
    compress(all);
  }
}

/** Ends the message with the `tail` bytes in ARENA, fewer than a block; `total` is its whole length in bytes. */
export function finish(tail: i32, total: f64): void {
  pad(ARENA, tail, <u64>total);
  absorb(blocks(tail));
  digests(0);
}

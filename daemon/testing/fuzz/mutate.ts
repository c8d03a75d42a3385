/** Inputs that are almost right: a sound one with a few things wrong, the same for the same seed. */

/** Next whole number below `end`. */
export type Dice = (end: number) => number;

/** Mulberry32: small, and good enough to choose mutations with. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

/** Bytes that mean something to one parser or another. */
const TOKENS = ["\0", "\n", "\r\n", "\t", "  ", '"', "\\", "/", "..", "{", "}", "[", "]", ":", ",", "-", "---", "&a ", "*a ", "<<: ", "!!js/function ", "__proto__", "\u2028", "\ufeff", "\ud800", "1e999", "-0", "9007199254740993", "0x", "=", "@@ -1 +1 @@", "PACK", "tree ", "<", ">", "\u001b[2J", "\uffff"].map((text) => new TextEncoder().encode(text));
const NUMBERS = [0, 1, 0x7f, 0x80, 0xff] as const;
/** What a single input may grow to; long enough to see the square of it. */
const INPUT_BYTES_MAX = 64 * 1024;
const MUTATIONS_MAX = 4;

type Mutation = (bytes: Uint8Array, dice: Dice, other: Uint8Array) => Uint8Array;

const spliced = (bytes: Uint8Array, at: number, drop: number, insert: Uint8Array): Uint8Array => Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)]);
const pieceOf = (bytes: Uint8Array, dice: Dice): Uint8Array => {
  const at = dice(bytes.length + 1);
  return bytes.subarray(at, at + dice(bytes.length - at + 1));
};

const MUTATIONS: readonly Mutation[] = [
  (bytes, dice) => spliced(bytes, dice(bytes.length + 1), 1, Uint8Array.of(dice(256))),
  (bytes, dice) => spliced(bytes, dice(bytes.length + 1), 1, Uint8Array.of((bytes[dice(bytes.length + 1)] ?? 0) ^ (1 << dice(8)))),
  (bytes, dice) => spliced(bytes, dice(bytes.length + 1), 1, Uint8Array.of(NUMBERS[dice(NUMBERS.length)] ?? 0)),
  (bytes, dice) => spliced(bytes, dice(bytes.length + 1), dice(16), new Uint8Array()),
  (bytes, dice) => bytes.subarray(0, dice(bytes.length + 1)),
  (bytes, dice) => spliced(bytes, dice(bytes.length + 1), 0, TOKENS[dice(TOKENS.length)] ?? new Uint8Array()),
  (bytes, dice) => spliced(bytes, dice(bytes.length + 1), 0, pieceOf(bytes, dice)),
  (bytes, dice, other) => spliced(bytes, dice(bytes.length + 1), dice(32), pieceOf(other, dice)),
  (bytes, dice) => spliced(bytes, dice(bytes.length + 1), 0, repeated(TOKENS[dice(TOKENS.length)] ?? new Uint8Array(), 1 << dice(14))),
  (bytes, dice) => spliced(bytes, dice(bytes.length + 1), 0, repeated(pieceOf(bytes, dice), 1 << dice(10))),
];

function repeated(piece: Uint8Array, times: number): Uint8Array {
  if (piece.length === 0) return piece;
  const count = Math.min(times, Math.ceil(INPUT_BYTES_MAX / piece.length));
  const out = new Uint8Array(piece.length * count);
  for (let i = 0; i < count; i++) out.set(piece, i * piece.length);
  return out;
}

/** One of the sound inputs, changed one to four times. */
export function mutated(sound: readonly Uint8Array[], dice: Dice): Uint8Array {
  const pick = (): Uint8Array => sound[dice(sound.length)] ?? new Uint8Array();
  let bytes = pick();
  for (let left = 1 + dice(MUTATIONS_MAX); left > 0; left--) {
    const mutation = MUTATIONS[dice(MUTATIONS.length)];
    if (mutation !== undefined) bytes = mutation(bytes, dice, pick());
  }
  return bytes.slice(0, INPUT_BYTES_MAX);
}

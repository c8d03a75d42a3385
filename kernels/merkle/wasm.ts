/** SHA-256 in WebAssembly: four messages at a time, the same bytes on every machine and in a page. */
import { kernelBytes, loadKernel } from "../loader.ts";
import { HASH_BYTES, type Hasher, LEAF_PREFIX, pairCount } from "./hasher.ts";
import reference from "./merkle.wasm" with { type: "file" };

const BLOCK_BYTES = 64;

const SHAPE = {
  ARENA: "constant",
  ARENA_BYTES: "constant",
  TABLE: "constant",
  DIGESTS: "constant",
  MESSAGES_MAX: "constant",
  messages: "function",
  nodes: "function",
  begin: "function",
  absorb: "function",
  finish: "function",
} as const;

/** What stands before a message: the byte is written, and overwritten by the message where the length is 0. */
interface Prefix {
  readonly byte: number;
  readonly length: 0 | 1;
}
const NO_PREFIX: Prefix = { byte: 0, length: 0 };
const LEAF: Prefix = { byte: LEAF_PREFIX, length: 1 };

/** Bytes of the blocks a message of `length` bytes fills: one 0x80 byte and an eight-byte length behind it. */
const paddedBytes = (length: number): number => Math.ceil((length + 9) / BLOCK_BYTES) * BLOCK_BYTES;

/**
 * A hasher on its own instance of the kernel. `bytes` is the compiled kernel;
 * by default the one beside this file. Not re-entrant, and nothing here awaits.
 */
export function createWasmHasher(bytes: Uint8Array<ArrayBuffer> = kernelBytes(reference)): Hasher {
  const kernel = loadKernel(bytes, SHAPE);
  const { memory, ARENA, ARENA_BYTES, DIGESTS, MESSAGES_MAX } = kernel;
  const arena = memory.subarray(ARENA, ARENA + ARENA_BYTES);
  const table = new Uint32Array(memory.buffer, kernel.TABLE, 2 * MESSAGES_MAX);

  /** Copies the first `count` digests of the last call to hash `at` of `out`. */
  const takeDigests = (count: number, out: Uint8Array, at: number): void =>
    out.set(memory.subarray(DIGESTS, DIGESTS + count * HASH_BYTES), at * HASH_BYTES);

  /** Streams one message of any length, with its prefix, through a single lane. */
  const hashLong = (prefix: Prefix, message: Uint8Array, out: Uint8Array, at: number): void => {
    kernel.begin();
    arena[0] = prefix.byte;
    let filled = prefix.length;
    let taken = 0;
    for (;;) {
      const part = message.subarray(taken, taken + ARENA_BYTES - filled);
      arena.set(part, filled);
      taken += part.length;
      filled += part.length;
      if (filled < ARENA_BYTES) break;
      kernel.absorb(ARENA_BYTES / BLOCK_BYTES);
      filled = 0;
    }
    const whole = Math.floor(filled / BLOCK_BYTES);
    kernel.absorb(whole);
    arena.copyWithin(0, whole * BLOCK_BYTES, filled);
    kernel.finish(filled % BLOCK_BYTES, prefix.length + message.length);
    takeDigests(1, out, at);
  };

  /** SHA-256(prefix || message) of each message, packed. */
  const hashAll = (prefix: Prefix, messages: readonly Uint8Array[]): Uint8Array => {
    const out = new Uint8Array(messages.length * HASH_BYTES);
    let used = 0;
    let waiting = 0;
    const flush = (before: number): void => {
      if (waiting > 0) {
        kernel.messages(waiting);
        takeDigests(waiting, out, before - waiting);
      }
      used = waiting = 0;
    };
    messages.forEach((message, i) => {
      const room = paddedBytes(prefix.length + message.length);
      if (used + room > ARENA_BYTES || waiting === MESSAGES_MAX) flush(i);
      if (room > ARENA_BYTES) {
        hashLong(prefix, message, out, i);
        return;
      }
      arena[used] = prefix.byte;
      arena.set(message, used + prefix.length);
      table[2 * waiting] = used;
      table[2 * waiting + 1] = prefix.length + message.length;
      used += room;
      waiting += 1;
    });
    flush(messages.length);
    return out;
  };

  return {
    name: "wasm",
    sha256: (message) => hashAll(NO_PREFIX, [message]),
    leafHashes: (leaves) => hashAll(LEAF, leaves),
    nodeHashes: (children) => {
      const pairs = pairCount(children);
      const out = new Uint8Array(pairs * HASH_BYTES);
      for (let at = 0; at < pairs; at += MESSAGES_MAX) {
        const count = Math.min(MESSAGES_MAX, pairs - at);
        arena.set(children.subarray(at * 2 * HASH_BYTES, (at + count) * 2 * HASH_BYTES));
        kernel.nodes(count);
        takeDigests(count, out, at);
      }
      return out;
    },
  };
}

import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../testing/random.ts";
import { RANDOM_BYTES_MAX, type Random, systemRandom } from "./random.ts";

describe.each<[string, Random]>([
  ["systemRandom", systemRandom],
  ["SeededRandom", new SeededRandom(1)],
])("%s", (_, random) => {
  test("gives as many bytes as asked for, never the same twice", () => {
    expect(random.bytes(0).length).toBe(0);
    expect(random.bytes(33).length).toBe(33);
    const seen = new Set(Array.from({ length: 1_000 }, () => Buffer.from(random.bytes(16)).toString("hex")));
    expect(seen.size).toBe(1_000);
  });

  test("uses all 256 byte values about equally", () => {
    const counts = new Uint32Array(256);
    for (let i = 0; i < 64; i++) for (const byte of random.bytes(RANDOM_BYTES_MAX)) counts[byte] = (counts[byte] ?? 0) + 1;
    // 1,024 expected of each, standard deviation 32: seven of them is out of reach for a sound source.
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_248);
  });

  test.each([-1, 1.5, RANDOM_BYTES_MAX + 1, Number.NaN])("refuses to give %d bytes", (n) => {
    expect(() => random.bytes(n)).toThrow(RangeError);
  });
});

test("a seed repeats its bytes, however they are asked for; another seed does not", () => {
  const whole = new SeededRandom("seed 7").bytes(100);
  const pieces = new SeededRandom("seed 7");
  const joined = Buffer.concat([pieces.bytes(1), pieces.bytes(63), pieces.bytes(36)]);
  expect(joined.equals(whole)).toBe(true);
  expect(Buffer.from(new SeededRandom("seed 8").bytes(100)).equals(whole)).toBe(false);
});

test("the seeded bytes are the same on every machine", () => {
  expect(Buffer.from(new SeededRandom(1).bytes(8)).toString("hex")).toBe(Bun.SHA256.hash("1\0" + "0", "hex").slice(0, 16));
});

/** One number of everything the kernel can be asked, over a log made of integers alone: the same in every engine, or the kernel is not what decides. Used by tests. */
import type { OffPolicy } from "./wasm.ts";

const ROWS = 6_003;
const POINTS = [1, 2, 777, 2_048, 2_049, ROWS];
const SPECIAL = 400;

/** Numbers from 1 to 1024 over 1024, from a generator that has no other operation than those of 32-bit integers. */
function columns(): () => Float64Array {
  let state = 2_463_534_242;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) % 1_024) + 1;
  };
  return () => Float64Array.from({ length: ROWS }, () => next() / 1_024);
}

const numbersOf = (value: unknown): number[] => (typeof value === "number" ? [value] : value === null ? [] : Object.values(value as object).flatMap(numbersOf));

/** FNV-1a, 64 bits, over the doubles' bytes, least first. */
function hashOf(numbers: readonly number[]): string {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  let hash = 0xcbf29ce484222325n;
  for (const number of numbers) {
    view.setFloat64(0, number, true);
    for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, "0");
}

/** By what was asked, so that a difference names its function. */
export function digestsOf(kernel: OffPolicy): Readonly<Record<string, string>> {
  const column = columns();
  const decisions = { p_eval: column(), p_log: column(), reward: column() };
  const model = { q_logged: column(), q_pi: column() };
  const places = Array.from({ length: SPECIAL }, (_, i) => (i + 1) / 8);
  const seen = {
    estimates: numbersOf([kernel.estimate(decisions, model), kernel.estimate(decisions, null)]),
    sequence: numbersOf(kernel.sequence(decisions, 0, 1, 0.05, POINTS)),
    betting: [0.05, 0.001, 1e-12].map((alpha) => kernel.bettingLower(decisions.reward, alpha)),
    bootstrap: [...kernel.bootstrap(decisions.reward, decisions.p_log, 40, 7), ...kernel.bootstrap(decisions.reward, null, 40, 8)],
    functions: places.flatMap((x) => [kernel.ln(x), kernel.exp(x), kernel.exp(-x), kernel.gammaLn(x), kernel.lowerGammaLn(x, x + 1), kernel.lowerGammaLn(x * x, 20), kernel.lowerGammaLn(1e7 * x, 1e7 * x + 3_000)]),
  };
  return Object.fromEntries(Object.entries(seen).map(([name, numbers]) => [name, `${numbers.length} ${hashOf(numbers)}`]));
}

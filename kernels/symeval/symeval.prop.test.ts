/** The kernel against the obvious interpreter, and against whatever is written where a program should stand. */
import { describe, expect, test } from "bun:test";
import { encodeProgram, INPUTS_MAX, INSTRUCTIONS_MAX, type Instruction, PROGRAM_BYTES_MAX, type Program, STACK_MAX, TRUE } from "./program.ts";
import { cellOf, interpret, isWhole } from "./reference.ts";
import { depthOf, Programs } from "./vectors/programs.ts";
import { createEvaluator } from "./wasm.ts";
import { SEED } from "../../daemon/testing/seed.ts";

/** mulberry32. */
function dice(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  };
}

/** The reference's answers, as the kernel writes them. */
function expected(program: Program, columns: Parameters<ReturnType<typeof createEvaluator>["run"]>[0], rows: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const cell = interpret(program, program.inputs.map((input, i) => cellOf(input, columns[i] ?? null, row)));
    return "why" in cell ? cell.why : Number(cell.value);
  });
}

test(`kernel and reference give the same bit for every row, seed ${SEED}`, () => {
  const below = dice(SEED);
  const programs = new Programs(below);
  const evaluator = createEvaluator();
  const seen = [0, 0, 0, 0];
  let compared = 0;
  while (compared < 100_000) {
    const program = programs.program(1 + below(5));
    if (depthOf(program) > STACK_MAX || program.code.length > INSTRUCTIONS_MAX) continue;
    const rows = 1 + below(90);
    const columns = programs.columns(program.inputs, rows, [0, 0, 8, 40][below(4)]!);
    const out = new Uint8Array(rows);
    expect(evaluator.load(encodeProgram(program))).toBeNull();
    const broken = evaluator.run(columns, rows, out);
    const wanted = expected(program, columns, rows);
    if (Buffer.compare(out, Uint8Array.from(wanted)) !== 0) expect({ seed: SEED, program, out: [...out] }).toEqual({ seed: SEED, program, out: wanted });
    expect(broken).toBe(wanted.filter((truth) => truth !== TRUE).length);
    for (const truth of wanted) seen[truth]! += 1;
    compared += rows;
  }
  expect(Math.min(...seen)).toBeGreaterThan(1_000);
}, 60_000);

test("batches of more rows than one go through whole", () => {
  const programs = new Programs(dice(1));
  const program: Program = { inputs: programs.inputs().slice(0, 6), code: [{ op: "input", arg: 0 }, { op: "input", arg: 3 }, { op: "at_most", arg: 0 }] };
  const evaluator = createEvaluator();
  for (const rows of [1, 15, 16, 17, 511, 512, 513, 1_100]) {
    const columns = programs.columns(program.inputs, rows, 5);
    const out = new Uint8Array(rows);
    expect(evaluator.load(encodeProgram(program))).toBeNull();
    evaluator.run(columns, rows, out);
    expect([...out]).toEqual(expected(program, columns, rows));
  }
});

describe("attacks on the loader", () => {
  const program = new Programs(dice(2)).program(4);
  const good = encodeProgram(program);
  const words = (change: (view: DataView, inputs: number) => void): Uint8Array => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer), program.inputs.length);
    return bytes;
  };
  const attacks: readonly (readonly [name: string, bytes: Uint8Array, why: string])[] = [
    ["nothing", new Uint8Array(0), "its form"],
    ["another magic", words((view) => view.setUint32(0, 1, true)), "its form"],
    ["a byte cut off", good.subarray(0, -1), "its form"],
    ["a byte more", Uint8Array.of(...good, 0), "its form"],
    ["inputs that reach beyond its end", words((view) => view.setUint32(4, INPUTS_MAX, true)), "its form"],
    ["a count of inputs that wraps", words((view) => view.setUint32(4, 0x10000000, true)), "its form"],
    ["a count of instructions that wraps", words((view) => view.setUint32(8, 0x20000000, true)), "its form"],
    ["longer than the arena", new Uint8Array(PROGRAM_BYTES_MAX + 1), "its form"],
    ["a kind there is not", words((view) => view.setUint32(12, 3, true)), "an input"],
    ["a constant truth that is no truth", words((view) => (view.setUint32(12, 2, true), view.setUint32(16, 1, true), view.setUint32(20, 7, true))), "an input"],
    ["an operator there is not", words((view, inputs) => view.setUint32(12 + 16 * inputs, 36, true)), "an instruction"],
    ["an input there is not", words((view, inputs) => (view.setUint32(12 + 16 * inputs, 0, true), view.setUint32(16 + 16 * inputs, inputs, true))), "an instruction"],
    ["an operator over an empty stack", words((view, inputs) => (view.setUint32(12 + 16 * inputs, 31, true), view.setUint32(16 + 16 * inputs, 0, true))), "an instruction"],
  ];
  test.each(attacks)("%s", (_name, bytes, why) => {
    const evaluator = createEvaluator();
    expect(evaluator.load(bytes)).toBe(why);
    expect(() => evaluator.run([], 1, new Uint8Array(1))).toThrow("its rows");
  });

  const code = (...instructions: readonly Instruction[]): Uint8Array => encodeProgram({ inputs: [{ kind: "int", constant: 1n }, { kind: "bool", constant: true }], code: instructions });
  const push = { op: "input", arg: 0 } as const;
  test.each([
    ["a stack that overflows", code(...Array.from({ length: STACK_MAX + 1 }, () => push)), "an instruction"],
    ["a number left as the answer", code(push), "its end"],
    ["two answers", code({ op: "input", arg: 1 }, { op: "input", arg: 1 }), "its end"],
    ["a truth added to a number", code(push, { op: "input", arg: 1 }, { op: "add", arg: 0 }), "an instruction"],
    ["more items than there are", code(push, { op: "among", arg: 1 }), "an instruction"],
    ["a count of items that wraps", code(push, { op: "among", arg: 0xffffffff }), "an instruction"],
    ["a choice between kinds", code({ op: "input", arg: 1 }, push, { op: "input", arg: 1 }, { op: "select", arg: 0 }), "an instruction"],
    ["an argument where none belongs", code({ op: "input", arg: 1 }, { op: "not", arg: 9 }), "an instruction"],
  ] as const)("%s", (_name, bytes, why) => {
    expect(createEvaluator().load(bytes)).toBe(why);
  });

  test(`whatever is written there is refused or runs within its memory, seed ${SEED}`, () => {
    const below = dice(SEED);
    const programs = new Programs(below);
    const evaluator = createEvaluator();
    let taken = 0;
    for (let i = 0; i < 20_000; i++) {
      const bytes = encodeProgram(programs.program(1 + below(3)));
      const view = new DataView(bytes.buffer);
      for (let changes = below(4); changes > 0; changes--) view.setUint32(4 * below(bytes.length >> 2), [0, 1, 2, 3, 9, 35, 64, 0xffffffff, below(2 ** 31)][below(9)]!, true);
      // What it reads outside its columns would be a trap here, or another answer below.
      if (evaluator.load(bytes) !== null) continue;
      taken += 1;
      const out = new Uint8Array(20);
      evaluator.run([], 20, out);
      expect(Math.max(...out)).toBeLessThanOrEqual(3);
    }
    expect(taken).toBeGreaterThan(1_000);
  }, 60_000);

  test(`loader and reference agree on which programs are whole, seed ${SEED}`, () => {
    const below = dice(SEED);
    const programs = new Programs(below);
    const evaluator = createEvaluator();
    const seen = new Map<boolean, number>();
    for (let i = 0; i < 20_000; i++) {
      const { inputs, code: right } = programs.program(1 + below(3));
      const spoiled = right.map((one) => (below(10 * right.length) < 6 ? { op: one.op, arg: below(12) } : below(10 * right.length) < 4 ? right[below(right.length)]! : one)).slice(below(12) === 0 ? 1 : 0);
      const whole = isWhole({ inputs, code: spoiled });
      const loaded = evaluator.load(encodeProgram({ inputs, code: spoiled })) === null;
      if (whole !== loaded) expect({ seed: SEED, spoiled, loaded }).toEqual({ seed: SEED, spoiled, loaded: whole });
      seen.set(whole, (seen.get(whole) ?? 0) + 1);
    }
    expect(Math.min(seen.get(true) ?? 0, seen.get(false) ?? 0)).toBeGreaterThan(2_000);
  }, 60_000);
});

/**
 * A condition as postfix code over columns: what the kernel and its reference
 * run. Whoever has a typed expression lowers it to this; nothing here knows
 * of expressions.
 */

/** How an input's rows are kept: 64-bit integers, doubles, or one byte of truth. */
export type Kind = "int" | "double" | "bool";
/** As numbers in the encoded program. */
export const KINDS: readonly Kind[] = ["int", "double", "bool"];

/**
 * What a row says: false, true, or why it says nothing. A number's row has the
 * same byte beside its value, 0 where it is there.
 */
export const FALSE = 0;
export const TRUE = 1;
export const MISSING = 2;
export const ERROR = 3;

export type Input =
  | { readonly kind: Kind; readonly constant: null }
  | { readonly kind: "int"; readonly constant: bigint }
  | { readonly kind: "double"; readonly constant: number }
  | { readonly kind: "bool"; readonly constant: boolean };

interface Shape {
  /** What stands on the stack, the deepest first; `any` twice is the same kind twice. */
  readonly takes: readonly (Kind | "any")[];
  readonly gives: Kind | "any";
  /** What its argument is: an input's place, how many items, or nothing (0). */
  readonly arg: "input" | "items" | "none";
}

const shape = (takes: Shape["takes"], gives: Shape["gives"], arg: Shape["arg"] = "none"): Shape => ({ takes, gives, arg });
const II = ["int", "int"] as const;
const DD = ["double", "double"] as const;
const BB = ["bool", "bool"] as const;

/** By name, in the order of their numbers: assembly.ts has the same. `bounded` sums are those of durations. */
export const OPS = {
  input: shape([], "any", "input"),
  has: shape([], "bool", "input"),
  add: shape(II, "int"),
  subtract: shape(II, "int"),
  multiply: shape(II, "int"),
  divide: shape(II, "int"),
  remainder: shape(II, "int"),
  negate: shape(["int"], "int"),
  add_bounded: shape(II, "int"),
  subtract_bounded: shape(II, "int"),
  add_double: shape(DD, "double"),
  subtract_double: shape(DD, "double"),
  multiply_double: shape(DD, "double"),
  divide_double: shape(DD, "double"),
  negate_double: shape(["double"], "double"),
  to_double: shape(["int"], "double"),
  to_int: shape(["double"], "int"),
  equal: shape(II, "bool"),
  unequal: shape(II, "bool"),
  less: shape(II, "bool"),
  at_most: shape(II, "bool"),
  greater: shape(II, "bool"),
  at_least: shape(II, "bool"),
  equal_double: shape(DD, "bool"),
  unequal_double: shape(DD, "bool"),
  less_double: shape(DD, "bool"),
  at_most_double: shape(DD, "bool"),
  greater_double: shape(DD, "bool"),
  at_least_double: shape(DD, "bool"),
  equal_bool: shape(BB, "bool"),
  unequal_bool: shape(BB, "bool"),
  and: shape(BB, "bool"),
  or: shape(BB, "bool"),
  not: shape(["bool"], "bool"),
  select: shape(["bool", "any", "any"], "any"),
  among: shape(["any"], "bool", "items"),
} as const satisfies Readonly<Record<string, Shape>>;
export type Op = keyof typeof OPS;
export const OP_NAMES = Object.keys(OPS) as readonly Op[];

export interface Instruction {
  readonly op: Op;
  /** 0 where the operator has none. */
  readonly arg: number;
}
export interface Program {
  readonly inputs: readonly Input[];
  readonly code: readonly Instruction[];
}

/** CEL has no bound of its own; durations end at 10,000 years of milliseconds. */
export const BOUNDED_MAX = 315_576_000_000_000n;
export const INPUTS_MAX = 64;
export const INSTRUCTIONS_MAX = 2_048;
/** Vectors on the stack at once. */
export const STACK_MAX = 64;

const MAGIC = 0x314d5953;
const HEADER_BYTES = 12;
const INPUT_BYTES = 16;
const INSTRUCTION_BYTES = 8;
export const PROGRAM_BYTES_MAX = HEADER_BYTES + INPUT_BYTES * INPUTS_MAX + INSTRUCTION_BYTES * INSTRUCTIONS_MAX;

/**
 * Little endian, 32-bit words: "SYM1", inputs, instructions; of each input its
 * kind, 1 for a constant, and the constant's 64 bits; of each instruction its
 * operator and argument. Throws `RangeError` for more than fits.
 */
export function encodeProgram({ inputs, code }: Program): Uint8Array<ArrayBuffer> {
  if (inputs.length > INPUTS_MAX || code.length > INSTRUCTIONS_MAX) throw new RangeError("a program has more inputs or instructions than the kernel holds");
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + INPUT_BYTES * inputs.length + INSTRUCTION_BYTES * code.length));
  for (const [i, word] of [MAGIC, inputs.length, code.length].entries()) view.setUint32(4 * i, word, true);
  for (const [i, { kind, constant }] of inputs.entries()) {
    const at = HEADER_BYTES + INPUT_BYTES * i;
    view.setUint32(at, KINDS.indexOf(kind), true);
    view.setUint32(at + 4, constant === null ? 0 : 1, true);
    if (typeof constant === "number") view.setFloat64(at + 8, constant, true);
    else if (constant !== null) view.setBigInt64(at + 8, BigInt(constant), true);
  }
  for (const [i, { op, arg }] of code.entries()) {
    const at = HEADER_BYTES + INPUT_BYTES * inputs.length + INSTRUCTION_BYTES * i;
    view.setUint32(at, OP_NAMES.indexOf(op), true);
    view.setUint32(at + 4, arg, true);
  }
  return new Uint8Array(view.buffer);
}

/** The rows of one input that is no constant. */
export interface Column {
  /** Of ints and doubles; `null` for truths. */
  readonly values: BigInt64Array<ArrayBuffer> | Float64Array<ArrayBuffer> | null;
  /** Of a truth its four values; of a number 0, `MISSING` or `ERROR`, or `null` where every row has a value. */
  readonly status: Uint8Array<ArrayBuffer> | null;
}

/** The obvious interpreter of the same programs: one row at a time, every int a bigint. Only tests use it. */
import { BOUNDED_MAX, type Column, ERROR, type Input, type Instruction, type Kind, MISSING, type Op, OPS, type Program, STACK_MAX } from "./program.ts";

type Plain = bigint | number | boolean;
/** A value, or why there is none. */
export type Cell = { readonly value: Plain } | { readonly why: typeof MISSING | typeof ERROR };

const BITS = 2n ** 63n;
const fault: Cell = { why: ERROR };

function whole(value: bigint, limit = BITS): Cell {
  return value >= -BITS && value < BITS && (limit === BITS || (value <= limit && value >= -limit)) ? { value } : fault;
}

function integers(op: Op, a: bigint, b: bigint): Cell {
  switch (op) {
    case "add":
      return whole(a + b);
    case "subtract":
      return whole(a - b);
    case "multiply":
      return whole(a * b);
    case "divide":
      return b === 0n ? fault : whole(a / b);
    case "remainder":
      return b === 0n ? fault : whole(a % b);
    case "add_bounded":
      return whole(a + b, BOUNDED_MAX);
    case "subtract_bounded":
      return whole(a - b, BOUNDED_MAX);
    default:
      throw new TypeError(op);
  }
}

function doubles(op: Op, a: number, b: number): Cell {
  switch (op) {
    case "add_double":
      return { value: a + b };
    case "subtract_double":
      return { value: a - b };
    case "multiply_double":
      return { value: a * b };
    case "divide_double":
      return { value: a / b };
    default:
      throw new TypeError(op);
  }
}

function relation(op: string, a: Plain, b: Plain): Cell {
  switch (op.replace(/_(?:double|bool)$/, "")) {
    case "equal":
      return { value: a === b };
    case "unequal":
      return { value: a !== b };
    case "less":
      return { value: a < b };
    case "at_most":
      return { value: a <= b };
    case "greater":
      return { value: a > b };
    case "at_least":
      return { value: a >= b };
    default:
      throw new TypeError(op);
  }
}

function logic(op: "and" | "or", a: Cell, b: Cell): Cell {
  const decisive = op === "or";
  for (const side of [a, b]) if ("value" in side && side.value === decisive) return side;
  return "why" in b ? b : "why" in a ? a : { value: !decisive };
}

function single(op: Op, value: Plain): Cell {
  if (typeof value === "boolean") return { value: !value };
  if (typeof value === "bigint") return op === "negate" ? whole(-value) : { value: Number(value) };
  if (op === "negate_double") return { value: -value };
  return Number.isFinite(value) ? whole(BigInt(Math.trunc(value))) : fault;
}

function apply(op: Op, operands: readonly Cell[]): Cell {
  const [a = fault, b = fault, c = fault] = operands;
  if (op === "and" || op === "or") return logic(op, a, b);
  if (op === "select") return "why" in a ? a : a.value === true ? b : c;
  const bad = operands.find((one) => "why" in one);
  if (bad !== undefined) return bad;
  const values = operands.flatMap((one) => ("value" in one ? [one.value] : []));
  const [x = 0, y = 0] = values;
  if (op === "among") return { value: values.slice(1).some((one) => one === x) };
  if (operands.length === 1) return single(op, x);
  if (typeof x === "bigint" && typeof y === "bigint" && OPS[op].gives === "int") return integers(op, x, y);
  if (typeof x === "number" && typeof y === "number" && OPS[op].gives === "double") return doubles(op, x, y);
  return relation(op, x, y);
}

/** How many of the stack an instruction takes. */
export const arity = ({ op, arg }: Instruction): number => (op === "among" ? arg + 1 : OPS[op].takes.length);

/** `row` has a cell for each input. */
export function interpret(program: Program, row: readonly Cell[]): Cell {
  const stack: Cell[] = [];
  for (const instruction of program.code) {
    const { op, arg } = instruction;
    const given = row[arg];
    if (op === "input") stack.push(given ?? fault);
    else if (op === "has") stack.push({ value: given === undefined || "value" in given || given.why !== MISSING });
    else stack.push(apply(op, stack.splice(stack.length - arity(instruction))));
  }
  return stack[0] ?? fault;
}

/** Whether every instruction finds on the stack what it takes, and one truth is left: what the kernel's loader must say too. */
export function isWhole({ inputs, code }: Program): boolean {
  const stack: Kind[] = [];
  for (const { op, arg } of code) {
    const { takes, gives, arg: meaning } = OPS[op];
    if (meaning === "none" && arg !== 0) return false;
    if (meaning === "input") {
      const input = inputs[arg];
      if (input === undefined || stack.length >= STACK_MAX) return false;
      stack.push(op === "has" ? "bool" : input.kind);
      continue;
    }
    const count = arity({ op, arg });
    if (count > stack.length || (meaning === "items" && arg >= STACK_MAX)) return false;
    const found = stack.splice(stack.length - count);
    const any = found.at(-1) ?? "bool";
    if (op === "among" ? any === "bool" || found.some((kind) => kind !== any) : found.some((kind, i) => kind !== (takes[i] === "any" ? any : takes[i]))) return false;
    stack.push(gives === "any" ? any : gives);
  }
  return stack.length === 1 && stack[0] === "bool";
}

/** The cell of a column's row, or of a constant. */
export function cellOf({ kind, constant }: Input, column: Column | null, row: number): Cell {
  if (constant !== null) return { value: constant };
  const status = column === null ? ERROR : (column.status?.[row] ?? 0);
  if (status === MISSING || status === ERROR) return { why: status };
  return { value: kind === "bool" ? status === 1 : (column?.values?.[row] ?? 0) };
}

/** Random programs that are whole, and columns with everything that has ever been somebody's mistake in them. */
import { arity } from "../reference.ts";
import { type Column, ERROR, type Input, type Instruction, type Kind, MISSING, type Op, OP_NAMES, OPS, type Program } from "../program.ts";

const INTS = [0n, 1n, -1n, 2n, 3n, 7n, 100n, 2n ** 31n, -(2n ** 31n), 2n ** 32n + 1n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n, 315_576_000_000_000n, -315_576_000_000_000n];
const DOUBLES = [0, -0, 1, -1.5, 0.1, 0.2, 1e308, -1e308, 5e-324, Number.NaN, Infinity, -Infinity, 2 ** 63, -(2 ** 63), 2 ** 53, 9.5e18];
const KINDS: readonly Kind[] = ["int", "double", "bool"];

/** `below(n)` is a whole number from 0 to n - 1. */
export class Programs {
  constructor(private readonly below: (n: number) => number) {}

  private of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  inputs(): Input[] {
    // Two of each kind, so that two can be compared, and constants.
    return [...KINDS, ...KINDS].map((kind): Input => ({ kind, constant: null })).concat([{ kind: "int", constant: this.of(INTS) }, { kind: "double", constant: this.of(DOUBLES) }, { kind: "bool", constant: this.below(2) === 1 }]);
  }

  /** Instructions that leave one value of that kind. */
  private code(kind: Kind, depth: number, inputs: readonly Input[]): Instruction[] {
    const places = inputs.flatMap((input, i) => (input.kind === kind ? [i] : []));
    if (depth <= 0 || this.below(8) === 0) return [{ op: "input", arg: this.of(places) }];
    const op: Op = this.of(OP_NAMES.filter((name) => name !== "input" && (OPS[name].gives === kind || OPS[name].gives === "any")));
    const inner = (one: Kind): Instruction[] => this.code(one, depth - 1, inputs);
    if (op === "has") return [{ op, arg: this.below(inputs.length) }];
    if (op === "among") {
      const [items, of] = [this.below(4), this.of(["int", "double"] as const)];
      return [...Array.from({ length: items + 1 }, () => inner(of)).flat(), { op, arg: items }];
    }
    return [...OPS[op].takes.flatMap((takes) => inner(takes === "any" ? kind : takes)), { op, arg: 0 }];
  }

  program(depth: number): Program {
    const inputs = this.inputs();
    return { inputs, code: this.code("bool", depth, inputs) };
  }

  /** `spoiled` percent of the rows are missing or wrong; 0 is what the fast ways are for. */
  column(kind: Kind, rows: number, spoiled: number): Column {
    const status = Uint8Array.from({ length: rows }, () => (this.below(100) < spoiled ? this.of([MISSING, ERROR]) : kind === "bool" ? this.below(2) : 0));
    if (kind === "bool") return { values: null, status };
    const values = kind === "int" ? BigInt64Array.from({ length: rows }, () => this.of(INTS)) : Float64Array.from({ length: rows }, () => this.of(DOUBLES));
    return { values, status: status.some((one) => one !== 0) || this.below(2) === 0 ? status : null };
  }

  columns(inputs: readonly Input[], rows: number, spoiled: number): (Column | null)[] {
    return inputs.map(({ kind, constant }) => (constant === null ? this.column(kind, rows, spoiled) : null));
  }
}

/** How deep the stack gets. */
export function depthOf({ code }: Program): number {
  let [now, most] = [0, 0];
  for (const instruction of code) {
    now += OPS[instruction.op].arg === "input" ? 1 : 1 - arity(instruction);
    most = Math.max(most, now);
  }
  return most;
}

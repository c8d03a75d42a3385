/** A batch of events as columns. Each field is read once, however many conditions ask for it. */
import { type Column, ERROR, evaluateColumns, type Input, MISSING, TRUE } from "../../../kernels/symeval/index.ts";
import { evaluator } from "../evaluate/predicate.ts";
import type { Context } from "../evaluate/values.ts";
import { FUEL_MAX } from "../limits.ts";
import type { Value } from "../types/node.ts";
import type { Type } from "../types/type.ts";
import { fill, Integers, valueOr } from "./fill.ts";
import type { Lowered, Source } from "./lower.ts";
import { type TextColumn, Texts } from "./texts.ts";

type Table = Extract<Source, { readonly from: "table" }>;
type Field = Extract<Source, { readonly from: "field" }>;
/** Read of a field that is there and of no type: an object is neither a number nor a text. */
const WRONG = {};

export class EventTable {
  readonly #columns = new Map<string, Column>();
  readonly #texts = new Map<string, TextColumn>();
  readonly #dictionary = new Texts();

  /** `before[i]` is what event `i` found; `undefined` where nothing was. */
  constructor(
    private readonly events: readonly Context[],
    private readonly before: readonly (Context | undefined)[] = [],
  ) {}

  private side(old: boolean): readonly Context[] {
    return old ? this.before.map((one) => one ?? {}) : this.events;
  }

  private text(name: string, type: Type, old: boolean): TextColumn {
    const key = `${old} ${name} ${type.name === "enum" ? type.members.join() : ""}`;
    const known = this.#texts.get(key) ?? this.#dictionary.column(this.side(old), name, type);
    this.#texts.set(key, known);
    return known;
  }

  private number({ name, type, old }: Field): Column {
    const key = `${old} ${type.name} ${name}`;
    const known = this.#columns.get(key) ?? fill(this.side(old), name, type);
    this.#columns.set(key, known);
    return known;
  }

  /** Asked of each different text once, and of a row without one. */
  private looked({ name, type, old, node }: Table): Column {
    const { codes, status } = this.text(name, type, old);
    const evaluate = evaluator(node);
    const ask = (given: Context) => valueOr(() => evaluate(given));
    const absent = ask({});
    const wrong = ask({ [name]: WRONG });
    const answers: (ReturnType<typeof ask> | undefined)[] = [];
    const rows = codes.length;
    const out = new Uint8Array(rows);
    const integers = new Integers(node.type.name === "bool" || node.type.name === "double" ? 0 : rows);
    const doubles = new Float64Array(node.type.name === "double" ? rows : 0);
    const write = (row: number, value: Value): void => {
      if (typeof value === "boolean") out[row] = value ? TRUE : 0;
      else if (node.type.name === "double") doubles[row] = value as number;
      else integers.values[row] = BigInt(value as number | bigint);
    };
    for (let row = 0; row < rows; row++) {
      const code = codes[row] ?? 0;
      const answer = status[row] === MISSING ? absent : status[row] === ERROR ? wrong : (answers[code] ??= ask({ [name]: this.#dictionary.all[code] }));
      if ("status" in answer) out[row] = answer.status;
      else write(row, answer.value);
    }
    return { values: node.type.name === "bool" ? null : node.type.name === "double" ? doubles : integers.values, status: out };
  }

  /** Of each row `FALSE`, `TRUE`, `MISSING` or `ERROR`; `null` where only closures can tell: nothing was before, or the texts are too long. */
  ask(lowered: Lowered): Uint8Array | null {
    const { program, sources, ordered, steps, old } = lowered;
    const rows = this.events.length;
    if (old && (this.before.length !== rows || this.before.includes(undefined))) return null;
    for (const source of sources) if (source.from === "table" || (source.from === "field" && isText(source.type))) this.text(source.name, source.type, source.old);
    // A closure counts its steps and stops; here nothing counts, so it must not come to that.
    if (steps(this.#dictionary.longest) > FUEL_MAX) return null;
    const literals = sources.flatMap((source) => (source.from === "text" ? [source.text] : []));
    const ranks = ordered ? this.#dictionary.ranks(literals) : null;
    const numbers = ranks?.of ?? this.#dictionary.literals(literals);
    const inputs = program.inputs.map((input, i): Input => {
      const source = sources[i];
      return source?.from === "text" ? { kind: "int", constant: BigInt(numbers.get(source.text) ?? -1) } : input;
    });
    const columns = this.columnsOf(lowered, ranks?.byCode ?? null);
    const out = new Uint8Array(rows);
    evaluateColumns({ inputs, code: program.code }, columns, rows, out);
    return out;
  }

  /** In the order of the program's inputs; `byCode` numbers texts by their order. */
  columnsOf({ sources }: Lowered, byCode: Int32Array | null = null): (Column | null)[] {
    return sources.map((source) => this.columnOf(source, byCode));
  }

  private columnOf(source: Source, byCode: Int32Array | null): Column | null {
    switch (source.from) {
      case "constant":
      case "text":
        return null;
      case "table":
        return this.looked(source);
      case "field":
        return isText(source.type) ? this.numbered(this.text(source.name, source.type, source.old), byCode) : this.number(source);
    }
  }

  private numbered({ codes, status }: TextColumn, byCode: Int32Array | null): Column {
    const integers = new Integers(codes.length);
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row] ?? 0;
      integers.put(row, byCode === null ? code : (byCode[code] ?? 0));
    }
    return { values: integers.values, status };
  }
}

const isText = ({ name }: Type): boolean => name === "string" || name === "enum";

/** The kernel behind a typed face: columns of any length in, one truth a row out. */
import { kernelBytes, loadKernel } from "../loader.ts";
import { type Column, encodeProgram, type Program, PROGRAM_BYTES_MAX } from "./program.ts";
import reference from "./symeval.wasm" with { type: "file" };

const SHAPE = { ROWS: "constant", PROGRAM: "constant", VALUES: "constant", STATUS: "constant", OUT: "constant", REPORT: "constant", load_program: "function", run: "function" } as const;
const REFUSED: readonly string[] = ["", "its form", "an input", "an instruction", "its end", "its rows"];

export interface Evaluator {
  /** Takes an encoded program; the reason where it is none. */
  load(bytes: Uint8Array): string | null;
  /**
   * Runs the loaded program over `rows` rows. `columns` stand in the order of
   * the program's inputs, `null` for a constant. Writes a truth for each row
   * to `out` and returns how many are not `TRUE`.
   */
  run(columns: readonly (Column | null)[], rows: number, out: Uint8Array): number;
}

interface Source {
  readonly values: Uint8Array | null;
  readonly status: Uint8Array | null;
  readonly input: number;
}

function sourcesOf(columns: readonly (Column | null)[], rows: number): Source[] {
  return columns.flatMap((column, input) => {
    if (column === null) return [];
    const { values, status } = column;
    if ((status === null ? values === null : status.length < rows) || (values !== null && values.length < rows)) throw new RangeError(`column ${input} has fewer than ${rows} rows`);
    return [{ values: values === null ? null : new Uint8Array(values.buffer, values.byteOffset, values.byteLength), status, input }];
  });
}

/** An instance of its own. Not re-entrant, and nothing here awaits. */
export function createEvaluator(bytes: Uint8Array<ArrayBuffer> = kernelBytes(reference)): Evaluator {
  const kernel = loadKernel(bytes, SHAPE);
  const { memory, ROWS, PROGRAM, VALUES, STATUS, OUT } = kernel;
  const report = new Uint32Array(memory.buffer, kernel.REPORT, 2);

  const bring = ({ values, status, input }: Source, from: number, count: number): void => {
    if (values !== null) memory.set(values.subarray(8 * from, 8 * (from + count)), VALUES + 8 * ROWS * input);
    if (status !== null) memory.set(status.subarray(from, from + count), STATUS + ROWS * input);
  };

  return {
    load: (program) => {
      if (program.length > PROGRAM_BYTES_MAX) return REFUSED[1] ?? "";
      memory.set(program, PROGRAM);
      kernel.load_program(program.length);
      const why = report[0] ?? 1;
      return why === 0 ? null : (REFUSED[why] ?? "");
    },
    run: (columns, rows, out) => {
      if (out.length < rows) throw new RangeError(`${rows} answers do not fit`);
      const sources = sourcesOf(columns, rows);
      for (const { status, input } of sources) if (status === null) memory.fill(0, STATUS + ROWS * input, STATUS + ROWS * (input + 1));
      let broken = 0;
      for (let from = 0; from < rows; from += ROWS) {
        const count = Math.min(ROWS, rows - from);
        for (const source of sources) bring(source, from, count);
        kernel.run(count);
        if (report[0] !== 0) throw new Error(`the kernel refused to run: ${REFUSED[report[0] ?? 5]}`);
        out.set(memory.subarray(OUT, OUT + count), from);
        broken += report[1] ?? 0;
      }
      return broken;
    },
  };
}

let shared: Evaluator | null = null;

/** One batch through the one instance of this process. Throws `RangeError` for a program that is none. */
export function evaluateColumns(program: Program, columns: readonly (Column | null)[], rows: number, out: Uint8Array): number {
  shared ??= createEvaluator();
  const why = shared.load(encodeProgram(program));
  if (why !== null) throw new RangeError(`no program: ${why}`);
  return shared.run(columns, rows, out);
}

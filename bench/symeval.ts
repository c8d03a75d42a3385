/** Conditions over batches: the symeval kernel against the closure loop and another CEL. */
import { Environment } from "@marcbachmann/cel-js";
import { EventTable, lower } from "../daemon/invariants/columns/index.ts";
import { compile, type Context } from "../daemon/invariants/index.ts";
import { evaluateColumns, TRUE } from "../kernels/symeval/index.ts";
import { encodeProgram } from "../kernels/symeval/program.ts";
import { createEvaluator } from "../kernels/symeval/wasm.ts";
import { type Bench, median } from "./figure.ts";

const ROUNDS = 5;
/** The engine makes fast code of what has run for a while; what a new instance takes at first is a figure of its own. */
const WARM_MS = 150;
const SIZES = [10_000, 1_000_000] as const;
const CONDITIONS = [
  { name: "one comparison", text: "total_spend_usd <= budget_usd" },
  { name: "a compound of six parts", text: "attempt >= 1 && attempt <= attempts_max && (attempt == 1 || waited > 0) && waited * 2 <= total_spend_usd + budget_usd && !(failed && attempt + 1 > attempts_max)" },
] as const;
const FIELDS = { total_spend_usd: "int", budget_usd: "int", attempt: "int", attempts_max: "int", waited: "int", failed: "bool" } as const;

function clauseOf(expr: string) {
  const result = compile(`id: A.B\nscope: s\nwhen: [{event: e}]\nfields: ${JSON.stringify(FIELDS)}\nassert: [{expr: ${JSON.stringify(expr)}}]\n`);
  if ("errors" in result) throw new Error(result.errors[0]?.message);
  const clause = result.ok.assert[0]!;
  const lowered = lower(clause.node);
  if ("not_expressible" in lowered) throw new Error(lowered.not_expressible);
  return { clause, lowered: lowered.ok };
}

const eventOf = (i: number) => ({ total_spend_usd: (i % 1_100) * 900, budget_usd: 980_000, attempt: 1 + (i % 5), attempts_max: 5, waited: (i % 7) * 1_000, failed: i % 97 === 0 });

/** Nanoseconds a row, the middle of some rounds once warm; `work` answers how many rows kept the rule. */
function perRow(rows: number, kept: number, work: () => number): number {
  for (const start = performance.now(); performance.now() - start < WARM_MS; ) work();
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    if (work() !== kept) throw new Error("two ways to ask gave two answers");
    return ((performance.now() - start) * 1e6) / rows;
  });
  return median(rounds);
}

const count = <T>(rows: readonly T[], holds: (row: T) => boolean): number => rows.reduce((sum, row) => sum + Number(holds(row)), 0);

export const bench: Bench = (figure) => {
  for (const rows of SIZES) {
    const events: readonly Context[] = Array.from({ length: rows }, (_, i) => eventOf(i));
    const size = rows === 10_000 ? "10,000 rows" : "1,000,000 rows";
    for (const { name, text } of CONDITIONS) {
      const { clause, lowered } = clauseOf(text);
      const kept = count(events, (event) => clause.check(event).ok);
      const closure_ns = perRow(rows, kept, () => count(events, (event) => clause.check(event).ok));
      const peer = { name: "the closure, one event at a time", value: closure_ns };
      const table = new EventTable(events);
      const out = new Uint8Array(rows);
      const columns = table.columnsOf(lowered);
      figure({ figure: `${name}, columns that are filled, ${size}`, value: perRow(rows, kept, () => rows - evaluateColumns(lowered.program, columns, rows, out)), unit: "ns per row", better: "less", peer, goal: { ratio: 5 } });
      const filled = (): number => new EventTable(events).ask(lowered)?.reduce((sum, truth) => sum + Number(truth === TRUE), 0) ?? 0;
      figure({ figure: `${name}, from events, columns filled on the way, ${size}`, value: perRow(rows, kept, filled), unit: "ns per row", better: "less", peer });
      if (rows > 10_000) continue;
      const fresh = createEvaluator();
      const start = performance.now();
      fresh.load(encodeProgram(lowered.program));
      fresh.run(columns, rows, out);
      figure({ figure: `${name}, the first ${size} of a new instance`, value: ((performance.now() - start) * 1e6) / rows, unit: "ns per row", better: "less" });
      const environment = new Environment();
      for (const [field, type] of Object.entries(FIELDS)) environment.registerVariable(field, type);
      const cel = environment.parse(text);
      const theirs = events.map((event) => Object.fromEntries(Object.entries(event).map(([field, value]) => [field, typeof value === "number" ? BigInt(value) : value])));
      figure({ figure: `${name}, columns that are filled, ${size}, beside another CEL`, value: perRow(rows, kept, () => rows - evaluateColumns(lowered.program, columns, rows, out)), unit: "ns per row", better: "less", peer: { name: "@marcbachmann/cel-js 8.0.0", value: perRow(rows, kept, () => count(theirs, (event) => cel(event) === true)) } });
    }
  }
};

/** A compiled condition against another CEL, and what compiling a document costs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Environment } from "@marcbachmann/cel-js";
import { compile, compileAll } from "../daemon/invariants/index.ts";
import { type Bench, median } from "./figure.ts";

const EVENTS = 200_000;
const ROUNDS = 7;
const SIMPLE = "total_spend_usd <= budget_usd";

/** Nanoseconds of one call, the middle of some rounds. */
function nanoseconds(calls: number, work: (i: number) => boolean): number {
  let kept = 0;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) if (work(i)) kept += 1;
    return ((performance.now() - start) * 1e6) / calls;
  });
  // What nobody reads need not be computed.
  if (kept === 0) throw new Error("no event kept the rule");
  return median(rounds);
}

function clause(expr: string, fields: string) {
  const result = compile(`id: A.B\nscope: s\nwhen: [{event: e}]\nfields: ${fields}\nassert: [{expr: ${JSON.stringify(expr)}}]\n`);
  if ("errors" in result) throw new Error(result.errors[0]?.message);
  return result.ok.assert[0]!;
}

export const bench: Bench = (figure) => {
  const { check } = clause(SIMPLE, "{total_spend_usd: money, budget_usd: money}");
  const events = Array.from({ length: 1_024 }, (_, i) => ({ total_spend_usd: i * 900, budget_usd: 1_000_000 }));
  const cel = new Environment().registerVariable("total_spend_usd", "int").registerVariable("budget_usd", "int").parse(SIMPLE);
  const theirs = events.map((event) => ({ total_spend_usd: BigInt(event.total_spend_usd), budget_usd: BigInt(event.budget_usd) }));
  const ours_ns = nanoseconds(EVENTS, (i) => check(events[i & 1023]!).ok);
  const cel_ns = nanoseconds(EVENTS, (i) => cel(theirs[i & 1023]) === true);
  const peer = (value: number) => ({ name: "@marcbachmann/cel-js 8.0.0", value });
  figure({ figure: "one comparison of two fields that holds", value: ours_ns, unit: "ns", better: "less", peer: peer(cel_ns), goal: { value: 100 } });
  const broken = { total_spend_usd: 12_500_000, budget_usd: 10_000_000 };
  figure({ figure: "one that is broken, with its message", value: nanoseconds(EVENTS / 10, () => !check(broken).ok), unit: "ns", better: "less" });
  const big_ns = nanoseconds(EVENTS, (i) => check(theirs[i & 1023]!).ok);
  figure({ figure: "the same with the event's numbers as bigints", value: big_ns, unit: "ns", better: "less" });
  const list = clause("l.exists(x, x > 9)", "{l: list<int>}");
  const items = Array.from({ length: 10 }, (_, i) => i + 1);
  const cel_list = new Environment().registerVariable("l", "list<int>").parse("l.exists(x, x > 9)");
  const big_items = items.map(BigInt);
  figure({ figure: "exists over ten items", value: nanoseconds(EVENTS / 10, () => list.check({ l: items }).ok), unit: "ns", better: "less", peer: peer(nanoseconds(EVENTS / 10, () => cel_list({ l: big_items }) === true)) });
  const folder = join(import.meta.dir, "../invariants");
  const files = [...new Bun.Glob("*.yaml").scanSync({ cwd: folder })].map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  const compile_ns = nanoseconds(5, () => compileAll(files).errors.length === 0);
  figure({ figure: "compiling one shipped invariant, its examples tried", value: compile_ns / 1e6 / (files.length - 1), unit: "ms", better: "less" });
};

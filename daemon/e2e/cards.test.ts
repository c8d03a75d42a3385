/** `maestro cards` through the command line: the costliest refused change of the week, out of what was really gated and reported. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { CardRow } from "../../proto/cards.ts";
import { World } from "./testing/world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

const CONFLICT = `<<<<<<< ours\nexport const a = 2;\n=======\nexport const a = 3;\n>>>>>>> theirs\n`;

test("the costliest refused change of the week is the first of the list, with what it cost and why it was refused", async () => {
  const heads: string[] = [];
  for (const [run, micro_usd] of [["run-00000001", 180_000], ["run-00000002", 4_200_000], ["run-00000003", null]] as const) {
    const source = await world.changed({ "src/a.ts": "export const a = 1;\n" }, { "src/a.ts": CONFLICT }, `work of ${run}\u001b[2J\n\nCo-Authored-By: Claude <noreply@anthropic.com>\nMaestro-Run: ${run}`);
    expect((await world.gate(source)).code).toBe(1);
    heads.push(source.git("rev-parse", "HEAD"));
    if (micro_usd !== null) await world.client.usage({ run_id: run, calls_made: 9, calls_reported: 9, tokens: 9, micro_usd });
  }
  await world.gate(await world.changed({ "b.txt": "b\n" }, { "b.txt": "c\n" }));

  const list = await world.run(["cards", "--verdict", "refuse", "--since", "7d", "--sort", "cost"]);
  expect([list.code, list.stdout.includes("4 decided gates in the last 7d, 3 of them refused; dearest first"), list.stdout.includes("\u001b")]).toEqual([0, true, false]);
  const lines = list.stdout.split("\n").filter((line) => line.includes("refuse "));
  expect(lines.map((line) => [/\$\S+|not reported/.exec(line)?.[0], heads.findIndex((head) => line.includes(head.slice(0, 9)))])).toEqual([["$4.20", 1], ["$0.18", 0], ["not reported", 2]]);

  const file = world.path("rows.ndjson");
  const json = await world.run(["cards", "--actor", "agent", "--sort", "cost", "--limit", "1", "--json", "--out", file]);
  const document = JSON.parse(json.stdout) as { readonly rows: readonly CardRow[]; readonly more: number };
  expect([document.rows.map(({ head }) => head), document.more]).toEqual([[heads[1]!], 2]);
  const rows = readFileSync(file, "utf8").trim().split("\n").map((line): unknown => JSON.parse(line));
  expect([rows.length, rows.every((row) => Value.Check(CardRow, row)), statSync(file).mode & 0o777]).toEqual([3, true, 0o600]);
  const [rule = ""] = document.rows.flatMap(({ reasons }) => reasons.map((reason) => reason.rule));
  expect((await world.run(["cards", "--rule", rule, "--json"])).stdout.match(/"place"/g)).toHaveLength(3);
  const wrong = await Promise.all([["--sort", "dearest"], ["--since", "a week"], ["--verdict", "refused"], ["--limit", "0"], ["x"]].map(async (args) => (await world.run(["cards", ...args])).code));
  expect(wrong).toEqual([2, 2, 2, 2, 2]);
}, 180_000);

/** A row of a gate that is sound in itself and says something else than what was signed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../store/db.ts";
import { GateRow } from "../store/gates.ts";
import { World } from "../testing/core.ts";
import { truthOf } from "./testing/flipping.ts";
import { worked } from "./testing/flips.ts";
import { damageIn, limits, repairedHere } from "./testing/repaired-here.ts";

setDefaultTimeout(60_000);
let world: World;
let origin: string;
let truth: string;
beforeAll(async () => {
  world = await World.open();
  ({ state_dir: origin } = await worked(world, 2));
  truth = await told(origin);
});
afterAll(() => world[Symbol.asyncDispose]());

/** Gates with what clients were told, the log, keys and names; without the records that only lead to them, which a repair makes anew. */
const told = async (state_dir: string): Promise<string> => (await truthOf(state_dir)).replace(/ [0-9a-f]{64}$/, "");

/** A copy in which the first row was written anew by somebody who knows how records are hashed. */
async function rewritten(name: string, change: (row: GateRow, other: GateRow) => Partial<GateRow>): Promise<string> {
  const state_dir = join(world.scratch.root, name);
  cpSync(origin, state_dir, { recursive: true });
  const store = openStore({ state_dir, limits: limits.store, fatal: () => undefined });
  const rows = store.table<readonly [string, number], typeof GateRow>("gates", GateRow);
  const [first, second] = [...rows.entries()];
  store.atomic(() => rows.put(first!.key, { ...first!.value, ...change(first!.value, second!.value) }));
  await store.close();
  return state_dir;
}

test.each([
  ["verdict", (row: GateRow) => ({ verdict: row.verdict === "admit" ? "refuse" : "admit" }) as const, /verdict is \w+ in the row, \w+ in its signed bundle/],
  ["head", () => ({ head: "f".repeat(40) }), /head is f+ in the row/],
  ["owner", (row: GateRow) => ({ owner_uid: row.owner_uid + 1 }), /is not the row that its artifact holds/],
  ["bundle", (_: GateRow, other: GateRow) => ({ bundle: other.bundle, reply: other.reply }), /gate_id is gate:\w+ in the row|its name among the artifacts is gone/],
] as const)("attack: somebody rewrites the %s of a row with its hash: fsck says so, and a repair puts back what was signed, says it, and keeps the log", async (what, change, said) => {
  const state_dir = await rewritten(what, change);
  expect((await damageIn(state_dir)).map(({ area, problem }) => `${area}: ${problem}`).join("\n")).toMatch(said);
  const report = await repairedHere(state_dir);
  expect(report).toMatchObject({ lost: [], succession: null, after: { damage_total: 0 } });
  expect(report.rebuilt.join("\n")).toContain("the row is now what was signed");
  expect(await told(state_dir)).toBe(truth);
});

/** A bit that makes LMDB open an older tree: no daemon starts on it, fsck says so, and a repair puts it back with everything that was acknowledged. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { metasIn, newestOf, withData } from "../store/metas.ts";
import { World } from "../testing/core.ts";
import { truthOf } from "./testing/flipping.ts";
import { worked } from "./testing/flips.ts";

const OFFLINE = join(import.meta.dir, "../offline.ts");
let world: World;
let origin: string;
beforeAll(async () => {
  world = await World.open();
  ({ state_dir: origin } = await worked(world, 2));
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

/** A copy whose newest transaction says of itself that it is an older one. */
function older(name: string): string {
  const state_dir = join(world.scratch.root, name);
  cpSync(origin, state_dir, { recursive: true });
  const path = join(state_dir, "db/data.mdb");
  const metas = withData(join(state_dir, "db"), metasIn);
  if (metas === null) throw new Error("no metas");
  const { transaction, page_size } = newestOf(metas);
  const bytes = readFileSync(path);
  const at = (transaction % 2n === 0n ? 0 : page_size) + 24 + 128;
  const top = transaction.toString(2).length - 1;
  bytes[at + (top >> 3)]! ^= 1 << (top & 7);
  writeFileSync(path, bytes);
  return state_dir;
}

async function offline(verb: string, state_dir: string): Promise<{ code: number; text: string }> {
  const child = Bun.spawn([process.execPath, OFFLINE, verb, "--state", state_dir], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  return { code: await child.exited, text };
}

test("fsck finds it, a repair puts that bit back, and everything acknowledged is there as it was", async () => {
  const state_dir = older("mended");
  expect((await offline("fsck", state_dir)).text).toMatch(/"area":"database".*and transaction \d+ was durable/);
  const { text } = await offline("repair", state_dir);
  expect(text).toMatch(/put back, as the mark beside it proves/);
  expect(JSON.parse(text.trim().split("\n").at(-1) ?? "")).toMatchObject({ report: { lost: [], succession: null, after: { damage_total: 0 } } });
  expect(await truthOf(state_dir)).toBe(await truthOf(origin));
  expect(readdirSync(join(state_dir, "quarantine")).length).toBe(1);
}, 120_000);

test.each([
  ["no byte of it is left", (mark: string) => writeFileSync(mark, "")],
  ["both halves are zeros", (mark: string) => writeFileSync(mark, Buffer.alloc(1024))],
  ["it cannot be read at all", (mark: string) => (rmSync(mark), mkdirSync(mark))],
])("attack: only the mark is damaged (%s): no daemon starts, fsck says so, and a repair costs neither a row nor the log", async (_how, damage) => {
  const state_dir = join(world.scratch.root, "mark-alone");
  cpSync(origin, state_dir, { recursive: true });
  damage(join(state_dir, "db/mark"));
  expect((await offline("fsck", state_dir)).text).toMatch(/"area":"database".*neither half of mark can be read/);
  const { text } = await offline("repair", state_dir);
  expect(JSON.parse(text.trim().split("\n").at(-1) ?? "")).toMatchObject({ report: { rebuilt: [expect.stringContaining("the mark beside it")], lost: [], succession: null, after: { damage_total: 0 } } });
  expect(await truthOf(state_dir)).toBe(await truthOf(origin));
  rmSync(state_dir, { recursive: true });
}, 120_000);

test("attack: the mark and the newest page are damaged: what contradicts itself is not taken for whole", async () => {
  const state_dir = older("both");
  writeFileSync(join(state_dir, "db/mark"), "");
  const { report } = JSON.parse((await offline("repair", state_dir)).text.trim().split("\n").at(-1) ?? "");
  expect(report).toMatchObject({ lost: [expect.stringContaining("the newest transactions may be missing")], after: { damage_total: 0 } });
  rmSync(state_dir, { recursive: true });
}, 120_000);

test("where nothing proves which bit it was, the repair says what may be lost, and the log begins anew", async () => {
  const state_dir = older("lost");
  const path = join(state_dir, "db/data.mdb");
  const bytes = readFileSync(path);
  // The boot id, which LMDB of ours does not go by: a second bit, in either page.
  for (const page of [0, 4096]) bytes[page + 24 + 136]! ^= 1;
  writeFileSync(path, bytes);
  const { text } = await offline("repair", state_dir);
  const { report } = JSON.parse(text.trim().split("\n").at(-1) ?? "");
  expect(report).toMatchObject({ lost: [expect.stringContaining("the newest transactions may be missing")], after: { damage_total: 0 } });
  expect(report.succession?.from).toBeString();
  expect(existsSync(join(state_dir, "db/mark"))).toBe(true);
  rmSync(state_dir, { recursive: true });
}, 120_000);

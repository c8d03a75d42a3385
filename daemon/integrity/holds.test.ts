/** What is held stays: whatever database, file or backup comes back from before. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GateResult } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { composeCore } from "../compose.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../config/host.ts";
import { FakeClock } from "../testing/clock.ts";
import { World } from "../testing/core.ts";
import { SeededRandom } from "../testing/random.ts";
import { HOLD_FILE, newestWords } from "./hold-file.ts";
import { restoreBackup } from "./restore.ts";
import { gated, source } from "./testing/killed.ts";
import { damageIn, repairedHere, shared } from "./testing/repaired-here.ts";

setDefaultTimeout(60_000);
const DAY_MS = 86_400_000;
const KEEPING = { evidence_days: 30, personal_days: 0, export_days: 0 };

let world: World;
let one: GateResult;
/** Before anything was held, and with one hold placed. */
let before: string;
let after: string;
beforeAll(async () => {
  world = await World.open({ retention: KEEPING });
  const work = await source(world);
  one = await gated(world, work, 1);
  await gated(world, work, 2);
  // So that the 31st day is no leap, which would be doubted for a day by itself.
  world.clock.advance(29 * DAY_MS);
  await world.core.integrity.keeping.sweep();
  before = await backup("before");
  await world.core.integrity.keeping.hold(one.gate_id, "case 7");
  after = await backup("after");
  await world.stop();
});
afterAll(() => world[Symbol.asyncDispose]());

async function backup(as: string): Promise<string> {
  const { folder, name } = await world.core.integrity.backup(true);
  const to = join(world.scratch.root, as);
  cpSync(folder, to, { recursive: true });
  await world.core.integrity.release(name);
  return to;
}

interface Seen {
  readonly gates: readonly string[];
  readonly warnings: readonly unknown[];
}

/** A start on that folder after so many days, and what of the two gates is left after `sweeps` sweeps a day apart. */
async function leftAfter(state_dir: string, days: number, sweeps = 1): Promise<Seen> {
  const clock = new FakeClock();
  clock.advance(days * DAY_MS);
  const warnings: unknown[] = [];
  const core = await composeCore({
    state_dir, clock,
    host: resolveHost({ ...EMBEDDED_CONFIG, retention: { ...KEEPING } }),
    random: new SeededRandom("holds"),
    fatal: (reason) => warnings.push(reason),
    warn: (what, error) => error instanceof MaestroError && error.code.startsWith("evidence.") ? undefined : warnings.push(error instanceof MaestroError ? error.code : what),
  });
  try {
    for (let n = 0; n < sweeps; n++) {
      await core.integrity.keeping.sweep();
      clock.advance(DAY_MS);
    }
    return { gates: [...core.gates.all()].map(({ gate_id }) => (gate_id === one.gate_id ? "one" : "two")), warnings };
  } finally {
    await core.close();
  }
}

function copy(name: string): string {
  const state_dir = join(world.scratch.root, name);
  cpSync(world.state_dir, state_dir, { recursive: true });
  return state_dir;
}

const restored = (name: string, from: string, handed: { readonly holds?: string; readonly tombstones?: string }) =>
  restoreBackup({ ...shared, source: from, state_dir: join(world.scratch.root, name), cause: "restored", ...handed });

test("attack: a backup from before the hold is restored: with the newer file nothing that is held goes, and what is not held does", async () => {
  const { holds_awaited, damage } = await restored("given", before, { holds: join(world.state_dir, HOLD_FILE) });
  expect([holds_awaited, damage]).toEqual([false, []]);
  expect(await leftAfter(join(world.scratch.root, "given"), 31)).toEqual({ gates: ["one"], warnings: [] });
});

test("attack: the newer file lies beside the tombstones that were handed in, and nobody named it", async () => {
  writeFileSync(join(world.state_dir, "tombstones.jsonl"), "", { flag: "a" });
  expect((await restored("beside", before, { tombstones: join(world.state_dir, "tombstones.jsonl") })).holds_awaited).toBe(false);
  expect((await leftAfter(join(world.scratch.root, "beside"), 31)).gates).toEqual(["one"]);
});

test("attack: it is restored with no newer file at all: nothing goes by its age for a day, in which a hold can be placed again", async () => {
  expect((await restored("nothing", before, {})).holds_awaited).toBe(true);
  const state_dir = join(world.scratch.root, "nothing");
  expect([(await leftAfter(state_dir, 31)).gates, (await leftAfter(state_dir, 31.5)).gates]).toEqual([["one", "two"], ["one", "two"]]);
  expect((await leftAfter(state_dir, 31, 2)).gates).toEqual([]);
});

test("a backup has its holds, and whoever restores an older file into it does not bring back what was let go of", async () => {
  await restored("own", after, { holds: join(before, HOLD_FILE) });
  expect((await leftAfter(join(world.scratch.root, "own"), 31)).gates).toEqual(["one"]);
  const [held, let_go] = [{ gate_id: one.gate_id, at_s: 5, reason: "a" }, { gate_id: one.gate_id, at_s: 6, reason: null }];
  expect([newestWords([let_go, held]), newestWords([held, let_go])].map((words) => words.get(one.gate_id)?.reason)).toEqual([null, null]);
  expect(newestWords([{ ...let_go, at_s: 5 }, held]).get(one.gate_id)?.reason).toBe("a");
});

test("attack: the database alone is put back from before: the file says what is held, fsck sees that they differ, and the next start holds it", async () => {
  const state_dir = copy("older-database");
  rmSync(join(state_dir, "db"), { recursive: true });
  cpSync(join(before, "db"), join(state_dir, "db"), { recursive: true });
  expect((await damageIn(state_dir)).map(({ area, problem }) => `${area}: ${problem}`)).toContain("holds: 1 hold(s) of the file are not in the database");
  expect((await leftAfter(state_dir, 31)).gates).toEqual(["one"]);
});

test("the file is lost: it is written anew from the database", async () => {
  const state_dir = copy("no-file");
  const bytes = readFileSync(join(state_dir, HOLD_FILE));
  rmSync(join(state_dir, HOLD_FILE));
  expect(await leftAfter(state_dir, 31)).toEqual({ gates: ["one"], warnings: [] });
  expect(readFileSync(join(state_dir, HOLD_FILE))).toEqual(bytes);
});

test("attack: a bit of the file flips, or a line stands there that nobody wrote: nothing goes until it is repaired, and then nothing for a day", async () => {
  const state_dir = copy("flipped");
  const path = join(state_dir, HOLD_FILE);
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length - 1; at += 7) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 4;
    writeFileSync(path, flipped);
    expect({ at, areas: (await damageIn(state_dir)).map(({ area }) => area) }).toEqual({ at, areas: ["holds"] });
  }
  const seen = await leftAfter(state_dir, 31, 2);
  expect([seen.gates, new Set(seen.warnings)]).toEqual([["one", "two"], new Set(["store.corrupt"])]);
  expect(await repairedHere(state_dir)).toMatchObject({ lost: [expect.stringContaining("1 line(s) of holds.jsonl cannot be read")], succession: null, after: { damage_total: 0 } });
  expect((await leftAfter(state_dir, 31)).gates).toEqual(["one", "two"]);
  expect((await leftAfter(state_dir, 31, 2)).gates).toEqual(["one"]);
});

test("attack: the daemon dies between the file and the database, or while it writes the line: the one is held, the other was never said", async () => {
  const state_dir = copy("died");
  const held = readFileSync(join(after, HOLD_FILE), "utf8");
  rmSync(join(state_dir, "db"), { recursive: true });
  cpSync(join(before, "db"), join(state_dir, "db"), { recursive: true });
  appendFileSync(join(state_dir, HOLD_FILE), held.slice(0, 40));
  expect(await leftAfter(state_dir, 31)).toEqual({ gates: ["one"], warnings: [] });
  expect(await damageIn(state_dir)).toEqual([]);
});

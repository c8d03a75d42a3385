/** Summaries stand exactly where gates do: in one transaction, after an upgrade, after a repair, and never without a reply that says so. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { recordGate } from "../gate/record.ts";
import { openStore } from "../store/db.ts";
import type { GateSummary, SummaryKey } from "../store/summaries.ts";
import { World } from "../testing/core.ts";
import { recordInput } from "../testing/evidence.ts";
import { record, release, waiver } from "./testing/history.ts";
import { ENTRIES } from "../testing/entries.ts";

setDefaultTimeout(120_000);

const limits = Value.Create(StoreLimits);
const fatal = (reason: unknown): never => {
  throw reason;
};
const all = ({ core }: World): readonly GateSummary[] => core.gates.summaries.page(0, null, 1_000);
const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };

/** A change that was held, approved an hour later, and another with a waiver and an observing rule. */
async function past(world: World): Promise<void> {
  const held_s = world.clock.now_ms() / 1000;
  await record(world, { change: 1, actor: "agent", verdict: "hold", rules: { "ci.changed": "hold" } });
  world.clock.advance(3_600_000);
  await record(world, { change: 1, attempt: 2, actor: "agent", verdict: "admit", releases: [release("approve", "alice", held_s + 3_599, 70)], owner: { uid: 8, tenant: "web" } });
  world.clock.advance(1_000);
  await record(world, { change: 2, verdict: "admit", rules: { "dep.new-runtime": "observe" }, waivers: [waiver("old")], cpu_us: null });
}

/** What a daemon of schema 2 left: no summaries, and its version. */
async function asSchema2(state_dir: string): Promise<void> {
  const store = openStore({ state_dir, limits, fatal });
  for (const name of ["summaries", "summaries.waivers", "summaries.changes"]) {
    const table = store.table<string | SummaryKey, ReturnType<typeof Type.Unknown>>(name, Type.Unknown());
    store.atomic(() => [...table.entries()].forEach(({ key }) => table.remove(key)));
  }
  store.schema().raise(2);
  await store.close();
  writeFileSync(join(state_dir, "db/schema"), "2\n");
}

test("a state folder of before: every gate gets the summary that it would have been written with", async () => {
  await using world = await World.open();
  await past(world);
  const written = all(world);
  expect(written.map(({ held_s, releases, would, waivers, cpu_us }) => [held_s === null, releases.length, would, waivers.length, cpu_us])).toEqual([[true, 0, ["dep.new-runtime"], 1, null], [false, 1, [], 0, 1], [false, 0, [], 0, 1]]);
  const marks = written.flatMap((row) => row.waivers).map((id) => world.core.gates.summaries.waiver(id));
  await world.stop();
  await asSchema2(world.state_dir);
  await world.start();
  expect(all(world)).toEqual(written);
  expect(written.flatMap((row) => row.waivers).map((id) => world.core.gates.summaries.waiver(id))).toEqual(marks);
});

test("a reply that is gone or was exchanged leaves its gate out of reports, which say so", async () => {
  await using world = await World.open();
  await past(world);
  const [lost, forged, first] = world.core.gates.recent(3);
  const blob = (digest: string): string => join(world.state_dir, "oci/blobs/sha256", digest.slice("sha256:".length));
  await world.stop();
  await asSchema2(world.state_dir);
  rmSync(blob(lost!.reply));
  // A sound reply, of another gate.
  copyFileSync(blob(first!.reply), blob(forged!.reply));
  await world.start();
  expect(all(world).map(({ attempt, verdict }) => [attempt, verdict])).toEqual([[1, "hold"]]);
  const report = await world.core.reporter.report({ window_s: 86_400, repository: "*", sees: () => true, operator: true });
  expect(report.gates).toEqual({ counted: 1, cut: false, without_summary: 2 });
});

test("no gate without its summary and none beside the log: a summary that cannot be written undoes both", async () => {
  await using world = await World.open();
  const { core } = world;
  const broken = { ...core.gates, summaries: { ...core.gates.summaries, add: () => fatal(new RangeError("no room")) } };
  await expect(recordGate({ ...core, gates: broken }, { uid: 7, tenant: null }, recordInput(core.evidence.trust_domain, 1), () => TIMINGS)).rejects.toThrow("no room");
  expect([core.evidence.logState().size, core.gates.count(), core.gates.summaries.count()]).toEqual([0, 0, 0]);
  await record(world, { change: 1, verdict: "admit" });
  expect([core.evidence.logState().size, core.gates.count(), core.gates.summaries.count()]).toEqual([ENTRIES.decided, 1, 1]);
});

test("attack: a repository's name and forty rules as long as they may be still leave a row that fits, and what went is counted", async () => {
  await using world = await World.open();
  const rules = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`a${"b".repeat(93)}${String.fromCharCode(97 + (at % 26), 97 + Math.floor(at / 26))}`, "hold" as const]));
  await record(world, { change: 1, verdict: "hold", rules, repo_id: `local:7:${"r".repeat(500)}` });
  const [row] = all(world);
  expect([row!.held.length > 0, row!.held.length + row!.cut]).toEqual([true, 40]);
});

test("pages meet without a gap or an overlap, also among attempts of one second", async () => {
  await using world = await World.open();
  for (let change = 1; change <= 7; change++) {
    await record(world, { change, verdict: "admit" });
    if (change % 3 === 0) world.clock.advance(1_000);
  }
  const { summaries } = world.core.gates;
  const seen: string[] = [];
  let before: SummaryKey | null = null;
  for (;;) {
    const page = summaries.page(0, before, 2);
    seen.push(...page.map(({ gate_id }) => gate_id));
    const last = page.at(-1);
    if (last === undefined) break;
    before = [last.at_s, last.gate_id, last.attempt];
  }
  expect([seen.length, new Set(seen).size]).toEqual([7, 7]);
});

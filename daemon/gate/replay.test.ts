/** A replay judges like a gate and leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReplayChange, ReplayRequest } from "../../proto/api.ts";
import { World } from "../testing/core.ts";
import { Replay } from "./replay.ts";
import type { Faults } from "./testing/faulty-worker.ts";
import { Judging } from "./testing/judging.ts";
import { worstCase } from "./cost/cost.ts";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const heads = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1).padStart(40, "0"));
const asks = (list: readonly string[]): ReplayRequest => ({ intake_id: "intake-", target_ref: "refs/heads/main", heads: [...list] });
const never = new AbortController().signal;

async function listOf(events: AsyncGenerator<ReplayChange, void>): Promise<ReplayChange[]> {
  const list: ReplayChange[] = [];
  for await (const event of events) list.push(event);
  return list;
}

/** A replay over check processes that read no repository. */
function over(judging: Judging, lanes = 2, changes_max = 100): Replay {
  return new Replay({ judge: judging.judge, repositories: world.core.repositories, lanes, changes_max, worst: worstCase(world.core.options.host.limits.gate) });
}

describe("order and lanes", () => {
  test("changes come out as they were asked for, however long each takes, from as many processes as there are lanes", async () => {
    const list = heads(7);
    const slow: Faults = { by_job: Object.fromEntries([0, 3, 4].map((i) => [`facts:${list[i]!}`, "slow" as const])) };
    await using judging = new Judging(slow);
    const events = await listOf(over(judging).run(world.claimed(), asks(list), never));
    expect(events.map(({ head }) => head)).toEqual(list);
    expect(new Set(events.map(({ verdict }) => verdict))).toEqual(new Set(["admit"]));
    expect(new Set(events.map(({ title }) => title)).size).toBe(2);
    expect([judging.pool.counts.busy, judging.leftovers]).toEqual([0, []]);
  });

  test("lanes work side by side: a slow first change does not keep the others from beginning", async () => {
    const list = heads(4);
    await using judging = new Judging({ by_job: { [`facts:${list[0]!}`]: "hangs" } });
    const client = new AbortController();
    const first = over(judging).run(world.claimed(), asks(list), client.signal).next();
    const done = () => (existsSync(judging.diary) ? judging.jobs.filter((line) => line.endsWith(" policy")).length : 0);
    for (let i = 0; i < 10_000 && done() < 2; i++) await Bun.sleep(5);
    expect(done()).toBe(2);
    client.abort();
    await expect(first).rejects.toMatchObject({ code: "request.cancelled" });
  });

  test("attack: more lanes than there are processes, as where two replays run at once; none holds one for the sake of another that waits", async () => {
    await using judging = new Judging({});
    const events = await listOf(over(judging, judging.host.limits.worker.pool_size + 1).run(world.claimed(), asks(heads(judging.host.limits.worker.pool_size + 1)), AbortSignal.timeout(30_000)));
    expect(new Set(events.map(({ verdict }) => verdict))).toEqual(new Set(["admit"]));
  });

  test("a change whose facts fail is a hold that says so; the next one of its lane is judged by a fresh process", async () => {
    const list = heads(4);
    await using judging = new Judging({ by_job: { [`facts:${list[1]!}`]: "dies" } });
    const events = await listOf(over(judging, 1).run(world.claimed(), asks(list), never));
    expect(events.map(({ verdict, unavailable }) => [verdict, unavailable])).toEqual([["admit", []], ["hold", ["facts"]], ["admit", []], ["admit", []]]);
    expect(events.map(({ because }) => because?.includes("worker.crashed") ?? null)).toEqual([null, true, null, null]);
    expect(new Set(events.filter(({ title }) => title !== "").map(({ title }) => title)).size).toBe(2);
  });

  test("a check that is unavailable is named and holds", async () => {
    await using judging = new Judging({ by_job: { paths: "dies" } });
    const [event] = await listOf(over(judging).run(world.claimed(), asks(heads(1)), never));
    expect(event).toMatchObject({ verdict: "hold", unavailable: ["paths"], effects: [{ rule: "gate.check-unavailable", effect: "hold", observed: false, where: null }] });
  });
});

describe("stopping", () => {
  for (const how of ["the client leaves", "the reader stops reading"] as const) {
    test(`${how}: every check process is gone before the replay is over`, async () => {
      const list = heads(6);
      await using judging = new Judging({ by_job: { [`facts:${list[1]!}`]: "hangs" } });
      const client = new AbortController();
      const events = over(judging).run(world.claimed(), asks(list), client.signal);
      expect((await events.next()).value).toMatchObject({ head: list[0] });
      if (how === "the reader stops reading") await events.return();
      else {
        client.abort();
        await expect(events.next()).rejects.toMatchObject({ code: "request.cancelled" });
      }
      expect(judging.pool.counts.busy).toBe(0);
      expect(judging.leftovers).toEqual([]);
      const alive = [...new Set(judging.jobs.map((line) => line.split(" ")[0]))].filter((pid) => existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")));
      expect(alive).toEqual([]);
      const begun = judging.jobs.length;
      await Bun.sleep(50);
      expect(judging.jobs.length).toBe(begun);
    });
  }
});

test("more changes than replay_changes_max, or an intake without its pack, are refused before a process starts", async () => {
  await using judging = new Judging();
  await expect(over(judging, 2, 3).run(world.claimed(), asks(heads(4)), never).next()).rejects.toMatchObject({ code: "request.too_large" });
  const intake = { ...world.claimed(), received: false };
  await expect(over(judging).run(intake, asks(heads(1)), never).next()).rejects.toMatchObject({ code: "intake.incomplete" });
  expect(existsSync(judging.diary)).toBe(false);
});

test("real history: found what is in it, in order, and nothing is signed, logged or stored", async () => {
  const source = world.scratch.source("history");
  const list = [await source.commit({ "a.ts": "export const a = 1;\n" }, "first")];
  list.push(await source.commit({ "test/a.test.ts": 'test.only("a", () => expect(a).toBe(1));\n' }, "focus"));
  list.push(await source.commit({ "b.ts": "export const b = 2;\n" }, "second\n\nCo-Authored-By: Claude <noreply@anthropic.com>"));
  const intake = await world.received(source, list);
  const before = world.kept();
  const missing = "f".repeat(40);
  const events = await listOf(world.core.replay.run(intake, asks([...list, missing]), never));
  expect(events.map(({ title, verdict, actor }) => [title, verdict, actor])).toEqual([["first", "admit", "human"], ["focus", "refuse", "human"], ["second", "admit", "agent"], ["", "hold", "unknown"]]);
  expect(events[1]?.effects).toContainEqual({ rule: "test.focused", effect: "refuse", observed: false, where: "test/a.test.ts:1" });
  expect(world.kept()).toEqual(before);
  expect(existsSync(join(world.state_dir, "scratch")) ? [...new Bun.Glob("**").scanSync(join(world.state_dir, "scratch"))] : []).toEqual([]);
}, 120_000);

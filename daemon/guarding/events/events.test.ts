import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { ReportedEvent } from "../../../proto/event.ts";
import { FakeClock } from "../../testing/clock.ts";
import { DeskRig } from "./testing/desk.ts";
import { OWN_SPACE } from "./table.ts";

let folder = "";
let rig: DeskRig;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-events-"));
  rig = new DeskRig(folder);
});

afterEach(async () => {
  await rig.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (seq: number, agent = "a", more: Partial<ReportedEvent> = {}): ReportedEvent => ({ seq, event: "call", with: { agent }, ...more });
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (error) {
    return error instanceof MaestroError ? error.code : String(error);
  }
};

test("a reply in time keeps the rule; silence breaks it, and the words are the rule's own", () => {
  rig.desk.report("web", { source: "s", events: [call(1, "a"), call(2, "b")] });
  rig.pass(10_000);
  rig.desk.report("web", { source: "s", events: [{ seq: 3, event: "reply", with: { agent: "a" } }] });
  expect(rig.desk.views("web", false).find(({ invariant }) => invariant === "CALL.ANSWERED")).toMatchObject({ verdict: "pending", pending: 2 });
  rig.pass(60_000);
  expect(rig.said).toEqual(["web CALL.ANSWERED violated false b"]);
  expect(rig.found[0]?.finding.message).toBe('no reply for "b"');
  expect(rig.desk.views("web", false).map(({ invariant, verdict, violated }) => [invariant, verdict, violated])).toEqual([["CALL.ANSWERED", "violated", 1], ["CALL.FEW", "kept", 0]]);
});

test("attack: one tenant's events never move another's monitor, and none of theirs the daemon's own", async () => {
  rig.desk.own("call", { agent: "a" });
  await Promise.resolve();
  rig.desk.report("web", { source: "s", events: [call(1)] });
  rig.desk.report("lib", { source: "s", events: [{ seq: 1, event: "reply", with: { agent: "a" } }] });
  rig.pass(60_000);
  expect(rig.said.sort()).toEqual([`${OWN_SPACE} CALL.ANSWERED violated false a`, "web CALL.ANSWERED violated false a"]);
  expect(rig.desk.views("lib", false).flatMap(({ newest }) => newest ?? [])).toEqual([]);
  expect(new Set(rig.desk.views("web", false).map(({ space }) => space))).toEqual(new Set(["web"]));
});

test("sent twice it counts once, within a batch's overlap too; what was left out is said", () => {
  const events = [call(1), call(2), call(3)];
  expect(rig.desk.report("web", { source: "s", events })).toMatchObject({ accepted: 3, known: 0, missing: 0 });
  expect(rig.desk.report("web", { source: "s", events })).toMatchObject({ accepted: 0, known: 3 });
  expect(rig.desk.report("web", { source: "s", events: [call(3), call(6)] })).toMatchObject({ accepted: 1, known: 1, missing: 2 });
  rig.pass(5_000);
  expect(rig.said).toEqual(["web CALL.FEW violated false a"]);
});

test("what a batch makes known comes with its reply", () => {
  rig.desk.report("web", { source: "s", events: [call(1), call(2), call(3), call(4)] });
  rig.clock.advance(3_000);
  const { findings } = rig.desk.report("web", { source: "s", events: [{ seq: 5, event: "reply", with: { agent: "a" } }] });
  expect(findings.map(({ invariant, verdict }) => [invariant, verdict])).toEqual([["CALL.FEW", "violated"]]);
});

test("attack: events dated ahead, numbered downwards, or more of them than may wait are refused whole", async () => {
  const { clock } = rig;
  expect(codeOf(() => rig.desk.report("web", { source: "s", events: [call(1), call(2, "a", { at: clock.now_ms() + 3_600_000 })] }))).toBe("request.malformed");
  expect(codeOf(() => rig.desk.report("web", { source: "s", events: [call(2), call(1)] }))).toBe("request.malformed");
  await rig.close();
  rig = new DeskRig(folder, clock, { waiting_max: 4 });
  expect(codeOf(() => rig.desk.report("web", { source: "s", events: Array.from({ length: 5 }, (_, i) => call(i)) }))).toBe("tenant.queue");
  // Refused is not counted: the same events may come again, fewer at a time.
  expect(rig.desk.report("web", { source: "s", events: [call(0), call(1)] })).toMatchObject({ accepted: 2, known: 0 });
});

test("attack: a flood of sources and of tenants is bounded", async () => {
  await rig.close();
  rig = new DeskRig(folder, new FakeClock(), { sources_max: 5, spaces_max: 3 });
  for (let i = 0; i < 20; i++) rig.desk.report("web", { source: `s${i}`, events: [{ seq: 1, event: "unheard", with: {} }] });
  expect(rig.desk.report("web", { source: "s19", events: [call(1)] })).toMatchObject({ known: 1 });
  rig.desk.report("lib", { source: "s", events: [call(1)] });
  rig.desk.report("docs", { source: "s", events: [call(1)] });
  rig.desk.report("web", { source: "s19", events: [call(2)] });
  expect(codeOf(() => rig.desk.report("more", { source: "s", events: [call(1)] }))).toBe("tenant.queue");
  // The source that was quiet longest is forgotten, so what it sends again counts as new.
  expect(rig.desk.report("web", { source: "s0", events: [{ seq: 1, event: "unheard", with: {} }] })).toMatchObject({ accepted: 1, known: 0 });
});

test("an event behind its time: the reply says so, and its key can no longer be told", () => {
  rig.desk.report("web", { source: "s", events: [call(1)] });
  rig.pass(20_000);
  expect(rig.desk.report("web", { source: "s", events: [{ seq: 2, event: "reply", at: rig.clock.now_ms() - 10_000, with: { agent: "a" } }] })).toMatchObject({ late: 1 });
  rig.pass(60_000);
  expect(rig.said.sort()).toEqual(["web CALL.ANSWERED inconclusive late a"]);
});

test("events that happen on arrival are never late, however long the disk takes to remember them", async () => {
  await rig.close();
  const clock = new FakeClock();
  rig = new DeskRig(folder, clock, { reorder_ms: 1 });
  const atomic = rig.store.atomic.bind(rig.store);
  Object.assign(rig.store, { atomic: <T>(work: () => T): T => (clock.advance(700), atomic(work)) });
  expect(rig.desk.report("web", { source: "s", events: [call(1)] })).toMatchObject({ accepted: 1, late: 0 });
  rig.desk.own("call", { agent: "own" });
  clock.advance(50);
  await Promise.resolve();
  rig.pass(40_000);
  expect(rig.said.sort()).toEqual([`${OWN_SPACE} CALL.ANSWERED violated false own`, "web CALL.ANSWERED violated false a"]);
});

test("a clock that is set says so once, and calls nothing broken", () => {
  rig.desk.report("web", { source: "s", events: [call(1)] });
  rig.pass(5_000);
  rig.clock.setWall(rig.clock.now_ms() + 86_400_000);
  rig.desk.tick();
  expect(rig.said.sort()).toEqual(["web CALL.ANSWERED inconclusive clock", "web CALL.FEW inconclusive clock"]);
});

test("killed with kill -9: what came is known by its number, and what was watched is inconclusive, never kept or broken", async () => {
  await rig.close();
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "testing/killed.ts"), folder], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  const said = new TextDecoder().decode((await reader.read()).value);
  expect(JSON.parse(said)).toMatchObject({ accepted: 1 });
  child.kill("SIGKILL");
  await child.exited;
  rig = new DeskRig(folder);
  expect(rig.desk.views("web", false).map(({ invariant, verdict, newest }) => [invariant, verdict, newest?.because])).toEqual([["CALL.ANSWERED", "inconclusive", "restart"], ["CALL.FEW", "inconclusive", "restart"]]);
  expect(rig.desk.report("web", { source: "run-1", events: [call(7)] })).toMatchObject({ accepted: 0, known: 1 });
  // Too few are known of for the hour before: broken now is not called broken.
  rig.desk.report("web", { source: "run-1", events: [call(8), call(9), call(10), call(11)] });
  rig.pass(3_000);
  expect(rig.said.at(-1)).toBe("web CALL.FEW inconclusive lost a");
});

test("ended in order with nothing left to remember: the next start has nothing to say", async () => {
  rig.desk.report("web", { source: "s", events: [call(1), { seq: 2, event: "reply", with: { agent: "a" } }] });
  rig.pass(3_700_000);
  await rig.close();
  rig = new DeskRig(folder);
  expect([rig.said, rig.desk.views("web", true)]).toEqual([[], []]);
});

test("attack: a 31 February is before and after nothing: what comes behind it would wait for ever, and nothing would be judged again", () => {
  for (const at of ["2026-02-31T00:00:00Z", "2026-13-45T99:99:99Z"]) expect(codeOf(() => rig.desk.report("web", { source: "a", events: [call(1, "a", { at })] }))).toBe("request.malformed");
  rig.desk.report("web", { source: "b", events: [call(1)] });
  rig.pass(60_000);
  expect(rig.said).toEqual(["web CALL.ANSWERED violated false a"]);
});

test("the daemon's own events of one stretch are none of them late, however long the stretch, and a clock that is slewed back makes none so", async () => {
  rig.desk.own("call", { agent: "a" });
  rig.clock.advance(5);
  rig.desk.own("reply", { agent: "a" });
  rig.clock.advance(5);
  await Promise.resolve();
  rig.clock.setWall(rig.clock.now_ms() - 50);
  rig.desk.own("call", { agent: "b" });
  await Promise.resolve();
  rig.desk.own("reply", { agent: "b" });
  await Promise.resolve();
  rig.pass(60_000);
  expect(rig.said).toEqual([]);
});

test("attack: a restart in order right after an event, which waits for its time: the next start says that it is not known", async () => {
  rig.desk.report("web", { source: "s", events: [call(1), call(2), call(3), call(4)] });
  await rig.close();
  rig = new DeskRig(folder);
  expect(rig.desk.views("web", false).map(({ invariant, verdict, newest }) => [invariant, verdict, newest?.because])).toEqual([["CALL.ANSWERED", "inconclusive", "restart"], ["CALL.FEW", "inconclusive", "restart"]]);
});

test("attack: tenants that were busy once keep the next one out for ever", async () => {
  await rig.close();
  rig = new DeskRig(folder, new FakeClock(), { spaces_max: 2 });
  rig.desk.report("web", { source: "s", events: [call(1), call(2), call(3), call(4)] });
  rig.desk.report("lib", { source: "s", events: [call(1), { seq: 2, event: "reply", with: { agent: "a" } }] });
  expect(codeOf(() => rig.desk.report("docs", { source: "s", events: [call(1)] }))).toBe("tenant.queue");
  rig.pass(60_000);
  // The hour of `count` is over for both; the one with findings keeps its place.
  rig.clock.advance(3_700_000);
  expect(rig.desk.report("docs", { source: "s", events: [call(1)] })).toMatchObject({ accepted: 1 });
  expect(rig.desk.views("web", false).find(({ invariant }) => invariant === "CALL.FEW")).toMatchObject({ verdict: "violated" });
  expect(rig.desk.views("lib", true).some(({ space }) => space === "lib")).toBe(false);
});

/** What goes wrong around a monitor: clocks, keys without end, events that come too late, and what it costs. */
import { expect, test } from "bun:test";
import { compile } from "../index.ts";
import { OBLIGATIONS_MAX, WITNESSES_MAX } from "./limits.ts";
import type { Finding } from "./monitor.ts";
import { compiled } from "./testing/formulas.ts";
import { Watch } from "./watch.ts";

const T = 1_700_000_000_000;

class Rig {
  readonly found: Finding[] = [];
  readonly watch: Watch;
  private seq = 0;

  constructor(formula: string, { keys_max = 10, reorder_ms = 1_000 } = {}) {
    this.watch = new Watch({ invariants: [compiled(formula, { keys_max })], reorder_ms, waiting_max: 100_000, report: (finding) => this.found.push(finding) });
  }

  at(ms: number, steady_ms = ms): void {
    this.watch.tick({ wall_ms: T + ms, steady_ms });
  }

  event(ms: number, event: string, k = "one", x = 0): boolean {
    return this.watch.offer({ at_ms: T + ms, source: "s", seq: this.seq++, event, fields: { k, x, y: 0 } });
  }

  get said(): string[] {
    return this.found.map(({ verdict, because, key }) => `${verdict} ${because}${key === null ? "" : ` ${key.join()}`}`);
  }
}

test("silence is noticed: the deadline passes although nothing comes", () => {
  const rig = new Rig("a leads_to b within 5s");
  rig.at(0);
  rig.event(0, "a");
  rig.at(6_000);
  expect(rig.said).toEqual([]);
  rig.at(6_001);
  expect(rig.said).toEqual(["violated false one"]);
});

test("the deadline itself still counts, and a reply within the window of reordering is heard", () => {
  const rig = new Rig("a leads_to b within 5s");
  rig.at(0);
  rig.event(0, "a");
  rig.at(5_900);
  expect(rig.event(5_000, "b")).toBe(true);
  rig.at(60_000);
  expect(rig.said).toEqual([]);
});

test("attack: an event dated back to make a broken deadline look kept is inconclusive, never kept", () => {
  const rig = new Rig("a leads_to b within 5s");
  rig.at(0);
  rig.event(0, "a");
  rig.at(5_500);
  expect(rig.event(4_000, "b")).toBe(false);
  rig.at(60_000);
  expect(rig.said).toEqual(["inconclusive late one"]);
});

test("equal times are ordered by source and number, whichever came first", () => {
  const whole = (order: readonly string[]): string[] => {
    const rig = new Rig("always !b || once a in 1s");
    rig.at(0);
    for (const event of order) rig.watch.offer({ at_ms: T, source: "s", seq: event === "a" ? 1 : 2, event, fields: { k: "one", x: 0, y: 0 } });
    rig.at(9_000);
    return rig.said;
  };
  expect([whole(["a", "b"]), whole(["b", "a"])]).toEqual([[], []]);
});

test("a clock that is set back, or ahead, decides nothing: what was open is inconclusive, and what comes after is judged", () => {
  for (const step of [-3_600_000, 3_600_000]) {
    const rig = new Rig("a leads_to b within 5s");
    rig.at(0, 0);
    rig.event(0, "a");
    rig.at(2_000, 2_000);
    rig.at(3_000 + step, 3_000);
    expect(rig.said).toEqual(["inconclusive clock"]);
    rig.event(3_000 + step, "a");
    rig.at(20_000 + step, 20_000);
    expect(rig.said).toEqual(["inconclusive clock", "violated false one"]);
  }
});

test("attack: keys without end take no memory beyond keys_max, and what had to be forgotten is said once a look", () => {
  const rig = new Rig("a leads_to b within 5s", { keys_max: 100, reorder_ms: 0 });
  rig.at(0);
  for (let i = 0; i < 5_000; i++) rig.event(i / 10, "a", `key-${i}`);
  rig.at(500);
  expect(rig.watch.monitors[0]!.keys).toBe(100);
  expect(rig.found.map(({ verdict, because }) => `${verdict} ${because}`)).toEqual(["inconclusive keys"]);
  expect(rig.found[0]!.message).toContain("4900 of them");
});

test("a key that was forgotten and comes back is not called broken for the past that is missing", () => {
  const rig = new Rig("always !b || once a in 1m", { keys_max: 1, reorder_ms: 0 });
  rig.at(0);
  rig.event(0, "a", "one");
  rig.event(1, "a", "two");
  rig.event(2, "b", "one");
  expect(rig.said).toEqual(["inconclusive lost one"]);
  // Its whole window lies after what was forgotten, so now it can be told.
  rig.event(70_000, "b", "one");
  expect(rig.said.at(-1)).toBe("violated false one");
});

test("keys with nothing left to remember make room without a word", () => {
  const rig = new Rig("a leads_to b within 5s", { keys_max: 10, reorder_ms: 0 });
  for (let i = 0; i < 1_000; i++) {
    rig.at(i * 10);
    rig.event(i * 10, "a", `key-${i}`);
    rig.event(i * 10, "b", `key-${i}`);
  }
  expect([rig.said, rig.watch.monitors[0]!.keys <= 10]).toEqual([[], true]);
});

test("attack: an event without its key is a violation, and one with a key of a megabyte too", () => {
  const rig = new Rig("never c", { reorder_ms: 0 });
  rig.at(0);
  rig.watch.offer({ at_ms: T, source: "s", seq: 0, event: "a", fields: { x: 1 } });
  rig.event(1, "a", "k".repeat(1 << 16));
  expect(rig.said).toEqual(["violated missing", "violated error"]);
  expect(rig.watch.monitors[0]!.keys).toBe(0);
});

test("what waits for the same thing is one obligation, however often; what does not has a bound", () => {
  const one = new Rig("a leads_to b within 1h", { reorder_ms: 0 });
  one.at(0);
  for (let i = 0; i < 10_000; i++) one.event(i, "a");
  expect([one.said, JSON.stringify(one.watch.monitors[0]).length < 2_000]).toEqual([[], true]);
  // Neither side of one event's obligation implies the next one's: a later deadline asks less of b and more of c.
  const many = new Rig("always (eventually within 1h b) || !(eventually within 1h c)", { reorder_ms: 0 });
  many.at(0);
  for (let i = 0; i <= OBLIGATIONS_MAX / 2; i++) many.event(i, "a");
  expect([many.said, many.found[0]?.message]).toEqual([["inconclusive full one"], expect.stringContaining(`${OBLIGATIONS_MAX} obligations`)]);
});

test("a past that stays undecided has a bound too", () => {
  const rig = new Rig("always !b || once !(eventually within 1h c) in 1h", { reorder_ms: 0 });
  rig.at(0);
  for (let i = 0; i <= WITNESSES_MAX; i++) rig.event(i, "a");
  expect([rig.said, rig.found[0]?.message]).toEqual([["inconclusive full one"], expect.stringContaining(`${WITNESSES_MAX} past events`)]);
});

test("more events to count than a monitor keeps: inconclusive, with the bound in words", () => {
  const rig = new Rig("always count(a) in 24h <= 9000", { reorder_ms: 0 });
  rig.at(0);
  for (let i = 0; i < 4_097; i++) rig.event(i, "a");
  expect(rig.said).toEqual(["inconclusive full one"]);
  expect(rig.found[0]!.message).toContain("4096 events");
});

test("an eventually without a bound is refused when the rule is compiled, with what to write", () => {
  const result = compile("id: A.B\nscope: s\nwhen: [{event: a}]\nfields: {x: int}\ntemporal:\n  - formula: a leads_to x > 1\n");
  expect("errors" in result && result.errors[0]!.fix).toContain("p leads_to q within 30s");
});

test("attack: a silence is hidden behind a crowd of keys: what time has decided is said before its key makes room", () => {
  const rig = new Rig("a leads_to b within 5s", { keys_max: 2, reorder_ms: 0 });
  rig.at(0);
  rig.event(0, "a", "quiet");
  // All of it comes in one batch, so nobody looked at the clock in between.
  for (let i = 0; i < 3; i++) rig.event(6_000 + i, "a", `crowd-${i}`);
  rig.at(6_003);
  expect(rig.said).toEqual(["violated false quiet", "inconclusive keys"]);
});

test("keys whose window is over go, although nothing is due and nothing more comes of them", () => {
  const rig = new Rig("count(a) in 5s <= 3", { keys_max: 1_000, reorder_ms: 0 });
  for (let i = 0; i < 500; i++) rig.event(i, "a", `key-${i}`);
  rig.at(1_000);
  expect([rig.watch.holding, rig.watch.monitors[0]!.keys]).toEqual([true, 500]);
  rig.at(100_000);
  expect([rig.said, rig.watch.holding, rig.watch.busy]).toEqual([[], false, false]);
});

test("attack: one event of a crowd is overdue at every look, and every look goes through the whole crowd", () => {
  const rig = new Rig("a leads_to b within 5s", { keys_max: 20_000, reorder_ms: 0 });
  for (let i = 0; i < 10_000; i++) rig.event(i, "a", `key-${i}`);
  const heard: number[] = [];
  for (let ms = 10_000; ms < 10_500; ms += 10) {
    rig.at(ms);
    heard.push(rig.found.length);
  }
  // The fewer keys are left the sooner the next look; what looks find they find once.
  expect([new Set(heard).size <= 15, rig.found.length > 5_000, rig.found.length === new Set(rig.found.map(({ key }) => key?.[0])).size]).toEqual([true, true, true]);
});

test("attack: a value that is declared as coming from outside is withheld where it is a key, too", () => {
  const result = compile("id: A.B\nscope: s\nwhen: [{event: a}]\nfields: {k: {type: string, tainted: true}}\nper: k\nkeys_max: 5\ntemporal:\n  - formula: never a\n    message: 'of {{k}}'\n");
  if ("errors" in result) throw new Error(result.errors[0]?.message);
  const found: Finding[] = [];
  const watch = new Watch({ invariants: [result.ok], reorder_ms: 0, waiting_max: 5, report: (finding) => found.push(finding) });
  watch.offer({ at_ms: T, source: "s", seq: 1, event: "a", fields: { k: "hunter2" } });
  expect(found).toMatchObject([{ key: ["(withheld)"], message: "of (withheld)" }]);
});

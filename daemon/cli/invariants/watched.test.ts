/** Temporal formulas over recordings: what is broken, what is open where the recording ends, and what cannot be told. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile, judgeTrace, type Compiled } from "../../invariants/index.ts";
import { Dice } from "../../invariants/testing/expressions.ts";
import { recordedEvents } from "./event-lines.ts";
import { replay } from "../../invariants/replay/replay.ts";
import { recordedTime, type Recorded } from "../../invariants/replay/recorded.ts";
import { SEED } from "../../testing/seed.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-watched-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = "id: A.B\nscope: s\nwhen: [{event: call}, {event: reply}]\nfields: {who: string, n: int, cost: money}\n";
function rule(formula: string, more = ""): Compiled {
  const result = compile(`${HEAD}${more}temporal: [{formula: ${JSON.stringify(formula)}, message: "a call without a reply"}]\n`);
  if ("errors" in result) throw new Error(result.errors[0]?.message);
  return result.ok;
}
function recorded(...lines: readonly unknown[]): string {
  const path = join(folder, "events.ndjson");
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join("\n"));
  return path;
}
const call = (at: unknown, who = "a", n = 1): object => ({ event: "call", ...(at === undefined ? {} : { at }), with: { who, n } });
const reply = (at: unknown, who = "a"): object => ({ event: "reply", at, with: { who, n: 0 } });
const watch = (rules: Compiled, ...lines: readonly unknown[]) => replay([rules], recordedEvents(recorded(...lines)));

describe("three answers, and none", () => {
  const answered = rule("call leads_to reply within 30s", "per: who\nkeys_max: 10\n");

  test("a reply in time, one that is still to come where the recording ends, and one that never came", () => {
    expect(watch(answered, call("1s"), reply("20s")).formulas).toMatchObject([{ verdict: "kept", violated: 0, open: 0 }]);
    expect(watch(answered, call("1s"), call("5s", "b"), reply("20s")).formulas).toMatchObject([{ verdict: "open", open: 1 }]);
    expect(watch(answered, call("1s"), { at: "31s" }).formulas).toMatchObject([{ verdict: "open" }]);
    const late = watch(answered, call("1s"), { at: "31001ms" });
    expect([late.formulas, late.events, late.broken]).toMatchObject([[{ verdict: "violated", violated: 1 }], 1, [{ line: 2, id: "A.B", path: "temporal.0", message: "a call without a reply", key: ["a"] }]]);
  });

  test("attack: an event without a time, or before its time, is no event that kept a rule", () => {
    const timeless = watch(answered, call(undefined), reply("9s"));
    expect(timeless.formulas[0]).toMatchObject({ verdict: "not_asked", why: expect.stringContaining("line 1 says no time") });
    const back = watch(answered, call("60s"), reply("59s"), reply("61s"));
    expect([back.formulas[0]?.verdict, back.inconclusive[0]]).toMatchObject(["inconclusive", { line: 2, because: "late" }]);
    // What no formula is about needs no time.
    expect(watch(answered, { event: "other", with: {} }, call("1s"), reply("2s")).formulas[0]?.verdict).toBe("kept");
  });

  test("attack: more keys than fit are told, not forgotten", () => {
    const two = rule("call leads_to reply within 30s", "per: who\nkeys_max: 2\n");
    expect(watch(two, call("1s", "a"), call("2s", "b"), call("3s", "c"), reply("4s", "a"), reply("4s", "b"), reply("4s", "c")).formulas).toMatchObject([{ verdict: "inconclusive" }]);
  });

  test("what is for the model checker alone says so, and is no lack of the recording", () => {
    const result = compile(`${HEAD}temporal: [{formula: eventually reply, only: model}]\n`);
    expect("ok" in result && watch(result.ok, call("1s")).formulas).toMatchObject([{ verdict: "not_asked", why: "for the model checker alone" }]);
  });

  test("money and times may be written as in an example, for conditions, too", () => {
    const spent = compile(`${HEAD}assert: [{expr: cost <= 1.5 && n > 9007199254740992}]\n`);
    const of = (cost: string) => "ok" in spent && replay([spent.ok], recordedEvents(recorded({ event: "call", with: { cost, n: "9223372036854775807", who: "$1" } }))).broken_total;
    expect([of("$1.50"), of("$1.51"), of("1.5")]).toEqual([0, 1, 1]);
  });
});

test("times: dates in UTC, milliseconds, since the beginning; nothing else, and no two kinds in one recording", () => {
  const dated = { ms: Date.UTC(2026, 10, 22, 8, 30), relative: false };
  expect([recordedTime("2026-11-22T08:30:00Z"), recordedTime(dated.ms), recordedTime("2026-11-22T08:30:00.25Z"), recordedTime("1m30s")]).toEqual([dated, dated, { ms: dated.ms + 250, relative: false }, { ms: 90_000, relative: true }]);
  for (const at of ["2026-02-30T00:00:00Z", "2026-11-22T08:30:00+01:00", "soon", "", -1, 1.5, "-5s", true, {}, null]) expect([at, recordedTime(at)]).toEqual([at, null]);
  for (const [lines, said] of [[[call("1s"), call(5)], ":2: a date and a time"], [[call("soon")], ":1: at is no time"], [[{ with: {} }], ":1 is no event"], [[{ at: "1s", with: {} }], ":1 is no event"]] as const) expect(() => [...recordedEvents(recorded(...lines))]).toThrow(said);
});

const FORMULAS = ["call leads_to reply within 5s", "never n > 2", "always !call || once reply in 4s", "count(call) in 6s <= 3", "!(reply) until call within 5s", "eventually within 8s reply where n == 0", "always (n < 3 || eventually within 3s reply)", "!(call where n > 2) until reply", "never (call && once (reply && eventually within 2s call) in 5s)"];

test(`a recording is told as the reference tells the trace, seed ${SEED}`, () => {
  const dice = new Dice(SEED);
  const seen = new Map<string, number>();
  for (const formula of FORMULAS) {
    const compiled = rule(formula);
    for (let i = 0; i < 60; i++) {
      let at = 0;
      const events = Array.from({ length: 1 + dice.below(7) }, () => ({ at_ms: (at += dice.below(4_000)), event: dice.of(["call", "reply"]), fields: { n: dice.below(4) } }));
      const end_ms = at + dice.below(7_000);
      const lines: Recorded[] = [...events.map(({ at_ms, event, fields }, line) => ({ line: line + 1, event, time: { ms: at_ms, relative: true }, fields, old: undefined })), { line: 99, event: null, time: { ms: end_ms, relative: true }, fields: {}, old: undefined }];
      const clause = compiled.temporal[0]!;
      const wanted = judgeTrace(clause.formula, clause.counts, { events, end_ms, keys: {} }).verdict;
      const told = replay([compiled], lines).formulas[0]?.verdict;
      expect({ formula, events, end_ms, told }).toEqual({ formula, events, end_ms, told: wanted });
      seen.set(wanted, (seen.get(wanted) ?? 0) + 1);
    }
  }
  for (const verdict of ["kept", "open", "violated"]) expect([verdict, (seen.get(verdict) ?? 0) > 4]).toEqual([verdict, true]);
});

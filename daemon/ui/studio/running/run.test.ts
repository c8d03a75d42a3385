import { describe, expect, test } from "bun:test";
import { counterexampleBytes } from "../../../../proto/counterexample.ts";
import { readCex } from "../../../verifier/counterexample.ts";
import { STUDIO_LIMITS } from "../limits.ts";
import { walkOfCex } from "../stepping/walk.ts";
import type { Question, Ran, Reply } from "./protocol.ts";
import { recordingOf } from "./reading.ts";
import { headline, remarks } from "./words.ts";
import { Runner } from "./worker.ts";

const CAP = `id: A.CAP
scope: s
when: [{event: call}, {event: reply}]
fields: {spent: money, budget: money, who: string}
assert:
  - {expr: spent <= budget, message: "{{who}} spent {{spent}}"}
  - {expr: spent < 5.00}
`;
const ORDER = `id: A.ORDER
scope: s
when: [{event: call}, {event: reply}]
fields: {who: string}
per: who
keys_max: 100
temporal:
  - {formula: call leads_to reply within 10s, message: "no reply to {{who}}"}
`;
const call = (spent: string, who = "a", at?: string) => ({ event: "call", ...(at === undefined ? {} : { at }), with: { spent, budget: "$3", who } });
const ndjson = (...values: readonly unknown[]): Blob => new Blob([values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join("\n")]);

async function answers(...questions: readonly Question[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  const runner = new Runner((reply) => void replies.push(reply));
  for (const question of questions) await runner.answer(question);
  return replies;
}
async function ran(text: string, blob: Blob): Promise<Ran> {
  const last = (await answers({ ask: "run", id: 1, text, beside: [], source: { name: "f", blob } })).at(-1);
  if (last === undefined || !("ran" in last)) throw new Error(JSON.stringify(last));
  return last.ran;
}

describe("a rule against what was recorded", () => {
  test("how many events fire, each with its line, time and message; one that breaks two conditions is one event", async () => {
    const found = await ran(CAP, ndjson(call("$1", "a", "1s"), call("$4", "b", "2s"), { event: "other", with: {} }, call("$6", "c", "3m")));
    expect([found.events, found.about, found.fired, found.violations, found.window]).toEqual([4, 3, 2, 3, { from: "1s", to: "3m" }]);
    expect(found.fires.map(({ line, at, path, message }) => [line, at, path, message])).toEqual([
      [2, "2s", "assert.0", '"b" spent 4.00'],
      [4, "3m", "assert.0", '"c" spent 6.00'],
      [4, "3m", "assert.1", "this does not hold: spent < 5.00"],
    ]);
  });

  test("lines that are broken, half written or rows of another version are said by number, and the others are asked", async () => {
    const found = await ran(CAP, ndjson(call("$4"), "{", 7, { v: 2, gate_id: "g", verdict: "admit" }, { event: 1 }, "", call("$4"), '{"event":"call","with":{"spent'));
    expect([found.fired, found.wrong, found.wrong_lines.map(({ line }) => line)]).toEqual([2, 5, [2, 3, 4, 5, 8]]);
    expect(found.wrong_lines[2]?.said).toContain("v: 2");
  });

  test("garbage and nothing are no pass: that nothing could be asked is said, and so it is of events that the rule is not about", async () => {
    const noise = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2_654_435_761) >>> 13);
    const garbage = await ran(CAP, new Blob([noise]));
    expect([headline(garbage, "a.ndjson"), garbage.wrong > 1_000]).toEqual([`Nothing could be asked: none of the ${garbage.wrong.toLocaleString("en")} lines of a.ndjson is an event.`, true]);
    expect(remarks(garbage)[0]).toStartWith(`${garbage.wrong.toLocaleString("en")} lines are no events and were not asked: line 1: this is no JSON`);
    expect(headline(await ran(CAP, ndjson("")), "empty.ndjson")).toBe("Nothing could be asked: there is no event in empty.ndjson.");
    expect(headline(await ran(CAP, ndjson("{")), "half")).toBe("Nothing could be asked: the only line of half is no event.");
    expect(headline(await ran(CAP, ndjson({ event: "other", with: {} }, { event: "other", with: {} })), "f")).toBe("Nothing could be asked: none of the 2 events of f is one that the rule is about. It has no call or reply; it has other 2 times.");
    expect(headline(await ran(CAP, ndjson(call("$1"))), "f")).toBe("It would not have fired in 1 event.");
  });

  test("which event of the rule's a recording has none of is said by its name, with what it has instead, and apart from a rule that would not have fired", async () => {
    const many = ["a", "b", "b", "c", "d", "e", "f", "g", "x\u202ey".repeat(200), "x\u202ey".repeat(200)].map((event) => ({ event, with: {} }));
    const none = await ran(ORDER, ndjson(...many));
    const long = `${"x\\u{202e}y".repeat(66)}x\\u{202e}…`;
    expect([none.about, headline(none, "f"), remarks(none)]).toEqual([0, `Nothing could be asked: none of the 10 events of f is one that the rule is about. It has no call or reply; it has b 2 times, ${long} 2 times, a once, c once, d once and 3 other kinds.`, []]);
    expect(headline(await ran(ORDER, ndjson({ event: "b", with: {} })), "f")).toBe("Nothing could be asked: the only event of f is none that the rule is about. It has no call or reply; it has b once.");
    // It would not have fired, and what it waits for was never there to begin with.
    const half = await ran(ORDER, ndjson({ event: "reply", at: "1s", with: { who: "a" } }, { event: "b", at: "2s", with: {} }));
    expect([headline(half, "f"), remarks(half)]).toEqual(["It would not have fired in 2 events, from 1s to 2s.", ["The rule is about call, too, and no event is one: of that nothing was asked. Was it recorded?"]]);
    expect(remarks(await ran(ORDER, ndjson({ event: "reply", at: "1s", with: { who: "a" } }, { event: "call", at: "2s", with: { who: "a" } }, { event: "reply", at: "3s", with: { who: "a" } })))).toEqual([]);
  });

  test("events at which it fires because a field is missing are told apart from those at which it is simply false", async () => {
    const without = { event: "call", with: { budget: "$3", who: "a" } };
    const found = await ran(CAP, ndjson(call("$4"), without, without, call("$1")));
    expect([found.fired, found.violations, found.missing]).toEqual([3, 5, [{ name: "spent", events: 2 }]]);
    expect(headline(found, "f")).toBe("It would have fired 3 times in 4 events (5 conditions broken). 2 of them are because spent is missing: ask has(spent) first if that is to be allowed.");
    expect(headline(await ran(CAP, ndjson(without)), "f")).toEndWith(" That is because spent is missing: ask has(spent) first if that is to be allowed.");
    // Said once, wherever the message has it, and no amount has no sign.
    const said = await ran(CAP.replace("{{who}} spent {{spent}}", "{{who}} spent ${{spent}} of ${{budget}}"), ndjson(without, { event: "call", with: { spent: "$4", who: "a" } }));
    expect([said.fires.map(({ message }) => message), said.missing]).toEqual([['"a" spent (spent is missing) of $3.00', "this does not hold: spent < 5.00 (spent is missing)", '"a" spent $4.00 of (budget is missing)'], [{ name: "spent", events: 1 }, { name: "budget", events: 1 }]]);
    // What a text of an event says is no field that is missing.
    expect((await ran(CAP, ndjson(call("$4", "(spent is missing)")))).missing).toEqual([]);
  });

  test("the limit of events is said, with how many lines nobody looked at; a file over the limit is not read", async () => {
    const line = `${JSON.stringify(call("$4"))}\n`;
    const found = await ran(CAP.split("\n").slice(0, 6).join("\n"), new Blob([line.repeat(STUDIO_LIMITS.events_max + 3)]));
    expect([found.events, found.fired, found.fires.length]).toEqual([STUDIO_LIMITS.events_max, STUDIO_LIMITS.events_max, STUDIO_LIMITS.fires_max]);
    expect([3, null]).toContain(found.left_out);
    const stream = (): never => {
      throw new Error("it was read");
    };
    expect(await recordingOf({ size: STUDIO_LIMITS.recording_bytes_max + 1, stream }, () => undefined)).toEqual({ failed: expect.stringContaining("split it") });
  });

  test("a formula's violation is walked through the events of its key alone, up to where it became known", async () => {
    const events = ndjson({ event: "call", at: "1s", with: { who: "a" } }, { event: "call", at: "2s", with: { who: "b" } }, { event: "reply", at: "3s", with: { who: "b" } }, { event: "reply", at: "20s", with: { who: "a" } });
    const replies = await answers({ ask: "run", id: 1, text: ORDER, beside: [], source: { name: "f", blob: events } }, { ask: "walk", id: 2, fire: 0 }, { ask: "walk", id: 3, fire: 9 });
    const [walked, none] = replies.slice(-2);
    expect(walked).toMatchObject({ id: 2, walk: { title: 'A.ORDER breaks: no reply to "a"', cut: 0, end: "here it breaks", steps: [{ title: "call", place: "line 1, 1s" }, { title: "reply", place: "line 4, 20s" }] } });
    expect(none).toEqual({ id: 3, failed: expect.stringContaining("run it again") });
  });

  test("a rule with a mistake is not run: its mistakes come back with their places", async () => {
    const [reply] = await answers({ ask: "run", id: 1, text: CAP.replace("spent <= budget", "spent <= budge"), beside: [], source: { name: "f", blob: ndjson(call("$4")) } });
    expect(reply).toMatchObject({ mistakes: [{ line: 6, column: 21, fix: expect.stringContaining("budget") }] });
  });

  test("a catalogue beside the document is what types its fields", async () => {
    const bare = CAP.replace(/^fields:.*\n/m, "").replace("reply", "answered");
    const beside = [{ name: "events.yaml", text: "events:\n  call: {fields: {spent: money, budget: money, who: string}}\n  answered: {fields: {spent: money, budget: money, who: string}}\n" }];
    const replies = await answers({ ask: "run", id: 1, text: bare, beside, source: { name: "f", blob: ndjson(call("$4")) } });
    expect(replies.at(-1)).toMatchObject({ ran: { fired: 1 } });
  });
});

describe("steps of a counterexample", () => {
  const state = (step: number, more: Record<string, number> = {}) => ({ action: `do ${step}`, location: null, state: { count: step, same: "x\u202e", ...more } });
  const cex = { type: "maestro.cex/v1", invariant: "Queue.Fair", engine: "tlc", message: "lost", inputs: null, trace: [state(0), state(1)], loop_at: 0, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null, replay: { command: ["maestro", "modelcheck"], verdict: "not-reproduced" } } as const;

  test("what changed is marked against the step before, hidden characters are made visible, and the end says what comes after", () => {
    const read = readCex(new TextDecoder().decode(counterexampleBytes({ ...cex, trace: [...cex.trace], replay: { ...cex.replay, command: [...cex.replay.command] } })));
    if (read === null) throw new Error("no counterexample");
    const walk = walkOfCex(read);
    expect(walk.steps[0]?.fields.map(({ change }) => change)).toEqual(["first", "first"]);
    expect(walk.steps[1]?.fields).toEqual([
      { name: "count", value: "1", change: "changed", before: "0" },
      { name: "same", value: '"x\\u{202e}"', change: "same", before: null },
    ]);
    expect([walk.end, walk.title]).toEqual(["and back to step 1, for ever", "Queue.Fair breaks: lost (when it was run again, this was not seen)"]);
  });
});

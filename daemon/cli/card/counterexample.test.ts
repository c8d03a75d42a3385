import { describe, expect, test } from "bun:test";
import { cexDouble, type CexValue } from "../../../proto/cex-value.ts";
import { type Counterexample, counterexampleBytes } from "../../../proto/counterexample.ts";
import { flowsOf } from "../outputs/sarif-flow.ts";
import { cexText } from "../../verifier/counterexample.ts";
import { counterexampleLines, counterexampleMarkdown, counterexampleText } from "./counterexample.ts";
import { renderMarkdown } from "./markdown.ts";
import { renderTerminal } from "./terminal.ts";
import { card } from "./testing/card.ts";
import { activeCharacters, commandLines, HOSTILE } from "./testing/hostile.ts";

const TRACE: Counterexample = {
  type: "maestro.cex/v1", invariant: "queue.fifo", engine: "tlc", message: "a job is lost", inputs: null,
  trace: [
    { action: "Init", location: null, state: { queue: [], done: 0 } },
    { action: "Take", location: { path: { u: "specs/queue.tla" }, start_line: 12, end_line: 14 }, state: { queue: [], done: 1 } },
    { action: "Idle", location: null, state: { queue: [], done: 1 } },
  ],
  loop_at: 1, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: "b".repeat(64), replay: { command: ["maestro", "modelcheck", "specs/my queue.tla"], verdict: "reproduced" },
};
const INPUTS: Counterexample = { ...TRACE, engine: "fast-check", inputs: { spent: 11, rate: cexDouble(0.1 + 0.2) }, trace: null, loop_at: null, seed: 42, path: "3:1", spec_sha256: null };

test("a trace says what each action changed, where it goes back to, and how to see it", () => {
  expect(counterexampleLines(TRACE)).toEqual([
    "queue.fifo breaks: a job is lost", "0. Init", "   queue = []", "   done = 0", "1. Take at specs/queue.tla:12", "   done = 1", "2. Idle (nothing changes)",
    "and back to step 1, for ever", "found by tlc; see it with maestro modelcheck 'specs/my queue.tla'",
  ]);
  expect(counterexampleText({ ...TRACE, loop_at: null, stutter: true })).toContain("and nothing happens any more");
  expect(counterexampleLines(INPUTS)).toContain("rate = 0.30000000000000004");
  expect(counterexampleLines(INPUTS).at(-1)).toStartWith("found by fast-check (seed 42, path 3:1)");
});

test("attack: one that did not reproduce is shown on no face", () => {
  const claimed: Counterexample = { ...TRACE, replay: { ...TRACE.replay, verdict: "not-reproduced" } };
  expect([counterexampleText(claimed), counterexampleMarkdown(claimed), flowsOf(claimed)]).toEqual(["", "", {}]);
});

test("a card shows its counterexamples on the terminal and in Markdown, and says what it does not hold", () => {
  const document = (cex: Counterexample): string => new TextDecoder().decode(counterexampleBytes(cex));
  const one = { check: "modelcheck", rule: "model.violated", fingerprint: "a".repeat(64), sha256: "c".repeat(64) };
  const shown = card({ verdict: "refuse", counterexamples: { listed: [{ ...one, document: document(TRACE) }, { ...one, document: null }, { ...one, document: "{}" }], more: 2 } });
  for (const text of [renderTerminal(shown), renderMarkdown(shown)]) {
    for (const part of ["1. Take at specs/queue.tla:12", "done = 1", "and back to step 1, for ever", `counterexample/${"c".repeat(32)}.json`, "too long for a card", "no counterexample that was seen to break", "and 2 more"]) expect(text.replace(/\s+(?:\|\s+)?/g, " ")).toContain(part);
  }
});

test("attack: a card whose counterexample did not reproduce shows none of it", () => {
  const claimed = new TextDecoder().decode(counterexampleBytes({ ...TRACE, message: "planted", replay: { ...TRACE.replay, verdict: "not-reproduced" } }));
  const shown = card({ verdict: "refuse", counterexamples: { listed: [{ check: "modelcheck", rule: "model.violated", fingerprint: "a".repeat(64), sha256: "c".repeat(64), document: claimed }], more: 0 } });
  expect(renderTerminal(shown) + renderMarkdown(shown)).not.toContain("planted");
});

test("a long trace loses its beginning, never its end, and says how much", () => {
  const steps = Array.from({ length: 100 }, (_, i) => ({ action: `step ${i}`, location: null, state: { i } }));
  const lines = counterexampleLines({ ...TRACE, trace: steps, loop_at: null });
  expect(lines[1]).toBe("60 earlier steps are left out here");
  // The first one that is shown says everything, since what came before it is not there to compare with.
  expect([lines[2], lines[3], lines.at(-2)]).toEqual(["60. step 60", "   i = 60", "   i = 99"]);
});

test.each([
  ["-0", cexDouble(-0)], ["-1/3", { "#rational": ["-1", "3"] }], ["0b0101", { "#bits": "0101" }], ['{1, "a"}', { "#set": [1, "a"] }], ["(1, true)", { "#tup": [1, true] }], ["[1 -> 2]", { "#map": [[1, 2]] }],
  ["some(3)", { "#ctor": "some", args: [3] }], ["undefined", { "#unserializable": "undefined" }], ["{a: [1]}", { a: [1] }], ["123456789012345678901", { "#bigint": "123456789012345678901" }],
] as const satisfies readonly (readonly [string, CexValue])[])("%s", (text, value) => {
  expect(cexText(value)).toBe(text);
});

test("SARIF: one thread, a step for each state, with its place and what changed", () => {
  expect(flowsOf(TRACE)).toEqual({
    codeFlows: [{
      message: { text: "a job is lost; then back to step 1" },
      threadFlows: [{ locations: [
        { executionOrder: 1, location: { message: { text: "Init" } }, state: { queue: { text: "[]" }, done: { text: "0" } } },
        { executionOrder: 2, location: { message: { text: "Take" }, physicalLocation: { artifactLocation: { uri: "specs/queue.tla", uriBaseId: "%SRCROOT%" }, region: { startLine: 12, endLine: 14 } } }, state: { done: { text: "1" } } },
        { executionOrder: 3, location: { message: { text: "Idle" } }, state: {}, importance: "essential" },
      ] }],
      properties: { engine: "tlc", replay: ["maestro", "modelcheck", "specs/my queue.tla"], spec_sha256: "b".repeat(64) },
    }],
  });
  expect(JSON.stringify(flowsOf(INPUTS))).toContain('"spent":{"text":"11"}');
});

describe("attack: names, values and actions of the change are inert", () => {
  test.each(HOSTILE)("%s", (_attack, text) => {
    const state = { [`a${text.replace(/[\u0000-\u001f\u007f]/g, "").slice(0, 60)}`]: text };
    const cex: Counterexample = { ...TRACE, message: text, trace: [{ action: text, location: { path: { u: text }, start_line: 1, end_line: 1 }, state }], loop_at: null, replay: { command: ["maestro", text], verdict: "reproduced" } };
    for (const shown of [counterexampleText(cex), counterexampleMarkdown(cex), JSON.stringify(flowsOf(cex))]) {
      expect(activeCharacters(shown)).toEqual([]);
      expect(commandLines(shown)).toEqual([]);
    }
  });
});

test("attack: counterexamples as large as a card holds leave room for what to do and where the evidence lies", () => {
  const wide = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`variable${i}`, "w".repeat(180)]));
  const trace = [0, 1, 2].map((at) => ({ action: "Step", location: null, state: { ...wide, at } }));
  const document = new TextDecoder().decode(counterexampleBytes({ ...TRACE, message: "m".repeat(2_000), trace, loop_at: null, replay: { ...TRACE.replay, command: ["maestro", "p".repeat(900)] } }));
  const one = { check: "modelcheck", rule: "model.violated", fingerprint: "a".repeat(64), sha256: "c".repeat(64), document };
  const shown = card({ verdict: "refuse", counterexamples: { listed: [one, one, one, one], more: 0 } });
  const markdown = renderMarkdown(shown);
  const [, cexes = "", after = ""] = /\*\*Counterexample\*\*\n([\s\S]*)\n\*\*Evidence\*\*([\s\S]*)/.exec(markdown) ?? [];
  expect([cexes.length < 40_000, cexes.split("\n").length < 120, after.includes("cost")]).toEqual([true, true, true]);
  expect(cexes.split("\n").filter((line) => line.includes("p".repeat(900)))).toHaveLength(4);
  expect(cexes).toContain("lines are left out here; maestro cex show BUNDLE has them");
});

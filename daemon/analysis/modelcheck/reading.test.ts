import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { ModelOutcome } from "../../../proto/model.ts";
import { framed } from "./frames.ts";
import { readRun } from "./reading.ts";
import { ASSERTED, BEGUN, DEADLOCK, FAKE, FINISHED, INITIAL, LASSO, NESTED, PASSED, REFUSED, stats, STUTTER, SUCCESS } from "./testing/printed.ts";

const exit = (code: number) => ({ kind: "exit", code }) as const;

function read(code: number, output: string): ModelOutcome {
  const outcome = readRun(exit(code), output);
  expect(Value.Check(ModelOutcome, outcome)).toBe(true);
  return outcome;
}

const because = (code: number, output: string): string => {
  const outcome = read(code, output);
  return outcome.result === "unavailable" ? outcome.because : outcome.result;
};

const failure = (code: number, output: string) => {
  const outcome = read(code, output);
  if (outcome.result !== "fail") throw new Error(JSON.stringify(outcome));
  return outcome;
};

describe("a pass", () => {
  test("is exit 0, whole messages, success, an end, and every state looked at", () => {
    expect(read(0, PASSED)).toEqual({ result: "pass", counts: { generated: 4, distinct: 4, left: 0, depth: 4 }, collision: "1.1E-19" });
  });

  test.each([
    ["no success", `${BEGUN}${stats(4, 4, 0)}${FINISHED}`, "did not say that it found no error"],
    ["success twice", `${BEGUN}${SUCCESS}${SUCCESS}${stats(4, 4, 0)}${FINISHED}`, "did not say that it found no error"],
    ["no count", `${BEGUN}${SUCCESS}${FINISHED}`, "how many states"],
    ["no end", `${BEGUN}${SUCCESS}${stats(4, 4, 0)}`, "not whole"],
    ["something after the end", `${PASSED}${SUCCESS}`, "not whole"],
    ["an error on the way", `${BEGUN}${SUCCESS}@!@!@STARTMSG 2103:1 @!@!@\nbroken\n@!@!@ENDMSG 2103 @!@!@\n${stats(4, 4, 0)}${FINISHED}`, "an error: broken"],
    ["nothing", "", "not whole"],
  ])("attack: %s is none", (_, output, words) => expect(because(0, output)).toContain(words));

  test("attack: output cut off anywhere at all is none", () => {
    for (let length = 0; length < PASSED.length - 1; length++) expect(readRun(exit(0), PASSED.slice(0, length)).result).toBe("unavailable");
  });

  test("attack: a specification that ends its own check with TLCSet leaves states, and exit 0 and the message of success are no pass", () => {
    expect(because(0, `${BEGUN}${SUCCESS}${stats(2, 2, 1)}${FINISHED}`)).toContain("stopped with 1 states");
  });

  test("attack: a configuration without a behaviour checks nothing and is none", () => {
    expect(because(0, `${BEGUN}${SUCCESS}${stats(0, 0, 0)}${FINISHED}`)).toContain("nothing was checked");
  });

  test("attack: a specification that prints TLC's messages says nothing by it", () => {
    expect(because(0, `${BEGUN}${FAKE}${stats(4, 4, 0)}${FINISHED}`)).toContain("did not say");
    expect(read(0, PASSED.replace("Parsing", `${FAKE}Parsing`)).result).toBe("pass");
    expect(because(0, FAKE)).toContain("not whole");
    expect(failure(14, ASSERTED).violation).toEqual({ kind: "assertion", name: null, exit: 14 });
  });

  test("is no other exit code's, whatever was printed", () => {
    for (const code of [1, 2, 3, 10, 11, 12, 13, 14, 75, 76, 77, 134, 150, 151, 152, 153, 255]) expect(read(code, PASSED).result).toBe("unavailable");
  });
});

describe("a failure", () => {
  test("has every state with its action, values in ITF's form, also over several lines", () => {
    const { violation, trace, counts } = failure(12, REFUSED);
    expect(violation).toEqual({ kind: "invariant", name: "Inv", exit: 12 });
    const y = { a: { "#set": [-2, 1] }, b: { "#tup": ['s\n"q', true] } };
    const z = { "#map": [[1, { "#set": [{ "#unserializable": "m1" }] }], [3, "b"]] };
    const next = { name: "Next", module: "Canary", from: { line: 6, column: 9 }, to: { line: 6, column: 48 } };
    expect(trace).toEqual({ steps: [{ action: null, state: { x: 0, y, z } }, { action: next, state: { x: 1, y, z } }], loop_at: null, stuttering: false });
    expect(counts).toEqual({ generated: 4, distinct: 3, left: 1, depth: 4 });
  });

  test("of a temporal property leads back, or stands still", () => {
    expect(failure(13, LASSO)).toMatchObject({ violation: { kind: "liveness", name: null, exit: 13 }, trace: { loop_at: 0, stuttering: false } });
    expect(failure(13, STUTTER).trace).toMatchObject({ loop_at: null, stuttering: true });
    expect(failure(13, LASSO).trace.steps.map(({ state }) => state)).toEqual([{ x: 0 }, { x: 1 }]);
  });

  test("may be the initial state, or a deadlock", () => {
    expect(failure(12, INITIAL)).toMatchObject({ violation: { kind: "invariant", name: "Small" }, trace: { steps: [{ action: null, state: { a: 7, b: { "#set": [] } } }] } });
    expect(failure(11, DEADLOCK).violation.kind).toBe("deadlock");
  });

  test("attack: exit code and words that tell two stories are no answer", () => {
    expect(because(13, REFUSED)).toContain("did not say what is violated: Invariant Inv is violated.");
    expect(because(0, REFUSED)).toContain("ended with 0 and an error");
    expect(because(12, REFUSED.slice(0, -30))).toContain("not whole");
  });
});

describe("no answer", () => {
  test("names what TLC said, an error in an error too", () => {
    expect(because(255, NESTED)).toBe("TLC ended with 255: TLC met an error: TLC threw an unexpected exception. and more; no file");
    expect(because(150, BEGUN)).toBe("TLC ended with 150: the specification does not parse, or a module is missing");
    expect(because(99, "")).toBe("TLC ended with 99: no exit code of TLC");
  });

  test("is also whatever ended the run from outside", () => {
    expect(readRun({ kind: "ended", because: "wall" }, PASSED)).toEqual({ result: "unavailable", because: "wall" });
  });

  test("messages that cross, or nest without an end, are not whole", () => {
    expect(framed("@!@!@STARTMSG 1:0 @!@!@\n@!@!@STARTMSG 2:0 @!@!@\n@!@!@ENDMSG 1 @!@!@\n@!@!@ENDMSG 2 @!@!@").whole).toBe(false);
    expect(framed("@!@!@ENDMSG 1 @!@!@").whole).toBe(false);
    expect(framed("@!@!@STARTMSG 1:0 @!@!@\n".repeat(100_000)).whole).toBe(false);
    expect(framed(` ${PASSED}`).messages.some(({ code }) => code === 2262)).toBe(false);
  });
});

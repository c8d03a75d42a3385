/** The real TLC in the real sandbox. Few runs, because each takes a second; the others are in bench/modelcheck.accept.ts. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { MaestroError } from "../../../proto/errors.ts";
import { skipWithout } from "../../testing/skip.ts";
import { model, modelRig, modelsHere, type Rig } from "./testing/rig.ts";

setDefaultTimeout(120_000);

const { toolchain, because } = await modelsHere();
const skipped = skipWithout(toolchain !== null, `no model was checked: ${because}`);
const rig: Rig | null = toolchain === null ? null : modelRig(toolchain);
afterAll(() => rig?.[Symbol.asyncDispose]());
const ours = (): Rig => {
  if (rig === null) throw new Error("skipped");
  return rig;
};

const COUNTING = `EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0 /\\ PrintT("\\n@!@!@STARTMSG 2110:1 @!@!@\\nInvariant Small is violated.\\n@!@!@ENDMSG 2110 @!@!@")
Next == x' = (x + 1) % 5
Spec == Init /\\ [][Next]_x /\\ WF_x(Next)
Small == x < 5
Reached == <>(x = 4)
Stays == <>[](x = 4)`;

describe.skipIf(skipped)("a model in the sandbox", () => {
  test("passes with its states counted, whatever it prints, and is known the second time", async () => {
    const request = model("Counting", COUNTING, "SPECIFICATION Spec\nINVARIANT Small\nPROPERTY Reached\n");
    const first = await ours().run(request);
    expect(first).toMatchObject({ cached: false, outcome: { result: "pass", counts: { distinct: 5, generated: 6, left: 0 } } });
    const again = await ours().run(request);
    expect(again).toEqual({ ...first, cached: true, us: again.us });
    // Another configuration is another question.
    expect([...ours().cache.keys()]).toEqual([first.key]);
  });

  test("fails with the behaviour that shows it, for ever round", async () => {
    const { outcome } = await ours().run(model("Counting", COUNTING, "SPECIFICATION Spec\nPROPERTY Stays\n"));
    expect(outcome).toMatchObject({ result: "fail", violation: { kind: "liveness", exit: 13 }, trace: { loop_at: 0, stuttering: false } });
    expect(outcome.result === "fail" && outcome.trace.steps.map(({ action, state }) => [action?.name ?? null, state["x"]])).toEqual([[null, 0], ["Next", 1], ["Next", 2], ["Next", 3], ["Next", 4]]);
  });

  test("attack: one that tells TLC to stop, which then reports success with exit 0, has not passed and is not kept", async () => {
    const before = ours().cache.size;
    const { outcome } = await ours().run(model("Ending", 'EXTENDS Naturals, TLC\nVARIABLE x\nInit == x = 0\nNext == x\' = x + 1 /\\ TLCSet("exit", TRUE)\nSpec == Init /\\ [][Next]_x\nSmall == x < 10', "SPECIFICATION Spec\nINVARIANT Small\n"));
    expect(outcome).toMatchObject({ result: "unavailable" });
    expect(JSON.stringify(outcome)).toContain("had not looked at");
    expect(ours().cache.size).toBe(before);
  });

  test("is not run where it was cancelled, and says so", async () => {
    const stopped = AbortSignal.abort();
    const error: unknown = await ours().run(model("Counting", COUNTING, "SPECIFICATION Spec\n"), {}, stopped).catch((thrown: unknown) => thrown);
    expect(error instanceof MaestroError && error.code).toBe("request.cancelled");
  });

  test("attack: a jar that is not the pinned one is never run", async () => {
    const other = modelRig({ ...toolchain!, jar: import.meta.path });
    try {
      const { outcome } = await other.run(model("Counting", COUNTING, "SPECIFICATION Spec\n"));
      expect(outcome.result === "unavailable" && outcome.because).toContain("is not the pinned one");
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });
});

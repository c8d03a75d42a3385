/** A rule against its older self: nobody's wording may make less look like as much. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createSolver, type Solver, withinTime } from "../../../analysis/smt/index.ts";
import { findZ3, nativeBackend } from "../../../analysis/smt/native.ts";
import { compile, type Compiled } from "../../../invariants/index.ts";
import { skipWithout } from "../../../testing/skip.ts";
import { weaker } from "./weaker.ts";

const native = findZ3([join(import.meta.dir, "../../../../.toolchain/bin/z3")]);
const without = skipWithout(native !== null, "no native z3 here: no rule was compared with its older self; `npm run tools` installs it");
const solver = createSolver({ backends: native === null ? [] : [nativeBackend(native)], now_ms: () => performance.now() });
afterAll(() => solver.close());

function rule(fields: string, expr: string, clause = "assert"): Compiled {
  const compiled = compile(`id: PAY.RULE\nscope: payments\nwhen: [{event: payment}]\nfields: ${fields}\n${clause}:\n  - expr: ${JSON.stringify(expr)}\n    message: no\n`);
  if (!("ok" in compiled)) throw new Error(JSON.stringify(compiled.errors));
  return compiled.ok;
}
const compared = (fields: string, old: string, now: string, clause?: string) => weaker(() => solver, rule(fields, old, clause), rule(fields, now, clause));

describe.skipIf(without)("with the real solver", () => {
  test.each(["and", "distinct", "_", "xor", "old", "true_", "select"])("attack: a field called %s, which is the solver's own word, does not take the question away", async (name) => {
    const { verdict, cex } = await compared(`{${name}: int}`, `${name} > 1`, `${name} > 0`);
    expect([verdict, cex?.inputs]).toEqual(["weaker", { [name]: 1 }]);
  });

  test("attack: a list called like a question about another field, and a field called like its size", async () => {
    const fields = "{has: list<int>, size: int, field: list<int>}";
    const { verdict, cex } = await compared(fields, "size(has) == 3 || has(size) || size(field) == 1", "size(has) == 2 || has(size) || size(field) == 1 || size(has) == 3");
    expect([verdict, (cex?.inputs?.["has"] as number[]).length]).toEqual(["weaker", 2]);
  });

  test("attack: more is let through in lists longer than are looked at, and it is not called the same", async () => {
    for (const [old, now] of [["size(ids) <= 5", "size(ids) <= 1000"], ["size(ids) <= 5", "size(ids) < 6 || size(ids) > 900"]] as const) {
      expect(await compared("{ids: list<int>}", old, now)).toMatchObject({ verdict: "changed", because: expect.stringContaining("at most 4 items") });
    }
    expect((await compared("{id: int}", "id in [1, 2, 3, 4, 5, 6]", "id in [6, 5, 4, 3, 2, 1]")).verdict).toBe("same");
  });

  test("attack: an event that lacks a field was stopped, and is no more", async () => {
    const { verdict, cex } = await compared("{spent: int, kind: string}", "spent > 0 || spent <= 0", 'kind != ""  || kind == ""');
    expect([verdict, cex?.inputs?.["spent"]]).toEqual(["weaker", { "#unserializable": "missing" }]);
    expect((await compared("{spent: int}", "spent > 0", "!has(spent) || spent > 0")).cex?.replay.verdict).toBe("reproduced");
  });

  test("the state before an action, lists and doubles are tried on the real conditions, and shown as they are", async () => {
    expect((await compared("{spent: int}", "spent >= old(spent)", "spent >= old(spent) - 1", "post")).cex).toMatchObject({ inputs: { spent: expect.anything(), "old spent": expect.anything() } });
    expect((await compared("{ids: list<int>}", "ids.all(i, i > 1)", "ids.all(i, i > 0)")).cex?.inputs?.["ids"]).toContain(1);
    expect((await compared("{rate: double}", "rate <= 1.0", "!(rate > 1.0)")).cex?.inputs).toEqual({ rate: { "#double": "7ff8000000000000" } });
  });

  test("attack: a set of characters beyond those that the solver has is not called the same", async () => {
    expect((await compared("{name: string}", "!name.matches('[\u{30000}-\u{3ffff}]')", "name == name")).verdict).toBe("changed");
  });

  test("attack: macros in macros, which written out are millions of terms, take no time", async () => {
    const nested = Array.from({ length: 12 }, (_, i) => `ids.all(i${i}, `).join("") + "true" + ")".repeat(12);
    const started = performance.now();
    expect(await compared("{ids: list<int>}", "size(ids) < 3", nested)).toMatchObject({ verdict: "changed", because: expect.stringContaining("parts") });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("attack: a credential in a rule gets neither into the counterexample nor into the question that is kept", async () => {
    const secret = `ghp_${"Ab3xY9kQ".repeat(4)}9Zk1`;
    const { cex, attached } = await compared("{key: string}", `key != "${secret}"`, "key == key");
    expect([cex?.replay.verdict, JSON.stringify({ cex, attached }).includes(secret)]).toEqual(["reproduced", false]);
  });
});

/** A solver that says one thing whatever it is asked. */
const saying = (result: "sat" | "unsat" | "unknown" | "unavailable", model: readonly (readonly [string, number])[] | null = null): Solver => ({
  check: (smt2) => Promise.resolve({ result, because: result === "sat" || result === "unsat" ? null : "it gave up", model, smt2, smt2_sha256: "0".repeat(64), solver: "z3-native", version: "1", ms: 1 }),
  close: () => Promise.resolve(),
});

describe("attack: a solver that lies or gives up", () => {
  const [old, now] = [rule("{spent: int}", "spent <= 10"), rule("{spent: int}", "spent <= 9")];

  test("values that break nothing are no counterexample: the fault is ours, and the check could not judge", async () => {
    const { verdict, cex, blind } = await weaker(() => saying("sat", [["field spent", 3]]), old, now);
    expect([verdict, cex]).toEqual(["changed", null]);
    expect(blind).toContain("fault of Maestro's");
  });

  test("attack: questions that each take their whole time leave some to the rest of the check, and pass for nothing", async () => {
    const asked: number[] = [];
    const slow: Solver = {
      check: async (text, options) => {
        asked.push(options.deadline_ms);
        return { ...(await saying("unknown").check(text, options)), ms: options.deadline_ms };
      },
      close: () => Promise.resolve(),
    };
    const bounded = withinTime(slow, 8_000);
    const verdicts: Awaited<ReturnType<typeof weaker>>[] = [];
    for (let i = 0; i < 5; i++) verdicts.push(await weaker(() => bounded, old, now));
    expect([asked, verdicts.map(({ verdict }) => verdict)]).toEqual([[3_000, 3_000, 2_000], Array<"changed">(5).fill("changed")]);
    expect(verdicts.at(-1)?.because).toContain("not asked: the questions before it took 8 s");
  });

  test("unknown is changed, and unavailable is asked another time", async () => {
    expect(await weaker(() => saying("unknown"), old, now)).toMatchObject({ verdict: "changed", blind: null });
    expect(await weaker(() => saying("unavailable"), old, now)).toMatchObject({ verdict: "changed", blind: "it gave up" });
  });
});

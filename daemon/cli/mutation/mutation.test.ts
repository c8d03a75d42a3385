import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { readPolicyFolder } from "./bundle.ts";
import { readEquivalents } from "./equivalent.ts";
import { mutationDocument, mutationText } from "./faces.ts";
import { mutatePolicy, type MutateOptions } from "./index.ts";
import { apply, identified, type Mutant, sampled } from "./mutant.ts";
import { findOpa, parseRego } from "./opa.ts";
import { mutantsOf, regoMutants } from "./rego/mutants.ts";
import { OPERATORS } from "./rego/operators.ts";
import { tryAll } from "./rego/run.ts";
import { RegoText } from "./rego/text.ts";
import { GOALS, score, type Tried } from "./score.ts";

const opa = await findOpa();
const without = skipWithout(opa !== null, "no opa here: no policy was mutated; `npm run accept -- opa` builds it");
const work = mkdtempSync(join(tmpdir(), "maestro-mutation-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const POLICY = `package p

default verdict := "hold"

verdict := "admit" if {
	not startswith(input.name, "bad-")
	input.approved
}
`;
const TESTS = `package p_test

import data.p

test_good if p.verdict == "admit" with input as {"name": "ok-x", "approved": true}

test_bad if p.verdict == "hold" with input as {"name": "bad-x", "approved": true}

test_waits if p.verdict == "hold" with input as {"name": "ok-x", "approved": false}
`;

function folderOf(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(work, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
const OPTIONS: MutateOptions = { goals: GOALS, time_ms_max: 600_000, sample: null, progress: () => undefined };
const mutate = (folder: string, options: Partial<MutateOptions> = {}) => mutatePolicy(opa ?? { path: "", version: "" }, folder, { ...OPTIONS, ...options });

describe.skipIf(without)("a user's policy", () => {
  const folder = folderOf("whole", { "p.rego": POLICY, "p_test.rego": TESTS });

  test("its tests notice what they look at; what they do not is named with its line, and the folder is left as it was", async () => {
    const weak = folderOf("weak", { "p.rego": POLICY, "p_test.rego": TESTS.split("\ntest_waits")[0] ?? "" });
    const before = readdirSync(weak).map((file) => readFileSync(join(weak, file), "utf8"));
    const all = await mutate(weak);
    expect(readdirSync(weak).map((file) => readFileSync(join(weak, file), "utf8"))).toEqual(before);
    expect(all.facts).toMatchObject({ tests: 2, sample: null });
    const survivors = all.result.survived.map(({ line, operator, before: was }) => `${line} ${operator} ${was}`);
    expect(survivors).toEqual(["7 drop-condition input.approved"]);
    expect(all.result.killed).toBeGreaterThan(6);
    expect([all.result.score_permille < 920, all.result.faults.join("\n").includes("the goal is 92 %")]).toEqual([true, true]);
    expect(mutationText(all.facts, all.result)).toContain("weak: ");
    expect(JSON.stringify(mutationDocument(all.facts, all.result))).toContain('"fate":"survived"');
  }, 60_000);

  test("a declared equivalent is tried all the same: one that a test notices, and one that is not there, fail", async () => {
    const few = await mutate(folder, { sample: { count: 3, seed: 1 } });
    expect([few.result.tried.length, few.facts.sample]).toEqual([3, { of: expect.any(Number), seed: 1 }]);
    const [killed] = few.result.tried.filter(({ fate }) => fate === "killed");
    const lying = folderOf("lying", { "p.rego": POLICY, "p_test.rego": TESTS, "equivalent-mutants.txt": `${killed?.id} It is claimed that nobody can tell.\n000000000000 It is claimed that there is such a one.\n` });
    const { faults } = (await mutate(lying, { sample: { count: 3, seed: 1 } })).result;
    expect(faults.join("\n")).toContain(`${killed?.id} is declared equivalent and is killed`);
    expect(faults.join("\n")).toContain("000000000000 is declared equivalent and there is no such mutant");
  }, 60_000);

  test("time that does not suffice is said, and no goal is reached by it", async () => {
    const { result } = await mutate(folder, { time_ms_max: -1 });
    expect([result.not_run, result.killed]).toEqual([result.tried.length, 0]);
    expect(result.faults.join("\n")).toContain("were not tried");
  });

  test("tests that fail before anything is changed, or that are none, say nothing of a mutant", async () => {
    const failing = folderOf("failing", { "p.rego": POLICY, "p_test.rego": TESTS.replace('"hold" with', '"admit" with') });
    await expect(mutate(failing)).rejects.toThrow("fail before anything is changed: test_bad");
    await expect(mutate(folderOf("empty", { "p.rego": POLICY, "p_test.rego": "package p_test\n" }))).rejects.toThrow("no rule that begins with test_");
    await expect(mutate(folderOf("broken", { "p.rego": "package p\n\na := b\n", "p_test.rego": TESTS }))).rejects.toThrow("does not load");
    await expect(mutate(folderOf("garbled", { "p.rego": "package p\n\na := = b\n", "p_test.rego": TESTS }))).rejects.toThrow("does not load");
    await expect(mutate(folderOf("older", { "p.rego": "package p\n\ndeny[x] {\n\tx := 1\n}\n", "p_test.rego": TESTS }))).rejects.toThrow("opa fmt --v0-v1");
  });

  test("attack: tests beside the rules, or in a file called otherwise, are faults that anybody kills", async () => {
    const beside = folderOf("beside", { "p.rego": `${POLICY}\ntest_good if verdict == "admit" with input as {"name": "ok-x", "approved": true}\n\ntodo_test_more if false\n`, "cases/p.rego": TESTS });
    const policy = readPolicyFolder(beside);
    expect(policy.policies).toEqual(["p.rego"]);
    const all = await regoMutants(opa!, policy, beside);
    const alone = mutantsOf("p.rego", POLICY, await parseRego(opa!, "p.rego", folder));
    expect(all.map(({ id }) => id)).toEqual(alone.map(({ id }) => id));
  });

  test("every operator finds its place, in characters beyond ASCII too, and each mutant is what it says", async () => {
    const text = `package p

default allow := false

allow if {
	"héé" != input.name; input.n + 1 >= 3
	not input.off
	every z in input.zs { z > 2 }
	min(input.zs) == 3
}

f(x) := "hold" if x > 2
else := "note"

deny contains "x" if {
	some q in input.q
	q < 4
}
`;
    const all = mutantsOf("p.rego", text, await parseRego(opa!, "p.rego", folderOf("operators", { "p.rego": text })));
    expect(new Set(all.map(({ operator }) => operator))).toEqual(new Set(OPERATORS));
    const lines = all.map((one) => [one.operator, apply(text, one).split("\n").filter((line) => !text.split("\n").includes(line)).join(" / ").trim()].join(": "));
    for (const wanted of ['relational: "héé" == input.name; input.n + 1 >= 3', 'arithmetic: "héé" != input.name; input.n - 1 >= 3', 'string: "héé~" != input.name; input.n + 1 >= 3', "negation: input.off", "builtin: max(input.zs) == 3", 'decision: else := "hold"', "quantifier: every q in input.q { / q < 4", "quantifier: some z in input.zs / z > 2"]) {
      expect(lines).toContain(wanted);
    }
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });
});

test("without opa there is nothing to try with, and a program of that name that is none is not taken for it", async () => {
  const bin = folderOf("bin", { opa: "#!/bin/sh\necho Version: 0.30.1\n" });
  expect(await findOpa(join(work, "nowhere"))).toBeNull();
  Bun.spawnSync(["chmod", "755", join(bin, "opa")]);
  expect(await findOpa(bin)).toBeNull();
});

test("attack: opa is ended from outside, and what it did not get to see counts as noticed", async () => {
  const bin = folderOf("ended", { opa: "#!/bin/sh\nkill -9 $$\n" });
  Bun.spawnSync(["chmod", "755", join(bin, "opa")]);
  const policy = readPolicyFolder(folderOf("seen", { "p.rego": POLICY, "p_test.rego": TESTS }));
  const mutant = { ...MUTANT, file: "p.rego", start: 0, end: 0 };
  const tried = await tryAll({ path: join(bin, "opa"), version: "1.0" }, policy, [join(work, "seen")], [mutant], { time_ms_max: 60_000, now_ms: () => 0 }, () => undefined);
  expect(tried).toMatchObject([{ fate: "not-run", by: expect.stringContaining("ended by another than its deadline") }]);
});

const edit = { file: "a.rego", start: 4, end: 6, replacement: "!=" };

test("an id stays when lines move, and tells two like places apart", () => {
  const ids = (text: string, starts: readonly number[]) => identified(starts.map((start) => ({ ...edit, start, end: start + 2, operator: "relational", rule: "r" })), new Map([["a.rego", text]])).map(({ id }) => id);
  const [first, second] = ids("x a == b == c", [4, 9]);
  expect(first).not.toBe(second);
  expect(ids("\n\n\nx a == b == c", [7, 12])).toEqual([first ?? "", second ?? ""]);
  expect(identified([{ ...edit, replacement: "==", operator: "relational", rule: "r" }], new Map([["a.rego", "x a == b"]]))).toEqual([]);
});

const MUTANT: Mutant = { ...edit, id: "a".repeat(12), operator: "relational", line: 1, before: "==" };

test("a sample is the same for the same seed, whatever else there is, and another for another", () => {
  const many = Array.from({ length: 40 }, (_, i) => ({ ...MUTANT, id: i.toString(16).padStart(12, "0") }));
  const ids = (list: readonly Mutant[]) => list.map(({ id }) => id);
  expect(ids(sampled(many, 10, 1))).toEqual(ids(sampled(many, 10, 1)));
  expect(ids(sampled(many, 10, 1))).not.toEqual(ids(sampled(many, 10, 2)));
  const kept = ids(sampled(many.slice(1), 10, 1));
  expect(kept.filter((id) => !ids(sampled(many, 10, 1)).includes(id)).length).toBeLessThanOrEqual(1);
});

describe("the score", () => {
  const tried = (fates: readonly Tried["fate"][]): Tried[] => fates.map((fate, i) => ({ ...MUTANT, id: i.toString(16).padStart(12, "0"), fate, by: null }));
  const of = (fates: readonly Tried["fate"][], declared: ReadonlyMap<string, string> = new Map()) => score(tried(fates), new Set(tried(fates).map(({ id }) => id)), declared, GOALS);

  test("stillborn ones count for nobody, and no goal is reached by rounding", () => {
    const just_short = of([...Array.from({ length: 91 }, () => "killed" as const), ...Array.from({ length: 8 }, () => "survived" as const), "stillborn"]);
    expect([just_short.score_permille, just_short.faults.length]).toEqual([919, 1]);
    expect(of([...Array.from({ length: 23 }, () => "killed" as const), "survived", "survived", "stillborn"]).faults).toEqual([]);
  });

  test("nothing judged is no success", () => {
    expect(of([]).faults).toEqual(["no mutant was judged"]);
    expect(of(["stillborn", "stillborn"]).faults).toEqual(["no mutant was judged"]);
  });

  test("attack: declaring the survivors equivalent reaches the goal only up to one in twenty", () => {
    const declared = new Map([["000000000000", "a reason that is long enough"]]);
    expect(of(["survived", ...Array.from({ length: 19 }, () => "killed" as const)], declared).faults).toEqual([]);
    expect(of(["survived", ...Array.from({ length: 18 }, () => "killed" as const)], declared).faults.join()).toContain("at most 5 %");
  });
});

test("a declaration needs an id and a reason, once", () => {
  expect([...readEquivalents("# why\n\n0123456789ab Order alone counts, not the number.\n").keys()]).toEqual(["0123456789ab"]);
  for (const text of ["0123456789ab", "0123456789ab short", "xyz A reason that is long enough.", "0123456789ab A reason that is long enough.\n0123456789ab Another reason that is long."]) expect(() => readEquivalents(text)).toThrow("equivalent mutants, line");
});

test("attack: what a policy calls itself does not reach the terminal, and a link leads nowhere", () => {
  const hostile: Tried = { ...MUTANT, file: "\u001b[2J.rego", before: "a\u202e", replacement: "\u001b]0;x\u0007", fate: "survived", by: null };
  const text = mutationText({ bundle: "\u001b[31m", tool: "opa", tests: 1, sample: null }, score([hostile], new Set([hostile.id]), new Map(), GOALS));
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  const folder = folderOf("links", { "p.rego": POLICY, "p_test.rego": TESTS });
  symlinkSync("/etc/passwd", join(folder, "secret.json"));
  expect([...readPolicyFolder(folder).files.keys()]).toEqual(["p.rego", "p_test.rego"]);
  for (const none of [join(work, "absent"), folderOf("no-tests", { "p.rego": POLICY }), folderOf("only-tests", { "p_test.rego": TESTS })]) expect(() => readPolicyFolder(none)).toThrow();
});

test("a place whose text is not what the tree says is left alone", () => {
  const text = new RegoText("a := 1\nb := 2\n");
  expect(text.span({ row: 2, col: 6, text: btoa("2") })).toEqual({ start: 12, end: 13, text: "2" });
  for (const location of [{ row: 2, col: 6, text: btoa("3") }, { row: 9, col: 1, text: btoa("a") }, { row: 1, col: 1 }, null]) expect(text.span(location)).toBeNull();
});

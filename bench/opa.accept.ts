/** The Rego engine itself: compiles our source to the committed bytes, passes its tests, and answers as our WASM does. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readBundle } from "../daemon/policy/bundle.ts";
import { load } from "../daemon/policy/evaluate.ts";
import { canonicalText } from "../proto/canonical.ts";
import { committedBundle, compileBundle, SOURCES, testRego } from "../policies/build.ts";
import table from "../policies/default/data.json";
import { accepts, output } from "./rig/accepts.ts";
import { opa } from "./rig/tools.ts";

const DEFAULT = join(import.meta.dir, "../policies/default");
const INPUTS = 500;
const SEED = 20_261_122;

const tool = await opa();
const work = mkdtempSync(join(tmpdir(), "maestro-accept-opa-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const rule = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...Object.keys(table.maestro.table.rules)) }, { weight: 1, arbitrary: fc.constant("no.such-rule") });
const finding = fc.record({
  rule,
  check: fc.constantFrom("secrets", "text", "ci"),
  path: fc.option(fc.string({ maxLength: 12 })),
  tags: fc.uniqueArray(fc.constantFrom("test-path", "fixture-path", "generated", "at-base"), { maxLength: 4 }),
  baseline: fc.constant("not_compared"),
  severity: fc.constantFrom("error", "warning", "note"),
});
const input = fc.record({
  mode: fc.constantFrom("local", "host"),
  actor: fc.record({ class: fc.constantFrom("human", "agent", "bot", "unknown"), authenticated: fc.boolean(), name: fc.string({ maxLength: 8 }), agent: fc.option(fc.constant("Claude")) }),
  change: fc.record({ repository: fc.constant("demo"), title: fc.string({ maxLength: 20 }), files: fc.nat(900), added_lines: fc.nat(9000), removed_lines: fc.nat(9000), history: fc.constant("known"), conflicts: fc.nat(2), empty: fc.boolean() }),
  findings: fc.array(finding, { maxLength: 12 }).map((all) => all.map((one, index) => ({ ...one, index }))),
});

/** Arrays of an answer carry no order of their own. */
function unordered(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null) throw new Error(`${JSON.stringify(answer)} is no answer`);
  return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, Array.isArray(value) ? value.map(canonicalText).sort() : value]));
}

for (const source of SOURCES) {
  accepts(tool, `compiles ${source.revision} to the committed bundle, byte for byte and each time`, async () => {
    const [built, again] = [await compileBundle(tool.path(), source), await compileBundle(tool.path(), source)];
    expect(Bun.SHA256.hash(again, "hex")).toBe(Bun.SHA256.hash(built, "hex"));
    expect(Bun.SHA256.hash(built, "hex")).toBe(Bun.SHA256.hash(await Bun.file(committedBundle(source)).bytes(), "hex"));
  });
}

accepts(tool, "strict check, format and the policy's own tests", async () => {
  const { code, text } = await testRego(tool.path());
  expect(text).toMatch(/PASS: [1-9][0-9]*\/[1-9][0-9]*/);
  expect(code).toBe(0);
});

accepts(tool, `opa eval answers ${INPUTS} inputs as our WASM does`, async () => {
  const inputs = fc.sample(input, { numRuns: INPUTS, seed: SEED });
  writeFileSync(join(work, "inputs.json"), JSON.stringify(inputs));
  const query = "[answer | some one in input; answer := data.maestro.gate.answer with input as one]";
  const text = await output([tool.path(), "eval", "--format", "raw", "--input", join(work, "inputs.json"), "--data", join(DEFAULT, "maestro/gate.rego"), "--data", join(DEFAULT, "data.json"), "--import", "rego.v1", query]);
  const theirs = JSON.parse(text) as readonly unknown[];
  const ask = await load(readBundle(await Bun.file(join(DEFAULT, "bundle.tar.gz")).bytes(), "default"));
  expect(theirs).toHaveLength(INPUTS);
  for (const [i, one] of inputs.entries()) expect(unordered(theirs[i])).toEqual(unordered(await ask(one)));
  // Inputs on which every answer were empty would compare nothing.
  expect(theirs.filter((answer) => JSON.stringify(answer).includes("refuse")).length).toBeGreaterThan(INPUTS / 10);
});

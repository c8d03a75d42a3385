/** Drafts of a change of thousands of files, over a real repository: making that takes most of the time here. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { FactsLimits } from "../../proto/config.ts";
import { DRAFT_CHARACTERS_MAX, DRAFT_TASKS } from "../../proto/drafting.ts";
import { Scratch } from "../platform/git/testing/scratch.ts";
import { draftJob } from "./draft-job.ts";

const PROMPT_CHARACTERS_MAX = 40_000;
/** Of the test, and of taking its thousands of files away, which took 62 s on a loaded machine. */
const DEADLINE_MS = 300_000;
let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose(), DEADLINE_MS);

async function written(count: number): Promise<Awaited<ReturnType<typeof draftJob>>["written"]> {
  const source = scratch.source(`drafted-${count}`);
  const target = await source.commit({ "README.md": "# app\n" });
  const head = await source.commit(Object.fromEntries(Array.from({ length: count }, (_, n) => [`src/d${n % 50}/f${n}.ts`, `export const f${n} = ${n};\n`])));
  const card = JSON.stringify({ verdict: "admit", reasons: [], next: [], checks: [], gaps: [], title: "change" });
  return (await draftJob({ kind: "draft", git: { ...scratch.tools }, git_dir: join(source.path, ".git"), object_format: "sha1", target, head, limits: Value.Create(FactsLimits), deadline_ms: 120_000, card, findings: "[]", tasks: [...DRAFT_TASKS], said: [], exemplars: [] })).written;
}

test("attack: 5,000 changed files: every draft and every prompt is bounded, what is left out is counted, and ten times as many files are no hundred times the work", async () => {
  await written(50);
  const [some, all] = [await written(500), await written(5_000)];
  expect(all.find(({ task }) => task === "summary")?.text).toContain("`4500 files` (`more files than are read whole`)");
  for (const { text, prompt } of all) expect([text.length <= DRAFT_CHARACTERS_MAX, JSON.stringify(prompt).length < PROMPT_CHARACTERS_MAX]).toEqual([true, true]);
  const cpu_us = (of: typeof all): number => of.reduce((sum, one) => sum + one.cpu_us, 0);
  process.stderr.write(`ten times as many files took ${(cpu_us(all) / cpu_us(some)).toFixed(1)} times the work\n`);
  expect(cpu_us(all) / cpu_us(some)).toBeLessThan(30);
}, DEADLINE_MS);

/** Whole answers given again, with the real engine: an agent that drafts anew after each attempt at a change generates less, and reads the same. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { InferenceLimits, StoreLimits } from "../proto/limits.ts";
import type { GenerateJob } from "../proto/model-work.ts";
import { createAnswers } from "../daemon/models/answers/index.ts";
import { systemClock } from "../daemon/platform/clock.ts";
import { openStore } from "../daemon/store/db.ts";
import { accepts, output } from "./rig/accepts.ts";
import { openModel } from "./rig/models.ts";
import { TEXT_MODEL, textModels } from "./rig/texts.ts";

const ENGINE = "node-llama-cpp 3.22.1";
/** Commits of this repository's own history, as an agent's change grew: each attempt drafts for every commit of it so far. */
const ATTEMPTS = [4, 5, 6] as const;
const TASKS = ["summary", "changelog"] as const;
const LESS_MIN = 0.1;
const work = mkdtempSync(join(tmpdir(), "maestro-answers-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

accepts({ name: "node-llama-cpp", version: "3.22.1" }, "an agent's chain over three attempts generates at least a tenth less, with the same texts", async () => {
  const models = await textModels(join(work, "prefix"), { sequences: 2, context_tokens: 1_024 });
  const store = openStore({ state_dir: work, limits: Value.Create(StoreLimits), fatal: () => undefined });
  try {
    const answers = createAnswers({ store, limits: Value.Create(InferenceLimits), clock: systemClock, engine: ENGINE, warn: (what, error) => { throw new Error(what, { cause: error }); } });
    const digest = (await openModel(TEXT_MODEL)).digest;
    const commits = (await output(["git", "log", "-6", "--format=%h %s%x00%b%x01"], { cwd: join(import.meta.dir, "..") })).split("\x01").map((text) => text.trim()).filter((text) => text !== "");
    expect(commits.length).toBe(6);
    const jobs = ATTEMPTS.flatMap((count) => commits.slice(0, count).flatMap((commit) => TASKS.map((task): GenerateJob => ({ model: TEXT_MODEL, prompt: { text: `Commit: ${commit.slice(0, 600)}\nOne line for the ${task}:` }, space: { tenant: "red", task }, max_tokens: 12, temperature: 0 }))));
    let [without, generated] = [0, 0];
    const first = new Map<string, string>();
    for (const job of jobs) {
      const kept = answers.get(job, digest);
      const answer = kept ?? (await models.generate(job));
      without += answer.completion_tokens;
      if (kept === null) {
        expect(answer.engine).toBe(ENGINE);
        generated += answer.completion_tokens;
        answers.put(job, answer);
      }
      const name = JSON.stringify(job);
      expect(first.get(name) ?? answer.text).toBe(answer.text);
      first.set(name, answer.text);
    }
    // What was given again is what would be generated now, by one who never asked.
    const [job] = jobs;
    if (job !== undefined) expect((await models.generate({ ...job, space: { ...job.space, salt: "anew" } })).text).toBe(answers.get(job, digest)?.text ?? "");
    const less = 1 - generated / without;
    process.stdout.write(`| ${jobs.length} requests of ${ATTEMPTS.length} attempts | ${without} tokens without | ${generated} generated | ${(100 * less).toFixed(0)} % less |\n`);
    expect(less).toBeGreaterThanOrEqual(LESS_MIN);
  } finally {
    await models.close();
    await store.close();
  }
});

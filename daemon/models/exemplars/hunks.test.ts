import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import type { HunksJob } from "../../../proto/worker-beside.ts";
import { Scratch } from "../../platform/git/testing/scratch.ts";
import { hunksJob } from "./hunks.ts";

const code = (name: string): string => Array.from({ length: 4 }, (_, place) => `export const ${name}_${place} = compute(${place}, "${name}");`).join("\n") + "\n";

test("what commits added to source files comes newest first; of secret, generated and other files, and of what is hidden by configuration, nothing", async () => {
  const scratch = await Scratch.create();
  try {
    const source = scratch.source();
    await source.commit({ "README.md": "first\n" });
    const older = await source.commit({ "src/older.ts": code("older"), ".env": code("env"), "src/secrets.ts": code("secrets"), "dist/made.js": code("made"), "notes.md": code("prose") });
    const tip = await source.commit({ "src/newer.py": code("newer"), "src/hidden.ts": code("hidden") });
    const ask: Omit<HunksJob, "git_dir"> = { kind: "hunks", git: { ...scratch.tools }, object_format: "sha1", tip, commits_max: 10, hunks_max: 10, secret_paths: ["src/hidden.ts"], deadline_ms: 30_000 };
    const whole: HunksJob = { ...ask, git_dir: join(source.path, ".git") };
    const { hunks } = await hunksJob(whole);
    expect(hunks.map(({ language, commit, text }) => [language, commit, text])).toEqual([["python", tip, code("newer").trimEnd()], ["javascript", older, code("older").trimEnd()]]);
    expect((await hunksJob({ ...whole, commits_max: 1 })).hunks.length).toBe(1);
    expect((await hunksJob({ ...whole, hunks_max: 1 })).hunks.length).toBe(1);
    // The daemon was sent two tips with their files, and of what lies behind them the commits alone.
    const stored = await scratch.stored(source, [tip, older]);
    expect((await hunksJob({ ...ask, git_dir: stored.git_dir })).hunks.map(({ commit }) => commit)).toEqual([tip]);
  } finally {
    rmSync(scratch.root, { recursive: true, force: true });
  }
});

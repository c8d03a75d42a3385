/** Tiers that need other people's programs: what was not looked at has not passed. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };
interface Tiers {
  tierFiles(root: string, tier: string, names: readonly string[]): string[];
  runTier(bun: string, root: string, tier: string, names: readonly string[]): Promise<Counts>;
  runCorpora(bun: string, root: string, folder: string | undefined, cwd: string): Promise<Counts>;
}
interface Lanes {
  runInLanes(bun: string, root: string, files: string[], options: { lanes: number; run_deadline_ms: number; say: () => void }): Promise<Counts & { readonly failures: readonly { readonly file: string; readonly said: string }[] }>;
}
const { runInLanes }: Lanes = await import(join(import.meta.dir, "lanes.mjs"));
const { tierFiles, runTier, runCorpora }: Tiers = await import(join(import.meta.dir, "tiers.mjs"));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maestro-tiers-"));
  mkdirSync(join(root, "bench/deep"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const file = (name: string, body: string): void => writeFileSync(join(root, "bench", name), `import { expect, test } from "bun:test";\n${body}\n`);
const counts = ({ passed, failed, skipped }: Counts): Counts => ({ passed, failed, skipped });

test("a skip in a tier of other people's tools is a failure, and in the long tier it is said", async () => {
  for (const tier of ["accept", "nightly", "slow"]) file(`one.${tier}.ts`, 'test("a", () => expect(1).toBe(1));\ntest.skip("b", () => expect(1).toBe(1));');
  expect(counts(await runTier(process.execPath, root, "accept", []))).toEqual({ passed: 1, failed: 1, skipped: 0 });
  for (const tier of ["nightly", "slow"]) expect([tier, counts(await runTier(process.execPath, root, tier, []))]).toEqual([tier, { passed: 1, failed: 0, skipped: 1 }]);
});

test("what the time of the run was too short for is a failure that is named; so is a skip of other people's tools", async () => {
  file("a.accept.ts", 'test.skip("needs a thing", () => expect(1).toBe(1));');
  file("b.accept.ts", 'test("a", () => expect(1).toBe(1));');
  const { failures, ...rest } = await runInLanes(process.execPath, root, ["bench/a.accept.ts", "bench/b.accept.ts"], { lanes: 1, run_deadline_ms: -1, say: () => undefined });
  expect([rest.passed, rest.failed, failures.map((failure) => failure.said.includes("was not begun"))]).toEqual([0, 2, [true, true]]);
  expect(await runTier(process.execPath, root, "accept", ["--within=10"])).toMatchObject({ passed: 1, failed: 1, skipped: 0, failures: [{ file: "bench/a.accept.ts" }] });
});

describe("which files", () => {
  test("all of a tier, wherever they lie, or those that are named", () => {
    for (const name of ["b.accept.ts", "deep/a.accept.ts", "c.nightly.ts", "plain.ts"]) file(name, "");
    expect(tierFiles(root, "accept", [])).toEqual(["bench/b.accept.ts", "bench/deep/a.accept.ts"]);
    expect(tierFiles(root, "accept", ["a"])).toEqual(["bench/deep/a.accept.ts"]);
    mkdirSync(join(root, "daemon/gate"), { recursive: true });
    writeFileSync(join(root, "daemon/gate/long.slow.ts"), "");
    expect(tierFiles(root, "slow", [])).toEqual(["daemon/gate/long.slow.ts"]);
  });

  test("a name that no file has stops the run, also beside one that some has", () => {
    file("b.accept.ts", "");
    expect(() => tierFiles(root, "accept", ["b", "typo"])).toThrow("named typo; there are: b");
    expect(() => tierFiles(root, "nightly", [])).toThrow("there are no nightly tests");
  });
});

test("corpora are read from the folder that is named, as the caller's shell would, and one that is absent stops the run", async () => {
  file("c.corpora.ts", 'test("a", () => expect(Bun.env["MAESTRO_CORPORA"]).toBe(Bun.env["WANTED"] ?? "nowhere"));');
  mkdirSync(join(root, "given"));
  process.env["WANTED"] = join(root, "given");
  try {
    expect(counts(await runCorpora(process.execPath, root, "given", root))).toEqual({ passed: 1, failed: 0, skipped: 0 });
  } finally {
    delete process.env["WANTED"];
  }
  await expect(runCorpora(process.execPath, root, "absent", root)).rejects.toThrow("npm run accept -- corpora DIR");
});

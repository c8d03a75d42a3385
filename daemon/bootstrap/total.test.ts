/** What a build host reads of several runs: one line that counts all of them, whatever became of each. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RUNNER = join(import.meta.dir, "total.mjs");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-total-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const left = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return `${name}=${join(folder, name)}`;
};
const results = (passed: number, failed: number, skipped: number, failures: readonly object[] = []): string => JSON.stringify({ passed, failed, skipped, failures });

function total(...runs: string[]): { code: number; stdout: string; stderr: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["node", RUNNER, ...runs], { env: { PATH: Bun.env["PATH"] ?? "" } });
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test("passes, failures and skips of both are added up in the one line of stdout", () => {
  expect(total(left("tests", results(10, 0, 2)), left("accept", results(5, 0, 0)))).toEqual({ code: 0, stdout: "15 passed, 0 failed, 2 skipped\n", stderr: "\ntests: 10 passed, 0 failed, 2 skipped\naccept: 5 passed, 0 failed\n" });
});

test("a failure of either is the run's, told once more with what it said, a silent registry last of all", () => {
  const said = 'apples, not pears\n(fail) wrong [1.00ms]\nmaestro: no answer from a registry: tool v1 could not be had\nmaestro: no answer from a registry: tool v1 could not be had\n';
  const { code, stdout, stderr } = total(left("tests", results(10, 1, 0, [{ file: "a/x.test.ts", said }])), left("accept", results(5, 2, 0, [{ file: "bench/y.accept.ts", said: "(fail) other" }])));
  expect([code, stdout]).toEqual([1, "15 passed, 3 failed\n"]);
  expect(stderr).toContain("apples, not pears");
  expect(stderr).toContain("\nmaestro: no answer from a registry: tool v1 could not be had\nfailed: a/x.test.ts\nfailed: bench/y.accept.ts\n");
});

test.each([["it never came to its end", null], ["half of them were written", '{"passed": 3'], ["they are no counts", '{"passed": -3, "failed": 0, "skipped": 0, "failures": []}'], ["the failures are missing", '{"passed": 3, "failed": 0, "skipped": 0}']])("attack: a run without counts, because %s, is a failure", (_, text) => {
  const { code, stdout, stderr } = total(left("tests", results(10, 0, 0)), text === null ? `accept=${join(folder, "nothing")}` : left("accept", text));
  expect([code, stdout]).toEqual([1, "10 passed, 1 failed\n"]);
  expect(stderr).toContain("failed: accept\n");
});

test("a run leaves its counts where it was told to, and what it starts is not told of the place", () => {
  const code = `const { finish } = await import(${JSON.stringify(join(import.meta.dir, "tests.mjs"))}); process.exitCode = finish({ passed: 1, failed: 0, skipped: 0 }); process.stdout.write(String(process.env.MAESTRO_RESULTS));`;
  const path = join(folder, "counts");
  const ran = Bun.spawnSync(["node", "--input-type=module", "-e", code], { env: { PATH: Bun.env["PATH"] ?? "", MAESTRO_RESULTS: path } });
  expect(ran.stdout.toString()).toBe("1 passed, 0 failed\nundefined");
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ passed: 1, failed: 0, skipped: 0, failures: [] });
});

import { expect, test } from "bun:test";
import { join } from "node:path";
import { skipWithout } from "../../daemon/testing/skip.ts";
import type { Report } from "./report.ts";
import { frozenDigest } from "./scenario.ts";

const RUN = join(import.meta.dir, "run.ts");
const isolating = ["unshare", ...(process.getuid?.() === 0 ? ["-n"] : ["-rn"])];
const possible = Bun.which("unshare") !== null && Bun.spawnSync([...isolating, "true"]).exitCode === 0;
const run = (argv: readonly string[], env: Record<string, string> = {}): { readonly code: number; readonly said: string; readonly out: string } => {
  const { exitCode, stderr, stdout } = Bun.spawnSync([...argv], { env: { ...process.env, ...env }, stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, said: stderr.toString(), out: stdout.toString() };
};

test("attack: who says to be isolated and has an address evaluates nothing", () => {
  const { code, said, out } = run([process.execPath, RUN, "--isolated", "--only", "^class-made-wip"]);
  expect([code, out]).toEqual([1, ""]);
  expect(said).toContain("there are addresses here: ");
});

test("where no namespace can be made it says so and evaluates nothing", () => {
  const { code, said, out } = run([process.execPath, RUN, "--only", "^class-made-wip"], { PATH: "/nonexistent" });
  expect([code, out]).toEqual([1, ""]);
  expect(said).toContain("a namespace without interfaces cannot be made here");
});

test.skipIf(skipWithout(possible && Bun.which("bwrap") !== null, "an evaluation without a network: needs unshare and bubblewrap"))("in its namespace it has no address, gates a change, has it drafted about and graded; of a held-out one it gives out the score and no more", () => {
  const { code, said, out } = run([process.execPath, RUN, "--set", "held-out", "--only", "^held-class-made-only-a-test$", "--perturb-every", "0", "--json"]);
  expect([code, JSON.parse(out)]).toMatchObject([0, { format: 1, set: "held-out", scenarios_sha256: frozenDigest("held-out"), paths: [{ path: "rules", usd_micro: 0, arms: { rules: 1 } }] }]);
  const { paths } = JSON.parse(out) as Pick<Report, "paths">;
  expect([paths[0]?.results, said.includes("held-class")]).toEqual([[{ id: "held-class-made-only-a-test", kind: "classification", score: expect.any(Number) as number, missed: [] }], false]);
}, 120_000);

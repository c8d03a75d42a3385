/** Runs a policy's own tests over its mutants, each in a copy, two at a time. The order of the answers is that of the mutants. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../../proto/errors.ts";
import type { PolicyFolder } from "../bundle.ts";
import { apply, type Mutant } from "../mutant.ts";
import { firstError, type Opa, runOpa } from "../opa.ts";
import type { Fate, Tried } from "../score.ts";

const TEST_TIMEOUT = "10s";
const RUN_DEADLINE_MS = 60_000;
/** `opa test`: all passed, could not be compiled or loaded, some failed. */
const [PASSED, BROKEN, FAILED] = [0, 1, 2];

interface TestResult {
  readonly package: string;
  readonly name: string;
  readonly fail?: boolean;
  readonly error?: unknown;
}

function resultsOf(stdout: string): readonly TestResult[] {
  const parsed: unknown = stdout.trim() === "" ? [] : JSON.parse(stdout);
  return Array.isArray(parsed) ? (parsed as readonly TestResult[]) : [];
}

const argsOf = ({ files }: PolicyFolder): readonly string[] => ["test", "--format", "json", "--parallel", "1", "--timeout", TEST_TIMEOUT, ...(files.has(".manifest") ? ["--bundle"] : []), "."];

/** How many tests there are. Throws `cli.usage` where they do not pass over the policy as it is: nothing can be said then. */
export async function baseline(opa: Opa, policy: PolicyFolder, folder: string): Promise<number> {
  const { code, stdout, stderr } = await runOpa(opa.path, argsOf(policy), folder, RUN_DEADLINE_MS);
  if (code === null) throw new MaestroError("cli.usage", `the policy's own tests did not end within ${RUN_DEADLINE_MS / 1000} s`);
  const why = firstError(stderr || stdout);
  if (code === BROKEN) throw new MaestroError("cli.usage", `the policy does not load: ${why}${/keyword is required/.test(why) ? "; Rego from before version 1 has to be brought up to it: opa fmt --v0-v1 --write" : ""}`);
  const results = resultsOf(stdout);
  const failed = results.filter(({ fail, error }) => fail === true || error !== undefined).map(({ name }) => name);
  if (code !== PASSED || failed.length > 0) throw new MaestroError("cli.usage", `the policy's own tests fail before anything is changed: ${failed.slice(0, 5).join(", ")}`);
  if (results.length === 0) throw new MaestroError("cli.usage", "the policy has no tests: name them test_ in a _test.rego");
  return results.length;
}

/** Without its tests: a policy that is one by itself, and that only its tests no longer fit, was noticed by them. */
async function broken(opa: Opa, { policies }: PolicyFolder, folder: string, why: string): Promise<{ readonly fate: Fate; readonly by: string }> {
  const { code } = await runOpa(opa.path, ["check", ...policies.map((path) => `./${path}`)], folder, RUN_DEADLINE_MS);
  return code === PASSED ? { fate: "killed", by: `its tests no longer compile: ${why}` } : { fate: "stillborn", by: why };
}

async function tryOne(opa: Opa, policy: PolicyFolder, folder: string, mutant: Mutant): Promise<{ readonly fate: Fate; readonly by: string | null }> {
  const path = join(folder, mutant.file);
  const text = policy.files.get(mutant.file) ?? "";
  writeFileSync(path, apply(text, mutant));
  try {
    const { code, late, stdout, stderr } = await runOpa(opa.path, argsOf(policy), folder, RUN_DEADLINE_MS);
    if (code === null) return late ? { fate: "killed", by: "its tests ran out of time" } : { fate: "not-run", by: "opa was ended by another than its deadline, such as the machine's memory" };
    if (code === BROKEN) return await broken(opa, policy, folder, firstError(stderr || stdout));
    if (code === PASSED) return { fate: "survived", by: null };
    if (code !== FAILED) throw new MaestroError("cli.usage", `opa test ended with ${code}: ${firstError(stderr)}`);
    const noticed = resultsOf(stdout).find(({ fail, error }) => fail === true || error !== undefined);
    return { fate: "killed", by: noticed === undefined ? null : `${noticed.package}.${noticed.name}` };
  } finally {
    writeFileSync(path, text);
  }
}

export interface RunLimits {
  readonly time_ms_max: number;
  readonly now_ms: () => number;
}

/** `folders` are copies of the policy; as many run at a time. What the time does not suffice for is `not-run`. */
export async function tryAll(opa: Opa, policy: PolicyFolder, folders: readonly string[], mutants: readonly Mutant[], { time_ms_max, now_ms }: RunLimits, progress: (done: number) => void): Promise<readonly Tried[]> {
  const until = now_ms() + time_ms_max;
  const tried: Tried[] = mutants.map((mutant) => ({ ...mutant, fate: "not-run", by: null }));
  let [next, done] = [0, 0];
  const lane = async (folder: string): Promise<void> => {
    for (let i = next++; i < mutants.length; i = next++) {
      const mutant = mutants[i];
      if (mutant === undefined || now_ms() > until) return;
      tried[i] = { ...mutant, ...(await tryOne(opa, policy, folder, mutant)) };
      progress(++done);
    }
  };
  await Promise.all(folders.map(lane));
  return tried;
}

/** Targets of the base, driven over the change: the generated tests and what drives them run in the sandbox, asked of the core. Runs in a check process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { fromBase64 } from "../../../../proto/encoding.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { PropertyAsk } from "../../../../proto/formal.ts";
import { PropertyLimits } from "../../../../proto/limits.ts";
import type { PropertyRow } from "../../../../proto/property.ts";
import { LEFT, TEST, TEST_FOLDER } from "../../../analysis/properties/job.ts";
import { runProperty } from "../../../analysis/properties/run.ts";
import { type Folder, planOf } from "../../../invariants/index.ts";
import type { Sandbox, SandboxEnd, SandboxJob, SandboxResult } from "../../../platform/sandbox/job.ts";
import type { CheckContext } from "../check.ts";

const bytesOf = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array(0);
const ENV = ["PROPERTY_SEED", "PROPERTY_PATH", "PROPERTY_RUNS"] as const;

/** A job of a property test as what it is about, without places of this process. */
function askOf({ argv, mounts, env, stdin }: SandboxJob): Omit<PropertyAsk, "id"> {
  const folder = mounts.find(({ inside }) => inside === TEST_FOLDER)?.host ?? "";
  const given = Object.fromEntries(ENV.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  return { work: argv[1] === "test" ? "test" : "drive", test: readFileSync(join(folder, TEST), "utf8"), env: given, stdin: stdin === null ? null : Buffer.from(stdin).toString("utf8") };
}

/** Not there yet: the same is asked again when it has been run, and comes this far again. */
class NotYet extends MaestroError {
  constructor() {
    super("sandbox.unavailable", "it was not run here");
  }
}

function sandboxOf({ runs }: CheckContext): Sandbox {
  return {
    tier: () => Promise.resolve({ usable: true, version: "" }),
    close: () => Promise.resolve(),
    run: (job): Promise<SandboxResult> => {
      const answer = runs?.property(askOf(job)) ?? null;
      if (answer === null) throw new NotYet();
      const { end, stdout, stderr, left } = answer;
      if (end.kind === "failed") throw new MaestroError("sandbox.failed", end.because);
      const [wanted] = job.wanted;
      const files: SandboxResult["files"] = new Map(wanted === undefined || left === null ? [] : [[LEFT, { state: "kept", path: wanted.into, bytes: 0, sha256: "" }]]);
      if (wanted !== undefined && left !== null) writeFileSync(wanted.into, bytesOf(left));
      // The limit's name came from our own sandbox.
      return Promise.resolve({ tier: job.tier, end: end as SandboxEnd, stdout: bytesOf(stdout), stderr: bytesOf(stderr), files, usage: { wall_us: 0, cpu_us: 0, memory_bytes_max: 0 } });
    },
  };
}

/** Every target with each of its invariants. */
export async function driven({ compiled, targets }: Folder, context: CheckContext): Promise<readonly Pick<PropertyRow, "target" | "invariant" | "outcome">[]> {
  const work_dir = mkdtempSync(join(tmpdir(), "maestro-driven-"));
  try {
    // Those that count are the host's, where the job is run.
    const deps = { sandbox: sandboxOf(context), work_dir, tree_dir: "/", limits: Value.Create(PropertyLimits) };
    const rows: Pick<PropertyRow, "target" | "invariant" | "outcome">[] = [];
    for (const [name, target] of targets) {
      for (const id of target.invariants) {
        const invariant = compiled.find((one) => one.id === id);
        const plan = invariant === undefined ? { because: `there is no invariant ${id}` } : planOf(name, target, invariant);
        rows.push("because" in plan ? { target: name, invariant: id, outcome: { result: "unavailable", reason: "declared", because: plan.because } } : await runProperty(plan, deps, {}, context.signal, () => performance.now()));
      }
    }
    return rows;
  } finally {
    rmSync(work_dir, { recursive: true, force: true });
  }
}

/** Child of `rotation.test.ts`: records, rotates, records, and dies before the n-th time that a file gets its name or goes. Says what was acknowledged. */
import fs from "node:fs";
import fsp from "node:fs/promises";
import { mock } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../../proto/config.ts";

const [state_dir = "", kill_at = "0"] = process.argv.slice(2);
let left = Number.POSITIVE_INFINITY;
let done = 0;
function counted<A extends readonly unknown[], R>(work: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    left -= 1;
    done += 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
    return work(...args);
  };
}
mock.module("node:fs", () => ({ ...fs, renameSync: counted(fs.renameSync), rmSync: counted(fs.rmSync) }));
mock.module("node:fs/promises", () => ({ ...fsp, rename: counted(fsp.rename) }));
const { openStore } = await import("../../../store/db.ts");
const { createEvidence } = await import("../../index.ts");
const { systemClock } = await import("../../../platform/clock.ts");
const { recordInput } = await import("../../../testing/evidence.ts");
const fatal = (): void => process.exit(70);
const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal });
const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", clock: systemClock, time_froze: fatal, projection_failed: fatal });
const record = async (attempt: number): Promise<void> => {
  const { bundle } = await evidence.record(recordInput(evidence.trust_domain, attempt), () => undefined);
  fs.writeSync(1, `${bundle.toBase64()}\n`);
};
await record(1);
await evidence.published();
left = Number(kill_at) === 0 ? left : Number(kill_at);
done = 0;
await Promise.all([evidence.rotateLog("both"), record(2), record(3)]);
await record(4);
await evidence.published();
await store.close();
fs.writeSync(1, `steps ${done}\n`);

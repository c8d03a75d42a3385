/**
 * Child of `injured.test.ts`: records, rotates, records. Before the n-th time that a file gets its name or goes it dies, or the disk is
 * full for once. Says what was acknowledged.
 */
import fs from "node:fs";
import fsp from "node:fs/promises";
import { mock } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../../proto/config.ts";

const [state_dir = "", at = "0", injury = "kill"] = process.argv.slice(2);
let left = Number.POSITIVE_INFINITY;
let done = 0;
function counted<A extends readonly unknown[], R>(work: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    left -= 1;
    done += 1;
    if (left === 0 && injury === "kill") process.kill(process.pid, "SIGKILL");
    if (left === 0) throw Object.assign(new Error("ENOSPC: no space left on device, rename"), { code: "ENOSPC", syscall: "rename" });
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
const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", clock: systemClock, time_froze: fatal, projection_failed: injury === "kill" ? fatal : () => undefined });
const record = async (attempt: number): Promise<void> => {
  const { bundle } = await evidence.record(recordInput(evidence.trust_domain, attempt), () => undefined);
  fs.writeSync(1, `${bundle.toBase64()}\n`);
};
await record(1);
await evidence.published();
left = Number(at) === 0 ? left : Number(at);
done = 0;
const work = [evidence.rotateLog("both"), record(2), record(3)];
await (injury === "kill" ? Promise.all(work) : Promise.allSettled(work));
await record(4);
if (injury === "full") {
  await evidence.rotateLog("both");
  await record(5);
}
await evidence.published();
await store.close();
fs.writeSync(1, `steps ${done}\n`);

/** Child of `succession.test.ts`: opens a folder as another machine and dies before the n-th time that a file gets its name or goes. */
import fs from "node:fs";
import fsp from "node:fs/promises";
import { mock } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../../proto/config.ts";

const [state_dir = "", machine = "", kill_at = "0"] = process.argv.slice(2);
let left = Number(kill_at);
function counted<A extends readonly unknown[], R>(work: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
    return work(...args);
  };
}
mock.module("node:fs", () => ({ ...fs, renameSync: counted(fs.renameSync), rmSync: counted(fs.rmSync) }));
mock.module("node:fs/promises", () => ({ ...fsp, rename: counted(fsp.rename) }));
const { openStore } = await import("../../../store/db.ts");
const { createEvidence } = await import("../../index.ts");
const { systemClock } = await import("../../../platform/clock.ts");
const fatal = (): void => process.exit(70);
const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal });
const renewal = { machine, began: () => undefined, keep: async () => undefined };
const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", renewal, clock: systemClock, time_froze: fatal, projection_failed: fatal });
await evidence.published();
await store.close();

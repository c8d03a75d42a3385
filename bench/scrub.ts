/** How fast everything that is kept can be looked at again, and what a bounded rate holds. */
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../proto/config.ts";
import { fsckReport } from "../daemon/integrity/fsck.ts";
import { walkOffline } from "../daemon/integrity/offline.ts";
import { worked } from "../daemon/integrity/testing/flips.ts";
import { World } from "../daemon/testing/core.ts";
import { leastCpuMs, type Bench } from "./figure.ts";

const GATES = 20;
const BLOB_BYTES = 8 * 1024 * 1024;
const BLOBS = 16;
const RUNS = 3;
const MiB = 1024 * 1024;

export const bench: Bench = async (figure) => {
  const world = await World.open();
  try {
    for (let n = 0; n < BLOBS; n++) await world.core.artifacts.blobs.put(new Uint8Array(BLOB_BYTES).fill(n));
    const { state_dir } = await worked(world, GATES);
    const limits = Value.Create(Limits);
    let bytes = 0;
    let items = 0;
    const look = async (): Promise<void> => {
      const report = await fsckReport(walkOffline(state_dir, limits), () => performance.now());
      if (report.damage_total > 0) throw new Error(JSON.stringify(report.damage));
      bytes = report.examined.reduce((sum, area) => sum + area.bytes, 0);
      items = report.examined.reduce((sum, area) => sum + area.items, 0);
    };
    const cpu_ms = await leastCpuMs(RUNS, look);
    const start_ms = performance.now();
    await look();
    const wall_ms = performance.now() - start_ms;
    const note = `${items} things, ${GATES} gates, files in the page cache`;
    figure({ figure: `scrub rate over ${Math.round(bytes / MiB)} MiB`, value: bytes / MiB / (wall_ms / 1000), unit: "MiB per s", better: "more", note });
    figure({ figure: "processor time of one pass", value: cpu_ms, unit: "ms", better: "less", note });
  } finally {
    await world[Symbol.asyncDispose]();
  }
};

/** Attacks that take more than was granted. Each stops by itself a little above the limit, so that nothing is harmed where it works. */
import { openSync, writeFileSync, writeSync } from "node:fs";
import type { Attack } from "./attacks.ts";

const MiB = 1024 * 1024;
const block = Buffer.alloc(MiB, 7);

/** Whoever watches has looked by then, on a machine that pauses, too. */
const WATCHED_MS = 3_000;
const files: number[] = [];

export const RESOURCE_ATTACKS: Readonly<Record<string, Attack>> = {
  fill: (path = "", mib = "") => {
    const fd = openSync(path, "w");
    for (let written = 0; written < Number(mib) * MiB; ) written += writeSync(fd, block);
    return true;
  },
  inodes: async (count = "") => {
    for (let index = 0; index < Number(count); index++) {
      writeFileSync(`/scratch/${index}`, "");
      if (index % 1_000 === 0) await Bun.sleep(0);
    }
    await Bun.sleep(WATCHED_MS);
    return true;
  },
  forks: async (count = "") => {
    const children = Array.from({ length: Number(count) }, () => Bun.spawn(["/bin/sleep", "20"], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }));
    await Bun.sleep(WATCHED_MS);
    const alive = children.filter((child) => child.exitCode === null).length;
    return alive === Number(count);
  },
  memory: async (mib = "") => {
    const kept: Uint8Array[] = [];
    for (let index = 0; index < Number(mib); index += 8) {
      kept.push(new Uint8Array(8 * MiB).fill(index + 1));
      await Bun.sleep(5);
    }
    await Bun.sleep(WATCHED_MS);
    return kept.length > 0;
  },
  spin: (ms = "") => {
    for (let used = 0; used < Number(ms) * 1_000; ) {
      const from = performance.now();
      while (performance.now() < from + 10);
      const { user, system } = process.cpuUsage();
      used = user + system;
    }
    return true;
  },
  "open-files": (count = "") => {
    while (files.length < Number(count)) files.push(openSync("/dev/null", "r"));
    return true;
  },
  flood: (to = "", mib = "") => {
    for (let index = 0; index < Number(mib); index++) for (let at = 0; at < MiB; ) at += writeSync(Number(to), block, at);
    return true;
  },
};

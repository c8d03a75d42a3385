/** Ten thousand clients of ours at once against the daemon's whole socket and API stack, and what that costs it. */
import { crowds, footprint, loaded, outcomesOf } from "../daemon/testing/load/crowd.ts";
import type { Bench } from "./figure.ts";

const PROCESSES = 4;
const REQUESTS = 10_000;
const PATIENCE_MS = 60_000;
const DEADLINE_MS = 120_000;
const MB = 1_048_576;

export const bench: Bench = async (figure) => {
  await using server = await loaded();
  const before = footprint(server.pid);
  const began_ms = performance.now();
  const all = await crowds(server.path, PROCESSES, REQUESTS / PROCESSES, PATIENCE_MS, DEADLINE_MS);
  const took_ms = performance.now() - began_ms;
  const { ok = 0, "request.busy": busy = 0 } = outcomesOf(all);
  await Bun.sleep(1_000);
  const after = footprint(server.pid);
  const size = `${REQUESTS} at once from ${PROCESSES} processes, 192 connections`;
  figure({ figure: `neither answered nor 503 with Retry-After: ${size}`, value: REQUESTS - ok - busy, unit: "requests", better: "less", goal: { value: 0 }, hard: true });
  figure({ figure: `answered: ${size}`, value: ok, unit: "requests", better: "more", note: `${busy} ended as 503 after ${PATIENCE_MS} ms of asking again` });
  figure({ figure: `until the last one had its answer: ${size}`, value: took_ms, unit: "ms", better: "less", note: "with the start of the client processes" });
  figure({ figure: `slowest answer: ${size}`, value: Math.max(...all.map(({ max_ms }) => max_ms)), unit: "ms", better: "less" });
  figure({ figure: "server processor time of it", value: (after.cpu_s - before.cpu_s) * 1000, unit: "ms", better: "less" });
  figure({ figure: "server memory afterwards", value: after.rss_bytes / MB, unit: "MB", better: "less", note: `${Math.round(before.rss_bytes / MB)} MB before` });
  figure({ figure: "descriptors left open", value: after.descriptors - before.descriptors, unit: "descriptors", better: "less", goal: { value: 4 }, hard: true });
};

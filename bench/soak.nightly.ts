/** A million requests: memory and descriptors of the socket and API stay flat. */
import { expect, test } from "bun:test";
import { loaded } from "../daemon/testing/load/crowd.ts";
import { soak } from "../daemon/testing/load/soak.ts";

const REQUESTS = Number(process.env["MAESTRO_SOAK_REQUESTS"] ?? 1_000_000);
const DEADLINE_MS = 3_600_000;

test(`${REQUESTS} requests`, async () => {
  await using server = await loaded();
  const { seconds, warm, end } = await soak(server, REQUESTS);
  process.stderr.write(`${JSON.stringify({ requests: REQUESTS, seconds, warm, end })}\n`);
  expect(end.descriptors).toBeLessThanOrEqual(warm.descriptors);
  expect(end.rss_bytes).toBeLessThan(1.25 * warm.rss_bytes);
}, DEADLINE_MS);

/** Whether memory and descriptors of the socket and API stay flat. `bench/soak.nightly.ts` does twenty times as many. */
import { loaded } from "../daemon/testing/load/crowd.ts";
import { soak } from "../daemon/testing/load/soak.ts";
import type { Bench } from "./figure.ts";

const REQUESTS = 50_000;
const MB = 1_048_576;

export const bench: Bench = async (figure) => {
  await using server = await loaded();
  const { seconds, warm, end } = await soak(server, REQUESTS);
  figure({ figure: `memory after ${REQUESTS} requests, to that after the first tenth`, value: end.rss_bytes / warm.rss_bytes, unit: "times", better: "less", goal: { value: 1.25 }, note: `${Math.round(warm.rss_bytes / MB)} MB, then ${Math.round(end.rss_bytes / MB)} MB` });
  figure({ figure: `descriptors more after ${REQUESTS} requests than after the first tenth`, value: end.descriptors - warm.descriptors, unit: "descriptors", better: "less", goal: { value: 0 }, hard: true });
  figure({ figure: `requests, ${REQUESTS} of them, 16 at a time, one in fifty on a connection of its own`, value: REQUESTS / seconds, unit: "per s", better: "more" });
};

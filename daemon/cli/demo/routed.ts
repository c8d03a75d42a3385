/** The requests of `maestro demo learn`, and what comes of each: a small model is as good as a large one for documents, and bad at bugs. */
import type { HostConfig } from "../../../proto/config.ts";
import type { MaestroClient } from "../../client/maestro.ts";

export const ROUTER = "review";
const AT_ONCE = 8;

/** `slow` is never explored: what it does cannot be undone. */
export const HOST: HostConfig = {
  version: 1, trust_domain: "demo.local", modes: ["local"],
  routers: [{
    id: ROUTER, baseline: "large", value_usd_micro: 0, outcome_s: 3_600, reward: { name: "stands", version: 1, min: 0, max: 1 },
    context: [{ name: "kind", type: "choice", values: ["bug", "documents"] }],
    arms: [{ id: "large", reversible: true, reward: 0 }, { id: "small", reversible: true, reward: 0 }, { id: "deploy", reversible: false, reward: 0 }],
    exploration: { epsilon: 0.5, floor: 0.05 }, promotion: { delta: 0.05, margin: 0 },
  }],
};

/** Of ten answers, how many stand. */
const STANDS: Readonly<Record<string, number>> = { "bug large": 8, "bug small": 2, "documents large": 5, "documents small": 9 };

/** Asks which arm answers, and reports what came of it, as an agent would; a few at once. Each arm's answers stand as often as they do, not by luck. */
export async function decideAll(client: MaestroClient, requests: number): Promise<void> {
  const seen = new Map<string, number>();
  let next = 0;
  const one = async (): Promise<void> => {
    for (let i = next++; i < requests; i = next++) {
      const kind = i % 2 === 0 ? "bug" : "documents";
      const { episode, arm } = await client.route({ router: ROUTER, context: { kind } });
      const name = `${kind} ${arm}`;
      const nth = seen.get(name) ?? 0;
      seen.set(name, nth + 1);
      // 7 and 10 have no common factor: any ten in a row have each remainder once.
      await client.episodeOutcome(episode, { reward: (nth * 7) % 10 < (STANDS[name] ?? 0) ? 1 : 0 });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

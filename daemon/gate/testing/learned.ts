/** What tests of learned policies in a gate share: a router, decisions of it with known rewards, and changes that bring a policy. */
import { canonicalNumbers } from "../../../proto/canonical.ts";
import type { GateResult } from "../../../proto/api.ts";
import type { HostConfig } from "../../../proto/config.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import type { RoutingPolicy } from "../../../proto/routing-policy.ts";
import { World } from "../../testing/core.ts";

type Files = Readonly<Record<string, string | null>>;

export const ROUTER: RouterEntry = {
  id: "review", baseline: "large", value_usd_micro: 0, outcome_s: 3_600, reward: { name: "stands", version: 1, min: 0, max: 1 }, context: [],
  arms: ["large", "small", "tiny"].map((id) => ({ id, reversible: true, reward: 0 })),
  exploration: { epsilon: 0.1, floor: 0 }, promotion: { delta: 0.05, margin: 0 },
};

/** What each arm brings in ten decisions, and how often it is drawn: tiny never. */
const WORLD = { large: { share: 0.5, good: 5 }, small: { share: 0.5, good: 9 }, tiny: { share: 0, good: 0 } } as const;
type Arm = keyof typeof WORLD;

/** A policy that answers with `arm` wherever it may. */
export function policyFor(arm: Arm, change: Partial<RoutingPolicy> = {}): string {
  const { reward, baseline, id: router } = ROUTER;
  const seen = (["large", "small", "tiny"] as const).map((one) => ({ arm: one, count: 1_000, mean: one === arm ? 0.9 : 0.1 }));
  return `${canonicalNumbers({ type: "maestro.routing-policy", v: 1, router, reward, baseline, buckets: [], cells: [{ at: [], seen }], count_min: 30, exploration: { epsilon: 0, floor: 0 }, ...change })}\n`;
}

export const PATH = "routing/review.json";
export const declaring = (more = ""): string => `version: 1\nlearned:\n  - path: ${PATH}\n    router: review\n${more}`;
export const BASE: Files = { "maestro.yaml": declaring(), [PATH]: policyFor("large"), "README.md": "a\n" };

/** Dispose it. */
export class LearnedWorld implements AsyncDisposable {
  private serial = 0;

  private constructor(readonly world: World) {}

  static async open(config: Partial<HostConfig> = {}): Promise<LearnedWorld> {
    return new LearnedWorld(await World.open({ routers: [ROUTER], ...config }));
  }

  /** Decisions with their outcomes, each drawn as it says. */
  async decide(rows: number): Promise<void> {
    const log = await this.world.core.learned.episodes();
    const eligible = (["large", "small", "tiny"] as const).map((arm) => ({ arm, propensity: WORLD[arm].share }));
    log.recordAll(() => {
      for (let i = 0; i < rows; i++) {
        // Neither arm has the better rows: both see the same run of ten.
        const executed: Arm = i % 2 === 0 ? "large" : "small";
        const { episode } = log.record({ router: ROUTER, space: "web", context: {}, eligible, drawn: executed, executed, forced: null, policy: "0".repeat(64), seed: "0".repeat(32), counter: i, epoch: 0, prices: {}, reserved: {}, reason: "" });
        log.outcome(episode.id, null, { reward: Math.floor(i / 2) % 10 < WORLD[executed].good ? 1 : 0 });
      }
    });
  }

  async gated(head: Files, base: Files = BASE, rename?: readonly [string, string]): Promise<GateResult & { readonly again: () => Promise<GateResult> }> {
    const name = `learned${this.serial++}`;
    const source = this.world.scratch.source(name);
    await source.commit({ ...base }, "base");
    const target = source.git("rev-parse", "HEAD");
    if (rename !== undefined) source.git("mv", ...rename);
    const tip = await source.commit({ ...head }, "change");
    const ask = async (): Promise<GateResult> => this.world.gate(await this.world.received(source, [target, tip], name), { target_ref: "refs/heads/main", target, head: tip });
    return { ...(await ask()), again: ask };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

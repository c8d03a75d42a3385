/**
 * A fleet of models behind one router, asked what the Azure LLM inference traces of 2023 (CC-BY 4.0, beside the checkout)
 * asked: each request with its tokens, in the order of time. Whether an arm solves it is a throw of its own dice, the same
 * whoever answers: so two ways of routing are compared request by request.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Context, RouterEntry, Share } from "../../../../proto/routing.ts";
import type { RoutingPolicy } from "../../../../proto/routing-policy.ts";
import { decide, type Decider } from "../decide.ts";
import { drawOf } from "../draw.ts";
import type { MonitorState } from "../monitor.ts";
import { cellsOf, costOf, usageOf } from "../propensities.ts";
import { observe, type WatchKey } from "../watched.ts";

const FOLDER = join(import.meta.dir, "../../../../../shared/fixtures/traces");
export const hasTraces = existsSync(FOLDER);

/** Dollars for 1,000 tokens in and out, and how often it solves what is asked of it. */
const MODELS: Readonly<Record<string, { readonly into: number; readonly out: number; readonly solves: Readonly<Record<string, number>>; readonly harms: number }>> = {
  local: { into: 0.0001, out: 0.0002, solves: { code: 0.55, chat: 0.88 }, harms: 0.002 },
  mid: { into: 0.0005, out: 0.0015, solves: { code: 0.8, chat: 0.925 }, harms: 0.002 },
  large: { into: 0.003, out: 0.015, solves: { code: 0.93, chat: 0.93 }, harms: 0.002 },
  // Solves as well as any, and does harm.
  rogue: { into: 0.0001, out: 0.0001, solves: { code: 0.93, chat: 0.93 }, harms: 0.6 },
};

/** An arm's tokens are priced in millionths of a dollar: so much for 1,000 is a thousand times that for one. */
export function fleetRouter(arms: readonly string[]): RouterEntry {
  return {
    id: "fleet", baseline: "large", value_usd_micro: 100_000, outcome_s: 600, reward: { name: "solved", version: 1, min: 0, max: 1 },
    context: [{ name: "kind", type: "choice", values: ["code", "chat"] }, { name: "into", type: "number" }, { name: "out", type: "number" }],
    constraints: [{ name: "harm", min: 0, max_value: 1, max: 0.02 }],
    exploration: { epsilon: 0.02 * arms.length, floor: 0.02 },
    arms: arms.map((id) => ({ id, reversible: true, reward: id === "large" ? 1 : 0, usage: [{ resource: "usd_micro", per: { into: (MODELS[id]?.into ?? 0) * 1000, out: (MODELS[id]?.out ?? 0) * 1000 } }] })),
  };
}

export interface Asked {
  readonly at: number;
  readonly context: Context & { readonly kind: string };
}

function rowsOf(file: string, kind: string): Asked[] {
  return readFileSync(join(FOLDER, file), "utf8").trim().split("\n").slice(1).map((line) => {
    const [at = "", into, out] = line.split(",");
    return { at: Date.parse(`${at.slice(0, 23).replace(" ", "T")}Z`), context: { kind, into: Number(into), out: Number(out) } };
  });
}

let read: readonly Asked[] | undefined;

export const fleetHour = (): readonly Asked[] => (read ??= [...rowsOf("azure_llm_2023_code.csv", "code"), ...rowsOf("azure_llm_2023_conv.csv", "chat")].sort((a, b) => a.at - b.at));

export interface Answered {
  readonly context: Context;
  readonly executed: string;
  readonly propensity: number;
  readonly eligible: readonly Share[];
  readonly forced: boolean;
  readonly usd: number;
  readonly reward: number;
  readonly harm: number;
}

const DIGEST = "0".repeat(64);
/** The 32 bits of a counter, mixed (Wellons, lowbias32), in [0, 1): the same whoever answers, and a third of what an HMAC takes. */
function dice(nth: number, what: number): number {
  let bits = nth * 2 + what + 0x5eed_0000;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}

/** One router over `asked`, from the `first`-th request of the hour on. */
export function runFleet(router: RouterEntry, learned: RoutingPolicy | null, asked: readonly Asked[], first: number, seed: string, replies?: (nth: number) => boolean): Answered[] {
  const policy = learned === null ? null : { document: learned, cells: cellsOf(learned) };
  const active: Decider = { router, policy };
  const rows = new Map<string, MonitorState>();
  const named = ({ party, constraint, arm }: WatchKey) => `${party} ${constraint} ${arm}`;
  const watches = { get: (key: WatchKey) => rows.get(named(key)) ?? null, put: (key: WatchKey, state: MonitorState) => void rows.set(named(key), state) };
  let violated = false;
  return asked.map(({ context }, i) => {
    const nth = first + i;
    const forced = violated ? "constraint" : null;
    const { drawn: executed, propensity, eligible } = decide(active, { context, eligible: router.arms, forced, prices: {} }, drawOf(seed, nth));
    const model = MODELS[executed];
    const arm = router.arms.find(({ id }) => id === executed);
    if (model === undefined || arm === undefined) throw new RangeError(`no model ${executed}`);
    const [reward, harm] = [dice(nth, 0) < (model.solves[context.kind] ?? 0) ? 1 : 0, dice(nth, 1) < model.harms ? 1 : 0];
    if (replies?.(i) !== false) violated = observe(router, DIGEST, watches, { space: "fleet", executed, policy: DIGEST, seed, outcome: { reward, definition: "solved", version: 1, constraints: { harm }, usage: {}, delay_ms: 0, censored: false } }) || violated;
    return { context, executed, propensity, eligible, forced: forced !== null, usd: costOf(usageOf(arm, context), {}), reward, harm };
  });
}

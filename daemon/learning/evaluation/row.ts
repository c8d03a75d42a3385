/** One decision as an evaluation reads it: a line of a file that the core writes and a check process reads. Arms go by their place in the router's list. */
import type { Episode } from "../../../proto/episode.ts";
import type { Prices } from "../../../proto/resource.ts";
import type { Context, RouterEntry } from "../../../proto/routing.ts";

export interface LogRow {
  readonly safety: boolean;
  /** Null where nobody knows what the arm that was drawn brings. */
  readonly reward: number | null;
  readonly context: Context;
  /** Places of the arms that could have been drawn, and their propensities. */
  readonly arms: readonly number[];
  readonly shares: readonly number[];
  /** Place among `arms` of the one that was drawn. */
  readonly executed: number;
  readonly prices: Prices;
  /** In the router's order; null where the outcome did not report it. */
  readonly constraints: readonly (number | null)[];
}

type Line = readonly [safety: 0 | 1, reward: number | null, context: Context, arms: readonly number[], shares: readonly number[], executed: number, prices: Prices, constraints: readonly (number | null)[]];

/** Turns episodes of one router into rows; null for one whose arms the router no longer has. Texts are left out: no policy may ask for them. */
export function rowsOf({ arms, context: fields, constraints = [] }: RouterEntry): (episode: Episode) => LogRow | null {
  const places = new Map(arms.map(({ id }, place) => [id, place]));
  const kept = fields.filter(({ type }) => type !== "text").map(({ name }) => name);
  return ({ split, context, eligible, drawn, executed, prices, outcome }) => {
    const found = eligible.map(({ arm }) => places.get(arm) ?? -1);
    const ran = eligible.findIndex(({ arm }) => arm === drawn);
    if (found.includes(-1) || ran < 0) return null;
    const known = drawn === executed && outcome !== null && outcome.reward !== null;
    const values: Context = {};
    for (const name of kept) {
      const value = context[name];
      if (value !== undefined) values[name] = value;
    }
    return { safety: split === "safety", reward: known ? outcome.reward : null, context: values, arms: found, shares: eligible.map(({ propensity }) => propensity), executed: ran, prices, constraints: constraints.map(({ name }) => (known ? (outcome.constraints[name] ?? null) : null)) };
  };
}

export function lineOf({ safety, reward, context, arms, shares, executed, prices, constraints }: LogRow): string {
  const line: Line = [safety ? 1 : 0, reward, context, arms, shares, executed, prices, constraints];
  return `${JSON.stringify(line)}\n`;
}

/** Of a line that `lineOf` wrote, in a file whose digest was compared: its type is known. */
export function rowOf(line: string): LogRow {
  const [safety, reward, context, arms, shares, executed, prices, constraints] = JSON.parse(line) as Line;
  return { safety: safety === 1, reward, context, arms, shares, executed, prices, constraints };
}

/** Requests as lists of block ids, put through the real choice of what is kept: each block is a state of its own, as a paged engine holds them. */
import { PrefixStates, type SavedState } from "../states.ts";

export interface Replayed {
  /** Blocks that requests began with and that were there, of all their blocks. */
  readonly hit: number;
  readonly asked: number;
}

export interface Weights {
  /** Microseconds that evaluating the block at this place in its prompt takes. */
  readonly cost_us: (place: number) => number;
}

/** Share of blocks of the longest prefix that was there, at room for so many blocks. */
export function replay(requests: readonly (readonly number[])[], blocks_max: number, { cost_us }: Weights = { cost_us: () => 1 }): Replayed {
  const states = new PrefixStates({ bytes_max: blocks_max, floor_bytes: 0, floor_idle_ms: 0, now_ms: () => 0 });
  let [hit, asked] = [0, 0];
  for (const ids of requests) {
    const chain = ids.map(String);
    let found = 0;
    while (found < chain.length && states.find("trace", chain.slice(found, found + 1)) !== null) found += 1;
    hit += found;
    asked += chain.length;
    // The end of a prompt is used before its beginning, which is wanted longer.
    for (let i = chain.length - 1; i >= 0; i--) {
      const state: SavedState = { id: chain[i]!, scope: "trace", tenant: null, chain: [chain[i]!], bytes: 1, cost_us: cost_us(i) };
      states.put(state);
    }
  }
  return { hit, asked };
}

/** Least recently used with nothing else to it: the row that is to be reached. */
export function replayLru(requests: readonly (readonly number[])[], blocks_max: number): Replayed {
  const held = new Map<number, true>();
  let [hit, asked] = [0, 0];
  for (const ids of requests) {
    const first = ids.findIndex((id) => !held.has(id));
    hit += first < 0 ? ids.length : first;
    asked += ids.length;
    for (const id of ids) {
      held.delete(id);
      held.set(id, true);
      const oldest = held.keys().next().value;
      if (held.size > blocks_max && oldest !== undefined) held.delete(oldest);
    }
  }
  return { hit, asked };
}

/** What a store without an end would have had. */
export function ceiling(requests: readonly (readonly number[])[]): Replayed {
  const seen = new Set<number>();
  let [hit, asked] = [0, 0];
  for (const ids of requests) {
    const first = ids.findIndex((id) => !seen.has(id));
    hit += first < 0 ? ids.length : first;
    asked += ids.length;
    for (const id of ids) seen.add(id);
  }
  return { hit, asked };
}

export const percent = ({ hit, asked }: Replayed): number => Math.round((1_000 * hit) / asked) / 10;

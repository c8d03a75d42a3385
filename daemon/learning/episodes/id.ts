/** Names of episodes: in the order of time, because their first part is padded. */
import type { EpisodeKey } from "./table.ts";

const MS_CHARACTERS = 9;
const BASE = 36;

export const idOf = ([at_ms, n]: EpisodeKey): string => `ep-${at_ms.toString(BASE).padStart(MS_CHARACTERS, "0")}-${n.toString(BASE)}`;

/** `null` for what is no such name, or not the one way to write it. */
export function keyOf(id: string): EpisodeKey | null {
  const [, ms = "", n = ""] = /^ep-([0-9a-z]{9,11})-([0-9a-z]{1,11})$/.exec(id) ?? [];
  const key: EpisodeKey = [Number.parseInt(ms, BASE), Number.parseInt(n, BASE)];
  return key.every(Number.isSafeInteger) && idOf(key) === id ? key : null;
}

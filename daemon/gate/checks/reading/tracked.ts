/** Facts that remember which of their parts were read: an answer follows from those alone, and is told again where they are the same. */
import type { Facts } from "../../../../proto/facts.ts";

export interface Tracked {
  readonly facts: Facts;
  /** In alphabetical order. */
  reads(): string[];
}

export function tracked(facts: Facts): Tracked {
  const seen = new Set<string>();
  const descriptors = Object.keys(facts).map((part) => {
    const get = (): unknown => {
      seen.add(part);
      return Reflect.get(facts, part);
    };
    return [part, { get, enumerable: true }] as const;
  });
  // Every part of the original has its getter, so the type holds.
  const view = Object.defineProperties({}, Object.fromEntries(descriptors)) as Facts;
  return { facts: view, reads: () => [...seen].toSorted() };
}

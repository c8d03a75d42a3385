/** Which of two lists are the same thing twice. Pure. */

export interface Paired<T> {
  readonly existing: ReadonlySet<T>;
  /** What of the base has no partner. */
  readonly left: readonly T[];
}

type Key<T> = (one: T) => string | null;

function byKey<T>(list: readonly T[], key: Key<T>): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of list) {
    const name = key(one);
    if (name === null) continue;
    const equal = found.get(name) ?? [];
    equal.push(one);
    found.set(name, equal);
  }
  return found;
}

/** Each of `now` takes at most one of `base` with an equal key: by the first of the keys where it can, then by the next. */
export function pairUp<T>(now: readonly T[], base: readonly T[], keys: readonly Key<T>[]): Paired<T> {
  const existing = new Set<T>();
  let left = base;
  for (const key of keys) {
    const waiting = byKey(left, key);
    const taken = new Set<T>();
    for (const one of now) {
      const name = existing.has(one) ? null : key(one);
      const partner = name === null ? undefined : waiting.get(name)?.pop();
      if (partner === undefined) continue;
      existing.add(one);
      taken.add(partner);
    }
    left = left.filter((one) => !taken.has(one));
  }
  return { existing, left };
}

/** How many of each rule, by name. */
export function countedByRule(list: readonly { readonly rule: string }[]): { rule: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { rule } of list) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, count]) => ({ rule, count }));
}

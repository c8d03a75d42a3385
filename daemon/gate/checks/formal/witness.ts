/** A solver's values as an event that the real conditions are asked of. Pure. */
import { canonicalText } from "../../../../proto/canonical.ts";
import { type CexValue, plainOf } from "../../../../proto/cex-value.ts";
import type { CexFields } from "../../../../proto/counterexample.ts";
import type { Clause, Context } from "../../../invariants/index.ts";

type Values = ReadonlyMap<string, CexValue>;

/** Stands for a field that the event lacks. */
const MISSING: CexValue = { "#unserializable": "missing" };
const isMissing = (value: CexValue): boolean => canonicalText(value) === canonicalText(MISSING);

/** Undefined for what is not there, or longer than it was written out. */
function valueAt(values: Values, name: string): CexValue | undefined {
  const size = values.get(`${name}#size`);
  if (size === undefined) return values.get(name);
  const items = Array.from({ length: Number(size) }, (_, i) => valueAt(values, `${name}#${i}`));
  return items.every((item) => item !== undefined) ? items : undefined;
}

/** Fields by name, those of the event before as `old NAME`; lists in one piece. */
export function fieldsOf(found: readonly (readonly [name: string, value: CexValue])[]): CexFields {
  const values = new Map(found);
  const names = new Set(found.flatMap(([name]) => (name.startsWith("has ") ? [] : [name.replace(/#.*$/, "")])));
  return Object.fromEntries([...names].flatMap((name) => {
    const value = values.get(`has ${name}`) === false ? MISSING : valueAt(values, name);
    return value === undefined ? [] : [[name, value] as const];
  }));
}

/** Whether it does what it is said to: the old condition stops it, none of the new ones does. Null where a value is one that only a solver holds. */
export function gotThrough(fields: CexFields, old: Clause, now: readonly Clause[]): boolean | null {
  const asked = Object.entries(fields).flatMap(([name, value]) => (isMissing(value) ? [] : [[name, plainOf(value)] as const]));
  if (asked.some(([, value]) => value === undefined)) return null;
  const event: Context = Object.fromEntries(asked.filter(([name]) => !name.startsWith("old ")));
  const around = { old: Object.fromEntries(asked.flatMap(([name, value]) => (name.startsWith("old ") ? [[name.slice("old ".length), value] as const] : []))) };
  return !old.check(event, around).ok && now.every((clause) => clause.check(event, around).ok);
}

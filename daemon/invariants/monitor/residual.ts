/**
 * What of a formula is still to come: obligations with deadlines, joined by and and or. Each event moves it forward and each deadline
 * decides a part, so that a monitor keeps this instead of the events (the idea is formula progression: Bacchus and Kabanza 1998).
 * Of obligations where one implies the other only one is kept, which is what bounds the memory: of a thousand calls that wait for the
 * same reply, the earliest deadline.
 */

/** `wanted`: that the formula `of` is true at some event up to and including `until_ms`; not `wanted`: at none. */
export interface Due {
  readonly kind: "due";
  readonly of: number;
  readonly until_ms: number;
  readonly wanted: boolean;
}
interface Group {
  readonly kind: "and" | "or";
  readonly parts: readonly Open[];
}
export type Open = Due | Group;
/** A truth, or what it hangs on. */
export type Residual = boolean | Open;

export function negate(residual: Residual): Residual {
  return typeof residual === "boolean" ? !residual : negateOpen(residual);
}

function negateOpen(open: Open): Open {
  if (open.kind === "due") return { ...open, wanted: !open.wanted };
  return { kind: open.kind === "and" ? "or" : "and", parts: open.parts.map(negateOpen) };
}

/** Sound and not complete: false says nothing. */
export function implies(a: Open, b: Open): boolean {
  if (a.kind === "due" && b.kind === "due") return a.of === b.of && a.wanted === b.wanted && (a.wanted ? a.until_ms <= b.until_ms : a.until_ms >= b.until_ms);
  if (a.kind === "or") return a.parts.every((part) => implies(part, b));
  if (b.kind === "and") return b.parts.every((part) => implies(a, part));
  if (a.kind === "and" && a.parts.some((part) => implies(part, b))) return true;
  return b.kind === "or" && b.parts.some((part) => implies(a, part));
}

const partsOf = (kind: Group["kind"], open: Open): readonly Open[] => (open.kind === kind ? open.parts : [open]);

export function join(kind: "and" | "or", a: Residual, b: Residual): Residual {
  const decisive = kind === "or";
  if (a === decisive || b === decisive) return decisive;
  if (typeof a === "boolean") return b;
  if (typeof b === "boolean" || a === b) return a;
  /** Whether `other` says nothing beside `kept`. */
  const redundant = (other: Open, kept: Open): boolean => (kind === "and" ? implies(kept, other) : implies(other, kept));
  let parts = partsOf(kind, a);
  for (const part of partsOf(kind, b)) {
    if (parts.some((kept) => redundant(part, kept))) continue;
    parts = [...parts.filter((kept) => !redundant(kept, part)), part];
  }
  return parts.length === 1 ? parts[0]! : { kind, parts };
}

/** Obligations in it. */
export function weight(residual: Residual): number {
  if (typeof residual === "boolean") return 0;
  return residual.kind === "due" ? 1 : residual.parts.reduce((sum, part) => sum + weight(part), 0);
}

/** After this time some part is decided by time alone; `Infinity` where none is. */
export function nextDue(residual: Residual): number {
  if (typeof residual === "boolean") return Infinity;
  return residual.kind === "due" ? residual.until_ms : residual.parts.reduce((least, part) => Math.min(least, nextDue(part)), Infinity);
}

/** What is left once time `now_ms` is here and, where there is an event at it, that has been looked at. */
export function progress(residual: Residual, now_ms: number, look: ((of: number) => Residual) | null): Residual {
  if (typeof residual === "boolean") return residual;
  if (residual.kind === "due") {
    // The deadline itself still counts, so only what is later than it decides.
    if (now_ms > residual.until_ms) return !residual.wanted;
    const seen = look === null ? false : look(residual.of);
    if (seen === false) return residual;
    return residual.wanted ? join("or", seen, residual) : join("and", negate(seen), residual);
  }
  const parts = residual.parts.map((part) => progress(part, now_ms, look));
  if (parts.every((part, i) => part === residual.parts[i])) return residual;
  return parts.reduce((joined, part) => join(residual.kind, joined, part), residual.kind === "and");
}

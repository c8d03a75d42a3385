/** The test of a plan, as this node's own fast-check runs it. */
import { version } from "fast-check/package.json";
import { testText, type Inside, type Plan, type Written } from "../../../invariants/index.ts";

/** The same for the same names, on every machine. */
export function seedOf(plan: Plan): number {
  return Number(BigInt.asIntN(31, BigInt(Bun.hash.wyhash(`${plan.invariant.id}\0${plan.target}`))) & 0x7fff_ffffn);
}

/** The test, or why there can be none. `specifier` is how it imports the target, `file` what it is called in its own first lines. */
export const testFile = (plan: Plan, around: { readonly specifier: string; readonly file: string; readonly inside: Inside }): Written | { readonly because: string } => testText(plan, { ...around, seed: seedOf(plan), version });

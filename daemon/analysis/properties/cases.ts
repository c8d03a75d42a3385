/** Cases made outside the sandbox, from a seed of their own: what a target answers to them no generated test could have known. Pure. */
import type { Argument, Plan, Type } from "../../invariants/index.ts";

export type Args = Readonly<Record<string, unknown>>;
export interface Step {
  readonly action: string;
  readonly args: Args;
}

const WORDS = ["", "a", "b", "ab", "é", "😀", "a b", "0", "-1", "null"];
const NUMBERS = [0, 1, -1, 0.5, -0.5, 1e9, 1e-9, 1e308, 5e-324];
const ITEMS_MAX = 5;
const DURATION_MS = 86_400_000;

/** Whole numbers up to a bound, none included, from a seed; mulberry32. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

function whole(roll: (below: number) => number, { min, max, edges }: Argument, low: number, high: number): number {
  const [from, to] = [min ?? Math.min(low, max ?? low), max ?? Math.max(high, min ?? high)];
  const near = [from, to, 0, 1, ...edges].filter((edge): edge is number => typeof edge === "number" && edge >= from && edge <= to);
  // Mostly small distances from an end: rules turn where values meet.
  if (roll(3) === 0) return near[roll(near.length)] ?? from;
  const width = roll(2) === 0 ? Math.min(to - from, 10) : to - from;
  return Math.max(from, Math.min(to, from + roll(width + 1)));
}

function value(roll: (below: number) => number, type: Type, argument: Argument): unknown {
  switch (type.name) {
    case "int":
    case "money":
      return whole(roll, argument, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case "duration":
      return whole(roll, argument, 0, DURATION_MS);
    case "double":
      return NUMBERS[roll(NUMBERS.length)];
    case "bool":
      return roll(2) === 0;
    case "enum":
      return type.members[roll(type.members.length)];
    case "list":
      return Array.from({ length: roll(ITEMS_MAX + 1) }, () => value(roll, type.item, argument));
    default:
      return WORDS[roll(WORDS.length)];
  }
}

/** As many cases of that plan, the same for the same seed. */
export function casesOf(plan: Plan, seed: number, count: number): Step[][] {
  const roll = dice(seed);
  const step = (): Step => {
    const action = plan.actions[roll(plan.actions.length)]!;
    return { action: action.name, args: Object.fromEntries(action.args.flatMap((argument) => (argument.may_be_missing && roll(5) === 0 ? [] : [[argument.name, value(roll, argument.type, argument)]]))) };
  };
  return Array.from({ length: count }, () => Array.from({ length: plan.kind === "function" ? 1 : 1 + roll(plan.steps_max) }, step));
}

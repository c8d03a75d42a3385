/** Configurations of TLC, compared: what is asked less, of a smaller world, or of something that stands for the model. */
import type { ModelConfig } from "../../../analysis/modelcheck/config.ts";

const gone = (before: ReadonlySet<string>, after: ReadonlySet<string>): string[] => [...before].filter((name) => !after.has(name));

/** Members of a set that is written out, at any depth, or the number itself; null for anything else. */
function size(value: string): number | null {
  const number = /^= (\d+)$/.exec(value)?.[1];
  if (number !== undefined) return Number(number);
  return value.startsWith("= {") ? value.split(",").length : null;
}

function constantWord(name: string, before: string, after: string | undefined): string {
  if (after === undefined) return `the constant ${name} is gone`;
  const [old, now] = [size(before), size(after)];
  if (old !== null && now !== null && now < old) return `the constant ${name} is smaller: ${before.slice(2)} became ${after.slice(2)}`;
  return `the constant ${name} is another: ${before} became ${after}`;
}

/** What the second looks for less than the first, in words; empty where it is no weaker. A larger number may still be another world: that is said, too. */
export function weakerThan(before: ModelConfig, after: ModelConfig): string[] {
  const constants = [...before.constants].filter(([name, value]) => after.constants.get(name) !== value).map(([name, value]) => constantWord(name, value, after.constants.get(name)));
  // TLC takes either sign in place of a definition: `Invariant = TRUE` and it holds for ever.
  const replaced = [...after.constants].filter(([name]) => !before.constants.has(name)).map(([name, value]) => `${name} is replaced: ${value}`);
  return [
    ...gone(before.asked, after.asked).map((name) => `${name} is asked no more`),
    ...(before.deadlock && !after.deadlock ? ["deadlock is looked for no more"] : []),
    ...gone(after.cuts, before.cuts).map((cut) => `${cut} leaves states out`),
    ...(before.behaviour === after.behaviour ? [] : [`the behaviour is another: ${before.behaviour} became ${after.behaviour || "none"}`]),
    ...constants,
    ...replaced,
  ];
}

/** A configuration of TLC, read to be compared: what it asks, of how large a world, and what it leaves out. */
import { withoutComments } from "./tla-text.ts";

export interface ModelConfig {
  /** Names under INVARIANT and PROPERTY. */
  readonly asked: ReadonlySet<string>;
  /** SPECIFICATION, INIT and NEXT. */
  readonly behaviour: string;
  /** CONSTRAINT, ACTION_CONSTRAINT, SYMMETRY, VIEW: whatever makes it look at less. */
  readonly cuts: ReadonlySet<string>;
  readonly constants: ReadonlyMap<string, string>;
  readonly deadlock: boolean;
}

const WORDS: Readonly<Record<string, "asked" | "behaviour" | "cuts" | "constants" | "deadlock" | "other">> = {
  INVARIANT: "asked", INVARIANTS: "asked", PROPERTY: "asked", PROPERTIES: "asked", POSTCONDITION: "asked",
  SPECIFICATION: "behaviour", INIT: "behaviour", NEXT: "behaviour",
  CONSTRAINT: "cuts", CONSTRAINTS: "cuts", ACTION_CONSTRAINT: "cuts", ACTION_CONSTRAINTS: "cuts", SYMMETRY: "cuts", VIEW: "cuts",
  CONSTANT: "constants", CONSTANTS: "constants", CHECK_DEADLOCK: "deadlock", ALIAS: "other", TYPE: "other", TYPE_CONSTRAINT: "cuts",
};
const TOKEN = /"[^"\n]*"|<-|[A-Za-z0-9_!]+|\S/g;

/** `NAME = value` and `NAME <- operator`; a value goes on until the next name that is followed by one of the two signs. */
function constantsOf(tokens: readonly string[]): [string, string][] {
  const starts = tokens.flatMap((token, at) => (/^[A-Za-z0-9_!]+$/.test(token) && (tokens[at + 1] === "=" || tokens[at + 1] === "<-") ? [at] : []));
  return starts.map((at, i) => [tokens[at] ?? "", tokens.slice(at + 1, starts[i + 1]).join(" ")]);
}

/** Words it does not know are part of what came before: they differ, and that is said. */
export function readModelConfig(text: string): ModelConfig {
  const asked = new Set<string>();
  const cuts = new Set<string>();
  const behaviour: string[] = [];
  const constants: string[] = [];
  let deadlock = true;
  let word = "";
  for (const token of withoutComments(text).match(TOKEN) ?? []) {
    if (Object.hasOwn(WORDS, token)) {
      word = token;
      continue;
    }
    const kind = WORDS[word] ?? "other";
    if (kind === "asked") asked.add(token);
    else if (kind === "cuts") cuts.add(`${word.replace(/S$/, "")} ${token}`);
    else if (kind === "constants") constants.push(token);
    else if (kind === "deadlock") deadlock = token.toUpperCase() !== "FALSE";
    else behaviour.push(`${word} ${token}`);
  }
  return { asked, cuts, behaviour: behaviour.join(", "), constants: new Map(constantsOf(constants)), deadlock };
}

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
  // One that is new replaces an operator of the modules, or stands for a constant that came with a changed module.
  const replaced = [...after.constants].filter(([name, value]) => !before.constants.has(name) && value.startsWith("<-")).map(([name, value]) => `${name} is replaced: ${value}`);
  return [
    ...gone(before.asked, after.asked).map((name) => `${name} is asked no more`),
    ...(before.deadlock && !after.deadlock ? ["deadlock is looked for no more"] : []),
    ...gone(after.cuts, before.cuts).map((cut) => `${cut} leaves states out`),
    ...(before.behaviour === after.behaviour ? [] : [`the behaviour is another: ${before.behaviour} became ${after.behaviour || "none"}`]),
    ...constants,
    ...replaced,
  ];
}

/** The operators, fixed and documented in docs/policy-mutation.md. Each says what stands there instead; none, one or several. Pure. */
import { RELATIONAL } from "../relational.ts";
import type { Site } from "./tree.ts";

interface Change {
  readonly operator: string;
  readonly replacement: string;
  /** Of the site unless something else is changed. */
  readonly start?: number;
  readonly end?: number;
}

/** Other operators of the language and what each is confused with. */
const ARITHMETIC: Readonly<Record<string, string>> = { "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "|": "&", "&": "|" };
const BUILTIN: Readonly<Record<string, string>> = {
  min: "max", max: "min", startswith: "endswith", endswith: "startswith", lower: "upper", upper: "lower", union: "intersection", intersection: "union", floor: "ceil", ceil: "floor",
  sum: "product", product: "sum", trim_prefix: "trim_suffix", trim_suffix: "trim_prefix",
};
/** Words a policy decides with; every other string becomes one that nothing else is. */
const DECISION: Readonly<Record<string, string>> = {
  pass: "refuse", refuse: "pass", note: "hold", hold: "note", admit: "refuse", allow: "deny", deny: "allow", observe: "enforce", enforce: "observe", warn: "deny", approve: "reject", reject: "approve", error: "note",
};
const OTHER = "~";

function calls({ span: { text } }: Site): Change[] {
  const relational = (RELATIONAL[text] ?? []).map((replacement) => ({ operator: "relational", replacement }));
  const arithmetic = ARITHMETIC[text];
  const builtin = BUILTIN[text];
  return [...relational, ...(arithmetic === undefined ? [] : [{ operator: "arithmetic", replacement: arithmetic }]), ...(builtin === undefined ? [] : [{ operator: "builtin", replacement: builtin }])];
}

function terms({ span: { text }, type }: Site & { kind: "term" }): Change[] {
  if (type === "boolean") return text === "true" || text === "false" ? [{ operator: "boolean", replacement: text === "true" ? "false" : "true" }] : [];
  if (type === "number") return /^[0-9]{1,15}$/.test(text) ? [Number(text) + 1, Number(text) - 1].map((value) => ({ operator: "constant", replacement: String(value) })) : [];
  // Text without quotes is a name in a path: `input.mode`.
  if (!/^(?:"(?:[^"\\]|\\.)*"|`[^`]*`)$/.test(text)) return [];
  const [quote, inner] = [text.slice(0, 1), text.slice(1, -1)];
  const word = DECISION[inner];
  return word === undefined ? [{ operator: "string", replacement: `${quote}${inner}${OTHER}${quote}` }] : [{ operator: "decision", replacement: `${quote}${word}${quote}` }];
}

/** `some x in xs` with what follows it becomes `every x in xs { ... }`, and the other way round. */
function quantifier({ span, every, head, domain, body, rest }: Site & { kind: "condition" }): Change[] {
  if (!every && head !== null && / in /.test(head) && rest !== null) return [{ operator: "quantifier", replacement: `every ${head} {\n${rest.text}\n}`, end: rest.end }];
  if (!every || domain === null || body === null) return [];
  const names = span.text.slice("every".length, domain.start - span.start);
  return [{ operator: "quantifier", replacement: `some${names}${domain.text}\n${body.text}` }];
}

function conditions(site: Site & { kind: "condition" }): Change[] {
  const { span: { text, start }, negated, binds, every } = site;
  // What binds a name others use cannot go; the rest of its rule would not compile.
  const dropped = binds ? [] : [{ operator: "drop-condition", replacement: "true" }];
  const turned = binds || every ? [] : negated ? [{ operator: "negation", replacement: "", end: start + /^not\s+/.exec(text)![0].length }] : [{ operator: "negation", replacement: `not ${text}` }];
  return [...dropped, ...turned, ...quantifier(site)];
}

/** Everything the operators make of one place. */
export function changesOf(site: Site): readonly Change[] {
  switch (site.kind) {
    case "rule":
      return [{ operator: site.is_default ? "remove-default" : "drop-rule", replacement: "" }];
    case "else":
      return [{ operator: "drop-else", replacement: "" }];
    case "call":
      return calls(site);
    case "term":
      return terms(site);
    case "condition":
      return conditions(site);
  }
}

export const OPERATORS = ["relational", "arithmetic", "builtin", "boolean", "constant", "string", "decision", "negation", "drop-condition", "drop-rule", "drop-else", "remove-default", "quantifier"] as const;

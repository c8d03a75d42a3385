/** Reporting descriptors (3.49): what each rule asks, why, and what it cannot see. */
import type { RuleDoc } from "../../../proto/api.ts";
import { docOf, type Report } from "./report.ts";

type Json = Readonly<Record<string, unknown>>;

export interface Descriptors {
  readonly list: readonly Json[];
  /** A rule's place in the list. */
  readonly index: ReadonlyMap<string, number>;
}

/** `cannot see` stands in the help, so that a pass is not read as more than it is. */
function documented({ title, why, passes, fails, cannot_see }: RuleDoc): Json {
  const parts: readonly (readonly [string, string])[] = [["Why", why], ["Passes", passes], ["Fails", fails], ["Cannot see", cannot_see]];
  return {
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: parts.map(([name, text]) => `${name}: ${text}`).join("\n"), markdown: parts.map(([name, text]) => `**${name}**: ${text}`).join("\n\n") },
  };
}

/** One descriptor for each rule that has a finding, in the order of their first. */
export function descriptors({ found, rules }: Report): Descriptors {
  const index = new Map<string, number>();
  const list: Json[] = [];
  for (const one of found.findings) {
    const { rule, severity } = one.finding;
    if (index.has(rule)) continue;
    index.set(rule, list.length);
    const doc = docOf(rules, one);
    list.push({ id: rule, ...(doc === null ? { shortDescription: { text: rule } } : documented(doc)), defaultConfiguration: { level: severity }, properties: { tags: [one.check] } });
  }
  return { list, index };
}

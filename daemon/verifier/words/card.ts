/** What the card says, in the same words on every face. Each function is handed the face's own way of quoting. */
import type { Card, CardProof, Timings } from "../../../proto/card.ts";
import type { NextStep, Reason, Verdict } from "../../../proto/decision.ts";
import { boundText } from "../../../proto/obligation.ts";
import type { Obligation, Range } from "../../../proto/outcome.ts";
import type { PathBytes } from "../../../proto/scalar.ts";
import { visiblePath } from "../visible.ts";

export type Quote = (text: string) => string;

const LINES_SHOWN_MAX = 5;
const OID_CHARACTERS = 9;

export const short = (oid: string): string => oid.slice(0, OID_CHARACTERS);
export const branch = (ref: string): string => ref.replace(/^refs\/heads\//, "");

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Who made the change, and how that is known. */
export function actorText({ actor }: Card, quote: Quote): string {
  const { agent, signs } = actor;
  const sign = signs.find(({ says }) => says === actor.class);
  const known = actor.authenticated ? "authenticated" : sign === undefined ? "claimed" : `claimed, by ${sign.source}`;
  return `${actor.class}${agent === null ? "" : ` ${quote(agent)}`} (${known}), author ${quote(actor.name)}`;
}

/** Of a gate's id, and of a digest: enough to ask for it. */
const NAMED_CHARACTERS = 10;

/** What the verdict goes back to, and how to ask for the rest. */
export const lineageText = ({ head, gate_id }: Card, { manifest_root }: CardProof): string => `commit ${short(head)}, manifest ${manifest_root.slice(0, 8)}; maestro lineage ${(gate_id ?? "").replace(/^gate:/, "").slice(0, NAMED_CHARACTERS)}`;

/** `path:3,9 (+2 files)`: the first file with its lines, and how many more there are. */
export function placeText(ranges: readonly Range[], quotePath: (path: PathBytes) => string): string {
  const byPath = Map.groupBy(ranges, ({ path }) => visiblePath(path));
  const [places] = byPath.values();
  const path = places?.[0]?.path;
  if (places === undefined || path === undefined) return "the change as a whole";
  const lines = [...new Set(places.map(({ start_line }) => start_line))].sort((a, b) => a - b);
  const shown = lines.slice(0, LINES_SHOWN_MAX).join(",");
  const rest = lines.length > LINES_SHOWN_MAX ? ` (+${plural(lines.length - LINES_SHOWN_MAX, "line")})` : "";
  const files = byPath.size > 1 ? ` (+${plural(byPath.size - 1, "file")})` : "";
  return `${quotePath(path)}:${shown}${rest}${files}`;
}

const SEEN: Readonly<Record<string, string>> = { sandbox: "measured in the sandbox", job: "handed in by the job" };

/** Value, unit and bound, and whose word it is; or why there is no value. */
export function obligationText(one: Obligation): string {
  const said = one.value === null && one.hidden !== true ? (one.because ?? "no reason was given") : boundText(one);
  return `${said} (${SEEN[one.observer] ?? one.observer})`;
}

export function becauseText({ observed, effect, because }: Reason): string {
  return observed ? `would ${effect} (the rule only observes): ${because}` : because;
}

/** `gate:` and enough to find it by. */
const GATE_CHARACTERS = 17;

const DECIDES: Readonly<Record<Exclude<Verdict, "admit">, readonly [string, string]>> = { refuse: ["rule refuses", "rules refuse"], hold: ["rule holds", "rules hold"] };

/** What became of findings that were there before, that somebody accepted, and of those that are gone; one line each, none where there is nothing to say. */
export function comparedTexts({ baseline, compared, reasons }: Pick<Card, "baseline" | "compared" | "reasons">): string[] {
  if (compared === undefined) return baseline === "not_compared" && reasons.some(({ fingerprints }) => fingerprints.length > 0) ? ["findings are not compared with those already at the base"] : [];
  const { existing, waived, fixed, not_compared } = compared;
  const gone = fixed.reduce((sum, { count }) => sum + count, 0);
  const parts = [
    ...(existing + waived + gone === 0 ? [] : [`${plural(compared.new, "new finding")}`]),
    ...(existing === 0 ? [] : [`${existing} at the base already`]),
    ...(waived === 0 ? [] : [`${waived} waived`]),
    ...(gone === 0 ? [] : [`${gone} fixed (${fixed.map(({ rule, count }) => `${rule} ${count}`).join(", ")})`]),
  ];
  return [...(parts.length === 0 ? [] : [parts.join(", ")]), ...not_compared.map(({ check, because }) => `${check} is not compared with the base: ${because}`)];
}

/** Which checks were not asked again, and where their answers stand; one line for each attempt they come from. */
export function reusedTexts({ checks }: Pick<Card, "checks">): string[] {
  const by = Map.groupBy(checks.filter(({ reused }) => reused !== undefined), ({ reused }) => `attempt ${reused?.attempt} of ${reused?.gate_id.slice(0, GATE_CHARACTERS)}`);
  return [...by].map(([where, list]) => `${plural(list.length, "check")} re-used from ${where}, whose inputs are unchanged: ${list.map(({ check }) => check).join(" ")} (--rerun asks anew)`);
}

/** One sentence: which rules the verdict hangs on. */
export function whyText({ verdict, reasons }: Pick<Card, "verdict" | "reasons">): string {
  if (verdict === "admit") return "no rule refuses or holds it";
  const rules = [...new Set(reasons.filter(({ effect, observed }) => !observed && effect === verdict).map(({ rule }) => rule))];
  const [one, many] = DECIDES[verdict];
  return `${plural(rules.length, one, many)} it: ${rules.join(", ")}`;
}

export function stepText({ text, cost, risk, rule }: NextStep): string {
  const about = [cost === "none" ? null : cost, risk === "none" ? null : `${risk} risk`, rule].filter((part) => part !== null);
  return about.length === 0 ? text : `${text} (${about.join(", ")})`;
}

/** Unknown is said, never shown as zero. Six decimals of micro-USD are rounded up to a cent, so that little is not nothing. */
export function costText({ cost }: Pick<Card, "cost">): string {
  if (!cost.reported || cost.micro_usd === null) return "agent usage not reported";
  const cents = (BigInt(cost.micro_usd) + 9_999n) / 10_000n;
  return `$${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
}

const MB = 1e6;
const seconds = (us: number): string => (us / 1e6).toFixed(us < 10e6 ? 2 : 0);

/** Less is lost in the rounding. */
const WORTH_SAYING_US = 10_000;

/** What the gate took, line by line. */
export function timingTexts({ total_us, facts_us, checks_us, policy_us, evidence_us, by_check, usage }: Timings): string[] {
  const saved_us = by_check.reduce((sum, one) => sum + (one.saved_us ?? 0), 0);
  const saved = saved_us < WORTH_SAYING_US ? "" : `; answers used again saved ${seconds(saved_us)} s`;
  const took = `gate ${seconds(total_us)} s: facts ${seconds(facts_us)} checks ${seconds(checks_us)} policy ${seconds(policy_us)} evidence ${seconds(evidence_us)}${saved}`;
  return usage === undefined ? [took] : [took, `processor ${seconds(usage.cpu_us)} s, at most ${Math.ceil(usage.max_rss_bytes / MB)} MB in one check process`];
}

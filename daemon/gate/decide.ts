/**
 * From outcomes and policy to a decision. Pure, and closed on failure: every
 * way of not knowing ends in hold or refuse, and none in admit.
 */
import type { ActorClass } from "../../proto/actor.ts";
import type { GateConfig } from "../../proto/config.ts";
import type { Decision, PolicyResult, Reason, Verdict } from "../../proto/decision.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Outcome } from "../../proto/outcome.ts";
import { pathText, type PathBytes } from "../../proto/scalar.ts";
import type { FactsReply } from "../../proto/worker.ts";
import { folderOf } from "../config/folder-of.ts";
import { placeFindings, type PlacedFinding } from "../policy/input.ts";
import { acceptedAs, acceptedBecause, lapsed, softened } from "./accepted.ts";
import { rule, wordsByFinding, type Settings, type Word } from "./effects.ts";
import type { HouseRuleId } from "./house-rules.ts";
import { nextSteps } from "./next.ts";
import { applyReleases, NOBODY, type Standing } from "../release/index.ts";

export interface DecideInput {
  /** One per check that was run, in any order. */
  readonly outcomes: readonly Outcome[];
  /** Answers in the order of the bundles, the host's first; findings as `placeFindings` orders them. */
  readonly policy: PolicyResult;
  readonly config: Pick<GateConfig, "rules" | "base_rules" | "required" | "folders" | "carried">;
  /** What reading maestro.yaml at the trusted base came to. */
  readonly base_config: FactsReply["config"];
  readonly history: "known" | "unknown";
  /** Why it is unknown, where that was told. */
  readonly history_because?: string;
  readonly conflicts: readonly PathBytes[];
  readonly empty: boolean;
  /** What of the baseline file accepts nothing any more. */
  readonly stale?: string | null;
  /** What people released of this head; absent where nobody could have. */
  readonly releases?: Standing;
  /** Approvals that paths of the change still want. */
  readonly approvals?: readonly Reason[];
  /** The commit that a person would be asked to release; absent where there is nobody to ask. */
  readonly head?: string | undefined;
}

const BECAUSE_CHARACTERS_MAX = 1000;
const CONFLICTS_SHOWN_MAX = 1000;
/** Observers whose word satisfies a requirement; `external` joins once its attestations are verified. */
const WITNESSES: ReadonlySet<Outcome["observer"]> = new Set(["daemon", "sandbox"]);

const clip = (text: string): string => text.slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed();

function house(rule: HouseRuleId, because: string, check: string | null = null, effect: "hold" | "note" = "hold"): Reason {
  return { rule, check, effect, observed: false, because: clip(because), ranges: [], excerpt: null, fingerprints: [] };
}

function aboutChange({ base_config, history, history_because, conflicts, empty, stale = null }: DecideInput): Reason[] {
  const reasons: Reason[] = [];
  if (history === "unknown") reasons.push(house("gate.history-unknown", history_because ?? "the merge base is not among the commits that were sent"));
  if (conflicts.length > 0) {
    const reason = house("gate.conflict", `${conflicts.length} path(s) conflict with the target`);
    reasons.push({ ...reason, ranges: conflicts.slice(0, CONFLICTS_SHOWN_MAX).map((path) => ({ path, start_line: 1, end_line: 1 })) });
  }
  if (empty) reasons.push(house("gate.empty", "the merged tree equals the target's"));
  if (base_config.state === "broken") reasons.push(house("gate.config-broken", base_config.because));
  if (stale !== null) reasons.push(house("baseline.stale", stale, "waivers", "note"));
  return reasons;
}

function aboutOutcome({ check, result, because, observer, findings, findings_cut }: Outcome, required: boolean, carried: readonly string[]): Reason[] {
  const reasons: Reason[] = [];
  if (result === "unavailable") reasons.push(house("gate.check-unavailable", because ?? "no reason was given", check, required ? "hold" : "note"));
  else if (required && !WITNESSES.has(observer) && !(observer === "external" && carried.includes(check))) reasons.push(house("gate.check-claimed", `seen only by: ${observer}`, check));
  if (result === "fail" && findings.length === 0) reasons.push(house("gate.check-failed", "no finding was listed", check));
  if (findings_cut > 0) reasons.push(house("gate.findings-cut", `${findings_cut} finding(s) were not judged`, check));
  return reasons;
}

function aboutChecks({ outcomes, config }: DecideInput): Reason[] {
  const byName = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    if (byName.has(outcome.check)) throw new MaestroError("internal.bug", `two outcomes of check ${outcome.check}`);
    byName.set(outcome.check, outcome);
  }
  const required = new Set(config.required);
  const reasons = [...byName.values()].flatMap((outcome) => aboutOutcome(outcome, required.has(outcome.check), config.carried ?? []));
  for (const check of required) if (!byName.has(check)) reasons.push(house("gate.check-missing", "it is required and has no outcome", check));
  const looked = outcomes.some(({ result, observer }) => result !== "unavailable" && WITNESSES.has(observer));
  return looked ? reasons : [...reasons, house("gate.nothing-checked", "not one check of the daemon answered")];
}

/** A reason for one finding, or for none where a policy raises one by itself. */
function reason(name: string, word: Word, placed: PlacedFinding | null): Reason | null {
  const observed = word.mode === "observe";
  if (word.effect === "pass") return null;
  const finding = placed?.finding;
  const accepted = finding === undefined ? null : acceptedAs(finding);
  return {
    rule: name,
    check: placed?.check ?? null,
    effect: softened(word.effect, accepted) === "note" ? "note" : word.effect,
    observed,
    because: clip(finding === undefined ? word.because : `${acceptedBecause(finding, accepted)}${word.because}: ${finding.message}`),
    ranges: finding === undefined || finding.range === null ? [] : [finding.range],
    excerpt: finding?.excerpt ?? null,
    fingerprints: finding === undefined ? [] : [finding.fingerprint],
    ...(accepted === null ? {} : { accepted }),
  };
}

/** One reason for all findings of a rule that lead to the same; it speaks with the words of the first. */
function merge(reasons: readonly Reason[]): Reason[] {
  const groups = new Map<string, Reason>();
  for (const one of reasons) {
    const key = JSON.stringify([one.rule, one.check, one.effect, one.observed, one.check === null || one.accepted === "waived" || one.check === "waivers" ? one.because : null, one.accepted ?? null]);
    const first = groups.get(key);
    if (first === undefined) groups.set(key, { ...one, ranges: [...one.ranges], fingerprints: [...one.fingerprints] });
    else {
      first.ranges.push(...one.ranges);
      first.fingerprints.push(...one.fingerprints);
    }
  }
  return [...groups.values()];
}

/** A waiver that no longer counts is said beside the finding it would have accepted. */
function aboutWaivers(placed: readonly PlacedFinding[]): Reason[] {
  return placed.flatMap(({ finding }) => {
    const over = lapsed(finding);
    if (over === null) return [];
    const line = over.waiver.line ?? 1;
    return [{ ...house(over.rule, over.because, "waivers", "note"), ranges: [{ path: over.waiver.path, start_line: line, end_line: line }], fingerprints: [finding.fingerprint] }];
  });
}

/** Of a finding in a folder with settings of its own, those; they hold everything above them. */
function settingsAt({ rules, base_rules, folders }: DecideInput["config"], { range }: PlacedFinding["finding"]): Settings {
  const folder = range === null ? null : folderOf(folders, pathText(range.path));
  return { rules, base_rules: folder?.rules ?? base_rules };
}

/** What the job says of its own tests is shown, whatever a policy or a setting makes of it: nothing is held or admitted by it. */
const SAID: HouseRuleId = "report.test-failed";
const AS_SAID: Word = { effect: "note", mode: "enforce", because: "it decides nothing" };

function aboutFindings({ outcomes, policy, config }: DecideInput): Reason[] {
  const placed = placeFindings(outcomes);
  const answers = policy.result === "decided" ? policy.answers : [];
  const unavailable = policy.result === "unavailable" ? [house("gate.policy-unavailable", policy.because)] : [];
  const actor: ActorClass = answers[0]?.actor ?? "unknown";
  const read = answers.map((answer) => wordsByFinding(answer, placed.length));
  const strays = read.reduce((sum, one) => sum + one.strays, 0);
  if (strays > 0) unavailable.push(house("gate.policy-unavailable", `the policy judged ${strays} finding(s) that it was not asked about`));
  const [host, ...base] = read.map(({ words }) => words);
  const jobs = new Set(outcomes.filter(({ observer }) => observer === "job").map(({ check }) => check));
  const judged = placed.flatMap((one, index) => {
    if (one.finding.rule === SAID && jobs.has(one.check)) return [reason(SAID, AS_SAID, one)];
    const said = rule(one.finding.rule, actor, host?.get(index) ?? [], base.flatMap((words) => words.get(index) ?? []), settingsAt(config, one.finding));
    return [said.enforced, said.observed].flatMap((word) => (word === null ? [] : [reason(one.finding.rule, word, one)]));
  });
  const raised = answers.flatMap(({ reasons }, place) => reasons.flatMap((one) => ownReason(one, place === 0, actor, config)));
  return [...unavailable, ...merge([...judged, ...aboutWaivers(placed), ...raised].filter((one) => one !== null))];
}

function ownReason(one: Word & { readonly rule: string }, fromHost: boolean, actor: ActorClass, settings: Settings): (Reason | null)[] {
  const word = { effect: one.effect, mode: one.mode, because: one.because };
  if (!fromHost) return [reason(one.rule, word, null)];
  const { enforced, observed } = rule(one.rule, actor, [word], [], settings);
  return [enforced, observed].map((said) => (said === null ? null : reason(one.rule, said, null)));
}

/** Refuse, hold, observed, note; then by name, so that equal inputs give equal cards. */
function order(a: Reason, b: Reason): number {
  const place = ({ effect, observed }: Reason) => (effect === "note" ? 3 : observed ? 2 : effect === "refuse" ? 0 : 1);
  const name = ({ rule, check, because }: Reason) => `${rule}\0${check ?? ""}\0${because}`;
  return place(a) - place(b) || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0);
}

/** Throws `internal.bug` where two outcomes name one check: then it is not known which of them is true. */
export function decide(input: DecideInput): Decision {
  const checks = aboutChecks(input);
  // On an unknown change no check can answer; that each of them did not says nothing more, and hides what to do.
  const told = input.history === "unknown" ? [] : checks;
  const found = [...aboutChange(input), ...told, ...aboutFindings(input), ...(input.approvals ?? [])];
  const reasons = applyReleases(found, input.releases ?? NOBODY).sort(order);
  const decides = (effect: Reason["effect"]) => reasons.some((one) => !one.observed && one.effect === effect);
  const verdict: Verdict = decides("refuse") ? "refuse" : decides("hold") ? "hold" : "admit";
  return { verdict, reasons, next: nextSteps(verdict, reasons, input.head) };
}

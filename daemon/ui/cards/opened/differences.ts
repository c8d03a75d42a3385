/** What differs between two attempts of a gate, or between any two cards. Pure: rows of cards are enough, whole cards say more. */
import type { Card } from "../../../../proto/card.ts";
import { obligationText, plural } from "../../../verifier/words/card.ts";
import { usdText } from "../charts/costs.ts";
import type { PageCard } from "../model.ts";

export interface Compared {
  readonly row: PageCard;
  readonly card: Card | null;
}

export interface Fact {
  readonly label: string;
  readonly one: string;
  readonly other: string;
}

export interface ReasonDifference {
  readonly rule: string;
  /** `gone`: only the first has it. */
  readonly is: "gone" | "new" | "kept";
  /** What it leads to in each; null where it is not. */
  readonly one: string | null;
  readonly other: string | null;
  /** Of its findings, by their fingerprints; null where a row is all that is known. */
  readonly findings: { readonly gone: number; readonly kept: number; readonly new: number } | null;
}

export interface Differences {
  readonly facts: readonly Fact[];
  readonly reasons: readonly ReasonDifference[];
  /** Checks and constraints whose result differs, and how many are the same. */
  readonly checks: readonly Fact[];
  readonly checks_same: number;
  /** What cannot be compared, in sentences. */
  readonly remarks: readonly string[];
}

const NONE = "not there";
const money = (micro_usd: bigint | null): string => (micro_usd === null ? "not reported" : usdText(micro_usd));
const seconds = (us: number | null): string => (us === null ? "not known" : `${(us / 1e6).toFixed(2)} s`);

function factsOf({ row }: Compared): Readonly<Record<string, string>> {
  const { verdict, attempt, repository, target_ref, head, at, actor, policy, files, added_lines, removed_lines, reported_micro_usd, whole_micro_usd, total_us, released } = row;
  return {
    Verdict: verdict,
    Attempt: String(attempt),
    Repository: repository,
    Into: target_ref,
    Commit: head,
    Decided: at ?? "not known",
    "Made by": `${actor.class}, ${actor.name}`,
    Policy: policy,
    Size: `${plural(files, "file")}, +${added_lines} -${removed_lines}`,
    "Reported cost": money(reported_micro_usd),
    "Whole cost": money(whole_micro_usd),
    "Decided in": seconds(total_us),
    "Released by": released.length === 0 ? "nobody" : released.map(({ kind, person }) => `${person} (${kind})`).join(", "),
  };
}

interface Told {
  readonly rule: string;
  readonly leads: string;
  readonly fingerprints: readonly string[] | null;
}

/** By rule and check: a rule of two checks is two reasons. Several of one are taken together. */
function reasonsOf({ row, card }: Compared): ReadonlyMap<string, Told> {
  const all = card === null ? row.reasons.map((reason) => ({ ...reason, fingerprints: null })) : card.reasons;
  const told = new Map<string, Told>();
  for (const { rule, check, effect, observed, fingerprints } of all) {
    const key = `${rule}\n${check ?? ""}`;
    const before = told.get(key);
    const leads = observed ? `would ${effect}` : effect;
    const both = before === undefined || fingerprints === null ? fingerprints : [...(before.fingerprints ?? []), ...fingerprints];
    // Decisive ones come first, so the first of several says what the rule leads to.
    told.set(key, { rule, leads: before?.leads ?? leads, fingerprints: both });
  }
  return told;
}

function findingsOf(one: Told | undefined, other: Told | undefined): ReasonDifference["findings"] {
  if ((one !== undefined && one.fingerprints === null) || (other !== undefined && other.fingerprints === null)) return null;
  const [before, after] = [new Set(one?.fingerprints ?? []), new Set(other?.fingerprints ?? [])];
  const kept = before.intersection(after).size;
  return { gone: before.size - kept, kept, new: after.size - kept };
}

const PLACE = { gone: 0, new: 1, kept: 2 } as const;

function reasonDifferences(one: Compared, other: Compared): ReasonDifference[] {
  const [before, after] = [reasonsOf(one), reasonsOf(other)];
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  const rows = keys.map((key): ReasonDifference => {
    const [was, is] = [before.get(key), after.get(key)];
    return { rule: (was ?? is)?.rule ?? "", is: is === undefined ? "gone" : was === undefined ? "new" : "kept", one: was?.leads ?? null, other: is?.leads ?? null, findings: findingsOf(was, is) };
  });
  return rows.toSorted((a, b) => PLACE[a.is] - PLACE[b.is]);
}

const resultText = (result: string): string => result.replaceAll("_", " ");

function resultsOf({ card, row }: Compared): ReadonlyMap<string, string> {
  if (card === null) return new Map(row.checks.unavailable.map(({ check }) => [check, "unavailable"]));
  return new Map([...card.checks.map(({ check, result, findings }) => [check, findings === 0 ? resultText(result) : `${resultText(result)}, ${plural(findings, "finding")}`] as const), ...(card.obligations ?? []).map((one) => [`constraint ${one.name}`, `${resultText(one.result)}: ${obligationText(one)}`] as const)]);
}

export function differences(one: Compared, other: Compared): Differences {
  const [before, after] = [factsOf(one), factsOf(other)];
  const facts = Object.keys(before).map((label) => ({ label, one: before[label] ?? "", other: after[label] ?? "" }));
  const whole = one.card !== null && other.card !== null;
  const [results, others] = whole ? [resultsOf(one), resultsOf(other)] : [resultsOf({ ...one, card: null }), resultsOf({ ...other, card: null })];
  const names = [...new Set([...results.keys(), ...others.keys()])];
  const checks = names.map((label) => ({ label, one: results.get(label) ?? (whole ? NONE : "answered or not asked"), other: others.get(label) ?? (whole ? NONE : "answered or not asked") }));
  const differing = checks.filter((check) => check.one !== check.other);
  const remarks = whole ? [] : ["Of one of them only a row is known: findings, and checks that did answer, are not compared. A row lists at most 20 reasons."];
  return { facts, reasons: reasonDifferences(one, other), checks: differing, checks_same: checks.length - differing.length, remarks };
}

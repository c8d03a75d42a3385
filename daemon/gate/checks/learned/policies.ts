/** Learned policies of the base that a change touches: each is put to the daemon's own log of decisions. Runs in a check process. */
import { fromBase64 } from "../../../../proto/encoding.ts";
import type { EvaluationReport } from "../../../../proto/evaluation.ts";
import type { Facts, FileChange, RunnerFile } from "../../../../proto/facts.ts";
import type { LearnedEntry, PolicyDelta } from "../../../../proto/learned.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { shown } from "../../../checking/redact.ts";
import { REPOSITORY_CONFIG_NAME } from "../../../config/repository.ts";
import type { Answer, CheckContext } from "../check.ts";
import { findingList, type FindingList } from "../reporting/finding.ts";
import { policyDelta } from "./delta.ts";
import { policyDocument } from "./document.ts";

const PUT_BACK = "Put it back; a policy that is no longer wanted leaves maestro.yaml first, in a change of its own.";

/** The change of a path, under its new name or its old one. */
function placeOf({ files }: Facts, path: string): { readonly file?: FileChange } {
  const file = files.find((one) => pathText(one.path) === path) ?? files.find(({ old_path }) => old_path !== null && pathText(old_path) === path);
  return file === undefined ? {} : { file };
}

/** What `maestro.yaml` would declare: an entry that goes, or a second file for the same router, guards no change after this one. */
function entryAfter({ path, router }: LearnedEntry, facts: Facts, list: FindingList): void {
  const { after } = facts.learned;
  if (after === undefined || "broken" in after) return;
  if (after.entries.some((one) => one.path === path && one.router === router)) return;
  const other = after.entries.find((one) => one.router === router);
  const instead = other === undefined ? "" : `; ${other.path} would be, and it was not judged`;
  list.add({ rule: "learning.removed", severity: "error", message: `${REPOSITORY_CONFIG_NAME} declares ${path} as the policy of ${router} no more${instead}`, ...placeOf(facts, REPOSITORY_CONFIG_NAME), identity: `${path} ${router}`, fix: PUT_BACK });
}

const percent = (ppm: number): string => `${(ppm / 10_000).toFixed(1)} %`;
const number = (value: number): string => String(Number(value.toPrecision(4)));

/** What of a policy is another arm now, in one sentence. */
function deltaText({ cells, changed, mass_ppm, listed: [heaviest] }: PolicyDelta): string {
  if (changed === 0) return `none of ${cells} cells has another arm by reward alone`;
  return `${changed} of ${cells} cells have another arm by reward alone, ${percent(mass_ppm)} of what the file counts${heaviest === undefined ? "" : `; the heaviest: ${heaviest.where}, ${heaviest.from} to ${heaviest.to}`}`;
}

interface Candidate {
  readonly entry: LearnedEntry;
  readonly delta: PolicyDelta;
  readonly place: ReturnType<typeof placeOf>;
}

function reported({ verdict, reasons, more, constraints }: EvaluationReport, { entry: { path, router, hide = false }, delta, place }: Candidate, list: FindingList): void {
  if (verdict === "promote") return;
  const broken = constraints.filter(({ answer }) => answer === "broken").map(({ name, max }) => `${name} above ${number(max)}`);
  // Sentences of the report have its numbers in them; the card has the cells.
  const said = hide || reasons.length === 0 ? `; ${deltaText(delta)}` : `: ${reasons.join("; ")}`;
  const identity = delta.after;
  if (verdict === "reject") list.add({ rule: "learning.rejected", severity: "error", message: `${path}: the log of ${router} shows that it does harm${broken.length === 0 ? "" : ` (${broken.join(", ")})`}${said}`, ...place, identity, fix: "Leave the policy as it is at the base, or fit another one." });
  else list.add({ rule: "learning.insufficient", severity: "warning", message: `${path}: the log of ${router} cannot tell yet, ${hide ? "and what it says stays here" : more === null ? "and no number of episodes would" : `about ${more} more episodes with an outcome are needed`}${said}`, ...place, identity, fix: hide ? "Ask whoever runs the daemon (maestro learn eval), or let the router go on for long and gate it again." : more === null ? "Have the arms it wants explored first, or fit a policy that stays where the log has been." : "Let the router go on until about so many have come, then gate it again: over more episodes that is a new question, and each has less of delta than the one before." });
}

interface Judged {
  readonly delta: PolicyDelta | null;
  /** Why it was not judged. */
  readonly blind: string | null;
}

function judged(entry: LearnedEntry, { old, new: now, unread }: RunnerFile, facts: Facts, { runs }: CheckContext, list: FindingList): Judged {
  const { path, router } = entry;
  const place = placeOf(facts, path);
  if (now === null && unread === null) {
    list.add({ rule: "learning.removed", severity: "error", message: `${path}, the policy of ${router}, is gone; the base declares it, and the baseline would answer`, ...place, identity: path, fix: PUT_BACK });
    return { delta: null, blind: null };
  }
  const after = now === null ? { problem: unread ?? "" } : policyDocument(fromBase64(now) ?? new Uint8Array(0), router);
  if ("problem" in after || now === null) {
    list.add({ rule: "learning.unreadable", severity: "error", message: `${path}: ${"problem" in after ? after.problem : unread}`, ...place, identity: path, fix: "Put a policy there that maestro learn fit wrote, as it wrote it." });
    return { delta: null, blind: null };
  }
  const read = old === null ? null : policyDocument(fromBase64(old) ?? new Uint8Array(0), router);
  const before = read === null || "problem" in read ? null : read;
  // The policy of the base, laid out otherwise: nothing would be decided in another way, and no question is spent on it.
  if (before?.digest === after.digest) return { delta: null, blind: null };
  const found = policyDelta({ router, path }, before, after);
  const delta = { ...found, listed: found.listed.map((one) => ({ ...one, where: shown(one.where) })) };
  const run = runs?.evaluation({ router, candidate: now }) ?? null;
  if (run === null) return { delta, blind: `${path} was not held against the log of ${router}` };
  if (run.report === null) return { delta, blind: `${path}: ${run.because}` };
  // The core's own document of this same version.
  const report = JSON.parse(run.report) as EvaluationReport;
  if (report.candidate !== after.digest || report.router !== router) return { delta, blind: `${path}: the report is of another candidate` };
  reported(report, { entry, delta, place }, list);
  return { delta, blind: null };
}

export function judgePolicies(facts: Facts, context: CheckContext): Answer {
  const { entries, after, files } = facts.learned;
  const list = findingList();
  const policies: PolicyDelta[] = [];
  const blind: string[] = [];
  let touched = 0;
  if (after !== undefined && "broken" in after) {
    touched += 1;
    list.add({ rule: "learning.removed", severity: "error", message: `what ${REPOSITORY_CONFIG_NAME} declares after the change cannot be read: ${after.broken}`, ...placeOf(facts, REPOSITORY_CONFIG_NAME), identity: "broken" });
  }
  for (const entry of entries) {
    if (after !== undefined && "entries" in after && !after.entries.some(({ path, router }) => path === entry.path && router === entry.router)) touched += 1;
    entryAfter(entry, facts, list);
    const file = files.find(({ path }) => path === entry.path);
    if (file === undefined) continue;
    touched += 1;
    const said = judged(entry, file, facts, context, list);
    if (said.delta !== null) policies.push(said.delta);
    if (said.blind !== null) blind.push(said.blind);
  }
  if (touched === 0) return { not_applicable: "the change touches no learned policy" };
  return { ...list.seen([], blind.length === 0 ? null : blind.join("; ")), policies };
}

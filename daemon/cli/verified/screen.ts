/** What `maestro verify` says of evidence that verified: one screen of what is proved, by whom, and what is not. Every word from signed bytes or the trust file. */
import type { EvidenceVerification } from "../../../proto/evidence-bundle.ts";
import { KEYLESS_FILE } from "../../../proto/evidence-bundle.ts";
import type { Verification } from "../../../proto/verification.ts";
import { besideName } from "../../verifier/further/wording.ts";
import { rangeTexts } from "../../verifier/range/wording.ts";
import { witnessText } from "../../verifier/witness-words.ts";
import { notRunAgain } from "../../verifier/wording.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { releaseText } from "../../verifier/words/released.ts";
import { itemLines, rowLines, section, some, type Row } from "./layout.ts";

const SHOWN = 6;
/** Enough to find a kept bundle by; --json has all of it. */
const SHORT_DIGEST = 16;
const NOT_PROVED = "not proved: ";

/** Of evidence that verified. */
export type Verified = Verification & { readonly statement: NonNullable<Verification["statement"]>; readonly signer: NonNullable<Verification["signer"]>; readonly log: NonNullable<Verification["log"]> };

export const isVerified = (verification: Verification): verification is Verified => verification.result === "verified" && verification.statement !== null && verification.signer !== null && verification.log !== null;

const row = (label: string, text: string): Row => ({ label, text });

function subject({ statement: { predicate: { identity, mode, verdict, attempt } } }: Verified): string[] {
  const base = identity.base === null ? "no base" : `base ${identity.base.slice(0, 12)}`;
  const whose = mode === "local" ? "" : `, both of the operator's remote (mode ${mode})`;
  return [
    `VERIFIED offline  ${verdict.toUpperCase()} of ${escapeTerminal(identity.repo_id)} ${identity.head.slice(0, 12)}`,
    ...rowLines(row("change", `on ${base} into ${escapeTerminal(identity.target_ref)}${whose}`)),
    ...rowLines(row("judged", `${attempt.issued_at}, holds until ${attempt.valid_until}, attempt ${attempt.attempt}`)),
  ];
}

/** Lines of other parts of the verifier that say themselves that something is not proved go where that is said. */
function told(verification: Verified): { readonly witnesses: string[]; readonly ranges: string[]; readonly not: string[] } {
  const [witnesses, ranges] = [witnessText(verification.witnesses), rangeTexts(verification)];
  const not = witnesses.filter((line) => line.startsWith(NOT_PROVED)).map((line) => line.slice(NOT_PROVED.length));
  return { witnesses: witnesses.filter((line) => !line.startsWith(NOT_PROVED)), ranges, not };
}

function proved(verification: Verified, whole: EvidenceVerification | null): Row[] {
  const { statement: { predicate }, signer, log, hidden_leaves, attestations, documents } = verification;
  const whose = signer.self_made ? "this machine's own self-made key" : `trusted in ${escapeTerminal(signer.trust_domain ?? "?")}`;
  const grew = whole?.log_grew == null ? "" : `; it only grew from ${whole.log_grew.from} to ${whole.log_grew.to} since the gate was answered`;
  const { witnesses, ranges } = told(verification);
  return [
    row("signed by", `${signer.fingerprint}, role gate (${whose})`),
    row("facts", `${predicate.manifest.size} leaves under one signed root${hidden_leaves === 0 ? ", all shown" : `, ${hidden_leaves} hidden behind their hashes`}`),
    row("log", `entry ${log.index} of ${log.size} of ${log.origin}${grew}`),
    ...witnesses.map((text) => row("witnesses", text)),
    ...(attestations.length === 0 ? [] : [row("beside it", some(attestations.map((one) => `${besideName(one)} ${one.says}`), SHOWN))]),
    ...(predicate.releases ?? []).map((one) => row("released", releaseText(one, escapeTerminal))),
    ...ranges.map((text) => row("number", text)),
    ...(documents.length === 0 ? [] : [row("documents", some(documents.map(({ name, bytes }) => `${name} (${bytes} bytes)`), SHOWN))]),
    ...(whole === null ? [] : further(whole)),
  ];
}

function further({ earlier, releases, provenance, drafts, files, answered_sha256 }: EvidenceVerification): Row[] {
  const held = files.filter(({ held_by }) => held_by !== "same-statement");
  return [
    ...(answered_sha256 === null ? [] : [row("answered", `the gate gave this out as bundle ${answered_sha256.slice(0, SHORT_DIGEST)}`)]),
    ...(earlier.length === 0 ? [] : [row("earlier", some(earlier.map(({ attempt, verdict }) => `attempt ${attempt} ${verdict}`), SHOWN))]),
    ...(releases.length === 0 ? [] : [row("releases", some(releases.map(({ kind, person }) => `${kind} by ${person}`), SHOWN))]),
    ...provenance.map(({ build, level, subjects }) => row("build", `${build}, SLSA level ${level}: ${escapeTerminal(some(subjects.map((subject) => subject.split(" ")[0] ?? ""), SHOWN))}`)),
    ...(drafts.length === 0 ? [] : [row("drafts", `${some(drafts.map(({ wrote, log_index }) => `${wrote.map(({ task, path }) => `${task} by ${path}`).join(", ")} (entry ${log_index})`), SHOWN)}: who wrote them, not that they are right`)]),
    ...(held.length === 0 ? [] : [row("files", `${some(held.map(({ name }) => name), SHOWN)}: signed digests hold them`)]),
  ];
}

const leftOut = ({ what, because }: EvidenceVerification["left_out"][number]): string => `not in this file: ${escapeTerminal(what)} (${escapeTerminal(because)})`;
const LEFT_OUT_SHOWN = 3;

function notProved(verification: Verified, whole: EvidenceVerification | null): string[] {
  const { statement, signer, hidden_leaves, lapsed, witnesses, documents } = verification;
  const left = whole?.left_out ?? [];
  return [
    ...(lapsed ? ["that it still holds: the evidence stands, but its validity has passed: gate the change again before merging"] : []),
    ...(signer.self_made ? ["who runs this node: a self-made key proves integrity, not authority"] : []),
    ...(statement.predicate.mode === "local" ? ["which repository and target it was: they are as the caller named them"] : []),
    ...told(verification).not,
    ...(witnesses === undefined ? ["that all see the same log: the trust file names no witness"] : []),
    ...notRunAgain(documents),
    ...(hidden_leaves > 0 ? [`what ${hidden_leaves} hidden leaves say`] : []),
    ...(whole?.files.some(({ name }) => name === KEYLESS_FILE) === true ? [`whose certificate signed ${KEYLESS_FILE}: maestro verify-bundle judges that`] : []),
    ...left.slice(0, LEFT_OUT_SHOWN).map(leftOut),
    ...(left.length > LEFT_OUT_SHOWN ? [`${left.length - LEFT_OUT_SHOWN} more that the file lacks (--json lists them)`] : []),
    "that what was measured is true: signatures show who said it",
  ];
}

export function screen(verification: Verified, whole: EvidenceVerification | null): string {
  const { verdict } = verification.statement.predicate;
  const about = verdict === "admit" ? [] : [`(verified is the evidence; what it says is ${verdict})`];
  return [...subject(verification), ...about.map((line) => `  ${line}`), ...section("proved", proved(verification, whole)), "not proved", ...notProved(verification, whole).flatMap(itemLines)].join("\n");
}

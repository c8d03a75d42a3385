/** What `maestro verify` says of a release of an artifact: one screen of what is proved, by which key and role, and what is not. Every word from signed bytes or the trust file. */
import type { ShippedVerification } from "../../../proto/shipment-bundle.ts";
import { witnessText } from "../../verifier/witness-words.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { itemLines, rowLines, section, some, type Row } from "../verified/layout.ts";

const SHOWN = 4;
const LEFT_OUT_SHOWN = 3;
const NOT_PROVED = "not proved: ";

/** Of a release whose own signature stands. */
type Signed = ShippedVerification & { readonly statement: NonNullable<ShippedVerification["statement"]>; readonly signer: NonNullable<ShippedVerification["signer"]>; readonly log: NonNullable<ShippedVerification["log"]> };

const isSigned = (found: ShippedVerification): found is Signed => found.statement !== null && found.signer !== null && found.log !== null;
const row = (label: string, text: string): Row => ({ label, text });

function headOf(found: ShippedVerification): string {
  const [subject] = found.statement?.subject ?? [];
  const about = subject === undefined ? "" : `release of ${escapeTerminal(subject.name)}`;
  if (found.result === "verified") return `VERIFIED offline  ${about}`;
  if (found.result === "unknown_signer") return `UNKNOWN SIGNER  ${about === "" ? "nobody the trust file knows signed this release" : `nobody the trust file knows signed a part of the ${about}`}`;
  return about === "" ? "FAILED  this release is not verified" : `FAILED  the ${about} is signed, and not all of it is verified`;
}

function subjectRows({ statement: { subject, predicate } }: Signed): Row[] {
  const { range, repository, target_ref, mode, at, on_target } = predicate;
  const whose = mode === "local" ? "" : `, ${on_target === "tip" ? "the tip" : "a commit"} of the operator's remote (mode ${mode})`;
  return [
    row("file", `sha256 ${subject[0]?.digest.sha256 ?? ""}`),
    row("of", `${escapeTerminal(repository)} ${escapeTerminal(target_ref)}: ${range.commits} commits after ${range.from?.slice(0, 12) ?? "none"} up to ${range.to.slice(0, 12)}${whose}`),
    row("released", at),
  ];
}

function changeRows({ statement: { predicate: { steps } }, changes }: Signed): Row[] {
  const leaves = changes.reduce((sum, one) => sum + one.leaves, 0);
  const signers = [...new Set(changes.map(({ signer }) => signer))];
  const people = changes.flatMap((one) => one.people);
  if (changes.length === 0) return [];
  return [
    row("changes", `${changes.length} of ${steps.length} admitted, each on what it was judged on: ${some(changes.map(({ head }) => head.slice(0, 12)), SHOWN)}`),
    row("facts", `${leaves} leaves under their signed roots, by ${signers.length === 1 ? (signers[0] ?? "") : `${signers.length} keys`}, role gate`),
    ...(people.length === 0 ? [] : [row("people", some(people.map((one) => escapeTerminal(one)), SHOWN))]),
  ];
}

function provedRows(found: Signed): Row[] {
  const { signer, log, log_grew, provenance, sbom, package_release, artifact_compared, statement } = found;
  const whose = signer.self_made ? "this machine's own self-made key" : `trusted in ${escapeTerminal(signer.trust_domain)}`;
  const grew = log_grew === null ? "" : `; it only grew from ${log_grew.from} to ${log_grew.to} since`;
  return [
    ...(artifact_compared ? [row("file", `the one you have is the released one (${escapeTerminal(statement.subject[0]?.name ?? "")})`)] : []),
    row("signed by", `${signer.fingerprint}, role gate (${whose})`),
    row("log", `entry ${log.index} of ${log.size} of ${log.origin}${grew}`),
    ...witnessText(found.witnesses ?? undefined).filter((line) => !line.startsWith(NOT_PROVED)).map((line) => row("witnesses", line)),
    ...changeRows(found),
    ...(provenance === null ? [] : [row("build", `${escapeTerminal(provenance.build)} by ${escapeTerminal(provenance.builder)}, SLSA level ${provenance.level}`)]),
    ...(sbom === null ? [] : [row("sbom", `${sbom.bytes} bytes, sha256 ${sbom.sha256.slice(0, 16)}`)]),
    ...(package_release === null ? [] : [row("in-toto", `the same release as ${escapeTerminal(package_release.predicate.purl)}`)]),
  ];
}

function notProved(found: Signed): string[] {
  const { statement: { predicate }, signer, artifact_compared, left_out, changes, witnesses } = found;
  const hidden = changes.reduce((sum, one) => sum + one.hidden_leaves, 0);
  return [
    ...(artifact_compared ? [] : ["that a file of yours is the released one: give --artifact FILE"]),
    ...(predicate.provenance === null ? ["what the file was made of: the release names no provenance"] : []),
    ...(signer.self_made ? ["who runs this node: a self-made key proves integrity, not authority"] : []),
    ...(predicate.mode === "local" ? ["which repository, branch and range it is: they are as the caller named them"] : []),
    ...witnessText(witnesses ?? undefined).filter((line) => line.startsWith(NOT_PROVED)).map((line) => line.slice(NOT_PROVED.length)),
    ...(witnesses === null ? ["that all see the same log: the trust file names no witness"] : []),
    ...(hidden > 0 ? [`what ${hidden} hidden leaves say`] : []),
    ...left_out.slice(0, LEFT_OUT_SHOWN).map(({ what, because }) => `not here: ${escapeTerminal(what)} (${escapeTerminal(because)})`),
    ...(left_out.length > LEFT_OUT_SHOWN ? [`${left_out.length - LEFT_OUT_SHOWN} more that is not here (--json lists it)`] : []),
    "that it may be deployed: maestro verify-deploy holds it against a policy",
  ];
}

export function shippedScreen(found: ShippedVerification): string {
  const reasons = found.reasons.map(({ code, detail }) => `  ${code}: ${escapeTerminal(detail)}`);
  if (!isSigned(found)) return [headOf(found), ...reasons].join("\n");
  return [headOf(found), ...reasons, ...subjectRows(found).flatMap(rowLines), ...section("proved", provedRows(found)), "not proved", ...notProved(found).flatMap(itemLines)].join("\n");
}

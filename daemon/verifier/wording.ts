/** What is said of a verification, in one voice for the terminal and the page; each face hands in its escaper for what others wrote. */
import { besideText } from "./further/wording.ts";
import { rangeTexts } from "./range/wording.ts";
import type { Verification, VerifyCode } from "../../proto/verification.ts";
import type { ReleaseVerification } from "./release.ts";
import { witnessText } from "./witness-words.ts";

type Escape = (text: string) => string;

/** Who is at fault: a damaged trust file or a mistyped leaf says nothing against the bundle. */
function failureHead(result: Verification["result"], code: VerifyCode | undefined): string {
  if (result === "unknown_signer") return "UNKNOWN SIGNER  sound, but signed by nobody the trust file names";
  if (code?.startsWith("trust.") === true) return "FAILED  the trust file is unusable, so nothing was verified; give the one the operator published with --trust";
  if (code === "leaf.unknown") return "FAILED  the bundle shows no such leaf";
  return "FAILED  this is not evidence";
}

/** The one line that answers: verified and what, or who is at fault. */
export function headline({ result, statement, signer, log, reasons }: Verification, escape: Escape): string {
  if (result !== "verified" || statement === null || signer === null || log === null) return failureHead(result, reasons[0]?.code);
  const { predicate } = statement;
  const { identity, verdict, manifest, mode } = predicate;
  const base = identity.base === null ? "no base" : `base ${identity.base.slice(0, 12)}`;
  const claimed = mode === "local" ? ", repository and target as the caller named them" : `, mode ${mode}: base and configuration from the operator's remote`;
  const what = `${verdict.toUpperCase()} of ${escape(identity.repo_id)} ${identity.head.slice(0, 12)} on ${base} into ${escape(identity.target_ref)}${claimed}`;
  const whose = signer.self_made ? "this machine's own self-made key: proves integrity, not authority" : `trusted in ${escape(signer.trust_domain ?? "?")}`;
  return `VERIFIED offline  ${what}, ${manifest.size} leaves, log entry ${log.index} of ${log.size}; signed by ${signer.fingerprint} (${whose})`;
}

/** What a reader of "verified" should know besides. */
export function remarks({ lapsed, hidden_leaves, witnesses, ...verification }: Verification): string[] {
  const said = witnessText(witnesses);
  said.push(...besideText(verification.attestations));
  if (lapsed) said.push("the evidence stands, but its validity has passed: gate the change again before merging");
  if (hidden_leaves > 0) said.push(`${hidden_leaves} leaves are hidden behind their hashes`);
  said.push(...rangeTexts(verification));
  return said;
}

/** What of a bundle's documents came of running something: that is not run again here. */
export function notRunAgain(documents: Verification["documents"]): string[] {
  const count = (place: string): number => documents.filter(({ name }) => name.startsWith(place)).length;
  const [broken, asked] = [count("counterexample/"), count("smt/")];
  return [
    ...(broken === 0 ? [] : [`that ${broken === 1 ? "the counterexample breaks what it says" : `${broken} counterexamples break what they say`}: nothing is run here; the last line of each in maestro cex show says how to see it`]),
    ...(asked === 0 ? [] : [`what a solver answered to ${asked === 1 ? "a question" : `${asked} questions`}: it is not asked again here; maestro verify --extract DIR writes them, and z3 FILE asks`]),
  ];
}

/** As `headline`, of a release by itself; the person's own reason is for the face to add. */
export function releaseHeadline(verification: ReleaseVerification, escape: Escape): string {
  if (verification.result !== "verified") return `${verification.result === "failed" ? "FAILED" : "UNKNOWN SIGNER"}  this is no release of that trust file`;
  const { release: { request, proof, at }, log } = verification;
  const how = proof.by === "uid" ? `user ${proof.uid}, as the node says` : `their own key ${proof.fingerprint} (${proof.presence}), which signed it`;
  return `VERIFIED offline  ${request.kind} of ${escape(request.repo_id)} ${request.head.slice(0, 12)} into ${escape(request.target_ref)} by ${request.person} at ${at}, proved by ${how}; log entry ${log.index}`;
}

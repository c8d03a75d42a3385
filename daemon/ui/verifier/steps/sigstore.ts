/** Other people's Sigstore bundles, and a person's release by itself, as steps of the page. */
import { visible } from "../../../verifier/visible.ts";
import type { ReleaseVerification } from "../../../verifier/release.ts";
import type { SigstoreVerification } from "../../../verifier/sigstore.ts";
import { step, table, type Row, type Step } from "../answer.ts";
import { QUESTIONS, type QuestionId } from "../questions.ts";
import { stoppedSteps } from "./evidence.ts";

const row = (label: string, value: string): Row => ({ label, value: visible(value) });
const ASKED: readonly QuestionId[] = ["container", "about", "artifact", "log", "signature"];

export function sigstoreSteps(verification: SigstoreVerification): Step[] {
  if (verification.result !== "verified") return stoppedSteps(verification.reason.code, verification.reason.detail, verification.result === "failed" ? "failed" : "unknown", ASKED);
  const { facts, not_proved } = verification;
  const [receipt] = facts.receipts;
  const subjects = facts.subjects.map(({ name, sha256 }) => [visible(name ?? "unnamed"), visible(sha256)]);
  return [
    step({ ...QUESTIONS.container, state: "proved", said: "A Sigstore bundle that names a key.", means: "It was read as its own specification says.", limit: "Fields that nothing signs, such as key hints, may have been changed by anybody." }),
    step({
      ...QUESTIONS.about,
      state: "proved",
      said: facts.kind === "statement" ? `An in-toto statement of type ${visible(facts.predicate_type ?? "?")}.` : "A signature over one artifact.",
      means: "These are the digests that were signed.",
      limit: "What a statement of this type says is not judged here.",
      tables: subjects.length === 0 ? [] : [table("Subjects", ["Name", "SHA-256"], subjects)],
    }),
    step({ ...QUESTIONS.artifact, state: facts.artifact_sha256 === null ? "not_proved" : "proved", said: facts.artifact_sha256 === null ? "No artifact was given to compare with." : "The artifact is the one that was signed.", rows: facts.artifact_sha256 === null ? [] : [row("SHA-256", facts.artifact_sha256)] }),
    step({ ...QUESTIONS.signature, state: "proved", said: "Signed by the key you gave.", limit: "A signature shows who says it, not that it is true; whether the key is theirs you must know from elsewhere.", means: "The key you gave signed exactly this.", rows: [row("Key", facts.signer)] }),
    step({
      ...QUESTIONS.log,
      state: receipt === undefined ? "not_proved" : "proved",
      said: receipt === undefined ? "No log was judged: give the trusted root that names it." : `Entry ${receipt.index} of ${visible(receipt.origin)}.`,
      tables: facts.receipts.length === 0 ? [] : [table("Log entries", ["Log", "Entry", "Size", "Logged at"], facts.receipts.map(({ origin, index, size, logged_at }) => [visible(origin), String(index), String(size), logged_at ?? "not signed"]))],
    }),
    ...(not_proved.length === 0 ? [] : [step({ id: "open", title: "What stays open", state: "not_proved", said: "Not proved:", means: "Nothing you gave speaks of this.", limit: "That it is false is not shown either.", tables: [table("Not proved", ["What"], not_proved.map((text) => [visible(text)]))] })]),
  ];
}

export function releaseSteps(verification: ReleaseVerification): Step[] {
  if (verification.result !== "verified") return stoppedSteps(verification.reason.code, verification.reason.detail, verification.result === "failed" ? "failed" : "unknown", ["container", "trust", "releases", "log", "signature"]);
  const { release: { request, proof, at }, signer, log } = verification;
  const rows = [row("Kind", request.kind), row("Person", request.person), row("At", at), row("Repository", request.repo_id), row("Target", request.target_ref), row("Head", request.head), row("Reason", request.reason), row("Proved by", proof.by === "uid" ? "a user of the machine, as the node says" : "their own key, which signed it")];
  return [
    step({ ...QUESTIONS.releases, state: "proved", said: `A release by ${visible(request.person)}.`, means: "A person released what was held, for this head alone.", rows }),
    step({ ...QUESTIONS.signature, state: "proved", said: "Signed by a key of role gate that the trust file names.", rows: [row("Key", signer)] }),
    step({ ...QUESTIONS.log, state: "proved", said: `Entry ${log.index} of the log.`, rows: [row("Log", log.origin)] }),
  ];
}

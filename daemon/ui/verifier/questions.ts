/** Every question the page can answer, in the order an auditor asks them, each with its meaning and its limit in one sentence. */
import type { Step } from "./answer.ts";

type Question = Pick<Step, "id" | "title" | "means" | "limit">;

const q = (id: string, title: string, means: string, limit: string): Question => ({ id, title, means, limit });

export const QUESTIONS = {
  container: q(
    "container",
    "Form of the file",
    "The file is one canonical document: no byte in it has a second spelling, and every field is signed, hashed into something signed, or checked against the key.",
    "A well-formed file may still be signed by anybody.",
  ),
  trust: q(
    "trust",
    "Trust file",
    "The root key that the trust file names signed the list of keys, their roles and their time windows.",
    "Whether this trust file is the operator's you must know from elsewhere: compare its root key with the one they published.",
  ),
  about: q(
    "about",
    "What it is about",
    "The statement names repository, commits, merged tree, policy and configuration, and its gate id is the hash of all of them.",
    "In mode local the caller named repository and target; nobody compared them with a remote.",
  ),
  signature: q(
    "signature",
    "Signature, key and role",
    "The named key signed exactly this statement, and the trust file lets it sign this kind of statement for this repository, mode and time.",
    "A signature shows who says it, not that it is true; whoever stole the key signs as well as its owner.",
  ),
  manifest: q(
    "manifest",
    "Manifest",
    "Every leaf shown here hashes up to the root inside the signed statement: none was changed, added, dropped or reordered.",
    "It shows what was recorded; that the checks were good ones it does not show.",
  ),
  card: q(
    "card",
    "Decision Card",
    "The card in the bundle is the very one whose digest is a leaf, and it says nothing else than the signed statement.",
    "The words of findings and titles in a card were written by the change or its tools.",
  ),
  leaf: q(
    "leaf",
    "One leaf and its proof",
    "The leaf belongs to the manifest at its index: its proof leads up to the signed root.",
    "Nothing is said of the other leaves.",
  ),
  log: q(
    "log",
    "Log receipt",
    "The signature is an entry of the node's append-only log: its proof leads up to a checkpoint that the log's own key signed.",
    "The log may have shown somebody else another history; only witnesses or a comparison of checkpoints find that.",
  ),
  consistency: q(
    "consistency",
    "Consistency of two checkpoints",
    "The tree that held this entry is the beginning of the tree under the other checkpoint: nothing was taken out or rewritten between them.",
    "It compares these two checkpoints and no others.",
  ),
  witnesses: q(
    "witnesses",
    "Witness quorum",
    "As many witnesses as the trust file asks for signed the same checkpoint after they had checked that it only appends.",
    "Witnesses look at the log's shape, not at what its entries say; witnesses in one hand are one witness.",
  ),
  attestations: q(
    "attestations",
    "Further attestations",
    "Each further statement in the bundle is signed, logged and agrees with the first one.",
    "They repeat and detail the verdict for other tools; they are no second opinion.",
  ),
  ranges: q(
    "ranges",
    "Hidden numbers (zero-knowledge thresholds)",
    "The number that a leaf commits to lies within the bounds shown, and the proof gives away nothing else about it.",
    "It shows that the committed number passes, not that the measurement behind it is right.",
  ),
  hidden: q(
    "hidden",
    "Hidden leaves",
    "Some leaves are shown as their hashes alone; they are in the signed tree and nobody can change them now.",
    "What they say is not proved to you: whoever hid them chose what you see.",
  ),
  releases: q(
    "releases",
    "Releases by people",
    "The named people approved or overrode what was held; each release has a leaf of its own and a place in the log.",
    "Where the proof is a user of the machine, it is the node's word on who that was.",
  ),
  documents: q(
    "documents",
    "Documents",
    "Each document in the bundle is byte for byte the one whose digest its leaf holds.",
    "Its content is its author's claim; nobody here judged it.",
  ),
  counterexamples: q(
    "counterexamples",
    "Counterexamples",
    "Each is byte for byte what the gate kept, and the gate says that it saw it break twice.",
    "Nothing was run here: no code, no model, and no solver was asked again. The command below each says how to see it.",
  ),
  validity: q(
    "validity",
    "Time and validity",
    "The evidence was not issued in this computer's future, and its validity is compared with this computer's clock.",
    "The time of issue is the node's own word, and this computer's clock may be wrong.",
  ),
  artifact: q(
    "artifact",
    "Artifact",
    "The SHA-256 of the file you gave is among the subjects that were signed.",
    "Another file with another digest is not covered, whatever its name.",
  ),
  whole: q(
    "whole",
    "Everything around it",
    "Every part of the file was judged by itself and belongs to this gate.",
    "What was left out, and why, is the node's own word: nobody signed that list.",
  ),
  other: q("other", "Another rule", "A rule of the verifier that this page has no words for stopped it.", "Nothing was verified."),
} as const satisfies Readonly<Record<string, Question>>;

export type QuestionId = keyof typeof QUESTIONS;

/** Which question a reason's code answers: the longest beginning that fits. */
const BY_CODE: readonly (readonly [prefix: string, QuestionId])[] = [
  ["trust.", "trust"],
  ["bundle.", "container"],
  ["signature.", "signature"],
  ["signer.", "signature"],
  ["statement.time", "validity"],
  ["statement.", "about"],
  ["manifest.", "manifest"],
  ["card.", "card"],
  ["document.", "documents"],
  ["log.witness", "witnesses"],
  ["log.consistency", "consistency"],
  ["log.", "log"],
  ["witness", "witnesses"],
  ["attestation", "attestations"],
  ["range", "ranges"],
  ["leaf.", "leaf"],
  ["release.", "releases"],
  ["artifact.", "artifact"],
];

export function questionOf(code: string): QuestionId {
  const fits = BY_CODE.filter(([prefix]) => code.startsWith(prefix));
  return fits.sort(([a], [b]) => b.length - a.length)[0]?.[1] ?? "other";
}

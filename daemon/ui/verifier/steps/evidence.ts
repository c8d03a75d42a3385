/** An evidence bundle's verification as the steps of the page: the verifier judged, here it is only put into words. */
import { decimalText } from "../../../../proto/decimal.ts";
import { visible } from "../../../verifier/visible.ts";
import { witnessText } from "../../../verifier/witness-words.ts";
import type { Verification, VerifiedLeaf } from "../../../../proto/verification.ts";
import type { Statement } from "../../../../proto/attestation.ts";
import type { Bundle } from "../../../../proto/bundle.ts";
import { leafLabel } from "../../../verifier/leaves.ts";
import { step, table, type Row, type State, type Step } from "../answer.ts";
import { QUESTIONS, questionOf, type QuestionId } from "../questions.ts";
import { counterexampleTables } from "./counterexamples.ts";
import { isProved, rangeRow } from "./ranges.ts";

/** What the bundle's own unsigned shape and the files beside it showed. */
export interface Beside {
  /** Whether the bundle carries its card; the verifier held it against its leaf. */
  readonly card: boolean;
  /** Of a verified bundle alone. */
  readonly documents: Bundle["documents"];
  /** Fingerprint of the key that signed the trust file. */
  readonly root: string;
  readonly leaf: { readonly state: State; readonly said: string; readonly found: VerifiedLeaf | null } | null;
  readonly consistency: { readonly state: State; readonly said: string } | null;
}

const ABSENT = "Not in this bundle.";
const row = (label: string, value: string): Row => ({ label, value: visible(value) });
const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

type Said = Pick<Step, "state" | "said"> & Partial<Pick<Step, "rows" | "tables" | "means" | "limit" | "holds">>;
const made = (id: QuestionId, said: Said): Step => step({ ...QUESTIONS[id], ...said });
const absent = (id: QuestionId, said = ABSENT): Step => made(id, { state: "absent", said });

function about({ predicate }: Statement): Step {
  const { identity, attempt, mode, verdict, gate_id, reasons } = predicate;
  const rows = [
    row("Verdict", verdict),
    row("Repository", identity.repo_id),
    row("Target", identity.target_ref),
    row("Head", identity.head),
    row("Base", identity.base ?? "none"),
    row("Merged tree", identity.merge_tree ?? "none"),
    row("Mode", mode),
    row("Gate", gate_id),
    row("Attempt", `${attempt.attempt}${attempt.supersedes === null ? "" : `, after ${attempt.supersedes}`}`),
    row("Policy", identity.policy),
    row("Configuration", identity.config),
  ];
  const listed = reasons.map(({ rule, effect, observed }) => [rule, effect, observed ? "observed only" : "decides"]);
  const tables = listed.length === 0 ? [] : [table("Reasons, as signed", ["Rule", "Effect", "Weight"], listed)];
  return made("about", { state: "proved", said: `${verdict.toUpperCase()} of commit ${identity.head.slice(0, 12)} into ${visible(identity.target_ref)}.`, rows, tables });
}

function trusted(signer: NonNullable<Verification["signer"]>, root: string): Step {
  const rows = [row("Root key", root), row("Trust domain", signer.trust_domain ?? "unknown"), row("Self-made", signer.self_made ? "yes" : "no")];
  if (!signer.self_made) return made("trust", { state: "proved", said: `An operator's trust file of the domain ${visible(signer.trust_domain ?? "?")}.`, rows });
  return made("trust", { state: "not_proved", holds: true, said: "The node wrote this trust file for itself: it proves integrity, not authority.", means: "The evidence and these keys belong together, so nothing was changed since.", rows });
}

function validity({ predicate }: Statement, lapsed: boolean, now: Date): Step {
  const { issued_at, valid_until } = predicate.attempt;
  const rows = [row("Issued", issued_at), row("Valid until", valid_until), row("This computer's clock", now.toISOString())];
  return made("validity", { state: "proved", said: lapsed ? "The evidence stands, but its validity has passed." : "Issued in the past and still valid.", rows });
}

function witnesses(found: Verification["witnesses"]): Step {
  if (found === undefined) return absent("witnesses", "The trust file names no witnesses.");
  const proved = !found.pending && found.quorum !== null && found.names.length > 0;
  const rows = found.names.map((name, i) => row(`Witness ${i + 1}`, name));
  return made("witnesses", { state: proved ? "proved" : "not_proved", said: `${visible(witnessText(found).join("; "))}.`, rows });
}

function ranges({ ranges: found = [], opening }: Verification): Step {
  if (found.length === 0) return absent("ranges");
  const proved = found.filter(isProved).length;
  const tables = [table("Hidden numbers", ["Obligation", "Result", "Bounds", "Bounds from"], found.map(rangeRow))];
  const rows = opening === undefined ? [] : [row(`${opening.obligation}, opened`, `${decimalText(opening.value, opening.scale)} ${opening.unit ?? ""}`.trim())];
  return made("ranges", { state: proved === found.length ? "proved" : "not_proved", said: `${proved} of ${counted(found.length, "hidden number")} ${proved === 1 ? "is" : "are"} proved to be within bounds that the prover did not choose.`, rows, tables });
}

function attestations(found: Verification["attestations"]): Step {
  if (found.length === 0) return absent("attestations");
  const rows = found.map(({ predicate_type, of, says, log_index, statement_sha256 }) => [visible(predicate_type), visible(of ?? ""), visible(says), String(log_index), statement_sha256]);
  return made("attestations", { state: "proved", said: `${counted(found.length, "further statement")}, in agreement with the first.`, tables: [table("Further attestations", ["Type", "Of", "Says", "Log entry", "Statement's SHA-256"], rows)] });
}

function documents(found: Verification["documents"]): Step {
  if (found.length === 0) return absent("documents");
  const rows = found.map(({ name, media_type, bytes, sha256 }) => [visible(name), visible(media_type), String(bytes), sha256]);
  return made("documents", { state: "proved", said: `${counted(found.length, "document")} in the bundle.`, tables: [table("Documents", ["Name", "Type", "Bytes", "SHA-256"], rows)] });
}

function counterexamples(found: NonNullable<Bundle["documents"]>): Step {
  const { count, rows, tables } = counterexampleTables(found);
  if (count === 0) return absent("counterexamples");
  return made("counterexamples", { state: "not_proved", holds: true, said: `${counted(count, "counterexample")} in the bundle; nothing was run again here.`, rows, tables });
}

function releases({ predicate }: Statement): Step {
  const found = predicate.releases ?? [];
  if (found.length === 0) return absent("releases", "Nobody released anything.");
  const rows = found.map(({ kind, person, at, proof, log_index, reason, counts }) => [kind, visible(person), at, proof === "uid" ? "user of the machine" : "their own key", String(log_index), visible(reason) + (counts ? "" : " (waits for a second person)")]);
  return made("releases", { state: "proved", said: `${counted(found.length, "release")}, each with a leaf of its own.`, tables: [table("Releases", ["Kind", "Person", "At", "Proved by", "Log entry", "Reason"], rows)] });
}

function leafRows({ index, size, leaf, leaf_hash, proof }: VerifiedLeaf): Row[] {
  const rows = [row("Leaf", leafLabel(leaf)), row("Place", `${index} of ${size}`), row("Leaf hash", leaf_hash), row("Hashes in its proof", String(proof.length))];
  if (leaf.kind === "identity") return rows;
  const value = leaf.commitment === null ? (leaf.value ?? "none") : "hidden behind a commitment";
  return [...rows, row("Outcome", leaf.outcome), row("Observed by", leaf.observer), row("Value", `${value}${leaf.unit === null ? "" : ` ${leaf.unit}`}${leaf.scale === 0 ? "" : ` × 10^-${leaf.scale}`}`), row("Tool", leaf.tool), row("Not looked at", leaf.coverage_gap ?? "nothing said")];
}

function verifiedSteps(verification: Verification, statement: Statement, beside: Beside, now: Date): Step[] {
  const { signer, log, hidden_leaves } = verification;
  const { size, root } = statement.predicate.manifest;
  const leaf = beside.leaf;
  return [
    made("container", { state: "proved", said: "One canonical document." }),
    ...(signer === null ? [] : [trusted(signer, beside.root)]),
    about(statement),
    made("signature", { state: "proved", said: "Signed by a key of role gate that the trust file names.", rows: [row("Key", signer?.fingerprint ?? "?"), row("Statement", statement.predicateType)] }),
    made("manifest", { state: "proved", said: `${counted(size, "leaf", "leaves")} hash to the signed root.`, rows: [row("Root", root), row("Leaves", String(size))] }),
    beside.card ? made("card", { state: "proved", said: "The card is the one that its leaf names." }) : absent("card", "No card in this bundle, or it is hidden."),
    leaf === null ? absent("leaf", "No leaf was given by itself.") : made("leaf", { state: leaf.state, said: leaf.said, rows: leaf.found === null ? [] : leafRows(leaf.found) }),
    ...(log === null ? [] : [made("log", { state: "proved", said: `Entry ${log.index} of a log of ${log.size}.`, rows: [row("Log", log.origin), row("Entry", String(log.index)), row("Size", String(log.size))] })]),
    beside.consistency === null ? absent("consistency", "No second checkpoint was given.") : made("consistency", beside.consistency),
    witnesses(verification.witnesses),
    attestations(verification.attestations),
    ranges(verification),
    hidden_leaves === 0 ? absent("hidden", "No leaf is hidden.") : made("hidden", { state: "not_proved", holds: true, said: `${counted(hidden_leaves, "leaf is", "leaves are")} hidden behind ${hidden_leaves === 1 ? "its hash" : "their hashes"}.` }),
    releases(statement),
    documents(verification.documents),
    counterexamples(beside.documents ?? []),
    validity(statement, verification.lapsed, now),
  ];
}

/** Every question that a verifier which stopped did not get to, behind the one it stopped at. */
export function stoppedSteps(code: string, detail: string, state: "failed" | "unknown", asked: readonly QuestionId[]): Step[] {
  const at = questionOf(code);
  const stopped = made(at, { state, said: `Stopped here: ${visible(detail)}`, rows: [row("Rule", code)] });
  return [stopped, ...asked.filter((id) => id !== at).map((id) => made(id, { state: "not_judged", said: "Not judged: the verification had stopped before." }))];
}

const ASKED: readonly QuestionId[] = ["container", "trust", "about", "signature", "manifest", "card", "log", "witnesses", "attestations", "ranges", "documents"];

/** What failed first, what is not there last; between them the order of the questions. */
const place = ({ state }: Step): number => (state === "failed" ? 0 : state === "absent" ? 2 : 1);

export function evidenceSteps(verification: Verification, beside: Beside, now: Date): Step[] {
  const { result, reasons, statement } = verification;
  const [reason] = reasons;
  if (result === "verified" && statement !== null) {
    const steps = verifiedSteps(verification, statement, beside, now);
    return steps.toSorted((a, b) => place(a) - place(b));
  }
  return stoppedSteps(reason?.code ?? "other", reason?.detail ?? "no reason was given", result === "unknown_signer" ? "unknown" : "failed", ASKED);
}

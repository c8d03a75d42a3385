/** Whether the evidence of a change is what a release says of it. Pure. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { SigstoreBundle, Statement } from "../../../proto/attestation.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import { fromBase64, toHex } from "../../../proto/encoding.ts";
import type { ShipmentStatement, ShippedStep } from "../../../proto/predicates/shipping.ts";
import type { ShippedChange } from "../../../proto/shipment-bundle.ts";
import type { Verification } from "../../../proto/verification.ts";
import { pass, stop, type Step } from "../step.ts";

export type VerifiedGate = Verification & { readonly result: "verified" };

type Said = ShipmentStatement["predicate"];

/** The digest by which others name a statement; it stays as it is when receipts are made anew. */
export const statementDigest = ({ dsseEnvelope }: Pick<SigstoreBundle, "dsseEnvelope">): string => toHex(sha256(fromBase64(dsseEnvelope.payload) ?? new Uint8Array()));

/** By which a release names a gate's evidence; empty for what has no statement. */
export const gateStatement = ({ attestations: [first] }: Pick<Bundle, "attestations">): string => (first === undefined ? "" : statementDigest(first));

const counted = ({ releases = [] }: Statement["predicate"]): string => releases.filter(({ counts }) => counts).map(({ kind }) => kind).join();

/** Words of the release beside words of the gate: pairs that must be equal. */
function pairs(step: ShippedStep, said: Said, { predicate }: Statement, log_index: number | undefined, signer: string | undefined): readonly (readonly [what: string, a: unknown, b: unknown])[] {
  const { identity, attempt, gate_id, verdict } = predicate;
  return [
    ["gate", gate_id, step.gate_id],
    ["attempt", attempt.attempt, step.attempt],
    ["repository", identity.repo_id, said.repository],
    ["head", identity.head, step.head],
    ["base", identity.base, step.from],
    ["verdict", verdict, "admit"],
    ["time", attempt.issued_at, step.issued_at],
    ["validity", attempt.valid_until, step.valid_until],
    ["place in the log", log_index, step.log_index],
    ["signer", signer, step.signer],
    ["releases by people", counted(predicate), step.releases.join()],
  ];
}

/** A caller's word on the branch counts only beside another caller's. */
function sameBranch({ target_ref, mode }: Said, { predicate: { identity, mode: its_mode } }: Statement): boolean {
  if (mode !== "local" && its_mode === "local") return false;
  return identity.target_ref === target_ref || (its_mode === "local" && identity.target_ref === identity.base);
}

export function checkChange(step: ShippedStep, said: Said, { statement, log, signer, hidden_leaves }: VerifiedGate): Step<ShippedChange> {
  if (statement === null || log === null || signer === null) return stop("bundle.malformed", "it says nothing");
  const other = pairs(step, said, statement, log.index, signer.fingerprint).find(([, a, b]) => a !== b);
  if (other !== undefined) return stop("release.mismatch", `its ${other[0]} is ${String(other[1])}, and the release says ${String(other[2])}`);
  if (!sameBranch(said, statement)) return stop("release.mismatch", `it was admitted into ${statement.predicate.identity.target_ref} in mode ${statement.predicate.mode}, and the release is of ${said.target_ref} in mode ${said.mode}`);
  const { gate_id, attempt: { attempt, issued_at }, identity: { head }, mode, manifest, releases = [] } = statement.predicate;
  return pass({ gate_id, attempt, head, mode, issued_at, log_index: log.index, signer: signer.fingerprint, leaves: manifest.size, hidden_leaves, people: releases.filter(({ counts }) => counts).map(({ kind, person }) => `${kind} by ${person}`) });
}

/** That the newest gate admitted the released content, and that what is said to have landed in time did. Requires that each gate is what its step says. */
export function checkEnds({ range, steps }: Said, newest: Statement["predicate"]["identity"]): Step<null> {
  if (newest.merge_tree !== range.tree || newest.tree_sha256 !== range.tree_sha256) return stop("release.mismatch", "the newest gate admitted other content than was released");
  const early = steps.find(({ landed_by }, at) => landed_by !== null && !steps.slice(at + 1).some(({ issued_at }) => issued_at === landed_by));
  return early === undefined ? pass(null) : stop("release.mismatch", `nothing in the release shows that ${early.to} landed by ${early.landed_by}`);
}

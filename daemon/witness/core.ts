/** What a witness answers, by C2SP tlog-witness: pure, so that every order of submissions can be tried. */
import { sha256 } from "@noble/hashes/sha2.js";
import { verifyConsistency } from "../../kernels/merkle/index.ts";
import { equalBytes } from "../../proto/encoding.ts";
import { openNote, type NoteKey } from "../verifier/note.ts";
import type { Submission } from "./submission.ts";

/** The newest tree of a log that was cosigned. */
export interface WitnessedTree {
  readonly size: number;
  readonly root: Uint8Array;
}

export type Refusal = { readonly status: 400 | 403 | 404 | 422; readonly because: string } | { readonly status: 409; readonly size: number };

const no = (status: Exclude<Refusal["status"], 409>, because: string): Refusal => ({ status, because });

/** Who signed, before anything is compared: the keys of this origin that did, or why nobody is believed. */
export function signersOf({ note, checkpoint }: Submission, logs: readonly NoteKey[]): readonly NoteKey[] | Refusal {
  const known = logs.filter(({ name }) => name === checkpoint.origin);
  if (known.length === 0) return no(404, `no key of ${checkpoint.origin} is configured here`);
  const opened = openNote(note, known);
  return "because" in opened ? no(403, opened.because) : opened.signers;
}

/** `null` where the submission goes on from `newest` without taking anything back: then, and only then, may it be cosigned. */
export function inconsistency({ old_size, proof, checkpoint: { size, root } }: Submission, newest: WitnessedTree | null): Refusal | null {
  if (old_size > size) return no(400, "the old size is larger than the checkpoint's");
  const known = newest ?? { size: 0, root: new Uint8Array() };
  if (old_size !== known.size) return { status: 409, size: known.size };
  // RFC 6962 section 2.1: the hash of an empty tree is that of the empty string.
  if (size === 0 && !equalBytes(root, sha256(new Uint8Array()))) return no(422, "the root of an empty tree is another one");
  if (old_size === 0) return proof.length === 0 ? null : no(422, "a proof from the empty tree is empty");
  if (old_size === size && proof.length > 0) return no(422, "a proof from a tree to itself is empty");
  // The specification's own status: two histories of one size. Whoever asked from that very size has its answer.
  if (old_size === size) return equalBytes(root, known.root) ? null : { status: 409, size };
  const consistent = verifyConsistency({ first: old_size, second: size, firstHash: known.root, secondHash: root, consistencyPath: proof });
  return consistent ? null : no(422, "the proof does not lead from the tree that was cosigned to this one");
}

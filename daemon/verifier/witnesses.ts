/** Whether enough witnesses were shown this history: k of n distinct keys, so that two heads of a forked log cannot both have them. */
import type { WitnessVerification } from "../../proto/verification.ts";
import { cosignedAt, isOf, type CosignerKey } from "./cosignature.ts";
import { CLOCK_SKEW_S_MAX } from "./limits.ts";
import type { Note, NoteSignature } from "./note.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampOf } from "./time.ts";

export interface WitnessKey {
  readonly key: CosignerKey;
  readonly from_s: number;
  readonly to_s: number;
}

/** What a trust file asks of a checkpoint. `quorum` is `null` where it asks nothing. */
export interface WitnessPolicy {
  readonly keys: readonly WitnessKey[];
  readonly quorum: number | null;
}

export interface Cosigner {
  readonly witness: WitnessKey;
  readonly time_s: number;
}

/** The note's cosignatures by known witnesses, and what is left of its signatures. */
interface OpenedCosignatures {
  readonly cosigners: readonly Cosigner[];
  readonly rest: readonly NoteSignature[];
}

/** Every known witness's cosignature must verify, and none may stand there twice: keys are counted, not lines. */
export function openCosignatures({ text, signatures }: Note, witnesses: readonly WitnessKey[]): Step<OpenedCosignatures> {
  const cosigners: Cosigner[] = [];
  const rest: NoteSignature[] = [];
  for (const signature of signatures) {
    const witness = witnesses.find(({ key }) => isOf(key, signature));
    if (witness === undefined) {
      rest.push(signature);
      continue;
    }
    if (cosigners.some((known) => known.witness === witness)) return stop("log.witnesses", `two cosignatures by ${witness.key.name}`);
    const time_s = cosignedAt(witness.key, text, signature);
    if (time_s === null) return stop("log.witnesses", `the cosignature by ${witness.key.name} does not verify`);
    cosigners.push({ witness, time_s });
  }
  return pass({ cosigners, rest });
}

/** Fewer than this many of `n` could each see another head of a forked log, and both would have enough. */
export const majorityOf = (n: number): number => Math.floor(n / 2) + 1;

/** Why `k` of `n` keys of witnesses prove nothing, or `null`. Several keys of one name count once. */
export function quorumProblem(k: number, n: number, names = n): string | null {
  if (k > names) return `a quorum of ${k} of ${names} witnesses can never be reached`;
  return k >= majorityOf(n) ? null : `a quorum of ${k} of ${n} witnesses can be reached on both heads of a forked log, each by other witnesses; it takes at least ${majorityOf(n)}`;
}

export interface WitnessAsk {
  readonly now_s: number;
  /** The receipt was made before any witness could answer; a quorum that is not there yet is said and not refused. */
  readonly later: boolean;
}

/** What of the policy these cosigners meet; `null` where the trust file knows no witness. A key counts while its line and the verifier's clock let it. */
export function judgeWitnesses(cosigners: readonly Cosigner[], { keys, quorum }: WitnessPolicy, { now_s, later }: WitnessAsk): Step<WitnessVerification | null> {
  if (keys.length === 0) return pass(null);
  const counted = cosigners.filter(({ witness, time_s }) => time_s >= witness.from_s && time_s <= witness.to_s && time_s <= now_s + CLOCK_SKEW_S_MAX);
  // Each witness once, whatever keys it has: one whose key was renewed is still one machine.
  const names = [...new Set(counted.map(({ witness }) => witness.key.name))].sort();
  const missing = quorum !== null && names.length < quorum;
  if (missing && !later) return stop("log.witnesses", `the trust file asks for ${quorum} of ${keys.length} witnesses, ${names.length === 0 ? "none" : names.join(", ")} cosigned this checkpoint`);
  const oldest_s = counted.reduce<number | null>((least, { time_s }) => (least === null || time_s < least ? time_s : least), null);
  return pass({ quorum, of: keys.length, names, oldest: oldest_s === null ? null : timestampOf(oldest_s), pending: missing });
}

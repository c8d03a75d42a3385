/** This node as a witness of other logs (C2SP tlog-witness): it cosigns a checkpoint once it has seen that nothing was taken back, and remembered that. */
import { join } from "node:path";
import type { WitnessLimits } from "../../proto/limits.ts";
import { MaestroError } from "../../proto/errors.ts";
import { TREE_SIZE_TYPE, type WitnessedLog } from "../../proto/witness.ts";
import { Buckets } from "../platform/bucket.ts";
import type { Store } from "../store/db.ts";
import { cosignatureLine, cosignedBytes, cosignerKeyText, isOf, type CosignerKey } from "../verifier/cosignature.ts";
import { signatureLine, type NoteKey } from "../verifier/note.ts";
import { timestampOf } from "../verifier/time.ts";
import { inconsistency, signersOf, type Refusal } from "./core.ts";
import { publish, published, rolledBack } from "./published.ts";
import { parseSubmission, type Submission } from "./submission.ts";
import { openHeads, type WitnessedHead } from "./table.ts";

export interface WitnessDeps {
  readonly store: Pick<Store, "table" | "atomic" | "durable">;
  readonly state_dir: string;
  readonly key: CosignerKey;
  readonly sign: (message: Uint8Array) => Uint8Array;
  readonly logs: readonly NoteKey[];
  readonly limits: Pick<WitnessLimits, "submissions_per_s" | "submissions_burst">;
  readonly monotonic_ms: () => number;
  /** Seconds that count as now; they never go back behind what this node signed. */
  readonly now_s: () => number;
  /** Told at the start of each log that is cosigned no more. */
  readonly warn: (what: string, error: unknown) => void;
}

/** Plain text, as the specification wants it. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export interface Witness {
  readonly vkey: string;
  readonly name: string;
  logs(): WitnessedLog[];
  /**
   * Judges one submission of a user. What it cosigns is on disk before the answer is given. Throws `tenant.rate`, and `evidence.witness`
   * for a log of which it knows less than it signed.
   */
  submit(uid: number, body: Uint8Array): Promise<Answer>;
  /** The newest cosigned checkpoint of a log, by the hash of its origin; `null` where there is none. */
  checkpoint(origin_hash: string): string | null;
  /** Answers since the start, by status. */
  readonly answers: ReadonlyMap<number, number>;
}

const TEXT = "text/plain; charset=utf-8";
const BUCKETS_MAX = 1_024;
/** Of a log whose key is being rotated; further ones are verified and not repeated. */
const LOG_SIGNATURES_KEPT_MAX = 2;

function answerOf(refusal: Refusal): Answer {
  if (refusal.status === 409) return { status: 409, type: TREE_SIZE_TYPE, text: `${refusal.size}\n` };
  return { status: refusal.status, type: TEXT, text: `${refusal.because}\n` };
}

export function createWitness(deps: WitnessDeps): Witness {
  const { store, key, logs, limits } = deps;
  const heads = openHeads(store);
  const folder = join(deps.state_dir, "witness");
  const refused = rolledBack(folder, heads, key);
  for (const [origin, because] of refused) deps.warn(`${origin} is not cosigned any more`, new MaestroError("evidence.witness", because));
  const buckets = new Buckets(deps.monotonic_ms, BUCKETS_MAX);
  const written = new Map<string, number>();
  const answers = new Map<number, number>();

  const bound = (who: string): void => {
    const wait_s = buckets.take(who, { per_s: limits.submissions_per_s, burst: limits.submissions_burst });
    if (wait_s !== null) throw new MaestroError("tenant.rate", `${who}: ${limits.submissions_per_s} submissions a second, ${limits.submissions_burst} at once`, { retry_after_s: wait_s });
  };

  /** Compared and remembered in one transaction: two submissions at once cannot both go on from the same tree. */
  function cosign(submission: Submission, signers: readonly NoteKey[]): Refusal | { line: string; head: WitnessedHead } {
    const { note, checkpoint: { origin, size, root } } = submission;
    const newest = heads.get(origin) ?? null;
    const refusal = inconsistency(submission, newest);
    if (refusal !== null) return refusal;
    const time_s = Math.max(deps.now_s(), newest?.time_s ?? 1);
    const line = cosignatureLine(key, time_s, deps.sign(cosignedBytes(note.text, time_s)));
    const kept = note.signatures.filter((one) => signers.some((signer) => isOf(signer, one))).slice(0, LOG_SIGNATURES_KEPT_MAX);
    const signed = kept.map(({ name, id, signature }) => signatureLine({ name, hash: id }, signature)).join("");
    const head = { size, root, time_s, note: `${note.text}\n${signed}${line}` };
    heads.put(origin, head);
    return { line, head };
  }

  async function judged(uid: number, body: Uint8Array): Promise<Answer> {
    bound(`user ${uid}`);
    const submission = parseSubmission(body);
    if (typeof submission === "string") return answerOf({ status: 400, because: submission });
    const signers = signersOf(submission, logs);
    if ("status" in signers) return answerOf(signers);
    const { origin } = submission.checkpoint;
    // Only who has the log's key comes this far, so nobody else can use up what the log may ask.
    bound(`log ${origin}`);
    const because = refused.get(origin);
    if (because !== undefined) throw new MaestroError("evidence.witness", because);
    const done = store.atomic(() => cosign(submission, signers));
    if ("status" in done) return answerOf(done);
    await store.durable();
    // Never ahead of what is durable, and never back: two that became durable at once may come here in either order.
    if (done.head.size >= (written.get(origin) ?? 0)) {
      publish(folder, origin, done.head.note);
      written.set(origin, done.head.size);
    }
    return { status: 200, type: TEXT, text: done.line };
  }

  return {
    vkey: cosignerKeyText(key),
    name: key.name,
    answers,
    logs() {
      const origins = [...new Set(logs.map(({ name }) => name))];
      return origins.map((origin) => {
        const head = heads.get(origin);
        return { origin, size: head?.size ?? null, at: head === undefined ? null : timestampOf(head.time_s), refused: refused.get(origin) ?? null };
      });
    },
    async submit(uid, body) {
      const answer = await judged(uid, body);
      answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
      return answer;
    },
    // The file, and not the row: a row may stand there before it is durable.
    checkpoint: (origin_hash) => published(folder, origin_hash, key),
  };
}

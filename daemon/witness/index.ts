/** This node as a witness of other logs (C2SP tlog-witness): it cosigns a checkpoint once it has seen that nothing was taken back, and remembered that. */
import { join } from "node:path";
import type { WitnessLimits } from "../../proto/limits.ts";
import { MaestroError } from "../../proto/errors.ts";
import { TREE_SIZE_TYPE, type WitnessedLog } from "../../proto/witness.ts";
import { Buckets } from "../platform/bucket.ts";
import type { Store } from "../store/db.ts";
import { cosignatureLine, cosignedBytes, cosignerKeyText, isOf, type CosignerKey } from "../verifier/cosignature.ts";
import { parseNote, signatureLine, type NoteKey } from "../verifier/note.ts";
import { timestampOf } from "../verifier/time.ts";
import { inconsistency, signersOf, type Refusal } from "./core.ts";
import { publish, publishAgain, published, rolledBack } from "./published.ts";
import { parseSubmission, type Submission } from "./submission.ts";
import { openHeads, type HeadTable, type WitnessedHead } from "./table.ts";

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

export const createWitness = (deps: WitnessDeps): Witness => new OwnWitness(deps);

class OwnWitness implements Witness {
  readonly answers = new Map<number, number>();
  private readonly heads: HeadTable;
  private readonly folder: string;
  private readonly refused: ReadonlyMap<string, string>;
  private readonly buckets: Buckets;
  /** Sizes whose files were written by this process. */
  private readonly written = new Map<string, number>();

  constructor(private readonly deps: WitnessDeps) {
    this.heads = openHeads(deps.store);
    this.folder = join(deps.state_dir, "witness");
    this.refused = rolledBack(this.folder, this.heads, deps.key);
    for (const [origin, because] of this.refused) deps.warn(`${origin} is not cosigned any more`, new MaestroError("evidence.witness", because));
    publishAgain(this.folder, new Set(deps.logs.map(({ name }) => name).filter((origin) => !this.refused.has(origin))), this.heads, deps.key);
    this.buckets = new Buckets(deps.monotonic_ms, BUCKETS_MAX);
  }

  get vkey(): string {
    return cosignerKeyText(this.deps.key);
  }

  get name(): string {
    return this.deps.key.name;
  }

  logs(): WitnessedLog[] {
    const origins = [...new Set(this.deps.logs.map(({ name }) => name))];
    return origins.map((origin) => {
      const head = this.heads.get(origin);
      return { origin, size: head?.size ?? null, at: head === undefined ? null : timestampOf(head.time_s), refused: this.refused.get(origin) ?? null };
    });
  }

  /** The file, and not the row: a row may stand there before it is durable. */
  checkpoint(origin_hash: string): string | null {
    return published(this.folder, origin_hash, this.deps.key);
  }

  async submit(uid: number, body: Uint8Array): Promise<Answer> {
    const answer = await this.judged(uid, body);
    this.answers.set(answer.status, (this.answers.get(answer.status) ?? 0) + 1);
    return answer;
  }

  private async judged(uid: number, body: Uint8Array): Promise<Answer> {
    this.bound(`user ${uid}`);
    const submission = parseSubmission(body);
    if (typeof submission === "string") return answerOf({ status: 400, because: submission });
    const signers = signersOf(submission, this.deps.logs);
    if ("status" in signers) return answerOf(signers);
    const { origin } = submission.checkpoint;
    // Only who has the log's key comes this far, so nobody else can use up what the log may ask.
    this.bound(`log ${origin}`);
    const because = this.refused.get(origin);
    if (because !== undefined) throw new MaestroError("evidence.witness", because);
    const done = this.deps.store.atomic(() => this.cosign(submission, signers));
    if ("status" in done) return answerOf(done);
    await this.deps.store.durable();
    // Never ahead of what is durable, and never back: two that became durable at once may come here in either order.
    if (done.head.size >= (this.written.get(origin) ?? 0)) {
      publish(this.folder, origin, done.head.note);
      this.written.set(origin, done.head.size);
    }
    return { status: 200, type: TEXT, text: done.line };
  }

  private bound(who: string): void {
    const { submissions_per_s: per_s, submissions_burst: burst } = this.deps.limits;
    const wait_s = this.buckets.take(who, { per_s, burst });
    if (wait_s !== null) throw new MaestroError("tenant.rate", `${who}: ${per_s} submissions a second, ${burst} at once`, { retry_after_s: wait_s });
  }

  /** Compared and remembered in one transaction: two submissions at once cannot both go on from the same tree. */
  private cosign(submission: Submission, signers: readonly NoteKey[]): Refusal | { line: string; head: WitnessedHead } {
    const { key, sign, now_s } = this.deps;
    const { note, checkpoint: { origin, size, root } } = submission;
    const newest = this.heads.get(origin) ?? null;
    const refusal = inconsistency(submission, newest);
    if (refusal !== null) return refusal;
    // What an earlier key said of the time binds this one to nothing: a new key is the way out of a clock that was ahead.
    const said_s = newest !== null && parseNote(newest.note)?.signatures.some((one) => isOf(key, one)) === true ? newest.time_s : 1;
    const time_s = Math.max(now_s(), said_s);
    const line = cosignatureLine(key, time_s, sign(cosignedBytes(note.text, time_s)));
    const kept = note.signatures.filter((one) => signers.some((signer) => isOf(signer, one))).slice(0, LOG_SIGNATURES_KEPT_MAX);
    const signed = kept.map(({ name, id, signature }) => signatureLine({ name, hash: id }, signature)).join("");
    const head = { size, root, time_s, note: `${note.text}\n${signed}${line}` };
    this.heads.put(origin, head);
    return { line, head };
  }
}

/**
 * Whole answers to deterministic requests, given again within one tenant, task and salt, from the same model and engine. A cache: what
 * cannot be read or written is asked again. Only what this node's own models generate comes here; a remote's answer is never kept.
 */
import { Generated, type GenerateJob } from "../../../proto/model-work.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits } from "../../../proto/limits.ts";
import type { Clock } from "../../platform/clock.ts";
import { lazyCheck } from "../../platform/lazy-check.ts";
import type { Store } from "../../store/db.ts";
import { unlessCorrupt } from "../../store/failure.ts";
import { answerKey } from "./key.ts";
import { type AnswerTable, openAnswerTable } from "./table.ts";

export interface AnswersDeps {
  readonly store: Pick<Store, "table" | "atomic">;
  readonly limits: Pick<InferenceLimits, "answers_bytes_max" | "answers_ttl_s">;
  readonly clock: Pick<Clock, "now_ms">;
  /** Engine and version: another one may say something else. */
  readonly engine: string;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Answers {
  /** The answer that this very request had, with no time spent on it; null where there is none, or it may not be given again. */
  get(job: GenerateJob, model_digest: string): Generated | null;
  put(job: GenerateJob, answer: Generated): void;
  /** Everything that this model said. Throws what the store throws. */
  forget(model_digest: string): Promise<void>;
}

const check = lazyCheck(Generated);
/** What a row, its place and each piece take beside their text. */
const OVERHEAD_BYTES = 512;

const read = (text: string): Generated | null => {
  const said: unknown = JSON.parse(text);
  return check().Check(said) ? said : null;
};

/** Of one transaction. */
const LOOKED_AT_ONCE = 64;
/** Of those past their time, by each that comes: more go than come. */
const ENDED_AT_ONCE = 64;

interface Held {
  /** In the order they came. */
  readonly keys: Map<string, number>;
  bytes: number;
}

class KeptInStore implements Answers {
  /** By owner, in the order they came; counted when the first request comes. */
  private held: Map<string, Held> | null = null;
  private bytes = 0;
  private next = 0;

  constructor(
    private readonly deps: AnswersDeps,
    private readonly table: AnswerTable,
  ) {}

  get(job: GenerateJob, model_digest: string): Generated | null {
    const key = answerKey(job, model_digest, this.deps.engine);
    if (key === null) return null;
    return this.spared("a kept answer could not be read", null, () => {
      const row = this.table.row(key);
      if (row === undefined || !this.fresh(row.at_s)) return null;
      const text = this.table.text(key, row);
      const kept = text === null ? null : read(text);
      return kept === null || kept.model_digest !== model_digest ? null : { ...kept, cached_tokens: kept.prompt_tokens, queued_us: 0, prompt_us: 0, predicted_us: 0, cpu_us: 0, gpu_us: 0 };
    });
  }

  put(job: GenerateJob, answer: Generated): void {
    const key = answer.finish === "cancelled" || answer.engine !== this.deps.engine ? null : answerKey(job, answer.model_digest, this.deps.engine);
    if (key === null) return;
    const text = JSON.stringify(answer);
    const bytes = Buffer.byteLength(text) + OVERHEAD_BYTES;
    if (bytes > this.deps.limits.answers_bytes_max) return;
    this.spared("an answer could not be kept", undefined, () => this.write(key, job.space.tenant ?? "", bytes, text));
  }

  async forget(model_digest: string): Promise<void> {
    const keys = [...this.table.keys()];
    for (let at = 0; at < keys.length; at += LOOKED_AT_ONCE) {
      this.whole(() => keys.slice(at, at + LOOKED_AT_ONCE).filter((key) => this.isOf(key, model_digest)).forEach((key) => this.remove(key)));
      await Bun.sleep(0);
    }
  }

  /** What cannot be read any more is nobody's. */
  private isOf(key: string, model_digest: string): boolean {
    const text = unlessCorrupt(() => {
      const row = this.table.row(key);
      return row === undefined ? null : this.table.text(key, row);
    });
    return text === undefined || text === null || read(text)?.model_digest === model_digest;
  }

  private write(key: string, owner: string, bytes: number, text: string): void {
    const { limits, clock } = this.deps;
    this.whole(() => {
      this.counted();
      this.removeEnded();
      this.remove(key);
      while (this.bytes + bytes > limits.answers_bytes_max && this.removeOldest()) continue;
      if (!this.table.put(key, { order: this.next, at_s: Math.floor(clock.now_ms() / 1_000), owner, bytes }, text)) return;
      this.next += 1;
      this.add(key, owner, bytes);
    });
  }

  private whole(work: () => void): void {
    try {
      this.deps.store.atomic(work);
    } catch (error) {
      // What the transaction took back is counted anew.
      this.held = null;
      throw error;
    }
  }

  private removeEnded(): void {
    const ended = [];
    for (const { key, order } of this.table.places()) {
      if (ended.length === ENDED_AT_ONCE || this.fresh(unlessCorrupt(() => this.table.row(key))?.at_s ?? 0)) break;
      ended.push({ key, order });
    }
    for (const { key, order } of ended) this.remove(key, order);
  }

  /** Of whoever holds most: nobody's answers go for those of one who holds more. */
  private removeOldest(): boolean {
    const most = [...this.counted()].reduce<readonly [string, Held] | null>((best, one) => (best === null || one[1].bytes > best[1].bytes ? one : best), null);
    const key = most?.[1].keys.keys().next().value;
    if (most === null || key === undefined) return false;
    this.remove(key);
    return true;
  }

  private add(key: string, owner: string, bytes: number): void {
    const held = this.held?.get(owner) ?? { keys: new Map<string, number>(), bytes: 0 };
    this.held?.set(owner, held);
    held.keys.set(key, bytes);
    held.bytes += bytes;
    this.bytes += bytes;
  }

  private remove(key: string, order?: number): void {
    for (const [owner, held] of this.counted()) {
      const bytes = held.keys.get(key) ?? 0;
      this.bytes -= bytes;
      held.bytes -= bytes;
      held.keys.delete(key);
      if (held.keys.size === 0) this.counted().delete(owner);
    }
    this.table.remove(key, order);
  }

  private counted(): Map<string, Held> {
    if (this.held !== null) return this.held;
    const held = (this.held = new Map<string, Held>());
    this.bytes = 0;
    for (const { key, owner, bytes } of this.table.places()) this.add(key, owner, bytes);
    this.next = this.table.next();
    return held;
  }

  private fresh(at_s: number): boolean {
    const age_s = this.deps.clock.now_ms() / 1_000 - at_s;
    // A clock set back makes an answer of tomorrow: it is asked again.
    return age_s >= -1 && age_s < this.deps.limits.answers_ttl_s;
  }

  private spared<T>(what: string, otherwise: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof MaestroError) || !error.code.startsWith("store.")) throw error;
      this.deps.warn(what, error);
      return otherwise;
    }
  }
}

export function createAnswers(deps: AnswersDeps): Answers {
  return new KeptInStore(deps, openAnswerTable(deps.store));
}

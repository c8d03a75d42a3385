/**
 * Outcomes whose inputs are unchanged: a rebased change, a moved base, the same change inside a group. What a check reads is not declared but
 * noted while it runs; since it sees nothing else, it would answer the same of the same parts. Commands say themselves under what they are kept.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { canonicalBytes } from "../../../proto/canonical.ts";
import type { Thresholds } from "../../../proto/config.ts";
import { toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Reused } from "../../../proto/outcome.ts";
import type { FactsReply } from "../../../proto/worker.ts";
import type { CheckRun } from "../../checking/answer.ts";
import { readKept, shelved, unlessStore, type KeptBodies, type ReuseScope } from "../../store/kept-bodies.ts";
import type { KeptOutcome } from "../../store/reuse.ts";
import { ALWAYS_READ } from "../checks/check.ts";
import { checkOf } from "../checks/index.ts";
import type { KeptRuns } from "./kept-outcomes.ts";

export interface ReuseNumbers {
  /** What the core heard of the change before anybody looked into it; null: nothing is re-used. */
  readonly change_sha256: string | null;
  readonly thresholds: Thresholds;
  readonly folders?: readonly { readonly path: string; readonly thresholds: Thresholds }[] | undefined;
}

export interface ReuseDeps extends KeptBodies {
  /** Digest of the checks' own code. */
  readonly code: string;
}

/** Before it is known which attempt it stands in. */
interface Entry {
  readonly key: string;
  readonly kept: Omit<KeptOutcome, "asked">;
}

/** Of one gate. */
export class Reuse implements KeptRuns {
  private readonly prefix: unknown;

  constructor(
    private readonly deps: ReuseDeps,
    private readonly scope: ReuseScope,
    private readonly parts: Readonly<Record<string, string>>,
    private readonly numbers: ReuseNumbers,
  ) {
    const { thresholds, folders = [], change_sha256 } = numbers;
    this.prefix = { code: deps.code, scope: { ...scope }, thresholds, folders: [...folders], change_sha256 };
  }

  private key(check: string): string {
    return toHex(sha256(canonicalBytes({ v: 2, check, from: this.prefix })));
  }

  async get(check: string): Promise<CheckRun | null> {
    if (this.numbers.change_sha256 === null) return null;
    const kept = await readKept(this.deps, this.key(check), check);
    if (kept === null || !Object.entries(kept.reads).every(([part, digest]) => this.parts[part] === digest)) return null;
    return { outcome: { ...kept.outcome, reused: kept.asked }, duration_us: 0, ...(kept.took_us === undefined ? {} : { saved_us: kept.took_us }) };
  }

  /** Nothing: what was found is kept once it stands in the log, so that a re-used answer can be looked up where it was given. */
  put(): void {}

  private async entry({ outcome, reads, duration_us, keep, evaluations }: CheckRun): Promise<Entry | null> {
    const at_s = this.deps.now_s();
    if (keep !== undefined) {
      const { key, report_bytes, ...rest } = keep;
      const kept = await shelved(this.deps.blobs, { at_s, ...rest }, this.scope, report_bytes);
      return kept === null ? null : { key, kept };
    }
    const always = checkOf(outcome.check)?.reads;
    if (this.numbers.change_sha256 === null || always === undefined || reads === undefined || evaluations !== undefined || outcome.result === "unavailable" || outcome.reused !== undefined) return null;
    // What it says it read may add to that and not take away from it.
    const known = [...new Set([...ALWAYS_READ, ...always, ...reads])].map((part) => [part, this.parts[part]] as const);
    if (known.some(([, digest]) => digest === undefined)) return null;
    const kept = await shelved(this.deps.blobs, { at_s, reads: Object.fromEntries(known) as Record<string, string>, outcome, took_us: duration_us }, this.scope);
    return kept === null ? null : { key: this.key(outcome.check), kept };
  }

  /** Puts large answers into blobs; what comes back is for the transaction that records the gate: what is kept stands in the log. */
  async keeping(runs: readonly CheckRun[]): Promise<(asked: Reused) => void> {
    const entries: Entry[] = [];
    for (const run of runs) {
      const entry = await unlessStore(() => this.entry(run));
      if (entry !== null) entries.push(entry);
    }
    return (asked) => {
      try {
        this.deps.table.put(entries.map(({ key, kept }) => ({ key, kept: { ...kept, asked } })));
      } catch (error) {
        // Undone by itself: a damaged cache keeps nobody's verdict from the log.
        if (!(error instanceof MaestroError) || error.code !== "store.corrupt") throw error;
      }
    };
  }
}

/** Takes from the first that has it, gives to all. */
export function together(...all: readonly (KeptRuns | undefined)[]): KeptRuns {
  return {
    async get(check) {
      for (const one of all) {
        const run = (await one?.get(check)) ?? null;
        if (run !== null) return run;
      }
      return null;
    },
    put: (run) => all.forEach((one) => one?.put(run)),
  };
}

export const partsOf = ({ parts }: FactsReply): Readonly<Record<string, string>> => parts ?? {};

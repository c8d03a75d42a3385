/**
 * Outcomes whose inputs are unchanged: a rebased change, a moved base, the same change inside a group. What a check reads is not declared but
 * noted while it runs; since it sees nothing else, it would answer the same of the same parts.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { canonicalBytes } from "../../../proto/canonical.ts";
import type { Mode } from "../../../proto/change.ts";
import type { Thresholds } from "../../../proto/config.ts";
import { toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Reused } from "../../../proto/outcome.ts";
import type { FactsReply } from "../../../proto/worker.ts";
import type { CheckRun } from "../../checking/answer.ts";
import { KEPT_AGE_S_MAX, type KeptOutcome, type KeptOutcomeTable } from "../../store/reuse.ts";
import type { KeptRuns } from "./kept-outcomes.ts";

/** Whose answers these are. Nobody's reach another payer, repository or mode: a stranger's fork prepares nothing for the host's own branches. */
export interface ReuseScope {
  readonly payer: string;
  readonly repo_id: string;
  readonly mode: Mode;
}

export interface ReuseNumbers {
  readonly thresholds: Thresholds;
  readonly folders?: readonly { readonly path: string; readonly thresholds: Thresholds }[] | undefined;
}

export interface ReuseDeps {
  readonly table: KeptOutcomeTable;
  /** Digest of the checks' own code. */
  readonly code: string;
  readonly now_s: () => number;
}

/** The part that every look-up goes by; of what else was read each entry has its own list. */
const MAIN_PART = "files";

/** Of one gate. */
export class Reuse implements KeptRuns {
  private readonly prefix: unknown;

  constructor(
    private readonly deps: ReuseDeps,
    scope: ReuseScope,
    private readonly parts: Readonly<Record<string, string>>,
    { thresholds, folders = [] }: ReuseNumbers,
  ) {
    this.prefix = { code: deps.code, scope: { ...scope }, thresholds, folders: [...folders], files: parts[MAIN_PART] ?? null };
  }

  private key(check: string): string {
    return toHex(sha256(canonicalBytes({ v: 1, check, from: this.prefix })));
  }

  get(check: string): CheckRun | null {
    const kept = this.found(check);
    return kept === null ? null : { outcome: { ...kept.outcome, reused: kept.asked }, duration_us: 0 };
  }

  private found(check: string): KeptOutcome | null {
    if (this.parts[MAIN_PART] === undefined) return null;
    let kept: KeptOutcome | undefined;
    try {
      kept = this.deps.table.get(this.key(check));
    } catch (error) {
      // What is damaged is not believed; that it is damaged is the scrubber's to say.
      if (error instanceof MaestroError && error.code === "store.corrupt") return null;
      throw error;
    }
    if (kept === undefined || kept.outcome.check !== check || kept.at_s < this.deps.now_s() - KEPT_AGE_S_MAX) return null;
    const same = Object.entries(kept.reads).every(([part, digest]) => this.parts[part] === digest);
    return same ? kept : null;
  }

  /** Nothing: what was found is kept once it stands in the log, so that a re-used answer can be looked up where it was given. */
  put(): void {}

  /** In the transaction that records the gate: what is kept stands in the log. */
  keep(runs: readonly CheckRun[], asked: Reused): void {
    const at_s = this.deps.now_s();
    const entries = runs.flatMap(({ outcome, reads }) => {
      if (reads === undefined || outcome.result === "unavailable" || outcome.reused !== undefined) return [];
      const known = reads.map((part) => [part, this.parts[part]] as const);
      if (known.some(([, digest]) => digest === undefined)) return [];
      const kept = { at_s, asked, reads: Object.fromEntries(known) as Record<string, string>, outcome };
      return [{ key: this.key(outcome.check), kept }];
    });
    try {
      this.deps.table.put(entries);
    } catch (error) {
      // Undone by itself: a damaged cache keeps nobody's verdict from the log.
      if (!(error instanceof MaestroError) || error.code !== "store.corrupt") throw error;
    }
  }
}

/** Takes from the first that has it, gives to all. */
export function together(...all: readonly (KeptRuns | undefined)[]): KeptRuns {
  return {
    get(check) {
      for (const one of all) {
        const run = one?.get(check) ?? null;
        if (run !== null) return run;
      }
      return null;
    },
    put: (run) => all.forEach((one) => one?.put(run)),
  };
}

export const partsOf = ({ parts }: FactsReply): Readonly<Record<string, string>> => parts ?? {};

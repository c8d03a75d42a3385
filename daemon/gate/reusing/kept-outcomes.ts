/**
 * Answers of checks whose gate did not come to its end: somebody left, or another check was unavailable. The next gate of the same
 * facts takes them instead of asking again. In memory, for a moment, and never `unavailable`: not knowing is asked again.
 */
import { canonicalText } from "../../../proto/canonical.ts";
import type { Thresholds } from "../../../proto/config.ts";
import type { FolderThresholds } from "../checks/check.ts";
import type { CheckRun } from "../../checking/answer.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";

const ENTRIES_MAX = 512;
const CHARACTERS_MAX = 16 * 1024 * 1024;
/** A client that was cut off comes back at once, or with the next push, which has other facts. */
const AGE_MS_MAX = 10 * 60_000;

/** Everything that an answer follows from; `repo_id` keeps one user's answers from another's. */
export interface AnsweredFrom {
  readonly repo_id: string;
  /** Named by the core itself: the digest of the facts comes from the process that answered. */
  readonly target: string;
  readonly head: string;
  readonly facts_sha256: string;
  readonly thresholds: Thresholds;
  /** Of folders with numbers of their own. */
  readonly folders?: readonly FolderThresholds[] | undefined;
}

/** The answers about one change. */
export interface KeptRuns {
  get(check: string): CheckRun | null | Promise<CheckRun | null>;
  put(run: CheckRun): void;
}

/** As `KeptRuns`, without waiting. */
interface RunsInMemory extends KeptRuns {
  get(check: string): CheckRun | null;
}

export class KeptOutcomes {
  private readonly entries = new BoundedMap<{ readonly run: CheckRun; readonly put_ms: number }>({ entries_max: ENTRIES_MAX, characters_max: CHARACTERS_MAX });

  constructor(private readonly now_ms: () => number) {}

  of(from: AnsweredFrom): RunsInMemory {
    const prefix = canonicalText({ repo_id: from.repo_id, target: from.target, head: from.head, facts_sha256: from.facts_sha256, thresholds: from.thresholds, folders: from.folders ?? [] });
    return {
      get: (check) => this.get(`${prefix}${check}`),
      put: (run) => this.put(`${prefix}${run.outcome.check}`, run),
    };
  }

  private get(key: string): CheckRun | null {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.put_ms < this.now_ms() - AGE_MS_MAX) return null;
    // It took nothing now; what it took then was that try's.
    return { outcome: entry.run.outcome, duration_us: 0 };
  }

  private put(key: string, run: CheckRun): void {
    if (run.outcome.result === "unavailable" || run.evaluations !== undefined) return;
    this.entries.put(key, { run, put_ms: this.now_ms() });
  }
}

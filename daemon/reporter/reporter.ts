/**
 * Tells a code host what was decided, one verdict after the other. A verdict is published before the cursor moves past it, so it may be
 * published twice and never not at all; the name of the status is the same each time, so twice is once.
 */
import type { Statement } from "../../proto/attestation.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { BundleReply, FeedEntry, FeedReply } from "../../proto/feed.ts";
import type { ReporterState, StatusJob } from "../../proto/status.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import { acted, type Seen } from "../platform/actions/index.ts";
import { verifyBundle } from "../verifier/index.ts";
import type { Cursor } from "./cursor.ts";
import { wordsFor } from "./words.ts";

export interface ReporterDeps {
  readonly feed: (after: number) => Promise<FeedReply>;
  readonly bundle: (gate_id: string) => Promise<BundleReply>;
  /** The operator's trust file; what does not verify under it is not published. */
  readonly trust: () => Uint8Array;
  /** Whether the table publishes verdicts of this repository. */
  readonly publishes: (repo_id: string) => boolean;
  /** Resolves once the host has it. Throws `egress.*`, `request.not_found`. */
  readonly publish: (job: Omit<StatusJob, "deadline_ms">) => Promise<void>;
  readonly cursor: Cursor;
  readonly now_ms: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly tell: (line: Readonly<Record<string, unknown>>) => void;
  /** Asked before each try; what it refuses is a try that failed. */
  readonly act?: ActionGuard;
}

const TRIES_MAX = 10;
const FIRST_WAIT_MS = 1_000;
const WAIT_MS_MAX = 300_000;
const NO_PAUSE = { waited: 0, backoff_max: WAIT_MS_MAX };
const DEAD_MAX = 100;
const BECAUSE_CHARACTERS_MAX = 500;
/** The daemon has no evidence of that gate any more, or none that can be read. Asked again it would say the same. */
const GONE: ReadonlySet<string> = new Set(["request.not_found", "store.corrupt"]);

/** What to do next: at once, or after a while. */
export interface Step {
  readonly wait_ms: number;
  /** Everything is said. */
  readonly idle?: true;
}

interface Believed {
  readonly statement: Statement;
  readonly lapsed: boolean;
}

type Word = { readonly superseded: true } | { readonly forged: string } | Believed;

export class Reporter {
  /** Of the entry at the cursor. */
  private tries = 0;
  /** Before the next try of it: the pause, and the longest it may be. */
  private pause = NO_PAUSE;

  constructor(
    private readonly deps: ReporterDeps,
    private readonly idle_ms: number,
  ) {
    acted?.("Reporter", this, "Open", this.seen(deps.cursor.state.next));
  }

  /** For a recorded run. */
  private seen(place: number): Seen {
    return { place, next: this.deps.cursor.state.next, dead: this.deps.cursor.state.dead_total, tries: this.tries, tries_max: TRIES_MAX };
  }

  /** One entry further, or a wait. Throws what asking the daemon throws. */
  async step(): Promise<Step> {
    const { cursor, feed } = this.deps;
    const { next, last } = cursor.state;
    const page = await feed(last === undefined ? next : next - 1);
    // The daemon's state came back from a backup, and may have grown past this place since: what it says now is said from its beginning.
    if (page.total < next || (last !== undefined && !stands(page.entries[0], next - 1, last))) {
      this.deps.tell({ event: "feed began anew", was: next, total: page.total });
      this.move(0, undefined);
      return { wait_ms: 0 };
    }
    const entries = page.entries.filter(({ place }) => place >= next);
    const entry = entries.find(({ repo_id }) => this.deps.publishes(repo_id));
    if (entry === undefined) {
      if (page.next !== next) this.move(page.next, entries.find(({ place }) => place === page.next - 1));
      return page.more ? { wait_ms: 0 } : { wait_ms: this.idle_ms, idle: true };
    }
    return this.tell(entry, entries.filter(({ place, repo_id, head }) => place > entry.place && repo_id === entry.repo_id && head === entry.head));
  }

  private async tell(entry: FeedEntry, later: readonly FeedEntry[]): Promise<Step> {
    const word = await this.wordOf(entry);
    if ("superseded" in word) return this.passed(entry);
    if ("forged" in word) return this.dead(entry, word.forged);
    const { identity, mode } = word.statement.predicate;
    // In mode local a repository's name and target are what somebody said.
    if (mode === "local") return this.passed(entry);
    if (await this.overtaken(identity.target_ref, later)) return this.passed(entry);
    try {
      this.deps.act?.("delivery_tried", { attempt: this.tries + 1, attempts_max: TRIES_MAX, ...this.pause });
      await this.deps.publish({ kind: "status", repository: identity.repo_id, ref: identity.target_ref, head: identity.head, ...wordsFor(word.statement, word.lapsed) });
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      return this.failed(entry, error);
    }
    this.deps.tell({ event: "published", place: entry.place, repository: entry.repo_id, head: entry.head, gate_id: entry.gate_id, attempt: entry.attempt });
    acted?.("Reporter", this, "Publish", this.seen(entry.place));
    this.move(entry.place + 1, entry, (state) => ({ ...state, published: state.published + 1 }));
    acted?.("Reporter", this, "Save", this.seen(entry.place));
    return { wait_ms: 0 };
  }

  /** The feed's row is not believed: what counts is what somebody the operator trusts signed and logged. */
  private async wordOf({ gate_id, attempt, head, repo_id }: FeedEntry): Promise<Word> {
    let reply: BundleReply;
    try {
      reply = await this.deps.bundle(gate_id);
    } catch (error) {
      if (!(error instanceof MaestroError) || !GONE.has(error.code)) throw error;
      return { forged: `its evidence cannot be had: ${error.code}: ${error.detail}` };
    }
    if (reply.attempt > attempt) return { superseded: true };
    const { result, statement, lapsed, reasons } = verifyBundle(fromBase64(reply.bundle) ?? new Uint8Array(0), this.deps.trust(), { now: new Date(this.deps.now_ms()), witnesses: "later" });
    if (result !== "verified" || statement === null) return { forged: `its evidence does not verify: ${result === "unknown_signer" ? "unknown signer" : reasons.map(({ code }) => code).join(", ")}` };
    const { predicate } = statement;
    const same = predicate.gate_id === gate_id && predicate.attempt.attempt === attempt && predicate.identity.head === head && predicate.identity.repo_id === repo_id;
    return same ? { statement, lapsed } : { forged: "its evidence is about something else than the row says" };
  }

  /** A newer verdict on the same head for the same branch takes its place; one for another branch does not. */
  private async overtaken(target_ref: string, later: readonly FeedEntry[]): Promise<boolean> {
    for (const entry of later) {
      const word = await this.wordOf(entry);
      if ("statement" in word && word.statement.predicate.mode !== "local" && word.statement.predicate.identity.target_ref === target_ref) return true;
    }
    return false;
  }

  private passed(entry: FeedEntry): Step {
    this.move(entry.place + 1, entry);
    acted?.("Reporter", this, "Pass", this.seen(entry.place));
    return { wait_ms: 0 };
  }

  /** Nothing moves: the next step reads the feed again, so that a verdict given meanwhile takes this one's place. */
  private failed(entry: FeedEntry, error: MaestroError): Step {
    const { tell, random } = this.deps;
    this.tries++;
    tell({ event: "not published", place: entry.place, tries: this.tries, code: error.code, detail: error.detail });
    const hopeless = error.code === "request.not_found" || error.code === "egress.denied" || error.code === "egress.refused";
    if (hopeless || this.tries >= TRIES_MAX) return this.dead(entry, `${error.code}: ${error.detail}`);
    acted?.("Reporter", this, "Fail", this.seen(entry.place));
    const asked_ms = error.retry_after_s === null ? null : error.retry_after_s * 1000;
    const doubled_ms = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** (this.tries - 1));
    const wait_ms = asked_ms === null ? doubled_ms * (0.5 + random() / 2) : asked_ms + random() * FIRST_WAIT_MS;
    this.pause = { waited: Math.ceil(wait_ms), backoff_max: asked_ms === null ? WAIT_MS_MAX : asked_ms + FIRST_WAIT_MS };
    return { wait_ms };
  }

  private dead(entry: FeedEntry, because: string): Step {
    const { place, repo_id: repository, head } = entry;
    const at = new Date(this.deps.now_ms()).toISOString();
    this.deps.tell({ event: "given up", place, repository, head, because });
    this.move(place + 1, entry, (state) => ({ ...state, dead: [...state.dead, { place, repository, head, because: because.slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed(), at }].slice(-DEAD_MAX), dead_total: state.dead_total + 1 }));
    acted?.("Reporter", this, "GiveUp", this.seen(entry.place));
    return { wait_ms: 0 };
  }

  /** `before`: the entry right before `next`, where the reader may see it. */
  private move(next: number, before: FeedEntry | undefined, change: (state: ReporterState) => ReporterState = (state) => state): void {
    this.tries = 0;
    this.pause = NO_PAUSE;
    const { last: _, ...state } = change(this.deps.cursor.state);
    this.deps.cursor.save({ ...state, next, ...(before === undefined ? {} : { last: { gate_id: before.gate_id, attempt: before.attempt } }) });
  }
}

function stands(entry: FeedEntry | undefined, place: number, { gate_id, attempt }: NonNullable<ReporterState["last"]>): boolean {
  return entry?.place === place && entry.gate_id === gate_id && entry.attempt === attempt;
}

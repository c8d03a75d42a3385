/** The log of decisions that are learned from: written once, with an outcome at most once, and gone when their time is over. */
import { EPISODE_AHEAD_MS_MAX, type Episode, type EpisodeOutcome } from "../../../proto/episode.ts";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { type ErrorCode, MaestroError } from "../../../proto/errors.ts";
import type { OutcomeRequest, RouterEntry } from "../../../proto/routing.ts";
import type { Store } from "../../store/db.ts";
import { outcomeProblem } from "./decision.ts";
import { idOf, keyOf } from "./id.ts";
import { type Page, PAGE_EPISODES, pageOf, type Query, rangeOf, type Sees, wanted } from "./query.ts";
import { checkDecision, type Decision, episodeOf, rowOf } from "./rows.ts";
import { type EpisodeKey, type EpisodeRow, openEpisodeTables } from "./table.ts";
import { inTurns } from "./turns.ts";

export { learnable } from "./learnable.ts";
export type { Sees } from "./query.ts";
export type { Decision } from "./rows.ts";

export interface EpisodeDeps {
  readonly store: Pick<Store, "table" | "atomic" | "freeing">;
  /** Milliseconds since 1970, by a clock that stands still after a jump ahead. */
  readonly now_ms: () => number;
  /** Keyed digest, in hex, of what could be guessed from a plain one. */
  readonly keyed: (purpose: string, value: string) => string;
  /** A router as it is configured now, and as it was when it decided; null where it is not, or that is not known. */
  readonly router: (id: string) => RouterEntry | null;
  readonly decided?: (episode: Pick<Episode, "router" | "policy" | "seed">) => RouterEntry | null;
  /** Episodes of one space. */
  readonly episodes_max: number;
  /** The reward that nobody's word means, by router; absent: then an episode without an outcome is censored. */
  readonly silence?: ReadonlyMap<string, number>;
  /** Hears of each outcome and of each episode whose time was over, inside the transaction that says so: what was reserved is settled there. */
  readonly closed?: (episode: Episode) => void;
  /** Hears, inside the transaction, of which router's episode, decided when, something was written or went: files made of them are behind. */
  readonly changed?: (router: string, at_ms: number) => void;
}

export interface EpisodeCounts {
  readonly kept: number;
  readonly open: number;
}

/** Episodes that are censored, or expire, in one transaction. */
const BATCH = 256;
/** Rows that are looked at in one turn of the event loop: some milliseconds. */
const SCANNED_MAX = 512;
const LAST_N = Number.MAX_SAFE_INTEGER;
const OPEN_SWEEP = 16;
/** No fewer than a page shows, and no more than a turn should cost. */
const READING_SWEEP = 128;
const UNWRITABLE: readonly ErrorCode[] = ["store.no_space", "store.read_only"];

/** Which half: by a key of this node, so that nobody chooses an id for it. */
const SPLIT_PURPOSE = "episode split";
const PERSON_PURPOSE = "episode person";
const NAME_PURPOSE = "episode name";
const ASKED_PURPOSE = "episode asked";

export class EpisodeLog {
  private readonly tables;
  private last: EpisodeKey = [0, 0];

  constructor(private readonly deps: EpisodeDeps) {
    this.tables = openEpisodeTables(deps.store);
  }

  /**
   * Durable when it returns. Under a name that is known already the episode of that name is given back, and nothing is written.
   * Throws `learning.episode` for what cannot have been a decision, or where the name stands for another one, and `tenant.budget` where the space is full.
   */
  record(decision: Decision): { readonly episode: Episode; readonly changed: boolean } {
    checkDecision(decision);
    const named = decision.named === undefined ? null : this.nameOf(decision.space, decision.router.id, decision.named.key);
    const known = named === null ? undefined : this.known(named, decision.named?.asked ?? "");
    if (known !== undefined) return { episode: known, changed: false };
    const now_ms = this.deps.now_ms();
    const at_ms = this.timeOf(decision, now_ms);
    return this.deps.store.atomic(() => {
      this.censorDue(OPEN_SWEEP, now_ms);
      this.count(decision.space, 1);
      const key = this.nextKey(at_ms);
      const split = this.splitOf(idOf(key));
      const { row, pieces } = rowOf(decision, { key, split, named, pseudonym: (name) => this.deps.keyed(PERSON_PURPOSE, name) });
      pieces.forEach((text, i) => this.tables.parts.put([...key, i], { text }));
      this.tables.rows.put(key, row);
      this.deps.changed?.(row.router, key[0]);
      this.tables.open.put([row.until_ms, ...key], { router: row.router });
      if (named !== null) this.tables.keys.put(named, { at_ms: key[0], n: key[1], asked: this.askedOf(decision.named?.asked ?? "") });
      return { episode: episodeOf(this.tables, key, row), changed: true };
    });
  }

  /** All of them, or none. */
  recordAll<T>(work: () => T): T {
    return this.deps.store.atomic(work);
  }

  /** Once: the same again changes nothing. Throws `request.not_found` for one that `sees` does not reach, `learning.outcome` for another outcome or one that comes too late, `learning.episode` for what it cannot be. */
  outcome(id: string, sees: Sees, request: OutcomeRequest): { readonly changed: boolean } {
    const found = this.find(id, sees);
    if (found === null) throw new MaestroError("request.not_found", `there is no episode ${id}`);
    const { key, row } = found;
    const word = (): string => this.deps.keyed(NAME_PURPOSE, canonicalNumbers(request));
    const before = this.tables.outcomes.get(key);
    if (before !== undefined) {
      if (before.reported === word()) return { changed: false };
      throw new MaestroError("learning.outcome", before.reported === null ? `${id} waited for an outcome until ${stamp(row.until_ms)}, and then counted as censored` : `${id} has an outcome already, and this is another one`);
    }
    const late = this.deps.now_ms() > row.until_ms;
    if (late) {
      this.deps.store.atomic(() => this.censor(key, row));
      throw new MaestroError("learning.outcome", `${id} waited for an outcome until ${stamp(row.until_ms)}; it counts as censored`);
    }
    const problem = outcomeProblem(row.definition, this.deps.decided?.(row) ?? this.deps.router(row.router), request);
    if (problem !== null) throw new MaestroError("learning.episode", problem);
    const { reward, constraints = {}, usage = row.reserved, executed = null } = request;
    const outcome: EpisodeOutcome = { reward, definition: row.definition.name, version: row.definition.version, constraints: { ...constraints }, usage: { ...usage }, delay_ms: Math.max(0, this.deps.now_ms() - key[0]), censored: reward === null };
    this.deps.store.atomic(() => this.close(key, row, outcome, executed, word()));
    return { changed: true };
  }

  /** `null` where there is none that `sees` reaches. */
  get(id: string, sees: Sees): Episode | null {
    const found = this.find(id, sees);
    return found === null ? null : episodeOf(this.tables, found.key, found.row);
  }

  /** The episode of that name, where what was asked is the same; null where there is none. Throws `learning.episode` where it stands for something else. */
  named(space: string, router: string, key: string, asked: string): Episode | null {
    return this.known(this.nameOf(space, router, key), asked) ?? null;
  }

  /** In the order of time; what is past its time without an outcome is censored first. One row after the other is read, so that a million of them need no room. */
  *read(query: Query): Generator<Episode, void> {
    this.censorAllDue();
    for (const { key, value } of this.tables.rows.entries(rangeOf(query))) if (wanted(query, value) && this.isWhole(key, value)) yield episodeOf(this.tables, key, value);
  }

  /** In one turn; `next` is behind what was looked at, which may be more than what is shown. */
  page(query: Query, episodes_max = PAGE_EPISODES): Page {
    this.censorForReading();
    const episodes: Episode[] = [];
    let scanned = 0;
    for (const { key, value } of this.tables.rows.entries(rangeOf(query))) {
      if (wanted(query, value) && this.isWhole(key, value)) episodes.push(episodeOf(this.tables, key, value));
      scanned += 1;
      if (episodes.length >= episodes_max || scanned >= SCANNED_MAX) return { episodes, next: key };
    }
    return { episodes, next: null };
  }

  /** The same, in turns: see `pageOf`. */
  pageInTurns(query: Query, signal?: AbortSignal): Promise<Page> {
    return pageOf((turn, episodes_max) => this.page(turn, episodes_max), query, signal);
  }

  /** Every episode whose outcome did not come in time is censored; how many. */
  censorAllDue(): number {
    let all = 0;
    for (let found = BATCH; found === BATCH; all += found) found = this.deps.store.atomic(() => this.censorDue(BATCH));
    return all;
  }

  /** The same, with requests served in between. */
  censorInTurns(): Promise<number> {
    return inTurns(BATCH, () => this.deps.store.atomic(() => this.censorDue(BATCH)));
  }

  /** Episodes made before that time go, with all that is kept of them; how many. Each batch is a transaction of its own, and requests are served in between. */
  expire(before_ms: number): Promise<number> {
    return inTurns(BATCH, () =>
      this.deps.store.freeing(() => {
        const due = [...this.tables.rows.entries({ end: [Math.max(0, before_ms), 0], limit: BATCH })];
        for (const { key, value } of due) this.forget(key, value);
        return due.length;
      }),
    );
  }

  counts(): EpisodeCounts {
    return { kept: this.tables.rows.count(), open: this.tables.open.count() };
  }

  private nameOf(space: string, router: string, key: string): string {
    return this.deps.keyed(NAME_PURPOSE, JSON.stringify([space, router, key]));
  }

  /** A plain digest of a context that is one text says what that text was to whoever guesses it. */
  private askedOf(asked: string): string {
    return this.deps.keyed(ASKED_PURPOSE, asked);
  }

  private known(named: string, asked: string): Episode | undefined {
    const found = this.tables.keys.get(named);
    if (found === undefined) return undefined;
    const key: EpisodeKey = [found.at_ms, found.n];
    const row = this.tables.rows.get(key);
    if (row === undefined) return undefined;
    if (found.asked !== this.askedOf(asked)) throw new MaestroError("learning.episode", `key: it stands for ${idOf(key)}, which is another decision`);
    return episodeOf(this.tables, key, row);
  }

  /** Throws `learning.episode` for a decision of another time: a clock that was set, or an hour whose files are closed. */
  private timeOf({ at_ms, router }: Decision, now_ms: number): number {
    if (at_ms === undefined) return now_ms;
    if (at_ms > now_ms + EPISODE_AHEAD_MS_MAX) throw new MaestroError("learning.episode", `at_ms: ${stamp(at_ms)} is more than a minute ahead of ${stamp(now_ms)}; is a clock wrong?`);
    if (at_ms < now_ms - router.outcome_s * 1000) throw new MaestroError("learning.episode", `at_ms: ${stamp(at_ms)} is more than ${router.outcome_s} s (outcome_s of ${router.id}) ago, so its time is over; is a clock wrong?`);
    return at_ms;
  }

  /** Free by construction within one run, and by looking after a restart or a clock that was set back. */
  private nextKey(at_ms: number): EpisodeKey {
    const [newest] = at_ms === this.last[0] ? [{ key: this.last }] : [...this.tables.rows.entries({ start: [at_ms, LAST_N], end: [at_ms, -1], reverse: true, limit: 1 })];
    const key: EpisodeKey = [at_ms, newest === undefined ? 0 : newest.key[1] + 1];
    this.last = key;
    return key;
  }

  private splitOf(id: string): Episode["split"] {
    return Number.parseInt(this.deps.keyed(SPLIT_PURPOSE, id).slice(0, 2), 16) % 2 === 0 ? "search" : "safety";
  }

  private count(space: string, by: 1 | -1): void {
    const episodes = (this.tables.spaces.get(space)?.episodes ?? 0) + by;
    if (by > 0 && episodes > this.deps.episodes_max) throw new MaestroError("tenant.budget", `${this.deps.episodes_max} episodes of ${space} are kept already (limits.learning.episodes_max); the oldest go by retention.episodes_days`);
    if (episodes > 0) this.tables.spaces.put(space, { episodes });
    else this.tables.spaces.remove(space);
  }

  private find(id: string, sees: Sees): { readonly key: EpisodeKey; readonly row: EpisodeRow } | null {
    const key = keyOf(id);
    const row = key === null ? undefined : this.tables.rows.get(key);
    return key === null || row === undefined || (sees !== null && row.space !== sees) ? null : { key, row };
  }

  /** A repair may have had to leave a piece out, and said so: such an episode is read by nobody, and goes with its time. */
  private isWhole([at_ms, n]: EpisodeKey, { parts }: EpisodeRow): boolean {
    for (let i = 0; i < parts; i += 1) if (this.tables.parts.get([at_ms, n, i]) === undefined) return false;
    return true;
  }

  private close(key: EpisodeKey, row: EpisodeRow, outcome: EpisodeOutcome, executed: string | null, reported: string | null): void {
    this.tables.outcomes.put(key, { outcome, executed, reported });
    this.tables.open.remove([row.until_ms, ...key]);
    this.deps.changed?.(row.router, key[0]);
    if (this.deps.closed !== undefined && this.isWhole(key, row)) this.deps.closed(episodeOf(this.tables, key, row));
  }

  /** What was reserved counts as used: nobody said otherwise. */
  private censor(key: EpisodeKey, row: EpisodeRow, reward: number | null = this.deps.silence?.get(row.router) ?? null): void {
    const { name, version } = row.definition;
    this.close(key, row, { reward, definition: name, version, constraints: {}, usage: row.reserved, delay_ms: row.until_ms - key[0], censored: reward === null }, null, null);
  }

  /** Where nothing can be written, what is on record can still be read: what is past its time is open there for as long. */
  private censorForReading(): void {
    if (this.due(1).length === 0) return;
    try {
      this.deps.store.atomic(() => this.censorDue(READING_SWEEP));
    } catch (error) {
      if (!(error instanceof MaestroError && UNWRITABLE.includes(error.code))) throw error;
    }
  }

  private due(limit: number, now_ms = this.deps.now_ms()) {
    return [...this.tables.open.entries({ end: [now_ms, 0, 0], limit })];
  }

  private censorDue(limit: number, now_ms = this.deps.now_ms()): number {
    const due = this.due(limit, now_ms);
    for (const { key: [until_ms, at_ms, n] } of due) {
      const row = this.tables.rows.get([at_ms, n]);
      if (row === undefined) this.tables.open.remove([until_ms, at_ms, n]);
      else this.censor([at_ms, n], row);
    }
    return due.length;
  }

  private forget(key: EpisodeKey, row: EpisodeRow): void {
    // Whoever reserved something for it is told, and silence up to here means nothing.
    if (this.tables.outcomes.get(key) === undefined) this.censor(key, row, null);
    for (let i = 0; i < row.parts; i += 1) this.tables.parts.remove([...key, i]);
    this.tables.outcomes.remove(key);
    this.tables.open.remove([row.until_ms, ...key]);
    if (row.named !== null) this.tables.keys.remove(row.named);
    this.tables.rows.remove(key);
    this.deps.changed?.(row.router, key[0]);
    this.count(row.space, -1);
  }
}

const stamp = (ms: number): string => new Date(Math.min(ms, 8.64e15)).toISOString();

/** What the index process holds of one space, brought up to what LMDB says before each question. */
import { toBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Store } from "../../store/db.ts";
import type { SpaceRow, VectorTables } from "./table.ts";
import { type IndexJob, type IndexReply, ROWS_MAX, type Way } from "./wire.ts";

/** Where a crash would leave something half done; tests end the process there. */
export type VectorStep = "opened" | "added" | "written" | "named" | "noted";

export interface HeldDeps {
  readonly store: Pick<Store, "atomic">;
  readonly tables: VectorTables;
  readonly ask: (job: IndexJob) => Promise<IndexReply>;
  /** Up to this many rows a space is searched row by row. */
  readonly exact_max: number;
  /** A file is not written again for fewer rows. */
  readonly save_rows: number;
  readonly removeFile: (space: string, sha256: string) => void;
  readonly step?: (step: VectorStep) => Promise<void> | void;
}

/** An index is written again where this part of its rows is new to it. */
const SAVE_PART = 4;
/** And made again where more than this part of its rows was removed. */
const GONE_PART = 8;

/** The process was started anew since: what it held is to be brought again. */
export class NotOpen extends Error {}

export class Held {
  #way: Way | null = null;
  /** Rows below are in the process. */
  #upto = 0;
  /** Whether rows are in it that are no longer in LMDB. */
  #ghosts = false;
  /** Removed in LMDB and not yet there. */
  #gone: number[] = [];
  #bytes = 0;
  #line: Promise<unknown> = Promise.resolve();
  #users = 0;
  /** Between the question to open a space and its answer: a process that dies then may have died of the file. */
  #opening = false;

  constructor(readonly id: string, private readonly deps: HeldDeps) {}

  get bytes(): number {
    return this.#bytes;
  }

  get opening(): boolean {
    return this.#opening;
  }

  get idle(): boolean {
    return this.#users === 0;
  }

  removed(ids: readonly number[]): void {
    if (this.#way !== null) this.#gone.push(...ids);
  }

  /** One after the other: what changes a space and what asks it. */
  inLine<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    const turn = this.#line.then(work, work).finally(() => (this.#users -= 1));
    this.#line = turn.catch(() => undefined);
    return turn;
  }

  /** The process knows nothing of it any more. */
  forget(): void {
    this.#way = null;
    this.#opening = false;
    this.#gone = [];
    this.#bytes = 0;
  }

  async close(): Promise<void> {
    if (this.#way === null) return;
    this.forget();
    await this.deps.ask({ do: "close", space: this.id });
  }

  /** Numbers of the `k` nearest, as far as the index knows; some may be gone. */
  async search(query: string, k: number): Promise<readonly number[]> {
    return (await this.#ask({ do: "search", space: this.id, query, k })).found ?? [];
  }

  async settle(row: SpaceRow): Promise<void> {
    const wanted: Way = row.rows > this.deps.exact_max ? "graph" : "exact";
    // A space that shrinks keeps its graph until it is half of what a matrix may be, so that one at the border is not made again and again.
    if (this.#way !== null && this.#way !== wanted && (wanted === "graph" || row.rows < this.deps.exact_max / 2)) this.forget();
    if (this.#way === null) await this.#open(row, wanted, true);
    await this.#bring();
  }

  /** Whether the file is too far behind the rows, or holds too many that were removed. */
  due({ rows, saved }: SpaceRow): boolean {
    if (this.#way !== "graph") return false;
    return saved === null || this.#upto - saved.upto >= Math.max(this.deps.save_rows, rows / SAVE_PART) || saved.gone > rows / GONE_PART;
  }

  /** Writes what stands and nothing else: an index with removed rows in it is made again first, so that no file keeps them. */
  async save(): Promise<void> {
    const { id, deps } = this;
    const row = deps.tables.spaces.get(id);
    if (row === undefined || !this.due(row)) return;
    if (this.#ghosts) {
      await this.#open(row, "graph", false);
      await this.#bring();
    }
    await this.#ask({ do: "write", space: id });
    await deps.step?.("written");
    const { sha256 } = await this.#ask({ do: "name", space: id });
    if (sha256 === undefined) throw new MaestroError("internal.bug", "an index was written and has no digest");
    await deps.step?.("named");
    const before = deps.store.atomic(() => {
      const now = deps.tables.spaces.get(id);
      if (now === undefined) return null;
      deps.tables.spaces.put(id, { ...now, saved: { sha256, upto: this.#upto, gone: this.#gone.filter((one) => one < this.#upto).length } });
      return now.saved?.sha256 ?? null;
    });
    await deps.step?.("noted");
    if (before !== null && before !== sha256) deps.removeFile(id, before);
    if (deps.tables.spaces.get(id) === undefined) deps.removeFile(id, sha256);
  }

  async #open({ dimensions, rows, saved }: SpaceRow, way: Way, read: boolean): Promise<void> {
    const file = read && saved !== null && saved.gone <= rows / GONE_PART ? saved : null;
    this.#opening = true;
    const { from_file = false } = await this.deps.ask({ do: "open", space: this.id, way, dimensions, file: way === "graph" ? (file?.sha256 ?? null) : null });
    this.#opening = false;
    this.#way = way;
    this.#gone = [];
    this.#upto = from_file ? (file?.upto ?? 0) : 0;
    this.#ghosts = from_file && (file?.gone ?? 0) > 0;
    await this.deps.step?.("opened");
  }

  async #bring(): Promise<void> {
    for (;;) {
      const rows = this.deps.tables.rows(this.id, this.#upto, ROWS_MAX);
      const last = rows.at(-1);
      if (last === undefined) break;
      await this.#ask({ do: "add", space: this.id, ids: rows.map(({ id }) => id), halves: toBase64(Buffer.concat(rows.map(({ row }) => row.half))) });
      this.#upto = last.id + 1;
      await this.deps.step?.("added");
    }
    while (this.#gone.length > 0) {
      const ids = this.#gone.slice(0, ROWS_MAX);
      await this.#ask({ do: "remove", space: this.id, ids });
      this.#gone.splice(0, ids.length);
      this.#ghosts ||= this.#way === "graph";
    }
  }

  async #ask(job: IndexJob): Promise<IndexReply> {
    const reply = await this.deps.ask(job);
    if (!reply.open) throw new NotOpen(this.id);
    if (reply.bytes !== undefined) this.#bytes = reply.bytes;
    return reply;
  }
}

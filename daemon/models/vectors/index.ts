/**
 * Vectors by space: LMDB holds them, and an index process finds the nearest. What it says is only where to look: each number it
 * gives is looked up in LMDB and its score computed again, so an index that is old, torn or wrong can miss a neighbour and never make one.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { toBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits } from "../../../proto/limits.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import type { Store } from "../../store/db.ts";
import { unlessCorrupt } from "../../store/failure.ts";
import { Engine, type EngineLimits, type EngineStart, type EngineStatus } from "../engine/index.ts";
import { programOf } from "../engine/program.ts";
import { dot } from "./exact.ts";
import { fromHalf, toHalf } from "./half.ts";
import { Held, NotOpen, type VectorStep } from "./held.ts";
import { spaceId, type VectorSpace } from "./space.ts";
import { DIMENSIONS_MAX, KEY_CHARACTERS_MAX, type VectorRow, VectorTables } from "./table.ts";
import { FOUND_MAX, IndexOpened, IndexReply } from "./wire.ts";

export type { VectorSpace } from "./space.ts";
export type { VectorStep } from "./held.ts";

const program = (): string => programOf("index-worker.js", new URL("./worker.ts", import.meta.url));
/** A matrix of so many rows is searched in about two milliseconds; the graph of as many takes seconds to make and a file to keep (docs/embeddings.md). */
const EXACT_MAX = 4_096;
/** A file is not written again for fewer rows: they are added in a few seconds. */
const SAVE_ROWS = 4_096;
export const NEIGHBOURS_MAX = 1_000;
/** Rows of one transaction of a removal. */
const REMOVED_AT_ONCE = 512;
/** Of the process's memory that spaces may take together; the rest is its own and what a new one needs. */
const SPACES_PART = 0.5;
/** Once for the process that a question kills, once for spaces it lost. */
const TRIES = 3;

export interface VectorDeps {
  readonly store: Pick<Store, "table" | "atomic">;
  /** Of index files, this room's own. */
  readonly folder: string;
  readonly engine_folder: string;
  readonly limits: EngineLimits & Pick<InferenceLimits, "vectors_max" | "generate_deadline_ms">;
  readonly now_s: () => number;
  readonly warn: (what: string, error: unknown) => void;
  /** Where tests cannot wait for thousands of rows. */
  readonly exact_max?: number;
  readonly save_rows?: number;
  readonly step?: (step: VectorStep) => Promise<void> | void;
}

export interface VectorItem {
  readonly key: string;
  /** Of the text it was made of. */
  readonly text_sha256: string;
  readonly vector: Float32Array;
}

export interface VectorHit {
  readonly key: string;
  readonly text_sha256: string;
  /** Cosine with what was asked, of the stored vector. */
  readonly score: number;
}

export interface SearchOptions {
  /** Rows it says no to are passed over, and others are looked for. */
  readonly accept?: (key: string) => boolean;
}

const replyOf = validatorOf(IndexReply);

function requireVector(vector: Float32Array, dimensions: number): void {
  const square = dot(vector, vector);
  if (vector.length !== dimensions) throw new MaestroError("models.request", `vector: ${vector.length} dimensions, the space has ${dimensions}`);
  if (!(Math.abs(square - 1) < 1e-3)) throw new MaestroError("models.request", "vector: not of unit length");
}

export class Vectors {
  readonly #deps: VectorDeps;
  readonly #tables: VectorTables;
  readonly #engine: Engine<{ readonly usearch: string | null }>;
  /** Of spaces that were asked; the least lately asked first. */
  readonly #held = new Map<string, Held>();

  constructor(deps: VectorDeps) {
    this.#deps = deps;
    this.#tables = new VectorTables(deps.store);
    mkdirSync(deps.folder, { recursive: true, mode: 0o700 });
    this.#sweep();
    const start = async (): Promise<EngineStart> => ({ process: { argv: [process.execPath, program()], cwd: "/", env: {} }, open: { engine_folder: deps.engine_folder, folder: deps.folder } });
    this.#engine = new Engine({ what: "the vector index", start, opened: validatorOf(IndexOpened), limits: deps.limits });
  }

  /** One transaction; a vector under the same key goes. Throws `models.request`. */
  put(space: VectorSpace, items: readonly VectorItem[]): void {
    const { limits, store, now_s } = this.#deps;
    if (space.dimensions > DIMENSIONS_MAX) throw new MaestroError("models.request", `vectors of ${space.dimensions} dimensions are not stored, ${DIMENSIONS_MAX} are`);
    for (const { key, vector } of items) {
      requireVector(vector, space.dimensions);
      if (key.length === 0 || key.length > KEY_CHARACTERS_MAX) throw new MaestroError("models.request", `key: ${key.length} characters, 1 to ${KEY_CHARACTERS_MAX} are stored`);
    }
    const last = new Map(items.map((item) => [item.key, item]));
    const rows: VectorRow[] = [...last.values()].map(({ key, text_sha256, vector }) => ({ key, text_sha256, at_s: now_s(), half: toHalf(vector) }));
    const gone = store.atomic(() => {
      const removed = this.#tables.put(space, rows);
      const count = this.#tables.space(space)?.rows ?? 0;
      if (count > limits.vectors_max) throw new MaestroError("models.request", `${count} vectors of one space, limits.inference.vectors_max is ${limits.vectors_max}`);
      return removed;
    });
    this.#held.get(spaceId(space))?.removed(gone);
  }

  has(space: VectorSpace, key: string): boolean {
    return this.#tables.byKey(spaceId(space), key) !== undefined;
  }

  count(space: VectorSpace): number {
    return this.#tables.space(space)?.rows ?? 0;
  }

  /** Of one purpose, whosever they are; in one that is damaged nobody finds anything. */
  spacesOf(purpose: string): VectorSpace[] {
    const spaces = [...this.#tables.spaces.keys()].flatMap((id) => unlessCorrupt(() => this.#tables.spaces.get(id)) ?? []);
    return spaces.filter(({ of }) => of === purpose).map(({ owner, repository, of, model_digest, dimensions }) => ({ owner, repository, of, model_digest, dimensions }));
  }

  /** Keys of those that came first. */
  oldest(space: VectorSpace, limit: number): string[] {
    return this.#tables.rows(spaceId(space), 0, limit).map(({ row }) => row.key);
  }

  remove(space: VectorSpace, keys: readonly string[]): void {
    const id = spaceId(space);
    for (let at = 0; at < keys.length; at += REMOVED_AT_ONCE) {
      const gone = this.#deps.store.atomic(() => this.#tables.remove(id, keys.slice(at, at + REMOVED_AT_ONCE)));
      this.#held.get(id)?.removed(gone);
    }
  }

  /** The `k` nearest of that space, nearest first. Throws `models.request`, `.missing`, `.load`, `.memory` and `.died`. */
  async search(space: VectorSpace, query: Float32Array, k: number, { accept = () => true }: SearchOptions = {}): Promise<VectorHit[]> {
    requireVector(query, space.dimensions);
    if (!Number.isInteger(k) || k < 1 || k > NEIGHBOURS_MAX) throw new MaestroError("models.request", `k: ${k}, 1 to ${NEIGHBOURS_MAX} neighbours are looked for`);
    const id = spaceId(space);
    const held = this.#heldOf(id);
    const hits = await held.inLine(() => this.#again(held, () => this.#search(id, held, query, k, accept)));
    void held.inLine(() => this.#keep(id, held));
    return hits;
  }

  /** Everything of a space, its file first: what is to be forgotten lies in no index either. */
  async drop(space: VectorSpace): Promise<void> {
    await this.#drop(spaceId(space));
  }

  /** Every space of that model: another one's vectors mean nothing beside them, and it is gone. Whose a damaged one is nobody knows, and nobody finds anything in it: it goes, too. */
  async forget(model_digest: string): Promise<void> {
    for (const id of [...this.#tables.spaces.keys()]) {
      const space = unlessCorrupt(() => this.#tables.spaces.get(id), (error) => this.#deps.warn("vectors whose model cannot be told any more went with one that was removed", error));
      if (space === undefined || space.model_digest === model_digest) await this.#drop(id);
    }
  }

  /** Rows from before that second go, those that cannot be read, and with them the index files they were in. Rows of one space are in the order they came. */
  async expire(before_s: number): Promise<void> {
    let damage: MaestroError | null = null;
    for (const id of [...this.#tables.spaces.keys()]) {
      // In line with a file that is being written: it would hold what goes.
      await this.#heldOf(id).inLine(() => this.#expireRows(id, before_s, (error) => void (damage ??= error)));
      if (this.#tables.isEmpty(id)) await this.#drop(id);
    }
    if (damage !== null) this.#deps.warn("vectors that could not be read went with those past their time", damage);
  }

  get status(): EngineStatus {
    return this.#engine.status;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held.values()].map((held) => held.inLine(async () => undefined)));
    await this.#engine.close();
  }

  async #search(id: string, held: Held, query: Float32Array, k: number, accept: (key: string) => boolean): Promise<VectorHit[]> {
    const row = this.#tables.spaces.get(id);
    if (row === undefined) return [];
    const exact_max = this.#deps.exact_max ?? EXACT_MAX;
    if (row.rows > exact_max && (await this.#engine.open()).usearch === null) throw new MaestroError("models.missing", `${row.rows} vectors want usearch, which is not installed; run maestro models setup`);
    await held.settle(row);
    const text = toBase64(toHalf(query));
    for (let wanted = Math.min(FOUND_MAX, k + 8); ; wanted = Math.min(FOUND_MAX, 2 * wanted)) {
      const found = await held.search(text, wanted);
      const hits = this.#hits(id, found, query, accept);
      if (hits.length >= k || found.length < wanted || wanted === FOUND_MAX) return hits.slice(0, k);
    }
  }

  async #expireRows(id: string, before_s: number, damaged: (error: MaestroError) => void): Promise<void> {
    const old = (): number[] => this.#tables.old(id, before_s, REMOVED_AT_ONCE, damaged);
    let [numbers, gone] = [old(), 1];
    if (numbers.length > 0) this.#forgetFile(id);
    for (; numbers.length > 0 && gone > 0; numbers = old()) {
      const removed = this.#deps.store.atomic(() => this.#tables.removeRows(id, numbers));
      gone = removed.length;
      this.#held.get(id)?.removed(removed);
      await Bun.sleep(0);
    }
  }

  #hits(id: string, found: readonly number[], query: Float32Array, accept: (key: string) => boolean): VectorHit[] {
    const hits = found.flatMap((number) => {
      const row = this.#tables.row(id, number);
      if (row === undefined || !accept(row.key)) return [];
      return [{ key: row.key, text_sha256: row.text_sha256, score: dot(query, fromHalf(row.half)), number }];
    });
    return hits.sort((a, b) => b.score - a.score || a.number - b.number).map(({ key, text_sha256, score }) => ({ key, text_sha256, score }));
  }

  /** A process that died, or one that was started anew, is brought everything again; one that a file kills does not get that file a second time. */
  async #again<T>(held: Held, work: () => Promise<T>): Promise<T> {
    for (let left = TRIES; ; left--) {
      try {
        return await work();
      } catch (error) {
        const lost = error instanceof NotOpen;
        if (!lost && !(error instanceof MaestroError && error.code === "models.died")) throw error;
        if (left === 1) throw lost ? new MaestroError("models.died", "the vector index lost its spaces again and again") : error;
        if (!lost && held.opening) this.#forgetFile(held.id);
        held.forget();
      }
    }
  }

  /** After the answer: the file where it is behind, and room for other spaces. */
  async #keep(id: string, held: Held): Promise<void> {
    try {
      const row = this.#tables.spaces.get(id);
      if (row !== undefined && held.due(row)) await held.save();
      await this.#makeRoom(id);
    } catch (error) {
      // The index is made again from LMDB when somebody asks.
      held.forget();
      if (!(error instanceof NotOpen)) this.#deps.warn("write a vector index", error);
    }
  }

  async #makeRoom(asked: string): Promise<void> {
    const room = this.#deps.limits.memory_bytes_max * SPACES_PART;
    let taken = [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [id, held] of this.#held) {
      if (taken <= room) return;
      if (id === asked || !held.idle) continue;
      taken -= held.bytes;
      this.#held.delete(id);
      await held.inLine(() => held.close());
    }
  }

  #heldOf(id: string): Held {
    const { store, exact_max = EXACT_MAX, save_rows = SAVE_ROWS, step, limits } = this.#deps;
    const ask = (job: object): Promise<IndexReply> => this.#engine.ask(job, { validate: replyOf, deadline_ms: limits.generate_deadline_ms });
    const held = this.#held.get(id) ?? new Held(id, { store, tables: this.#tables, ask, exact_max, save_rows, removeFile: (space, sha256) => this.#removeFile(space, sha256), ...(step === undefined ? {} : { step }) });
    this.#held.delete(id);
    this.#held.set(id, held);
    return held;
  }

  async #drop(id: string): Promise<void> {
    const held = this.#heldOf(id);
    await held.inLine(async () => {
      this.#forgetFile(id);
      while (this.#deps.store.atomic(() => this.#tables.drop(id, REMOVED_AT_ONCE))) await Bun.sleep(0);
      await held.close();
      // A process that was killed at its writing left a file that no row names.
      this.#removeFiles(id);
    });
    if (held.idle) this.#held.delete(id);
  }

  #forgetFile(id: string): void {
    const sha256 = this.#deps.store.atomic(() => {
      const space = unlessCorrupt(() => this.#tables.spaces.get(id));
      if (space === undefined) return undefined;
      if (space.saved === null) return null;
      this.#tables.spaces.put(id, { ...space, saved: null });
      return space.saved.sha256;
    });
    if (sha256 === undefined) this.#removeFiles(id);
    else if (sha256 !== null) this.#removeFile(id, sha256);
  }

  #removeFiles(id: string): void {
    for (const name of readdirSync(this.#deps.folder)) if (name.startsWith(`${id}.`)) rmSync(join(this.#deps.folder, name), { force: true });
  }

  #removeFile(id: string, sha256: string): void {
    rmSync(join(this.#deps.folder, `${id}.${sha256}`), { force: true });
  }

  /** Files that no space names: of a daemon that died before it noted one, or after it noted the next, and of one that is damaged. */
  #sweep(): void {
    for (const name of readdirSync(this.#deps.folder)) {
      const [id = "", sha256] = name.split(".");
      if (unlessCorrupt(() => this.#tables.spaces.get(id))?.saved?.sha256 !== sha256) rmSync(join(this.#deps.folder, name), { force: true });
    }
  }
}

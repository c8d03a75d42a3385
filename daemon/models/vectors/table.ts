/** Vectors in LMDB, which is the truth of them: which spaces there are, their rows in the order they came, and where a key is. */
import { Type, type Static } from "@sinclair/typebox";
import type { MaestroError } from "../../../proto/errors.ts";
import { Closed, Count, RepositoryId, Sha256Hex } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import { unlessCorrupt } from "../../store/failure.ts";
import { LAST_TEXT, type Table } from "../../store/table.ts";
import { type VectorSpace, spaceId } from "./space.ts";

/** A row of float16 and what names it fits a value of `limits.store.value_bytes_max`. */
export const DIMENSIONS_MAX = 768;
export const KEY_CHARACTERS_MAX = 128;

const Space = Closed({
  owner: Type.String({ minLength: 1, maxLength: 128 }),
  repository: RepositoryId,
  of: Type.String({ pattern: "^[a-z][a-z-]{0,31}$" }),
  model_digest: Sha256Hex,
  dimensions: Type.Integer({ minimum: 1, maximum: DIMENSIONS_MAX }),
  /** Number of the next row. Numbers are never given twice, so that an index can be older than the rows, and never mean another row. */
  next: Count,
  rows: Count,
  /** The index file that may be read: only bytes of this digest. Rows from `upto` on are not in it; `gone` of those in it were removed since. */
  saved: Type.Union([Type.Null(), Closed({ sha256: Sha256Hex, upto: Count, gone: Count })]),
});
export type SpaceRow = Static<typeof Space>;

const Row = Closed({ key: Type.String({ minLength: 1, maxLength: KEY_CHARACTERS_MAX }), text_sha256: Sha256Hex, at_s: Count, half: Type.Uint8Array({ maxByteLength: 2 * DIMENSIONS_MAX }) });
export type VectorRow = Static<typeof Row>;

const Place = Closed({ id: Count });

export class VectorTables {
  readonly spaces: Table<string, SpaceRow>;
  readonly #rows: Table<readonly [string, number], VectorRow>;
  readonly #keys: Table<readonly [string, string], Static<typeof Place>>;

  constructor(store: Pick<Store, "table">) {
    this.spaces = store.table<string, typeof Space>("vectors.spaces", Space);
    this.#rows = store.table<readonly [string, number], typeof Row>("vectors.rows", Row);
    this.#keys = store.table<readonly [string, string], typeof Place>("vectors.keys", Place);
  }

  space(space: VectorSpace): SpaceRow | undefined {
    return this.spaces.get(spaceId(space));
  }

  row(space: string, id: number): VectorRow | undefined {
    return this.#rows.get([space, id]);
  }

  byKey(space: string, key: string): VectorRow | undefined {
    const place = this.#keys.get([space, key]);
    const row = place === undefined ? undefined : this.#rows.get([space, place.id]);
    return row?.key === key ? row : undefined;
  }

  /** From number `from` on, oldest first. */
  rows(space: string, from: number, limit: number): { readonly id: number; readonly row: VectorRow }[] {
    return [...this.#rows.entries({ start: [space, from], end: [space, Number.MAX_SAFE_INTEGER], limit })].map(({ key, value }) => ({ id: key[1], row: value }));
  }

  /** Inside `Store.atomic`. One under the same key goes first; the numbers of those that went. */
  put(space: VectorSpace, rows: readonly VectorRow[]): number[] {
    const id = spaceId(space);
    const gone = rows.flatMap(({ key }) => this.#removeKey(id, key));
    const { owner, repository, of, model_digest, dimensions } = space;
    const before = this.spaces.get(id) ?? { owner, repository, of, model_digest, dimensions, ...this.#counted(id), saved: null };
    rows.forEach((row, place) => {
      this.#rows.put([id, before.next + place], row);
      this.#keys.put([id, row.key], { id: before.next + place });
    });
    this.spaces.put(id, { ...before, next: before.next + rows.length, rows: before.rows + rows.length });
    return gone;
  }

  /** Inside `Store.atomic`; the numbers of those that went. */
  remove(id: string, keys: readonly string[]): number[] {
    return keys.flatMap((key) => this.#removeKey(id, key));
  }

  /** Of the `limit` that came first, numbers of those from before that second, and of those that cannot be read: nobody knows from when they are. */
  old(id: string, before_s: number, limit: number, damaged: (error: MaestroError) => void): number[] {
    return this.#numbers(id, limit).filter((number) => (unlessCorrupt(() => this.#rows.get([id, number]), damaged)?.at_s ?? 0) < before_s);
  }

  /** Inside `Store.atomic`, whether they can be read or not; the numbers of those that went. */
  removeRows(id: string, numbers: readonly number[]): number[] {
    const gone = numbers.filter((number) => {
      const key = unlessCorrupt(() => this.#rows.get([id, number]))?.key;
      if (key !== undefined && (unlessCorrupt(() => this.#keys.get([id, key]))?.id ?? number) === number) this.#keys.remove([id, key]);
      return this.#rows.remove([id, number]);
    });
    const space = unlessCorrupt(() => this.spaces.get(id));
    if (space !== undefined && gone.length > 0) this.spaces.put(id, { ...space, rows: Math.max(0, space.rows - gone.length) });
    return gone;
  }

  /** Inside `Store.atomic`: at most `limit` rows of a space, and the space with its last, whether they can be read or not; whether there are more. */
  drop(id: string, limit: number): boolean {
    const numbers = this.#numbers(id, limit);
    if (this.removeRows(id, numbers).length > 0 && numbers.length === limit) return true;
    for (const key of [...this.#keys.keys({ start: [id, ""], end: [id, LAST_TEXT] })]) this.#keys.remove(key);
    this.spaces.remove(id);
    return false;
  }

  isEmpty(id: string): boolean {
    return this.#numbers(id, 1).length === 0;
  }

  #numbers(id: string, limit: number): number[] {
    return Array.from(this.#rows.keys({ start: [id, 0], end: [id, Number.MAX_SAFE_INTEGER], limit }), ([, number]) => number);
  }

  /** Of a space whose own record was lost: its rows are there, and their numbers are taken. */
  #counted(id: string): Pick<SpaceRow, "next" | "rows"> {
    let [next, rows] = [0, 0];
    for (const { key } of this.#rows.entries({ start: [id, 0], end: [id, Number.MAX_SAFE_INTEGER] })) [next, rows] = [key[1] + 1, rows + 1];
    return { next, rows };
  }

  #removeKey(id: string, key: string): number[] {
    const place = this.#keys.get([id, key]);
    const space = this.spaces.get(id);
    if (place === undefined || space === undefined) return [];
    this.#keys.remove([id, key]);
    this.#rows.remove([id, place.id]);
    const { saved } = space;
    this.spaces.put(id, { ...space, rows: space.rows - 1, saved: saved !== null && place.id < saved.upto ? { ...saved, gone: saved.gone + 1 } : saved });
    return [place.id];
  }
}

/** Whole answers as they lie in the database: one row each, the text in pieces below the limit of a value, and the order they came in. */
import { type Static, Type } from "@sinclair/typebox";
import { Closed, Count, Sha256Hex } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import { unlessCorrupt } from "../../store/failure.ts";

/** Characters of a piece: three bytes each at most, and a value has 2 KiB. */
const PIECE_CHARACTERS = 500;
const PIECES_MAX = 4_096;

const AnswerRow = Closed({ order: Count, at_s: Count, owner: Type.String({ maxLength: 128 }), bytes: Count, pieces: Type.Integer({ minimum: 1, maximum: PIECES_MAX }) });
export type AnswerRow = Static<typeof AnswerRow>;
const Piece = Closed({ text: Type.String({ maxLength: PIECE_CHARACTERS }) });
const Place = Closed({ key: Sha256Hex, owner: Type.String({ maxLength: 128 }), bytes: Count });

export interface AnswerTable {
  row(key: string): AnswerRow | undefined;
  text(key: string, row: AnswerRow): string | null;
  /** Inside `Store.atomic`. False: it has more pieces than a row may have. */
  put(key: string, row: Omit<AnswerRow, "pieces">, text: string): boolean;
  /** Inside `Store.atomic`, whether it can be read or not; `order`: its place, which may be all that is left of it. */
  remove(key: string, order?: number): void;
  keys(): Generator<string, void>;
  /** Of the next that comes. */
  next(): number;
  /** In the order they came; one that is damaged stays for fsck. */
  places(): Generator<{ readonly order: number; readonly key: string; readonly owner: string; readonly bytes: number }, void>;
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00;

/** Never between the halves of a character: each would be stored as something else. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = Math.min(text.length, at + PIECE_CHARACTERS);
    const cut = end < text.length && isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end;
    pieces.push(text.slice(at, cut));
    at = cut;
  }
  return pieces;
}

export function openAnswerTable(store: Pick<Store, "table">): AnswerTable {
  const rows = store.table<string, typeof AnswerRow>("answers", AnswerRow);
  const texts = store.table<readonly [string, number], typeof Piece>("answers.texts", Piece);
  const order = store.table<number, typeof Place>("answers.order", Place);
  function* places(): ReturnType<AnswerTable["places"]> {
    for (const at of order.keys()) {
      const value = unlessCorrupt(() => order.get(at));
      if (value !== undefined) yield { order: at, ...value };
    }
  }
  return {
    row: (key) => rows.get(key),
    text(key, { pieces }) {
      const parts = Array.from({ length: pieces }, (_, i) => texts.get([key, i])?.text);
      return parts.includes(undefined) ? null : parts.join("");
    },
    put(key, row, text) {
      const pieces = piecesOf(text);
      if (pieces.length > PIECES_MAX) return false;
      rows.put(key, { ...row, pieces: pieces.length });
      for (const [i, piece] of pieces.entries()) texts.put([key, i], { text: piece });
      order.put(row.order, { key, owner: row.owner, bytes: row.bytes });
      return true;
    },
    remove(key, place) {
      const row = unlessCorrupt(() => rows.get(key));
      if (!rows.remove(key) && place === undefined) return;
      const at = row?.order ?? place ?? [...places()].find((one) => one.key === key)?.order;
      if (at !== undefined) order.remove(at);
      for (const piece of [...texts.keys({ start: [key, 0], end: [key, PIECES_MAX] })]) texts.remove(piece);
    },
    keys: () => rows.keys(),
    next: () => ([...order.keys({ reverse: true, limit: 1 })][0] ?? -1) + 1,
    places,
  };
}

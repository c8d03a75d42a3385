/** The row of each attempt that lists of cards are made of: written in the gate's own transaction, made again from its reply where it is not there. */
import { Type } from "@sinclair/typebox";
import type { Card } from "../../proto/card.ts";
import { CardRow, type KeptCardRow, ROW_REASONS_MAX, ROW_TEXT_CHARS_MAX, type RowReason } from "../../proto/cards.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Closed, pathText } from "../../proto/scalar.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { timestampOf } from "../verifier/time.ts";
import type { Store } from "./db.ts";
import type { Summarised, SummarisedReply } from "./summaries.ts";

/** Characters of a piece: three bytes each at most, and a value has 2 KiB. */
const PIECE_CHARACTERS = 600;
/** Of a row whose every character is written as an escape of six there are 160. */
const PIECES_MAX = 256;
const UNAVAILABLE_MAX = 128;
const RELEASES_MAX = 8;

/** `of`: how many there are. */
const Piece = Closed({ text: Type.String({ maxLength: PIECE_CHARACTERS }), of: Type.Integer({ minimum: 1, maximum: PIECES_MAX }) });
const isKept = lazyCheck(Type.Unsafe<KeptCardRow>(Type.Omit(CardRow, ["place", "cost"])));

export interface KeptRow {
  readonly row: KeptCardRow;
  /** Of its JSON. */
  readonly characters: number;
}

export interface CardRows {
  /** Inside `Store.atomic`. `held_s`: when the change was first not admitted. */
  put(row: Summarised, reply: Pick<SummarisedReply, "card" | "timings">, held_s: number | null): KeptRow;
  /** What `put` would keep. */
  made(row: Summarised, reply: Pick<SummarisedReply, "card" | "timings">, held_s: number | null): KeptRow;
  /** Undefined where there is none, or none that this release reads: it is made again. */
  get(of: Pick<Summarised, "gate_id" | "attempt">): KeptRow | undefined;
  /** Inside `Store.atomic`, with the gate or the reply that it is of: it holds names and titles. */
  remove(of: Pick<Summarised, "gate_id" | "attempt">): void;
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00;
/** Never between the halves of a character. */
const head = (text: string, units: number): string => text.slice(0, isHighSurrogate(text.charCodeAt(units - 1)) ? units - 1 : units);
const cut = (text: string): string => (text.length <= ROW_TEXT_CHARS_MAX ? text : `${head(text, ROW_TEXT_CHARS_MAX - 1)}…`);

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += pieces.at(-1)?.length ?? 1) pieces.push(at + PIECE_CHARACTERS >= text.length ? text.slice(at) : head(text.slice(at), PIECE_CHARACTERS));
  return pieces;
}

function reasonOf({ rule, check, effect, observed, because, ranges: [first] }: Card["reasons"][number]): RowReason {
  return { rule, check, effect, observed, because: cut(because), path: first === undefined ? null : cut(pathText(first.path)) };
}

function countsOf(reasons: Card["reasons"]): KeptCardRow["counts"] {
  const count = (effect: string): number => reasons.filter((reason) => reason.effect === effect && !reason.observed).length;
  return { refuse: count("refuse"), hold: count("hold"), observed: reasons.filter(({ observed, effect }) => observed && effect !== "note").length, note: reasons.filter(({ effect }) => effect === "note").length };
}

function checksOf(checks: Card["checks"]): KeptCardRow["checks"] {
  const unavailable = checks.filter(({ result }) => result === "unavailable").map(({ check, required }) => ({ check, required }));
  return { asked: checks.length, required: checks.filter(({ required }) => required).length, failed: checks.filter(({ result }) => result === "fail").length, unavailable: unavailable.toSorted((a, b) => Number(b.required) - Number(a.required)).slice(0, UNAVAILABLE_MAX) };
}

/** Pure. */
function cardRowOf({ gate_id, attempt: { attempt, issued_at } }: Pick<Summarised, "gate_id" | "attempt">, { card, timings }: Pick<SummarisedReply, "card" | "timings">, held_s: number | null): KeptCardRow {
  const { verdict, mode, repository, target_ref, head: commit, title, actor, files, added_lines, removed_lines, policy, reasons, checks, releases = [] } = card;
  const counted = releases.filter(({ counts }) => counts).slice(-RELEASES_MAX);
  return {
    v: 1, gate_id, attempt, at: issued_at, verdict, mode, repository, target_ref, head: commit, title: cut(title),
    actor: { class: actor.class, name: cut(actor.name), agent: actor.agent === null ? null : cut(actor.agent) },
    files, added_lines, removed_lines, policy: cut(policy.name),
    reasons: reasons.slice(0, ROW_REASONS_MAX).map(reasonOf), counts: countsOf(reasons), checks: checksOf(checks), total_us: timings.total_us,
    held_at: held_s === null ? null : timestampOf(held_s), released: counted.map(({ kind, person, at }) => ({ kind, person, at })),
  };
}

/** A record that is damaged, or that another release wrote, is none: the reply still says it. */
function readRow(text: string): KeptCardRow | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isKept().Check(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function openCardRows(store: Pick<Store, "table">): CardRows {
  const pieces = store.table<readonly [string, number, number], typeof Piece>("cards", Piece);
  /** Empty where a piece is gone or damaged. */
  const textOf = ({ gate_id, attempt: { attempt } }: Pick<Summarised, "gate_id" | "attempt">): string => {
    try {
      const first = pieces.get([gate_id, attempt, 0]);
      if (first === undefined) return "";
      const rest = Array.from({ length: first.of - 1 }, (_, i) => pieces.get([gate_id, attempt, i + 1])?.text);
      return rest.includes(undefined) ? "" : first.text + rest.join("");
    } catch (error) {
      if (error instanceof MaestroError && error.code === "store.corrupt") return "";
      throw error;
    }
  };
  return {
    made(row, reply, held_s) {
      const kept = cardRowOf(row, reply, held_s);
      return { row: kept, characters: JSON.stringify(kept).length };
    },
    put(row, reply, held_s) {
      const kept = cardRowOf(row, reply, held_s);
      const text = JSON.stringify(kept);
      const parts = piecesOf(text);
      for (const [n, piece] of parts.entries()) pieces.put([row.gate_id, row.attempt.attempt, n], { text: piece, of: parts.length });
      return { row: kept, characters: text.length };
    },
    get(of) {
      const text = textOf(of);
      const row = text === "" ? undefined : readRow(text);
      return row === undefined ? undefined : { row, characters: text.length };
    },
    remove(of) {
      // By their numbers: one that is damaged cannot be read, and behind one that is gone there may be more.
      for (let n = 0; n < PIECES_MAX; n++) pieces.remove([of.gate_id, of.attempt.attempt, n]);
    },
  };
}

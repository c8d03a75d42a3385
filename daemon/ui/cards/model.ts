/**
 * The one shape of a card in this page, whether it came as a row of `/v1/cards`, as a line of such rows, as `maestro card --json` or
 * `gate --json` prints it, or inside an evidence bundle. Strings are as they came: `shown` is the only way to the document.
 */
import type { Card } from "../../../proto/card.ts";
import { ROW_REASONS_MAX, ROW_TEXT_CHARS_MAX, type CardRow, type RowReason } from "../../../proto/cards.ts";
import { pathText } from "../../../proto/scalar.ts";
import type { ChangeCost } from "../../../proto/usage.ts";
import { visible } from "../../verifier/visible.ts";
import { CARDS_LIMITS } from "./limits.ts";

/**
 * Where the whole of a card is. A file is named by its place among those given since the page was opened; `start` and `end` are
 * bytes of it. A row holds no more than is shown of it here; a card has everything but its evidence; a bundle has the evidence too,
 * and `attempt` tells which of its cards it is.
 */
export type Origin =
  | { readonly kind: "live" }
  | { readonly kind: "file"; readonly file: number; readonly name: string; readonly form: "row" | "card" | "bundle"; readonly start: number; readonly end: number };

type Shared = Pick<CardRow, "attempt" | "verdict" | "mode" | "repository" | "target_ref" | "head" | "title" | "actor" | "files" | "added_lines" | "removed_lines" | "policy" | "reasons" | "counts" | "checks" | "released">;

export const VERDICTS = ["refuse", "hold", "admit"] as const;
export const ACTORS = ["agent", "human", "bot", "unknown"] as const;
export const RISKS = ["none", "low", "medium", "high"] as const;

export interface PageCard extends Shared {
  /** Unique among the cards of the page, and the same when the same files are given again. */
  readonly key: string;
  readonly origin: Origin;
  /** Null in a replay. */
  readonly gate_id: string | null;
  /** RFC 3339; null where what was given does not say when it was decided. */
  readonly at: string | null;
  /** The same in milliseconds. */
  readonly at_ms: number | null;
  /** Where it stands among all that its node decided, which tells cards of one second apart; null where only the card is known. */
  readonly place: number | null;
  /** When this change was first not admitted; null: it never was; absent: not known from what was given. */
  readonly held_at?: string | null;
  /** Null: nothing was reported, which is not zero. */
  readonly reported_micro_usd: bigint | null;
  readonly whole_micro_usd: bigint | null;
  readonly total_us: number | null;
  /** Of the smallest next step; null where only a row is known. */
  readonly risk: (typeof RISKS)[number] | null;
  /** What the search looks through, folded. */
  readonly text: string;
}

/** Case and composition of letters make no difference to a search. */
export const fold = (text: string): string => text.normalize("NFC").toLowerCase();

const cutTo = (text: string, chars: number): string => (text.length <= chars ? text : `${text.slice(0, chars - 1).toWellFormed()}\u2026`);

/** A stranger's string as it may stand in the page: nothing unseen, nothing endless. It still goes in as text, by `foreign`. */
export const shown = (text: string, chars: number = CARDS_LIMITS.shown_chars_max): string => visible(cutTo(text, chars));

const SEPARATOR = "\n";

function textOf(card: Omit<PageCard, "text">): string {
  const { title, repository, target_ref, head, gate_id, actor, policy, reasons, checks, released } = card;
  const parts = [title, repository, target_ref, head, gate_id ?? "", actor.name, actor.agent ?? "", policy, ...reasons.flatMap(({ rule, because, path }) => [rule, because, path ?? ""]), ...checks.unavailable.map(({ check }) => check), ...released.map(({ person }) => person)];
  return fold([...new Set(parts)].map((part) => part.slice(0, ROW_TEXT_CHARS_MAX * 2)).join(SEPARATOR));
}

const finished = (card: Omit<PageCard, "text">): PageCard => ({ ...card, text: textOf(card) });

const keyOf = (origin: Origin, gate_id: string | null, attempt: number): string => {
  // A daemon lists the newest attempt alone: a later one takes the place of the one before.
  if (origin.kind === "live") return `live:${gate_id ?? ""}`;
  // Two replays of one change are told apart by where they stand.
  return gate_id === null ? `disk:${origin.file}@${origin.start}` : `disk:${gate_id}#${attempt}`;
};

const money = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

export function cardOfRow(row: CardRow, origin: Origin): PageCard {
  const { v: _, cost, ...rest } = row;
  return finished({ ...rest, key: keyOf(origin, row.gate_id, row.attempt), origin, at_ms: Date.parse(row.at), reported_micro_usd: money(cost.reported_micro_usd), whole_micro_usd: money(cost.whole_micro_usd), risk: null });
}

/** A card as a row again, as rules are asked of it; null where not everything is known that a row says. Where it stood among others no rule asks, so that may be unknown. */
export function rowOfCard(card: PageCard): CardRow | null {
  const { key: _, origin: __, at_ms: ___, risk: ____, text: _____, place, reported_micro_usd, whole_micro_usd, gate_id, at, total_us, held_at, ...rest } = card;
  if (gate_id === null || at === null || total_us === null || held_at === undefined) return null;
  return { v: 1, place: place ?? 0, ...rest, gate_id, at, total_us, held_at, cost: { reported_micro_usd: reported_micro_usd?.toString() ?? null, whole_micro_usd: whole_micro_usd?.toString() ?? null } };
}

/** What stands beside a card, where it does. */
export interface Beside {
  readonly at: string | null;
  readonly total_us: number | null;
  readonly cost: ChangeCost | null;
}

function costOf(card: Card, cost: ChangeCost | null): Pick<PageCard, "reported_micro_usd" | "whole_micro_usd"> {
  const reported = money(cost === null ? (card.cost.reported ? card.cost.micro_usd : null) : (cost.reported?.micro_usd ?? null));
  const bought = cost?.usd_micro === undefined ? null : BigInt(cost.usd_micro);
  return { reported_micro_usd: reported, whole_micro_usd: reported === null ? bought : reported + (bought ?? 0n) };
}

function rowReason({ rule, check, effect, observed, because, ranges: [range] }: Card["reasons"][number]): RowReason {
  return { rule, check, effect, observed, because: cutTo(because, ROW_TEXT_CHARS_MAX), path: range === undefined ? null : cutTo(pathText(range.path), ROW_TEXT_CHARS_MAX) };
}

function countsOf(reasons: Card["reasons"]): CardRow["counts"] {
  const of = (effect: string): number => reasons.filter((reason) => !reason.observed && reason.effect === effect).length;
  return { refuse: of("refuse"), hold: of("hold"), observed: reasons.filter(({ observed }) => observed).length, note: of("note") };
}

export function cardOfWhole(card: Card, { at, total_us, cost }: Beside, origin: Origin): PageCard {
  const { gate_id, attempt, verdict, mode, repository, target_ref, head, files, added_lines, removed_lines, reasons, checks } = card;
  const missing = checks.filter(({ result }) => result === "unavailable").map(({ check, required }) => ({ check, required }));
  return finished({
    key: keyOf(origin, gate_id, attempt),
    origin,
    gate_id,
    at,
    at_ms: at === null ? null : Date.parse(at),
    place: null,
    ...{ attempt, verdict, mode, repository, target_ref, head, files, added_lines, removed_lines },
    title: cutTo(card.title, ROW_TEXT_CHARS_MAX),
    actor: { class: card.actor.class, name: cutTo(card.actor.name, ROW_TEXT_CHARS_MAX), agent: card.actor.agent === null ? null : cutTo(card.actor.agent, ROW_TEXT_CHARS_MAX) },
    policy: cutTo(card.policy.name, ROW_TEXT_CHARS_MAX),
    reasons: reasons.slice(0, ROW_REASONS_MAX).map(rowReason),
    counts: countsOf(reasons),
    checks: { asked: checks.length, required: checks.filter(({ required }) => required).length, failed: checks.filter(({ result }) => result === "fail").length, unavailable: [...missing.filter(({ required }) => required), ...missing.filter(({ required }) => !required)] },
    ...costOf(card, cost),
    total_us,
    risk: card.next[0]?.risk ?? null,
    released: (card.releases ?? []).filter(({ counts }) => counts).map(({ kind, person, at: released_at }) => ({ kind, person, at: released_at })),
  });
}

/** A rule that refuses or holds, and not only watches. */
export const stops = ({ effect, observed }: RowReason): boolean => !observed && effect !== "note";

/** One short row per attempt, so that a report reads no replies; written in the gate's own transaction. */
import { sha256 } from "@noble/hashes/sha2.js";
import { Type, type Static } from "@sinclair/typebox";
import { ActorClass } from "../../proto/actor.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Card, Timings } from "../../proto/card.ts";
import { GateId } from "../../proto/change.ts";
import { Verdict } from "../../proto/decision.ts";
import { toHex } from "../../proto/encoding.ts";
import type { KeptFindings } from "../../proto/findings.ts";
import { CountedRelease } from "../../proto/report-kpi.ts";
import { Choice, Closed, Count, GitOid, RepositoryId, RuleId, Sha256Hex } from "../../proto/scalar.ts";
import { TenantId } from "../../proto/tenant.ts";
import { RulePattern, type Waiver } from "../../proto/waiver.ts";
import type { Store } from "./db.ts";
import { placeKey } from "./releases.ts";

const WaiverMarkId = Type.String({ pattern: "^[0-9a-f]{32}$" });
const Rules = Type.Array(RuleId, { maxItems: 64 });

export const GateSummary = Closed({
  gate_id: GateId,
  attempt: Type.Integer({ minimum: 1 }),
  at_s: Count,
  /** Repository, target and head: what a push makes another of. */
  change: Sha256Hex,
  repo_id: RepositoryId,
  head: GitOid,
  owner_uid: Count,
  owner_tenant: Type.Optional(TenantId),
  actor: ActorClass,
  verdict: Verdict,
  refused: Rules,
  held: Rules,
  would: Rules,
  /** When this change was first not admitted; null where it never was. */
  held_s: Type.Union([Count, Type.Null()]),
  releases: Type.Array(CountedRelease, { maxItems: 8 }),
  waivers: Type.Array(WaiverMarkId, { maxItems: 16 }),
  /** Rules, releases and waivers that found no room. */
  cut: Count,
  wall_us: Count,
  cpu_us: Type.Union([Count, Type.Null()]),
});
export type GateSummary = Static<typeof GateSummary>;

/** What is remembered of a waiver that a gate met: since when it stands here. */
const WaiverMark = Closed({ first_s: Count, last_s: Count, rule: RulePattern, kind: Choice(["inline", "config"]), state: Choice(["accepted", "expired", "refused"]) });
export type WaiverMark = Static<typeof WaiverMark>;

const ChangeMark = Closed({ held_s: Count });

/** The part of a gate that says what and whose it is. */
export interface Summarised {
  readonly gate_id: string;
  readonly attempt: { readonly attempt: number; readonly issued_at: string };
  readonly repo_id: string;
  readonly head: string;
  readonly owner_uid: number;
  readonly owner_tenant?: string;
}

/** The part of a reply that reports count. Replies from before findings were kept have none. */
export interface SummarisedReply {
  readonly card: Card;
  readonly timings: Timings;
  readonly findings?: KeptFindings;
}

export interface Summaries {
  /** Inside `Store.atomic`. Done twice, it changes nothing. */
  add(row: Summarised, reply: SummarisedReply): void;
  get(row: Summarised): GateSummary | undefined;
  /** Inside `Store.atomic`, with the gate that it is of. */
  remove(row: Summarised): void;
  /** Up to `limit` of those made before `before` and from `from_s` on, newest first. */
  page(from_s: number, before: SummaryKey | null, limit: number): readonly GateSummary[];
  waiver(id: string): WaiverMark | undefined;
  count(): number;
}

export type SummaryKey = readonly [number, string, number];
export const summaryKey = ({ at_s, gate_id, attempt }: Pick<GateSummary, "at_s" | "gate_id" | "attempt">): SummaryKey => [at_s, gate_id, attempt];

/** Under `store.value_bytes_max`: canonical JSON is never shorter than what is stored of it. */
const BYTES_MAX = 1_900;
const ID_CHARACTERS = 32;
const RULES_MAX = 24;
const RELEASES_MAX = 4;
const WAIVERS_MAX = 16;
const RULE_PATTERN_CHARACTERS = 96;

/** A renewed waiver is the same one; another reason, rule or place makes it another. */
const waiverId = (repo_id: string, { kind, path, rule, reason }: Waiver): string => toHex(sha256(canonicalBytes({ repo_id, kind, path, rule, reason }))).slice(0, ID_CHARACTERS);

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Lists give up their ends, the longest first, until the row fits; what went is counted. */
function fitted(summary: GateSummary): GateSummary {
  const lists = { refused: [...summary.refused], held: [...summary.held], would: [...summary.would], waivers: [...summary.waivers] };
  let { cut } = summary;
  const row = (): GateSummary => ({ ...summary, ...lists, cut });
  while (canonicalBytes(row()).length > BYTES_MAX) {
    const longest = Object.values(lists).toSorted((a, b) => b.length - a.length)[0];
    if (longest?.pop() === undefined) break;
    cut += 1;
  }
  return row();
}

function rulesOf({ reasons }: Card, wanted: (reason: Card["reasons"][number]) => boolean): { kept: string[]; cut: number } {
  const rules = distinct(reasons.filter(wanted).map(({ rule }) => rule)).sort();
  return { kept: rules.slice(0, RULES_MAX), cut: Math.max(0, rules.length - RULES_MAX) };
}

function summaryOf(row: Summarised, { card, timings }: SummarisedReply, waivers: readonly string[], held_s: number | null): GateSummary {
  const refused = rulesOf(card, ({ effect, observed }) => effect === "refuse" && !observed);
  const held = rulesOf(card, ({ effect, observed }) => effect === "hold" && !observed);
  const would = rulesOf(card, ({ effect, observed }) => effect !== "note" && observed);
  const counted = (card.releases ?? []).filter(({ counts }) => counts);
  const releases = counted.slice(-RELEASES_MAX).map(({ kind, person, at, log_index }) => ({ kind, person, at_s: Date.parse(at) / 1000, log_index }));
  return fitted({
    gate_id: row.gate_id, attempt: row.attempt.attempt, at_s: Date.parse(row.attempt.issued_at) / 1000, change: placeKey({ repo_id: row.repo_id, target_ref: card.target_ref, head: row.head }),
    repo_id: row.repo_id, head: row.head, owner_uid: row.owner_uid, ...(row.owner_tenant === undefined ? {} : { owner_tenant: row.owner_tenant }),
    actor: card.actor.class, verdict: card.verdict, refused: refused.kept, held: held.kept, would: would.kept, held_s, releases, waivers: waivers.slice(0, WAIVERS_MAX),
    cut: refused.cut + held.cut + would.cut + counted.length - releases.length + Math.max(0, waivers.length - WAIVERS_MAX),
    wall_us: timings.total_us, cpu_us: timings.usage?.cpu_us ?? null,
  });
}

export function openSummaries(store: Store): Summaries {
  const rows = store.table<SummaryKey, typeof GateSummary>("summaries", GateSummary);
  const waivers = store.table<string, typeof WaiverMark>("summaries.waivers", WaiverMark);
  const changes = store.table<string, typeof ChangeMark>("summaries.changes", ChangeMark);
  const keyOf = ({ gate_id, attempt }: Summarised): SummaryKey => [Date.parse(attempt.issued_at) / 1000, gate_id, attempt.attempt];

  /** When the change was first not admitted, this attempt included. */
  function heldSince(change: string, { verdict }: Card, at_s: number): number | null {
    const before = changes.get(change)?.held_s ?? null;
    if (verdict === "admit") return before;
    if (before !== null && before <= at_s) return before;
    changes.put(change, { held_s: at_s });
    return at_s;
  }

  function meet(repo_id: string, waiver: Waiver, at_s: number): string {
    const id = waiverId(repo_id, waiver);
    const { first_s, last_s } = waivers.get(id) ?? { first_s: at_s, last_s: at_s };
    waivers.put(id, { first_s: Math.min(first_s, at_s), last_s: Math.max(last_s, at_s), rule: waiver.rule.slice(0, RULE_PATTERN_CHARACTERS), kind: waiver.kind, state: waiver.state });
    return id;
  }

  return {
    add(row, reply) {
      const key = keyOf(row);
      if (rows.get(key) !== undefined) return;
      const [at_s] = key;
      const met = (reply.findings?.findings ?? []).flatMap(({ finding }) => (finding.waiver === undefined ? [] : [finding.waiver]));
      const byId = new Map(met.map((waiver) => [waiverId(row.repo_id, waiver), waiver]));
      // Marks beyond a row's room would be of waivers that no report finds.
      const ids = [...byId.values()].slice(0, WAIVERS_MAX).map((waiver) => meet(row.repo_id, waiver, at_s));
      const held_s = heldSince(placeKey({ repo_id: row.repo_id, target_ref: reply.card.target_ref, head: row.head }), reply.card, at_s);
      const summary = summaryOf(row, reply, ids, held_s);
      rows.put(key, { ...summary, cut: summary.cut + byId.size - ids.length });
    },
    get: (row) => rows.get(keyOf(row)),
    remove: (row) => void rows.remove(keyOf(row)),
    page: (from_s, before, limit) => [...rows.entries({ reverse: true, start: before ?? [Number.MAX_SAFE_INTEGER, "", 0], end: [from_s, "", 0], limit: limit + 1 })].filter(({ key }) => before === null || key.join() !== before.join()).slice(0, limit).map(({ value }) => value),
    waiver: (id) => waivers.get(id),
    count: () => rows.count(),
  };
}

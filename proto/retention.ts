/** How long what is kept is kept. Every stored record has exactly one class; a test fails for a table, a media type or a folder without one. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count, GitOid, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";
import { GateId } from "./change.ts";
import { TenantId } from "./tenant.ts";

export const RETENTION_CLASSES = ["node", "log", "accounting", "evidence", "personal", "source", "cache", "export", "quarantine", "episodes"] as const;
export const RetentionClass = Choice(RETENTION_CLASSES);
export type RetentionClass = Static<typeof RetentionClass>;

/** What each class holds. `setting` is `null` where it is never removed: then it holds digests, numbers and keys, and no text of a change. */
export const CLASS_TEXT: Readonly<Record<RetentionClass, { readonly holds: string; readonly setting: keyof Retention | null }>> = {
  node: { holds: "keys, settings, tombstones and what the node knows of itself", setting: null },
  log: { holds: "entries, tiles and heads of the log: digests and signatures", setting: null },
  accounting: { holds: "who spent what, and when a change or a waiver was first met", setting: null },
  evidence: { holds: "signed bundles with their cards, rows and figures of gates, releases, what builds left", setting: "evidence_days" },
  personal: { holds: "the full reply of a gate: findings with excerpts, pseudonyms of who wrote the change", setting: "personal_days" },
  source: { holds: "commits and files that clients streamed, and copies of remotes", setting: "source_days" },
  cache: { holds: "answers kept to save time, history of failed tests, files of work in progress", setting: "cache_days" },
  export: { holds: "snapshots that backup makes inside the state folder", setting: "export_days" },
  quarantine: { holds: "what a repair moved aside", setting: "quarantine_days" },
  episodes: { holds: "decisions that are learned from: contexts without personal text, arms, outcomes", setting: "episodes_days" },
};

/** 0 keeps for ever; otherwise at least `min` days, so that no slip of a finger removes what is still needed. */
const days = (min: number, max: number, value: number, description: string) =>
  Type.Union([Type.Literal(0), Type.Integer({ minimum: min, maximum: max })], { default: value, description: `${description}; 0: for ever` });

/** Host configuration alone: nothing in a repository shortens or lengthens what the node keeps. */
export const Retention = Closed({
  evidence_days: days(30, 36_500, 0, "bundles, rows and releases of gates"),
  personal_days: days(7, 36_500, 365, "findings with excerpts and who wrote a change; afterwards the signed bundle alone is left"),
  source_days: days(2, 3_650, 90, "packs of changes and copies of remotes; a client sends what it needs again"),
  cache_days: days(1, 365, 30, "answers kept for re-use and leftovers"),
  export_days: days(1, 30, 1, "snapshots that were not copied away"),
  quarantine_days: days(1, 3_650, 90, "what a repair moved aside"),
  episodes_days: days(1, 3_650, 90, "decisions that are learned from, in the database, in its Parquet files and in what backups restore"),
});
export type Retention = Static<typeof Retention>;

/** Tables of the database. */
export const TABLE_CLASS: Readonly<Record<string, RetentionClass>> = {
  meta: "node", "evidence.time": "node", tombstones: "node", erasures: "node", holds: "node", floors: "node", "routing.deciders": "node", "routing.used": "node", "routing.watched": "node", lineage_edges: "node", breakers: "node", "events.sources": "node", "events.watched": "node", models: "node",
  "log.entries": "log", "log.nodes": "log", "log.head": "log", "log.rotations": "log", "log.cosigned": "log", "witness.heads": "log",
  gates: "evidence", gate_order: "evidence", gate_names: "evidence", gate_names_filled: "evidence", gate_trees: "evidence", gate_tree_of: "evidence", gate_submitters: "evidence", releases: "evidence", outbox: "evidence", summaries: "evidence", cards: "personal",
  "shipments.gates": "evidence", "shipments.files": "evidence", "shipments.asked": "accounting",
  "summaries.waivers": "accounting", "summaries.changes": "accounting",
  "usage.evidence": "accounting", "usage.kept": "accounting", "usage.packs": "accounting", "usage.runs": "accounting", "usage.links": "accounting", "usage.payers": "accounting",
  ledger_accounts: "accounting", ledger_reservations: "accounting", ledger_changes: "accounting", ledger_change_payers: "accounting", ledger_held: "accounting", ledger_due: "accounting", "market.prices": "accounting", "market.open": "accounting", "market.served": "accounting", "market.slots": "accounting", "market.windows": "accounting", "market.owed": "accounting",
  kept_outcomes: "cache", kept_outcomes_order: "cache", kept_outcomes_large: "cache", kept_outcomes_bytes: "cache", "tests.history": "cache", answers: "cache", "answers.order": "cache", "answers.texts": "cache", "vectors.spaces": "cache", "vectors.rows": "cache", "vectors.keys": "cache", "exemplars.texts": "cache",
  episodes: "episodes", "episodes.parts": "episodes", "episodes.outcomes": "episodes", "episodes.open": "episodes", "episodes.keys": "episodes", "episodes.hours": "episodes", "episodes.spaces": "accounting", evaluations: "accounting",
};

/** What lies among the blobs, by media type. */
export const MEDIA_CLASS: Readonly<Record<string, RetentionClass>> = {
  "application/vnd.maestro.evidence.v1+json": "evidence",
  "application/vnd.maestro.gate-row.v1+json": "evidence",
  "application/vnd.maestro.release.v1+json": "evidence",
  "application/vnd.maestro.draft.v1+json": "evidence",
  "application/vnd.maestro.gate-sbom.v1": "evidence",
  "application/vnd.maestro.build.v1+json": "evidence",
  "application/vnd.maestro.build-row.v1+json": "evidence",
  "application/vnd.maestro.build-file.v1": "evidence",
  "application/vnd.maestro.shipment.v1+json": "evidence",
  "application/vnd.maestro.shipment-row.v1+json": "evidence",
  "application/vnd.dev.sigstore.bundle.v0.3+json": "evidence",
  "application/vnd.maestro.gate-reply.v1+json": "personal",
  "application/vnd.maestro.tombstone.v1+json": "node",
  "application/vnd.dsse.envelope.v1+json": "log",
};

/** Folders and files of the state folder; what has its own tables stands above. */
export const FOLDER_CLASS: Readonly<Record<string, RetentionClass>> = {
  keys: "node", "keys.next": "node", machine: "node", place: "node", "trust.json": "node", lock: "node", "maestrod.log": "node", schema: "node", "host-policy.tar.gz": "node", models: "node", "tombstones.jsonl": "node", "holds.jsonl": "node", db: "node", oci: "evidence", bundles: "evidence",
  log: "log", logs: "log", repositories: "source", egress: "source", incoming: "cache", prefixes: "cache", scratch: "cache", trees: "cache", vectors: "cache", snapshots: "export", quarantine: "quarantine", episodes: "episodes",
};

export const Why = Choice(["expired", "asked"], { description: "its time was over, or an operator asked for it" });

/** What is left of a record that is gone: nothing of what it held. */
export const Tombstone = Closed({
  /** Of the artifact or the pack. */
  name: Type.String({ maxLength: 128 }),
  class: RetentionClass,
  why: Why,
  /** When it went, and when it was made. */
  at_s: Count,
  made_s: Count,
  digests: Type.Array(Closed({ kind: Type.String({ maxLength: 32 }), sha256: Sha256Hex }), { maxItems: 8 }),
  gate_id: Type.Optional(GateId),
  attempt: Type.Optional(Count),
  log_index: Type.Optional(Count),
  head: Type.Optional(GitOid),
  owner_uid: Type.Optional(Count),
  owner_tenant: Type.Optional(TenantId),
});
export type Tombstone = Static<typeof Tombstone>;

/** Stands in the place of a layer that is gone. */
export const TOMBSTONE_MEDIA_TYPE = "application/vnd.maestro.tombstone.v1+json";
export const TombstoneDocument = Closed({ type: Type.Literal("maestro.tombstone"), v: Type.Literal(1), body: Tombstone });

/** Nothing of a held gate goes, whatever its age. */
export const Hold = Closed({ at_s: Count, reason: Type.String({ minLength: 1, maxLength: 500 }) });
export type Hold = Static<typeof Hold>;

/** The newest word on a gate; `null` let go of it. */
const HOLD_WORD = { gate_id: GateId, at_s: Count, reason: Type.Union([Type.String({ minLength: 1, maxLength: 500 }), Type.Null()]) };
const HoldWord = Closed(HOLD_WORD);
export type HoldWord = Static<typeof HoldWord>;
/** A line of `holds.jsonl`, with the first 16 characters of a SHA-256 over the rest: a bit that flips must not let go of anything. */
export const HoldLine = Closed({ ...HOLD_WORD, check: Type.String({ pattern: "^[0-9a-f]{16}$" }) });

export const HoldRequest = Closed({ hold: Type.Boolean(), reason: Type.String({ maxLength: 500, description: "why; kept with the hold" }) });
export type HoldRequest = Static<typeof HoldRequest>;
export const ForgetRequest = Closed({ confirm: Type.Literal(true, { description: "what goes is gone: only its tombstone and its log entry stay" }) });
export type ForgetRequest = Static<typeof ForgetRequest>;
export const HoldReply = Closed({ gate_id: Type.String(), held: Type.Boolean() });
export type HoldReply = Static<typeof HoldReply>;
export const ForgetReply = Closed({ gate_id: Type.String(), attempts: Count });
export type ForgetReply = Static<typeof ForgetReply>;

export const RetentionReply = Closed({
  classes: Type.Array(Closed({ class: RetentionClass, holds: ShortText, days: Type.Union([Count, Type.Null()], { description: "null: never removed; 0: kept for ever by choice" }), setting: Type.Union([Type.String(), Type.Null()]) })),
  tombstones: Count,
  holds: Count,
  overdue: Count,
  last_sweep: Type.Union([Timestamp, Type.Null()]),
});
export type RetentionReply = Static<typeof RetentionReply>;

/** What is said of the state folder's health, of backups and of what was removed. */
import { Type, type Static } from "@sinclair/typebox";
import { FailureEvent } from "./api.ts";
import { Area, Damage } from "./damage.ts";
import { Closed, Count, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";

/** How much of it is listed one by one; the rest is counted. */
export const DAMAGE_MAX = 100;

export const Examined = Closed({ area: Area, items: Count, bytes: Count });

export const FsckReport = Closed({
  examined: Type.Array(Examined),
  damage: Type.Array(Damage, { maxItems: DAMAGE_MAX }),
  damage_total: Count,
  duration_ms: Count,
});
export type FsckReport = Static<typeof FsckReport>;

export const FsckProgress = Closed({ event: Type.Literal("progress"), area: Area, items: Count, bytes: Count });
export const FsckResult = Closed({ event: Type.Literal("report"), report: FsckReport });
export const FsckEvent = Type.Union([FsckProgress, FsckResult, FailureEvent]);
export type FsckEvent = Static<typeof FsckEvent>;

export const BackupRequest = Closed({ with_keys: Type.Boolean({ description: "also the private keys: whoever has the backup can then sign as this node" }) });
export type BackupRequest = Static<typeof BackupRequest>;

/** A snapshot inside the state folder, ready to be copied away. */
export const BackupReply = Closed({ name: ShortText, folder: Type.String(), manifest_sha256: Sha256Hex, files: Count, bytes: Count });
export type BackupReply = Static<typeof BackupReply>;

export const ReleaseReply = Closed({ released: Type.Boolean() });
export type ReleaseReply = Static<typeof ReleaseReply>;

export const BackupFile = Closed({ path: Type.String({ pattern: "^(?!/)(?!.*(?:^|/)\\.\\.?(?:/|$))[A-Za-z0-9._/@+-]{1,400}$" }), bytes: Count, sha256: Sha256Hex });
export type BackupFile = Static<typeof BackupFile>;

/** `manifest.json` of a backup: every other file of it, in order of path. */
export const BackupManifest = Closed({
  type: Type.Literal("maestro.backup"),
  v: Type.Literal(1),
  body: Closed({
    made_at: Timestamp,
    version: ShortText,
    schema: Count,
    with_keys: Type.Boolean(),
    log: Closed({ origin: ShortText, size: Count, root: Sha256Hex }),
    gates: Count,
    files: Type.Array(BackupFile, { maxItems: 10_000_000 }),
  }),
});
export type BackupManifest = Static<typeof BackupManifest>;

export const GcRequest = Closed({ apply: Type.Boolean({ description: "false: only say what would go" }) });
export type GcRequest = Static<typeof GcRequest>;

const Removed = Closed({ count: Count, bytes: Count });
export const GcReply = Closed({
  applied: Type.Boolean(),
  blobs: Removed,
  packs: Removed,
  leftovers: Removed,
  kept_young: Count,
});
export type GcReply = Static<typeof GcReply>;

/** What an offline repair did; nothing damaged is deleted, all of it is moved aside. */
export const RepairReport = Closed({
  quarantine: Type.Union([Type.String(), Type.Null()]),
  rebuilt: Type.Array(ShortText, { maxItems: DAMAGE_MAX }),
  lost: Type.Array(ShortText, { maxItems: DAMAGE_MAX }),
  succession: Type.Union([Closed({ from: ShortText, to: ShortText }), Type.Null()], { description: "the log began anew, because its newest head could not be proven" }),
  after: FsckReport,
});
export type RepairReport = Static<typeof RepairReport>;

/** What a restore, a check of a backup, or a new identity did. */
export const RestoreReport = Closed({
  checked: Closed({ files: Count, bytes: Count }),
  restored: Type.Union([Type.String(), Type.Null()]),
  succession: Type.Union([Closed({ from: ShortText, size: Count, to: ShortText }), Type.Null()]),
  log: Closed({ origin: ShortText, size: Count }),
  gates: Count,
  holds_awaited: Type.Boolean({ description: "no holds newer than the backup were handed in: for a day after its first start nothing goes by its age" }),
  damage: Type.Array(Damage, { maxItems: DAMAGE_MAX, description: "what was lost before the backup was made, and is lost here, too" }),
});
export type RestoreReport = Static<typeof RestoreReport>;

/** How each version of the tables becomes the next one. A migration reads and writes a copy; nothing else sees it before it is whole. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { backfillSummaries } from "./backfill.ts";
import type { Store } from "./db.ts";
import { openSummaries } from "./summaries.ts";
import { addEvidence, openUsage } from "./usage.ts";

export interface Migration {
  readonly from: number;
  /** Runs inside one transaction. `state_dir` is for reading only. */
  readonly run: (store: Store, state_dir: string) => void;
}

/** What version 1 kept of a gate, as far as version 2 needs it. */
const GateOf1 = Type.Object({ owner_uid: Type.Integer({ minimum: 0 }), reply: Type.String(), bundle: Type.String() });

function bytesOf(state_dir: string, digest: string): number {
  return statSync(join(state_dir, "oci/blobs/sha256", digest.replace(/^sha256:/, "")), { throwIfNoEntry: false })?.size ?? 0;
}

/** Version 2 counts what each tenant keeps, so what is kept already is counted once. */
function countEvidence(store: Store, state_dir: string): void {
  const usage = openUsage(store);
  const gates = store.table<readonly [string, number], typeof GateOf1>("gates", GateOf1);
  for (const { value } of gates.entries()) addEvidence(usage, String(value.owner_uid), bytesOf(state_dir, value.reply) + bytesOf(state_dir, value.bundle));
}

/** Version 3 keeps a summary of each gate, so those on record get theirs. */
function summarise(store: Store, state_dir: string): void {
  const rows = store.table("gates", Type.Unknown());
  backfillSummaries(openSummaries(store), [...rows.entries()].map(({ value }) => value), state_dir);
}

/**
 * What was there is read as it is, and an older daemon would misread what is new. In version 4 reservations name who pays, and kept
 * outcomes what they took. In version 5 a log may have changed its key (`trust.json` says so in a word more), gates may have gone
 * when their time was over, and builds hold blobs that an older `gc` would delete. In version 6 accounts hold money and a GPU's time
 * where routed work took any, and a promise of such work outlives the daemon that made it.
 */
function unchanged(): void {}

export const MIGRATIONS: readonly Migration[] = [{ from: 1, run: countEvidence }, { from: 2, run: summarise }, { from: 3, run: unchanged }, { from: 4, run: unchanged }, { from: 5, run: unchanged }];

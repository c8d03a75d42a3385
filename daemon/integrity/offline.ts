/** A state folder without a daemon: opened as far as it can be, looked at whole. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Limits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { openKeys, type Keys } from "../evidence/keys/index.ts";
import { checkSums } from "../evidence/keys/sums.ts";
import { auditFiles, auditRotations, auditTree, type AuditStep } from "../evidence/log/audit.ts";
import { checkHead } from "../evidence/log/opening.ts";
import { HEAD, openTables, readNodes, type LogTables } from "../evidence/log/tables.ts";
import { rememberedMachine } from "../evidence/succession/machine.ts";
import { openArtifacts, type Artifacts } from "../store/artifacts.ts";
import { openStore, type Store } from "../store/db.ts";
import { openGates, type Gates } from "../store/gates.ts";
import { openModels, type ModelTable } from "../store/models.ts";
import { openOutbox, type Outbox } from "../store/outbox.ts";
import { requireNoLater } from "../store/schema.ts";
import { type Holds, openHolds, openTombstones, type Tombstones } from "../store/tombstones.ts";
import { rememberedPlace } from "./place.ts";
import { logKeys } from "./start.ts";
import { type Step, within } from "./step.ts";
import { walk } from "./walk.ts";

interface Opened {
  readonly keys: Keys;
  readonly store: Store;
  readonly tables: LogTables;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  readonly outbox: Outbox;
  readonly models: ModelTable;
  readonly tombstones: Tombstones;
  readonly holds: Holds;
  close(): Promise<void>;
}

/** Never makes keys: a folder without them is damaged, or none of ours. Throws `store.schema` for a later release's, whose `trust.json` may say more. */
export function keysOf(state_dir: string): Keys {
  requireNoLater(join(state_dir, "db"));
  if (!existsSync(join(state_dir, "keys"))) throw new MaestroError("evidence.keys", `${state_dir}/keys is missing`);
  return openKeys({ state_dir, now: new Date(0), trust_domain: null });
}

export async function openOffline(state_dir: string, limits: Pick<Limits, "store">): Promise<Opened> {
  if (!existsSync(join(state_dir, "db"))) throw new MaestroError("store.corrupt", `${state_dir}/db is missing`);
  const keys = keysOf(state_dir);
  const store = openStore({ state_dir, limits: limits.store, fatal: () => undefined });
  try {
    return { keys, store, tables: openTables(store), artifacts: await openArtifacts({ state_dir, limits: limits.store }), gates: openGates(store), outbox: openOutbox(store), models: openModels(store), tombstones: openTombstones(store), holds: openHolds(store), close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function* log(state_dir: string, { keys, tables }: Opened): AsyncGenerator<AuditStep, void> {
  const head = tables.head.get(HEAD);
  if (head === undefined) return yield { name: "head", bytes: 0, problem: "it is missing" };
  checkHead(head, tables, readNodes(tables), keys.log_note);
  yield* auditTree(tables, head);
  yield* auditFiles(tables, head, join(state_dir, "log"), keys.log_notes, false);
  yield* auditRotations(tables, join(state_dir, "log"));
}

function* machine(state_dir: string): Generator<Omit<Step, "area">, void> {
  rememberedMachine(state_dir);
  yield { name: "machine", bytes: 0, problem: null };
  rememberedPlace(state_dir);
  yield { name: "place", bytes: 0, problem: null };
}

/** Everything in the folder; what cannot even be opened is the first thing that is wrong. Throws `store.schema` for another version's. */
export async function* walkOffline(state_dir: string, limits: Pick<Limits, "store">): AsyncGenerator<Step, void> {
  yield* within("keys", machine(state_dir));
  let opened: Opened;
  try {
    opened = await openOffline(state_dir, limits);
  } catch (error) {
    // What another version wrote is not damaged, and nothing is rebuilt from what is only not understood.
    if (!(error instanceof MaestroError) || error.code === "store.schema") throw error;
    yield { area: error.code === "evidence.keys" ? "keys" : "database", name: state_dir, bytes: 0, problem: error.detail };
    return;
  }
  try {
    const { keys, store, gates, artifacts, outbox, models, tombstones, holds } = opened;
    const expired = (name: string): boolean => tombstones.get(name, "personal") !== undefined;
    const state = opened;
    yield* walk({ expired, state_dir, store, gates, artifacts, outbox, models, holds, log: () => log(state_dir, state), log_keys: logKeys(keys.trust), keys: () => checkSums(join(state_dir, "keys")) });
  } finally {
    await opened.close();
  }
}

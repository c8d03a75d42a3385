/**
 * A damaged state folder is put right from what is left: sound records, tiles and blobs. Nothing is deleted; what is damaged goes
 * into `quarantine/<time>`. Where the newest head cannot be proven, the log begins anew, because its key may have signed more than is left.
 */
import { existsSync, readFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { RepairReport } from "../../proto/integrity.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ImageManifest } from "../../proto/oci.ts";
import { ROTATIONS_FILE } from "../../proto/log.ts";
import { fileAt } from "../evidence/log/audit.ts";
import { readEntryTiles } from "../evidence/log/ended.ts";
import { headIn } from "../evidence/log/opening.ts";
import { readPublished } from "../evidence/log/projection.ts";
import { recoverLog, type SignedHead } from "../evidence/log/recover.ts";
import { recoverRotations } from "../evidence/log/rotations.ts";
import { HEAD, openTables, type LogTables } from "../evidence/log/tables.ts";
import { finishSuccession, planSuccession, writeFiles, type Succession } from "../evidence/succession/index.ts";
import { rememberMachine } from "../evidence/succession/machine.ts";
import type { Keys } from "../evidence/keys/index.ts";
import { logSeconds } from "../evidence/time/index.ts";
import { openArtifacts, type Artifacts } from "../store/artifacts.ts";
import { openStore, type Store } from "../store/db.ts";
import type { GateRow } from "../store/gates.ts";
import { syncPath } from "../platform/sync.ts";
import { keepEnvelope } from "../store/envelopes.ts";
import { REPAIRED, settle } from "../store/upgrade.ts";
import { markAlone, whyOlder } from "../store/mark.ts";
import { flipBack, flippedBit } from "../store/mend.ts";
import { findEvidence, nameOf, type FoundEvidence } from "./evidence-blobs.ts";
import { fsckReport } from "./fsck.ts";
import { keysOf, walkOffline } from "./offline.ts";
import { type addBuilds, buildIn } from "./build-blobs.ts";
import { draftIn, draftNameFor, lostDrafts } from "./draft-blobs.ts";
import { shipmentIn } from "./shipment-blobs.ts";
import { nameReleases } from "./release-blobs.ts";
import { repairGates } from "./repair-gates.ts";
import { rememberPlace } from "./place.ts";
import { mendHoldFile, repairHolds } from "./repair-holds.ts";
import { Repair, type RepairDeps } from "./repairing.ts";
import type { Step } from "./step.ts";

/** Blobs that are not what their names say, and packs that are not what they end with: aside, as nothing can be made of them. */
async function setAsideFiles(repair: Repair, steps: readonly Step[]): Promise<void> {
  for (const { area, name, problem } of steps) {
    if (problem === null) continue;
    if (area === "blobs") {
      await repair.aside(`oci/blobs/sha256/${name.replace(/^sha256:/, "")}`);
      repair.note("lost", `blob ${name}: ${problem}`);
    }
    if (area === "ended logs") repair.note("lost", `ended log ${name}: ${problem}`);
  }
  if (steps.some(({ area, problem }) => area === "packs" && problem !== null)) {
    await repair.aside("repositories");
    repair.note("rebuilt", "repositories: a cache of what clients send, empty again");
  }
}

/** Heads that this key signed, wherever one still stands. */
async function headsOf(state_dir: string, keys: Keys, tables: LogTables, found: FoundEvidence): Promise<{ heads: SignedHead[]; newest: SignedHead | null }> {
  const text = await readPublished(join(state_dir, "log"));
  const published = text === null ? null : headIn(text, keys.log_notes);
  const stored = tables.head.get(HEAD)?.checkpoint;
  const own = stored === undefined ? null : headIn(stored, keys.log_notes);
  const newest = own === null || stored === undefined ? null : { checkpoint: own, text: stored };
  return { heads: [...(newest === null ? [] : [newest]), ...(published === null || text === null ? [] : [{ checkpoint: published, text }]), ...found.heads], newest };
}

async function repairLog(repair: Repair, store: Store, tables: LogTables, keys: Keys, found: FoundEvidence): Promise<boolean> {
  const { state_dir, clock } = repair.deps;
  const { heads, newest } = await headsOf(state_dir, keys, tables, found);
  const size = Math.max(0, ...heads.map(({ checkpoint }) => checkpoint.size));
  const elsewhere = new Map((await readEntryTiles(join(state_dir, "log"), size)).entries());
  for (const [index, entry] of found.entries) elsewhere.set(index, entry);
  const time_s = tables.head.get(HEAD)?.time_s ?? Math.floor(clock.now_ms() / 1000);
  const { head, entries, replaced } = recoverLog(store, tables, heads, elsewhere, time_s);
  if (head === null) {
    repair.note("lost", "log: no signed head that its entries reach is left");
    return false;
  }
  const changes = recoverRotations(store, tables, await fileAt(join(state_dir, "log", ROTATIONS_FILE)), entries);
  if (changes > 0) repair.note("rebuilt", `log: ${changes} changes of its key, from the file beside its tiles`);
  if (entries < size) repair.note("lost", `log: entries ${entries} to ${size - 1}`);
  repair.note("rebuilt", `log: ${entries} entries, ${replaced} of them from tiles and bundles`);
  // The head in the store is the newest that was ever signed, unless a newer one turns up elsewhere: then the store is an older copy.
  return newest !== null && newest.checkpoint.size === size && head.checkpoint.size === size;
}

async function buildsIn(artifacts: Artifacts, { gates, others }: FoundEvidence): Promise<Parameters<typeof addBuilds>[2]> {
  const ofDraft = async (manifest: ImageManifest): Promise<GateRow | null> => {
    const of = await draftIn(artifacts, manifest);
    return gates.find(({ row }) => row.gate_id === of?.gate_id && row.attempt.attempt === of.attempt)?.row ?? null;
  };
  const rows = await Promise.all(others.map(async ({ manifest }) => ({ row: (await buildIn(artifacts, manifest)) ?? (await shipmentIn(artifacts, manifest)) ?? (await ofDraft(manifest)), bytes: manifest.layers.reduce((sum, { size }) => sum + size, 0) })));
  return rows.flatMap(({ row, bytes }) => (row === null ? [] : [{ row, bytes }]));
}

/** Names anew what the index lost, from the manifests themselves. */
async function repairIndex(repair: Repair, artifacts: Artifacts, found: FoundEvidence): Promise<void> {
  let named = await nameReleases(artifacts, found.releases);
  for (const gate of found.gates) if (await artifacts.restoreName(nameOf(gate), gate.manifest)) named += 1;
  const known = await artifacts.references();
  const gates = new Set(found.gates.map(nameOf));
  for (const { digest, manifest } of found.others) {
    const whole = (await Promise.all(manifest.layers.map((layer) => artifacts.blobs.has(layer.digest)))).every(Boolean);
    if (!whole || known.has(digest)) continue;
    const name = (await buildIn(artifacts, manifest))?.build_id ?? (await shipmentIn(artifacts, manifest))?.shipment_id ?? (await draftNameFor(artifacts, manifest, gates)) ?? `recovered-${digest.slice(7, 19)}`;
    if (await artifacts.restoreName(name, digest)) named += 1;
  }
  if (named > 0) repair.note("rebuilt", `artifacts: ${named} names`);
  for (const { name, problem } of await lostDrafts(artifacts, gates)) {
    await artifacts.removeNames([name]);
    repair.note("lost", `${name}: ${problem}`);
  }
}

async function damagedIndex(repair: Repair, state_dir: string, limits: RepairDeps["limits"]): Promise<Artifacts> {
  try {
    return await openArtifacts({ state_dir, limits: limits.store });
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "store.corrupt") throw error;
    await repair.aside("oci/index.json");
    return openArtifacts({ state_dir, limits: limits.store });
  }
}

/** A database is rebuilt beside the old one, which is moved aside once the new one is whole. */
async function rebuildDatabase(repair: Repair, keys: Keys, artifacts: Artifacts): Promise<Succession | null> {
  const { state_dir, limits, salvage, machine, clock } = repair.deps;
  const [next, whole] = [join(state_dir, "db.repairing"), join(state_dir, REPAIRED)];
  for (const left of [next, whole]) await rm(left, { recursive: true, force: true });
  for (const { table, kept, refused, stopped } of await salvage(join(state_dir, "db"), next)) {
    if (refused > 0 || stopped !== null) repair.note("lost", `table ${table}: ${refused} records refused${stopped === null ? "" : `, then unreadable: ${stopped}`}; ${kept} kept`);
  }
  const store = openStore({ state_dir, limits: limits.store, folder: basename(next), fatal: () => undefined });
  try {
    const tables = openTables(store);
    const found = await findEvidence(artifacts.blobs, keys.trust, keys.log_notes);
    repairGates(repair, store, found, await buildsIn(artifacts, found));
    await repairIndex(repair, artifacts, found);
    // A log that was to end does so.
    const proven = (await repairLog(repair, store, tables, keys, found)) && !repair.older && !existsSync(join(state_dir, "keys.next"));
    await store.durable();
    const head = tables.head.get(HEAD);
    // Planned before the exchange: whoever starts on the new database after a kill finishes it first.
    await repair.aside("keys.next");
    const keys_folder = join(state_dir, "keys");
    if (head !== undefined && !proven) planSuccession({ state_dir, cause: "repaired", head, keys_folder, trust_bytes: new Uint8Array(readFileSync(join(keys_folder, "trust.json"))), now_s: logSeconds({ store, clock }, head.time_s) });
    await rename(next, whole);
    await repair.aside("db");
    await rename(whole, join(state_dir, "db"));
    await syncPath(state_dir);
    await repair.aside("log");
    if (head === undefined) return null;
    if (proven) {
      await writeFiles(state_dir, head, tables);
      return null;
    }
    return await finishSuccession({ state_dir, store, tables, machine, keep: (name, bytes) => keepEnvelope(artifacts, name, bytes) });
  } finally {
    await store.close();
  }
}

/** A bit that made the database an older one, put back before anybody opens it. Where nothing proves which one it was, what is lost is said. */
async function mend(repair: Repair): Promise<void> {
  const db = join(repair.deps.state_dir, "db");
  const why = existsSync(join(db, "data.mdb")) ? whyOlder(db) : null;
  if (why === null) return;
  if (markAlone(db)) {
    await repair.aside("db/mark", "mark");
    return repair.note("rebuilt", "database: the mark beside it, which could not be read; nothing in the database speaks against what it says of itself");
  }
  const flipped = flippedBit(db);
  repair.older = flipped === null;
  if (flipped === null) return repair.note("lost", `database: ${why}; the newest transactions may be missing, and with them tokens, spending and waiting approvals, which stand nowhere else`);
  await repair.copyAside("db/data.mdb", "db.flipped");
  flipBack(db, flipped);
  repair.note("rebuilt", `database: bit ${flipped.bit} of byte ${flipped.byte} put back, as the mark beside it proves`);
}

const IN_DATABASE: readonly string[] = ["database", "log", "gates", "artifacts"];

/**
 * The caller holds the state folder's lock. Throws `evidence.keys` where the keys themselves are damaged: without them nothing says
 * what is sound, and only a backup helps.
 */
export async function repairState(deps: RepairDeps): Promise<RepairReport> {
  const { state_dir, limits, machine, monotonic_ms } = deps;
  const repair = new Repair(deps);
  const keys = keysOf(state_dir);
  settle(state_dir);
  await mend(repair);
  const unread = await mendHoldFile(repair);
  const damaged = (await deps.examine()).filter(({ problem }) => problem !== null);
  if (damaged.some(({ area }) => area === "keys") && machine !== null) {
    rememberMachine(state_dir, machine);
    repair.note("rebuilt", "machine: this machine is now the one on record");
  }
  if (damaged.some(({ area, problem }) => area === "keys" && problem?.includes("/place is damaged"))) {
    rememberPlace(state_dir);
    repair.note("rebuilt", "place: this folder is now the one on record");
  }
  await setAsideFiles(repair, damaged);
  let succession: Succession | null = null;
  // A database that could not be opened hides what else is wrong, so the files are looked at through the blobs.
  if (damaged.some(({ area }) => IN_DATABASE.includes(area))) {
    const artifacts = await damagedIndex(repair, state_dir, limits);
    await setAsideBlobs(repair, artifacts);
    succession = await rebuildDatabase(repair, keys, artifacts);
  }
  await repairHolds(repair, unread);
  const after = await fsckReport(walkOffline(state_dir, limits), monotonic_ms);
  return { quarantine: repair.folder, rebuilt: repair.rebuilt, lost: repair.lost, succession: succession === null ? null : { from: succession.from.origin, to: succession.to }, after };
}

async function setAsideBlobs(repair: Repair, { blobs }: Artifacts): Promise<void> {
  for await (const { name, digest } of blobs.list()) {
    const problem = digest === null ? "its name is no digest" : (await blobs.check(digest)).problem;
    if (problem === null) continue;
    await repair.aside(`oci/blobs/sha256/${name}`);
    repair.note("lost", `blob ${name}: ${problem}`);
  }
}

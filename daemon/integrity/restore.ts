/** A backup becomes a state folder again, and a copied folder a node of its own. Both end the old log: somebody else may go on with it. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, lchownSync, lstatSync, readFileSync, realpathSync, type Stats } from "node:fs";
import { copyFile, lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SuccessionCause } from "../../proto/attestation.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import type { Limits } from "../../proto/config.ts";
import { type BackupFile, BackupManifest, type RestoreReport } from "../../proto/integrity.ts";
import { MaestroError } from "../../proto/errors.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { headIn } from "../evidence/log/opening.ts";
import { HEAD, openTables } from "../evidence/log/tables.ts";
import { finishSuccession, planSuccession, type Succession } from "../evidence/succession/index.ts";
import { succeed } from "../evidence/succession/renew.ts";
import { logSeconds } from "../evidence/time/index.ts";
import type { Clock } from "../platform/clock.ts";
import { openArtifacts } from "../store/artifacts.ts";
import { openStore } from "../store/db.ts";
import { takeLock } from "../platform/socket/index.ts";
import { syncPath } from "../platform/sync.ts";
import { keepEnvelope } from "../store/envelopes.ts";
import { openGates } from "../store/gates.ts";
import { openHolds } from "../store/tombstones.ts";
import { forgetOld, upgradeStore } from "../store/upgrade.ts";
import { openTrust } from "../verifier/trust.ts";
import { awaitHolds, believeClock } from "./age.ts";
import { fsckReport } from "./fsck.ts";
import { HOLD_FILE, mergeHolds } from "./hold-file.ts";
import { settleHolds } from "./holding.ts";
import { openOffline, walkOffline } from "./offline.ts";
import { logKeys } from "./start.ts";
import { mergeTombstones } from "./tombstone-file.ts";

export interface RestoreDeps {
  readonly source: string;
  /** File of tombstones newer than the backup: what they name goes again before anything is served. */
  readonly tombstones?: string;
  /** File of holds newer than the backup; where it is not given, the one beside `tombstones` is taken. Where there is neither, nothing goes by its age for a day. */
  readonly holds?: string;
  readonly state_dir: string;
  readonly cause: Extract<SuccessionCause, "restored" | "clone">;
  readonly limits: Pick<Limits, "store">;
  readonly machine: string | null;
  readonly clock: Pick<Clock, "now_ms" | "boottime_ms" | "boot_id">;
  readonly monotonic_ms: () => number;
}

const MANIFEST = "manifest.json";
const LIMITS = { bytes_max: 4 * 1024 * 1024 * 1024, depth_max: 8 };
const isManifest = lazyCheck(BackupManifest);
/** Of the backup, not of the state folder. */
const NOT_RESTORED: readonly string[] = ["trust.json", "host-config.json"];

const damaged = (what: string, cause?: unknown): MaestroError => new MaestroError("backup.damaged", what, { cause });

/** A backup holds plain files alone: a pipe would be waited for without end, a link read what lies elsewhere. Throws `backup.damaged`. */
async function requireFile(source: string, path: string): Promise<void> {
  const found = await lstat(join(source, path)).catch((cause: unknown) => {
    throw damaged(`${path} cannot be read`, cause);
  });
  if (!found.isFile()) throw damaged(`${path} is no plain file`);
}

async function manifestOf(source: string): Promise<BackupManifest> {
  await requireFile(source, MANIFEST);
  try {
    const value = parseCanonical(new Uint8Array(await readFile(join(source, MANIFEST))), LIMITS);
    if (isManifest().Check(value)) return value;
  } catch (cause) {
    throw damaged(`${source}/${MANIFEST} cannot be read`, cause);
  }
  throw damaged(`${source}/${MANIFEST} is no manifest of a backup`);
}

async function checkFile(source: string, { path, bytes, sha256 }: BackupFile): Promise<void> {
  await requireFile(source, path);
  const hash = createHash("sha256");
  let size = 0;
  try {
    for await (const chunk of createReadStream(join(source, path)) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
  } catch (cause) {
    throw damaged(`${path} cannot be read`, cause);
  }
  if (size !== bytes || hash.digest("hex") !== sha256) throw damaged(`${path} is not what the manifest says`);
}

/** Every file is what the manifest says. What the manifest does not name is not looked at, and never restored. */
async function checkBackup(source: string): Promise<BackupManifest> {
  const manifest = await manifestOf(source);
  for (const file of manifest.body.files) await checkFile(source, file);
  return manifest;
}

async function copyAll(source: string, target: string, files: readonly BackupFile[]): Promise<void> {
  const folders = new Set<string>([target]);
  for (const file of files) {
    if (NOT_RESTORED.includes(file.path)) continue;
    const to = join(target, file.path);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    for (let folder = dirname(to); folder.length > target.length; folder = dirname(folder)) folders.add(folder);
    await copyFile(join(source, file.path), to);
    await checkFile(target, file);
    const handle = await open(to, "r+");
    await handle.chmod(file.path.startsWith("log") ? 0o644 : 0o600);
    await handle.sync();
    await handle.close();
  }
  for (const folder of folders) await syncPath(folder);
}

const occupied = (what: string): MaestroError => new MaestroError("restore.occupied", what);

/** Where the state is to lie in the end, behind any link, and who owns what lies there now. Throws `restore.occupied`. */
function placeOf(state_dir: string): { readonly path: string; readonly owner: Stats | null } {
  const link = lstatSync(state_dir, { throwIfNoEntry: false });
  if (link === undefined) return { path: state_dir, owner: null };
  if (!existsSync(state_dir)) throw occupied(`${state_dir} is a link to nothing`);
  const path = realpathSync(state_dir);
  const owner = lstatSync(path);
  if (!owner.isDirectory()) throw occupied(`${path} is a file`);
  if (owner.dev !== lstatSync(dirname(path)).dev) throw occupied(`${path} is a mount point, which no folder can take the place of; restore into a folder on that disk and give it with --state`);
  return { path, owner };
}

async function requireEmpty(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  if (names.length > 0) throw occupied(`${folder} holds ${names.slice(0, 3).join(", ")}`);
}

/** For root, who restores for a service: the state belongs to whom the empty folder belonged to. */
async function giveTo({ uid, gid }: Stats, folder: string): Promise<void> {
  if (process.getuid?.() !== 0 || uid === 0) return;
  for (const name of await readdir(folder, { recursive: true })) lchownSync(join(folder, name), uid, gid);
  lchownSync(folder, uid, gid);
}

async function begin(staging: string, trust_bytes: Uint8Array, holds_known: boolean, { limits, cause, machine, clock }: RestoreDeps): Promise<{ succession: Succession | null; gates: number; log: { origin: string; size: number } }> {
  const opening = { state_dir: staging, limits: limits.store, fatal: () => undefined };
  await upgradeStore(opening);
  forgetOld(staging);
  const store = openStore(opening);
  try {
    const artifacts = await openArtifacts(opening);
    const tables = openTables(store);
    const head = tables.head.get(HEAD);
    const trust = openTrust(trust_bytes);
    if (head === undefined || !trust.ok) throw damaged(head === undefined ? "its log has no head" : "its trust file cannot be read");
    if (headIn(head.checkpoint, logKeys(trust.value)) === null) throw damaged("no key of its trust file signed its log");
    const keys = join(staging, "keys");
    const gates = openGates(store);
    await settleHolds({ state_dir: staging, store, gates, holds: openHolds(store) });
    store.atomic(() => (holds_known ? believeClock : awaitHolds)(gates.floors));
    planSuccession({ state_dir: staging, cause, head, keys_folder: existsSync(keys) ? keys : null, trust_bytes, now_s: logSeconds({ store, clock }, head.time_s) });
    const succession = await finishSuccession({ state_dir: staging, store, tables, machine, keep: (name, bytes) => keepEnvelope(artifacts, name, bytes) });
    return { succession, gates: gates.count(), log: { origin: succession?.to ?? "", size: tables.head.get(HEAD)?.size ?? 0 } };
  } finally {
    await store.close();
  }
}

/** What was lost before the backup was made: said, and no reason to refuse everything else. */
const LOST_BEFORE: readonly string[] = ["gates", "artifacts", "ended logs", "models"];

/** The newest file of holds that was handed in, if one was. */
const holdsFor = ({ holds, tombstones }: RestoreDeps): string | null => {
  const beside = tombstones === undefined ? null : join(dirname(tombstones), HOLD_FILE);
  return holds ?? (beside !== null && existsSync(beside) ? beside : null);
};

async function restoreInto(staging: string, manifest: BackupManifest, deps: RestoreDeps): Promise<Omit<RestoreReport, "checked" | "restored">> {
  const { source, limits, monotonic_ms } = deps;
  await copyAll(source, staging, manifest.body.files);
  if (deps.tombstones !== undefined) await mergeTombstones(staging, deps.tombstones);
  const holds = holdsFor(deps);
  if (holds !== null) await mergeHolds(staging, holds);
  const { succession, gates, log } = await begin(staging, new Uint8Array(readFileSync(join(source, "trust.json"))), holds !== null, deps);
  const { damage } = await fsckReport(walkOffline(staging, limits), monotonic_ms);
  const worse = damage.find(({ area }) => !LOST_BEFORE.includes(area));
  if (worse !== undefined) throw damaged(`what it holds is damaged: ${worse.area}: ${worse.name}: ${worse.what}`);
  return { succession: succession === null ? null : { from: succession.from.origin, size: succession.from.size, to: succession.to }, log, gates, holds_awaited: holds === null, damage };
}

/**
 * Restores into a folder that is absent or empty: made beside it, looked at whole, and renamed. Its log begins anew; old evidence verifies
 * under the new trust file. Throws `backup.damaged`, `restore.occupied` and, while another restore works here, `daemon.another_instance`.
 */
export async function restoreBackup(deps: RestoreDeps): Promise<RestoreReport> {
  const { path, owner } = placeOf(deps.state_dir);
  await requireEmpty(path);
  const manifest = await checkBackup(deps.source);
  const staging = `${path}.restoring`;
  await mkdir(staging, { recursive: true, mode: 0o700 });
  // It becomes the state folder's own lock, so that no daemon starts before the last word is said.
  const lock = takeLock(join(staging, LOCK));
  try {
    for (const left of await readdir(staging)) if (left !== LOCK) await rm(join(staging, left), { recursive: true });
    const report = await restoreInto(staging, manifest, deps);
    if (owner !== null) await giveTo(owner, staging);
    await requireEmpty(path);
    await rename(staging, path);
    await syncPath(dirname(path));
    return { checked: checkedOf(manifest), restored: path, ...report };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  } finally {
    lock.release();
  }
}

const LOCK = "lock";

const checkedOf = ({ body: { files } }: BackupManifest): RestoreReport["checked"] => ({ files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) });

/** What a restore would find, without doing it. */
export async function describeBackup(source: string): Promise<RestoreReport> {
  const manifest = await checkBackup(source);
  const { log, gates } = manifest.body;
  return { checked: checkedOf(manifest), restored: null, succession: null, log: { origin: log.origin, size: log.size }, gates, holds_awaited: false, damage: [] };
}

/** A folder as it is, for whoever says that it only moved. Throws what says that it cannot be opened. */
export async function describeState(state_dir: string, limits: RestoreDeps["limits"]): Promise<RestoreReport> {
  const { keys, tables, gates, close } = await openOffline(state_dir, limits);
  try {
    return { checked: { files: 0, bytes: 0 }, restored: null, succession: null, log: { origin: keys.log_note.name, size: tables.head.get(HEAD)?.size ?? 0 }, gates: gates.count(), holds_awaited: false, damage: [] };
  } finally {
    await close();
  }
}

/** A folder that was copied with its keys becomes a node of its own. The caller holds its lock. */
export async function cloneIdentity({ state_dir, limits, machine, clock }: Pick<RestoreDeps, "state_dir" | "limits" | "machine" | "clock">): Promise<RestoreReport> {
  const store = openStore({ state_dir, limits: limits.store, fatal: () => undefined });
  try {
    const artifacts = await openArtifacts({ state_dir, limits: limits.store });
    const tables = openTables(store);
    const keep = (name: string, bytes: Uint8Array) => keepEnvelope(artifacts, name, bytes);
    const succession = await succeed({ state_dir, store, tables, machine, keep, now_s: logSeconds({ store, clock }, tables.head.get(HEAD)?.time_s ?? 0), began: () => undefined }, "clone");
    if (succession === null) throw new MaestroError("evidence.succession", `${state_dir} has no log that could end`);
    return { checked: { files: 0, bytes: 0 }, restored: null, succession: { from: succession.from.origin, size: succession.from.size, to: succession.to }, log: { origin: succession.to, size: 1 }, gates: openGates(store).count(), holds_awaited: false, damage: [] };
  } finally {
    await store.close();
  }
}

/**
 * A consistent copy of what is kept, made while the daemon works: inside the state folder, mostly as hard links, for whoever copies
 * it away. No file here is ever written in place, so a link stays what it was.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BackupFile, BackupManifest, BackupReply } from "../../proto/integrity.ts";
import { canonicalBytes, canonicalNumbers } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import { toHex } from "../../proto/encoding.ts";
import { VERSION } from "../../proto/version.ts";
import type { Evidence } from "../evidence/index.ts";
import { isAbsent, lookAt, namesIn } from "../platform/folders.ts";
import { syncPath } from "../platform/sync.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Store } from "../store/db.ts";
import type { Gates } from "../store/gates.ts";
import { schemaOf } from "../store/schema.ts";
import { HOLD_FILE, readHolds, writeHolds } from "./hold-file.ts";
import { readTombstones, TOMBSTONE_FILE, writeTombstones } from "./tombstone-file.ts";
import { timestampOf } from "../verifier/time.ts";

export interface SnapshotDeps {
  readonly state_dir: string;
  readonly store: Pick<Store, "copyTo">;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  readonly evidence: Pick<Evidence, "published" | "logState">;
  readonly now_ms: () => number;
  /** The host's configuration as it is in force, for whoever reads the backup. */
  readonly config: unknown;
}

const FOLDER = "snapshots";
const NAME = /^backup-[0-9TZ-]{16,24}-[0-9a-f]{8}$/;

async function filesUnder(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesUnder(folder, path)));
    else found.push(path);
  }
  return found.sort();
}

/** A file may go or be exchanged under its name meanwhile; `false` where it went. */
async function linkInto(from: string, to: string): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

async function linkFolder(state_dir: string, target: string, name: string): Promise<void> {
  const from = join(state_dir, name);
  if ((await lookAt(from)) === null) return;
  for (const path of await filesUnder(from)) if (!path.endsWith(".new")) await linkInto(join(from, path), join(target, name, path));
}

async function describe(folder: string, path: string): Promise<BackupFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(join(folder, path)) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path, bytes, sha256: hash.digest("hex") };
}

/** The digest of a blob is its name; whoever copies it away compares the two. */
async function describeAll(folder: string): Promise<BackupFile[]> {
  const files: BackupFile[] = [];
  for (const path of await filesUnder(folder)) {
    const [, blob] = /^oci\/blobs\/sha256\/([0-9a-f]{64})$/.exec(path) ?? [];
    files.push(blob === undefined ? await describe(folder, path) : { path, bytes: (await stat(join(folder, path))).size, sha256: blob });
  }
  return files;
}

/** At the start, when nobody makes one: a daemon that was killed in the middle has left a whole database there. One that is whole may be being copied. */
export async function forgetHalfMade(state_dir: string): Promise<void> {
  const folder = join(state_dir, FOLDER);
  for (const name of await namesIn(folder)) if (name.endsWith(".new")) await rm(join(folder, name), { recursive: true, force: true });
}

/**
 * The log's files come first, then the database, then blobs: each holds at least what the one before it speaks of. The private keys are
 * left out unless asked for.
 */
export async function makeSnapshot(deps: SnapshotDeps, with_keys: boolean): Promise<BackupReply> {
  const { state_dir, store, artifacts, gates, evidence } = deps;
  const made_at = timestampOf(deps.now_ms() / 1000);
  const name = `backup-${made_at.replaceAll(":", "")}-${toHex(crypto.getRandomValues(new Uint8Array(4)))}`;
  const folder = join(state_dir, FOLDER, name);
  const fresh = `${folder}.new`;
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  try {
    await evidence.published();
    for (const part of ["log", "logs"]) await linkFolder(state_dir, fresh, part);
    const { origin, size, root } = evidence.logState();
    const count = gates.count();
    await mkdir(join(fresh, "db"), { mode: 0o700 });
    await store.copyTo(join(fresh, "db"));
    await linkInto(join(state_dir, "db/schema"), join(fresh, "db/schema"));
    for (const file of ["oci-layout", "index.json"]) await linkInto(join(artifacts.layout, file), join(fresh, "oci", file));
    for await (const { digest, name: blob } of artifacts.blobs.list()) if (digest !== null) await linkInto(join(artifacts.layout, "blobs/sha256", blob), join(fresh, "oci/blobs/sha256", blob));
    // No link: lines are added to the one that stays.
    await writeTombstones(fresh, await readTombstones(join(state_dir, TOMBSTONE_FILE)));
    await writeHolds(fresh, await readHolds(join(state_dir, HOLD_FILE)));
    if (with_keys) await linkFolder(state_dir, fresh, "keys");
    // Read where it is private, because the public copy is only a copy.
    await writeFile(join(fresh, "trust.json"), await readFile(join(state_dir, "keys/trust.json")), { mode: 0o600 });
    // A router has bounds and shares, which are fractions.
    await writeFile(join(fresh, "host-config.json"), canonicalNumbers(deps.config), { mode: 0o600 });
    const files = await describeAll(fresh);
    const manifest: BackupManifest = {
      type: "maestro.backup",
      v: 1,
      body: { made_at, version: VERSION, schema: schemaOf(join(state_dir, "db")) ?? 0, with_keys, log: { origin, size, root: toHex(root) }, gates: count, files },
    };
    const bytes = canonicalBytes(manifest);
    await writeFile(join(fresh, "manifest.json"), bytes, { mode: 0o600, flush: true });
    await rename(fresh, folder);
    await syncPath(dirname(folder));
    return { name, folder, manifest_sha256: createHash("sha256").update(bytes).digest("hex"), files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

/** Whoever copied it away is done with it. Throws `request.malformed` for what is no name of a snapshot. */
export async function releaseSnapshot(state_dir: string, name: string): Promise<boolean> {
  if (!NAME.test(name)) throw new MaestroError("request.malformed", `${JSON.stringify(name.slice(0, 80))} is no name of a snapshot`);
  const folder = join(state_dir, FOLDER, name);
  const there = (await lookAt(folder)) !== null;
  await rm(folder, { recursive: true, force: true });
  return there;
}

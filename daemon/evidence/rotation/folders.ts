/**
 * The private folders of a change of the log key. `keys.prepared` holds the next key and waits as long as it takes. `keys.rotation`
 * holds the key files as they are to be once the log's database says that the key changed: the database alone decides.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { syncPathNow } from "../../platform/sync.ts";
import { noteKey } from "../../verifier/note.ts";
import { openTrust } from "../../verifier/trust.ts";
import { checkPrivateFolder, readPrivateFile, replacePrivateFile, writePrivateFolder } from "../keys/files.ts";
import { generatePrivateKey, signerFromPem, type Signer } from "../keys/signer.ts";
import { writeSums } from "../keys/sums.ts";
import { headIn } from "../log/opening.ts";

const PREPARED = "keys.prepared";
const ROTATION = "keys.rotation";
/** Moved here by one rename, so that a folder that lacks some of its files is never taken for one that counts. */
const DONE = "keys.rotated";
/** What an operator signs over: both log keys, under the node's own root. */
export const NEXT_TRUST = "trust-next.json";
const LOG_KEY = "log.pem";

const keyIn = (folder: string): { readonly pem: Uint8Array; readonly signer: Signer } => {
  const pem = readPrivateFile(join(folder, LOG_KEY));
  return { pem, signer: signerFromPem("ed25519", new TextDecoder().decode(pem), LOG_KEY) };
};

/** The key that waits; `null` where none does. */
export function prepared(state_dir: string): Signer | null {
  const folder = join(state_dir, PREPARED);
  return checkPrivateFolder(folder) ? keyIn(folder).signer : null;
}

/** Makes the next key where none waits yet. */
export function prepare(state_dir: string): Signer {
  const waiting = prepared(state_dir);
  if (waiting !== null) return waiting;
  writePrivateFolder(join(state_dir, PREPARED), { [LOG_KEY]: generatePrivateKey("ed25519") });
  return keyIn(join(state_dir, PREPARED)).signer;
}

/** What the key files will be. On disk when it returns. */
export function planFiles(state_dir: string, trust: Uint8Array): void {
  drop(state_dir, ROTATION);
  writePrivateFolder(join(state_dir, ROTATION), { [LOG_KEY]: keyIn(join(state_dir, PREPARED)).pem, "trust.json": trust });
}

export function forgetPlan(state_dir: string): void {
  drop(state_dir, ROTATION);
}

function drop(state_dir: string, name: string): void {
  const done = join(state_dir, DONE);
  rmSync(done, { recursive: true, force: true });
  if (!existsSync(join(state_dir, name))) return;
  renameSync(join(state_dir, name), done);
  syncPathNow(state_dir);
  rmSync(done, { recursive: true });
}

/**
 * Puts the planned files in their places, each in one step; all of it may be repeated. The old private key is gone afterwards, but for
 * copies that somebody made. The plan goes last: without it nobody would know that a key which still waits signs already.
 */
export function installPlan(state_dir: string): void {
  const keys = join(state_dir, "keys");
  if (!existsSync(join(state_dir, ROTATION))) return;
  // Digests of before would refuse a folder that was left in between; without them it is opened, and gets its own.
  rmSync(join(keys, "sums"), { force: true });
  for (const name of ["trust.json", LOG_KEY]) replacePrivateFile(join(keys, name), readPrivateFile(join(state_dir, ROTATION, name)));
  writeSums(keys);
  drop(state_dir, PREPARED);
  rmSync(join(state_dir, NEXT_TRUST), { force: true });
  drop(state_dir, ROTATION);
}

/** Whether the log's head says that the planned key signs by now. */
function isSigned(state_dir: string, checkpoint: string | null): boolean {
  const { signer } = keyIn(join(state_dir, ROTATION));
  const trust = openTrust(readPrivateFile(join(state_dir, ROTATION, "trust.json")));
  if (!trust.ok) throw new MaestroError("evidence.keys", `${state_dir}/${ROTATION}: trust.json: ${trust.reason.detail}`);
  const origins = trust.value.entries.flatMap(({ entry }) => (entry.fingerprint === signer.key.fingerprint && entry.log_origin !== null ? [entry.log_origin] : []));
  return checkpoint !== null && headIn(checkpoint, origins.map((origin) => noteKey(origin, signer.key))) !== null;
}

/** Where another log begins: a key that waited was the next one of the log that ended, and a copy of the folder has it too. */
export function forgetPrepared(state_dir: string): void {
  for (const name of [ROTATION, PREPARED]) drop(state_dir, name);
  rmSync(join(state_dir, NEXT_TRUST), { force: true });
}

/** Whether the database says that the key changed and the key files do not show it yet. */
export function isPending(state_dir: string, checkpoint: string | null): boolean {
  return checkPrivateFolder(join(state_dir, ROTATION)) && isSigned(state_dir, checkpoint);
}

/** At each start, before any key is opened: a change that the database holds is finished, one that it does not hold never was. `checkpoint` is the log's newest. */
export function finishRotation(state_dir: string, checkpoint: string | null): void {
  drop(state_dir, DONE);
  // What was being written when the process died; it holds a key.
  for (const name of [PREPARED, ROTATION]) rmSync(join(state_dir, `${name}.new`), { recursive: true, force: true });
  if (isPending(state_dir, checkpoint)) installPlan(state_dir);
  else forgetPlan(state_dir);
}

/**
 * A log ends and another begins: no key ever signs two histories. What is to happen is written down whole first (`keys.next`), and
 * then done in steps that may be repeated, so that a kill anywhere is finished by the next start.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DsseEnvelope, STATEMENT_TYPE, SUCCESSION_PREDICATE, type SuccessionCause, type SuccessionStatement } from "../../../proto/attestation.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { syncPath, syncTree } from "../../platform/sync.ts";
import type { Store } from "../../store/db.ts";
import { readDocument } from "../../verifier/schema.ts";
import { timestampOf, timestampSeconds } from "../../verifier/time.ts";
import { parseCheckpoint } from "../../verifier/checkpoint.ts";
import { parseNote } from "../../verifier/note.ts";
import { signStatement } from "../attest/index.ts";
import { checkPrivateFolder, readPrivateFile, replacePrivateFile, writePrivateFolder, writePublicFile } from "../keys/files.ts";
import { openKeys } from "../keys/index.ts";
import { forgetFurther, writeSums } from "../keys/sums.ts";
import { beginLog } from "../log/begin.ts";
import { rebuild, sourceOf } from "../log/projection.ts";
import { HEAD, type Head, type LogTables } from "../log/tables.ts";
import { forgetPrepared } from "../rotation/folders.ts";
import { nextKeys } from "./keys.ts";
import { rememberMachine } from "./machine.ts";

export interface SuccessionPlan {
  readonly state_dir: string;
  readonly cause: SuccessionCause;
  /** The old log's newest head as it is known. */
  readonly head: Pick<Head, "checkpoint" | "time_s">;
  /** Folder of the old private keys; `null` where there are none. */
  readonly keys_folder: string | null;
  readonly trust_bytes: Uint8Array;
  readonly now_s: number;
}

export interface Succession {
  readonly cause: SuccessionCause;
  readonly from: { readonly origin: string; readonly size: number };
  readonly to: string;
}

export interface SuccessionDeps {
  readonly state_dir: string;
  readonly store: Store;
  readonly tables: LogTables;
  /** `null` where this machine has no identity. */
  readonly machine: string | null;
  /** Stores the signed statement under a name; durable when it resolves. */
  readonly keep: (name: string, envelope: Uint8Array) => Promise<void>;
}

const NEXT = "keys.next";
/** What was planned and is done, until its files are gone: a plan that lacks some of its files must never be taken for one that waits. */
const DONE = "keys.done";
const ENVELOPE = "succession.json";
const ENTRY = "entry.json";
const LIMITS = { bytes_max: 1024 * 1024, depth_max: 8 };
/** Files taken over one by one; the digests follow, and the trust file is the last that speaks of the change. */
const TAKEN = ["gate.pem", "log.pem", "root.pem", "salt.key", "trust.json"] as const;

/** Writes down what will happen, whole or not at all. Throws `evidence.succession`, and `evidence.log` for a head that is none. */
export function planSuccession({ state_dir, cause, head, keys_folder, trust_bytes, now_s }: SuccessionPlan): void {
  const old = parseCheckpoint(parseNote(head.checkpoint)?.text ?? "");
  if (old === null) throw new MaestroError("evidence.log", "the head that the new log would follow is no checkpoint");
  const at_s = Math.max(Math.floor(now_s), head.time_s);
  const keys = nextKeys({ folder: keys_folder, trust_bytes, old_origin: old.origin, new_gate_key: cause === "clone" || cause === "machine", at_s });
  const statement: SuccessionStatement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: old.origin, digest: { sha256: toHex(old.root) } }],
    predicateType: SUCCESSION_PREDICATE,
    predicate: { cause, checkpoint: head.checkpoint, origin: keys.origin, log_key: keys.log.key.fingerprint, at: timestampOf(at_s) },
  };
  const { envelope, entry } = signStatement(statement, keys.gate);
  writePrivateFolder(join(state_dir, NEXT), { ...keys.files, [ENVELOPE]: canonicalBytes(envelope), [ENTRY]: entry });
}

function planned(folder: string): { statement: SuccessionStatement; envelope: Uint8Array; entry: Uint8Array } {
  const envelope = readPrivateFile(join(folder, ENVELOPE));
  const opened = readDocument(DsseEnvelope, envelope, LIMITS);
  if ("because" in opened) throw new MaestroError("evidence.succession", `${folder}/${ENVELOPE}: ${opened.because}; remove ${folder} and start again`);
  // Our own words, signed and kept in a folder of ours: the shape was checked when they were written.
  const statement = JSON.parse(Buffer.from(opened.value.payload, "base64").toString()) as SuccessionStatement;
  return { statement, envelope, entry: readPrivateFile(join(folder, ENTRY)) };
}

/** The log's files under `log`, as its tables have them. */
export async function writeFiles(state_dir: string, { size, checkpoint }: Head, tables: LogTables): Promise<void> {
  await rebuild(join(state_dir, "log"), size, checkpoint, sourceOf(tables));
}

/** The old log's files, brought up to date and moved to `logs/<origin>`; durable when it resolves, because the tables they were made from are cleared next. */
async function archive(state_dir: string, origin: string, head: Head, tables: LogTables): Promise<void> {
  const from = join(state_dir, "log");
  const to = join(state_dir, "logs", origin);
  if (!existsSync(to)) {
    await writeFiles(state_dir, head, tables);
    await syncTree(from);
    mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
    renameSync(from, to);
  }
  for (const folder of [dirname(to), state_dir]) await syncPath(folder);
}

/** Does what was planned, or goes on with it; `null` where nothing is. The log must not be open. */
export async function finishSuccession({ state_dir, store, tables, machine, keep }: SuccessionDeps): Promise<Succession | null> {
  const [next, done] = [join(state_dir, NEXT), join(state_dir, DONE)];
  rmSync(done, { recursive: true, force: true });
  if (!checkPrivateFolder(next)) return null;
  const { statement, envelope, entry } = planned(next);
  const { cause, checkpoint, origin, at } = statement.predicate;
  const old = parseCheckpoint(parseNote(checkpoint)?.text ?? "");
  const at_s = timestampSeconds(at);
  if (old === null || at_s === null) throw new MaestroError("evidence.succession", `${next} is damaged; remove it and start again`);
  await keep(`log-succession-${origin}`, envelope);
  const head = tables.head.get(HEAD);
  const begun = parseCheckpoint(parseNote(head?.checkpoint ?? "")?.text ?? "")?.origin === origin;
  if (!begun) {
    if (head !== undefined) await archive(state_dir, old.origin, head, tables);
    const { log, log_note } = openKeys({ state_dir, folder: NEXT, now: new Date(at_s * 1000), trust_domain: null });
    beginLog(store, tables, { key: log_note, sign: log.sign }, entry, at_s);
    await store.durable();
  }
  const now = tables.head.get(HEAD);
  if (now !== undefined) await writeFiles(state_dir, now, tables);
  const keys = join(state_dir, "keys");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  rmSync(join(keys, "sums"), { force: true });
  for (const name of TAKEN) replacePrivateFile(join(keys, name), readPrivateFile(join(next, name)));
  // Whoever goes on with the old folder may go on cosigning with its key; this one may know less than that key signed.
  forgetFurther(keys);
  writeSums(keys);
  writePublicFile(join(state_dir, "trust.json"), new Uint8Array(readFileSync(join(keys, "trust.json"))));
  forgetPrepared(state_dir);
  if (machine !== null) rememberMachine(state_dir, machine);
  renameSync(next, done);
  await syncPath(state_dir);
  rmSync(done, { recursive: true });
  return { cause, from: { origin: old.origin, size: old.size }, to: origin };
}

/** `maestro log export`: the log as a folder that any web server, or a disk, hands to strangers; at its newest size or an earlier one. */
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { concatBytes, fromUtf8, utf8 } from "../../../proto/encoding.ts";
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { ROTATIONS_FILE, RotationsFile } from "../../../proto/log.ts";
import { parseCheckpoint, parseCount } from "../../verifier/checkpoint.ts";
import { BUNDLE_LIMITS } from "../../verifier/limits.ts";
import { bundleEntry, entriesIn } from "../../verifier/log/entry-bundle.ts";
import { monitorLog, type Monitored } from "../../verifier/log/monitor.ts";
import { TileFault, TileReader, type ReadLogFile } from "../../verifier/log/reader.ts";
import { openRotation } from "../../verifier/log/rotation.ts";
import { keysAt, spansOf } from "../../verifier/log/spans.ts";
import { tilePath, tilesBetween, type Tile } from "../../verifier/log/tiles.ts";
import { parseNote, parseVerifierKey, verifierKeyText, type NoteKey } from "../../verifier/note.ts";
import { readDocument } from "../../verifier/schema.ts";
import { textOf, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { newFolder } from "../new-folder.ts";
import { print } from "../output.ts";
import { required } from "../values.ts";
import { lines } from "./monitor.ts";
import { logSource, type LogSource } from "./source.ts";

const usage = (what: string): MaestroError => new MaestroError("cli.usage", what);

/** The signed head to export: the newest, one the daemon signs again, or one that somebody kept. */
async function headFor(values: Values, read: ReadLogFile): Promise<string> {
  const [at, kept] = [textOf(values, "at"), textOf(values, "checkpoint")];
  if (kept !== undefined) return readFileSync(kept, "utf8");
  if (at !== undefined && parseCount(at) === null) throw usage(`--at takes a number of entries, not ${JSON.stringify(at)}`);
  const bytes = await read(at === undefined ? "checkpoint" : `checkpoint/${at}`);
  if (bytes === null) throw usage(at === undefined ? "the log has no checkpoint" : `there is no signed checkpoint of ${at} entries here; give one that was kept with --checkpoint`);
  return fromUtf8(bytes) ?? "";
}

/** The log's key at that size, and the changes up to there. */
async function keysFor(read: ReadLogFile, size: number): Promise<{ key: NoteKey; rotations: RotationsFile["rotations"] }> {
  const [vkey, file] = [await read("log.vkey"), await read(ROTATIONS_FILE)];
  const newest = vkey === null ? null : parseVerifierKey((fromUtf8(vkey) ?? "").trim());
  if (newest === null) throw usage("the log has no log.vkey");
  const document = file === null ? { value: { rotations: [] } } : readDocument(RotationsFile, file, BUNDLE_LIMITS);
  if ("because" in document) throw usage(`${ROTATIONS_FILE}: ${document.because}`);
  const opened = document.value.rotations.flatMap((bundle) => {
    const rotation = openRotation(bundle);
    return rotation.ok ? [{ bundle, rotation: rotation.value }] : [];
  });
  const spans = spansOf(newest, opened.map(({ rotation }) => rotation));
  const key = typeof spans === "string" ? undefined : keysAt(spans, size).at(-1);
  if (key === undefined) throw usage(`${ROTATIONS_FILE} is no chain of keys`);
  return { key, rotations: opened.filter(({ rotation }) => rotation.covering.size <= size).map(({ bundle }) => bundle) };
}

async function tileBytes(tiles: TileReader, { level, index }: Tile): Promise<Uint8Array> {
  if (level !== "entries") return tiles.hashes(level, index);
  const { bytes, width, path } = await tiles.bundle(index);
  const entries = entriesIn(bytes);
  if (entries === null || entries.length < width) throw usage(`${path} is cut`);
  return entries.length === width ? bytes : concatBytes(...entries.slice(0, width).map(bundleEntry));
}

async function write(folder: string, read: ReadLogFile, head: string): Promise<NoteKey> {
  const size = parseCheckpoint(parseNote(head)?.text ?? "")?.size;
  if (size === undefined) throw usage("that is no signed checkpoint");
  const put = (path: string, bytes: Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes, { mode: 0o644, flag: "wx" });
  };
  const { key, rotations } = await keysFor(read, size);
  const tiles = new TileReader(read, size);
  for (const tile of tilesBetween(0, size)) put(tilePath(tile), await tileBytes(tiles, tile));
  if (rotations.length > 0) put(ROTATIONS_FILE, canonicalBytes({ rotations }));
  put("log.vkey", utf8(`${verifierKeyText(key)}\n`));
  put("checkpoint", utf8(head));
  return key;
}

function sync(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** All of it on disk, so that the name it gets next stands for the bytes that were looked at, whatever happens to the power. */
function syncAll(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) sync(join(entry.parentPath, entry.name));
  sync(folder);
}

/** Copies into `folder` and looks at what lies there then, as a stranger would. */
async function filled(folder: string, read: ReadLogFile, head: string): Promise<{ looked: Monitored; key: string }> {
  const from = (path: string): Promise<Uint8Array | null> => Promise.resolve(existsSync(join(folder, path)) ? new Uint8Array(readFileSync(join(folder, path))) : null);
  try {
    const key = await write(folder, read, head);
    return { looked: await monitorLog({ checkpoint: null, keys: [key] }, from, true), key: key.key.fingerprint };
  } catch (error) {
    if (!(error instanceof TileFault)) throw error;
    return { looked: { result: "refused", step: "tiles", detail: error.message, before: null, offered: head }, key: "" };
  }
}

/** Makes `out` by one rename, once what is in it verifies from its own files alone; what does not is not left there. */
async function made(out: string, { place, read }: LogSource, values: Values): Promise<number> {
  mkdirSync(dirname(out), { recursive: true });
  const fresh = mkdtempSync(`${out}.partial-`);
  try {
    const { looked, key } = await filled(fresh, read, await headFor(values, read));
    if (looked.result === "refused") {
      if (values["json"] === true) printJson(looked);
      else print(lines(looked, place).join("\n"));
      return VERIFY_EXIT.failed;
    }
    syncAll(fresh);
    chmodSync(fresh, 0o755);
    renameSync(fresh, out);
    sync(dirname(out));
    const { origin, size } = looked.newest;
    if (values["json"] === true) printJson({ origin, size, folder: out, key });
    else print(`${out} holds ${origin} at ${size} entries; log.vkey beside it is its key, which strangers should have from you and not from there`);
    return VERIFY_EXIT.verified;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** 0, or 1 where the log is not what it signed. Throws `restore.occupied`. */
export async function exportLog(values: Values): Promise<number> {
  return made(newFolder(required("log export", values, "out")), await logSource(values), values);
}

/** `maestro log export`: the log as a folder that any web server, or a disk, hands to strangers; at its newest size or an earlier one. */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { concatBytes, fromUtf8, utf8 } from "../../../proto/encoding.ts";
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { ROTATIONS_FILE, RotationsFile } from "../../../proto/log.ts";
import { parseCheckpoint } from "../../verifier/checkpoint.ts";
import { BUNDLE_LIMITS } from "../../verifier/limits.ts";
import { bundleEntry, entriesIn } from "../../verifier/log/entry-bundle.ts";
import { monitorLog } from "../../verifier/log/monitor.ts";
import { TileReader, type ReadLogFile } from "../../verifier/log/reader.ts";
import { openRotation } from "../../verifier/log/rotation.ts";
import { keysAt, spansOf } from "../../verifier/log/spans.ts";
import { tilePath, tilesBetween, type Tile } from "../../verifier/log/tiles.ts";
import { parseNote, parseVerifierKey, verifierKeyText, type NoteKey } from "../../verifier/note.ts";
import { readDocument } from "../../verifier/schema.ts";
import { textOf, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { required } from "../values.ts";
import { lines } from "./monitor.ts";
import { logSource } from "./source.ts";

const usage = (what: string): MaestroError => new MaestroError("cli.usage", what);

/** The signed head to export: the newest, one the daemon signs again, or one that somebody kept. */
async function headFor(values: Values, read: ReadLogFile): Promise<string> {
  const [at, kept] = [textOf(values, "at"), textOf(values, "checkpoint")];
  if (kept !== undefined) return readFileSync(kept, "utf8");
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

function requireFree(out: string): void {
  if (existsSync(out) && readdirSync(out).length > 0) throw new MaestroError("restore.occupied", `${out} is not empty`);
}

/** What does not verify from its own files alone is not left there. 0, or 1 where the log is not what it signed. */
export async function exportLog(values: Values): Promise<number> {
  const out = required("log export", values, "out");
  requireFree(out);
  const { place, read } = await logSource(values);
  const fresh = `${out}.partial-${process.pid}`;
  try {
    const key = await write(fresh, read, await headFor(values, read));
    const from = (path: string): Promise<Uint8Array | null> => Promise.resolve(existsSync(join(fresh, path)) ? new Uint8Array(readFileSync(join(fresh, path))) : null);
    const looked = await monitorLog({ checkpoint: null, keys: [key] }, from, true);
    if (looked.result === "refused") {
      if (values["json"] === true) printJson(looked);
      else print(lines(looked, place).join("\n"));
      return VERIFY_EXIT.failed;
    }
    rmSync(out, { recursive: true, force: true });
    renameSync(fresh, out);
    const { origin, size } = looked.newest;
    if (values["json"] === true) printJson({ origin, size, folder: out, key: key.key.fingerprint });
    else print(`${out} holds ${origin} at ${size} entries; log.vkey beside it is its key, which strangers should have from you and not from there`);
    return VERIFY_EXIT.verified;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

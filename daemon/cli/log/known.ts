/** What the one who asks knows of a log already: keys, and what was verified before. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { equalBytes, fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { MonitorState } from "../../../proto/log.ts";
import { knownIn, type Known } from "../../verifier/log/monitor.ts";
import { noteKey, parseVerifierKey, type NoteKey } from "../../verifier/note.ts";
import { readDocument } from "../../verifier/schema.ts";
import { parseTlogProof } from "../../verifier/tlog-proof.ts";
import { textOf, type Values } from "../command.ts";
import { locate } from "../connect.ts";
import { readTrust } from "../trust-root.ts";

const LIMITS = { bytes_max: 4 * 1024 * 1024, depth_max: 8 };

function keyIn(given: string): NoteKey {
  const text = existsSync(given) ? readFileSync(given, "utf8").trim() : given;
  const key = parseVerifierKey(text);
  if (key === null) throw new MaestroError("cli.usage", `--key takes a verifier key such as name+1234abcd+base64, or a file that holds one, as log.vkey does; ${given} is neither`);
  return key;
}

/** What `--key` or `--trust` says; `null` where neither was given. */
function givenKeys(values: Values): NoteKey[] | null {
  const [key, trust] = [textOf(values, "key"), textOf(values, "trust")];
  if (key !== undefined) return [keyIn(key)];
  return trust === undefined ? null : logKeysIn(trust);
}

const logKeysIn = (path: string): NoteKey[] => readTrust(path).entries.flatMap(({ entry, key }) => (entry.role === "log" && entry.log_origin !== null ? [noteKey(entry.log_origin, key)] : []));

/** Keys for a first look. */
function keysOf(values: Values): NoteKey[] {
  const given = givenKeys(values);
  if (given !== null) return given;
  const { trust_path } = locate(values);
  return existsSync(trust_path) ? logKeysIn(trust_path) : [];
}

function remembered(bytes: Uint8Array, path: string): Known | null {
  const document = readDocument(MonitorState, bytes, LIMITS);
  if ("because" in document) return null;
  const known = knownIn(document.value);
  if (known === null) throw new MaestroError("cli.usage", `${path} names a key that is none`);
  return known;
}

export interface Asked {
  readonly known: Known;
  /** Where the newest verified checkpoint is to be kept, and what lay there when it was asked. */
  readonly remember: { readonly path: string; readonly before: Uint8Array | null } | null;
}

const bytesAt = (path: string): Uint8Array | null => (existsSync(path) ? new Uint8Array(readFileSync(path)) : null);

/** A signed checkpoint, alone or at the end of a log receipt. */
const checkpointIn = (text: string): string => parseTlogProof(text)?.checkpoint ?? text;

/** What was verified before, in the file it is remembered in; else the checkpoint that was given; else keys alone, for a first look. */
export function whatIsKnown(values: Values): Asked {
  const from = textOf(values, "from");
  const asked = textOf(values, "remember");
  const kept = asked !== undefined && existsSync(asked) ? asked : from;
  if (from !== undefined && !existsSync(from)) throw new MaestroError("cli.usage", `there is no ${from}`);
  const before = kept === undefined ? null : bytesAt(kept);
  if (kept !== undefined && before !== null) {
    const state = remembered(before, kept);
    const given = givenKeys(values);
    if (state !== null) return { known: given === null ? state : { ...state, given }, remember: { path: asked ?? kept, before: asked === kept || asked === undefined ? before : null } };
    if (kept === asked) throw new MaestroError("cli.usage", `${kept} is not what maestro log monitor remembers; it is never overwritten`);
  }
  const keys = keysOf(values);
  if (keys.length === 0) throw new MaestroError("cli.usage", "whose log is it? Give its key with --key, or a trust file with --trust, from somewhere else than the log itself");
  return { known: { checkpoint: before === null ? null : checkpointIn(fromUtf8(before) ?? ""), keys }, remember: asked === undefined ? null : { path: asked, before: null } };
}

/**
 * In one step, so that a kill leaves what was known before. `false`, with nothing written, where somebody else has remembered something
 * meanwhile: that is known now, and may be newer.
 */
export function remember({ path, before }: NonNullable<Asked["remember"]>, state: MonitorState): boolean {
  const fresh = mkdtempSync(join(dirname(path), ".maestro-log-"));
  try {
    const file = join(fresh, "state");
    writeFileSync(file, canonicalBytes(state), { mode: 0o644, flush: true });
    const now = bytesAt(path);
    if (now === null ? before !== null : before === null || !equalBytes(now, before)) return false;
    renameSync(file, path);
    return true;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

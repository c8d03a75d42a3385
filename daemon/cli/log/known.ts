/** What the one who asks knows of a log already: keys, and what was verified before. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { MonitorState } from "../../../proto/log.ts";
import { knownIn, type Known } from "../../verifier/log/monitor.ts";
import { noteKey, parseVerifierKey, type NoteKey } from "../../verifier/note.ts";
import { readDocument } from "../../verifier/schema.ts";
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

function keysOf(values: Values): NoteKey[] {
  const given = textOf(values, "key");
  if (given !== undefined) return [keyIn(given)];
  const named = textOf(values, "trust");
  const path = named ?? locate(values).trust_path;
  if (named === undefined && !existsSync(path)) return [];
  return readTrust(path).entries.flatMap(({ entry, key }) => (entry.role === "log" && entry.log_origin !== null ? [noteKey(entry.log_origin, key)] : []));
}

function remembered(path: string): Known | null {
  const bytes = new Uint8Array(readFileSync(path));
  const document = readDocument(MonitorState, bytes, LIMITS);
  if ("because" in document) return null;
  const known = knownIn(document.value);
  if (known === null) throw new MaestroError("cli.usage", `${path} names a key that is none`);
  return known;
}

export interface Asked {
  readonly known: Known;
  /** Where the newest verified checkpoint is to be kept. */
  readonly remember: string | null;
}

/** What was verified before, in the file it is remembered in; else the checkpoint that was given; else keys alone, for a first look. */
export function whatIsKnown(values: Values): Asked {
  const from = textOf(values, "from");
  const asked = textOf(values, "remember");
  const kept = asked !== undefined && existsSync(asked) ? asked : from;
  if (from !== undefined && !existsSync(from)) throw new MaestroError("cli.usage", `there is no ${from}`);
  if (kept !== undefined) {
    const state = remembered(kept);
    if (state !== null) return { known: state, remember: asked ?? kept };
    if (kept === asked) throw new MaestroError("cli.usage", `${kept} is not what maestro log monitor remembers; it is never overwritten`);
  }
  const keys = keysOf(values);
  if (keys.length === 0) throw new MaestroError("cli.usage", "whose log is it? Give its key with --key, or a trust file with --trust, from somewhere else than the log itself");
  return { known: { checkpoint: from === undefined ? null : (fromUtf8(new Uint8Array(readFileSync(from))) ?? ""), keys }, remember: asked ?? null };
}

/** In one step, so that a kill leaves what was known before. */
export function remember(path: string, state: MonitorState): void {
  writeFileSync(`${path}.new`, canonicalBytes(state), { mode: 0o644, flush: true });
  renameSync(`${path}.new`, path);
}

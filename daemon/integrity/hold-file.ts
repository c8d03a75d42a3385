/**
 * Which gates are held, once more, as lines of a file beside the database. A line is written before what it says counts, and of each gate the newest
 * one does: so neither an older database nor an older copy of the file brings back what was let go of, or forgets what is held.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { canonicalText, parseCanonical } from "../../proto/canonical.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { HoldLine, type HoldWord } from "../../proto/retention.ts";
import { lookAt } from "../platform/folders.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { appendLines, LINE_LIMITS, linesOf, writeLines } from "./line-file.ts";

export const HOLD_FILE = "holds.jsonl";

const isLine = lazyCheck(HoldLine);
const CHECK_CHARACTERS = 16;

const checkOf = (word: HoldWord): string => createHash("sha256").update(canonicalText(word)).digest("hex").slice(0, CHECK_CHARACTERS);
const lineOf = ({ gate_id, at_s, reason }: HoldWord): string => canonicalText({ gate_id, at_s, reason, check: checkOf({ gate_id, at_s, reason }) });

/** `null` for what is no such line, or is not what was written. */
function wordIn(line: string): HoldWord | null {
  try {
    const value = parseCanonical(utf8(line), LINE_LIMITS);
    if (!isLine().Check(value)) return null;
    const { check, ...word } = value;
    return checkOf(word) === check ? word : null;
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

export interface ReadHolds {
  readonly words: readonly HoldWord[];
  /** Lines that say nothing any more. */
  readonly damaged: number;
}

/** As far as it can be read; nothing where there is no file. */
export async function soundHolds(path: string): Promise<ReadHolds> {
  const words = (await linesOf(path)).map(wordIn);
  const sound = words.flatMap((word) => word ?? []);
  return { words: sound, damaged: words.length - sound.length };
}

/** Throws `store.corrupt` for a line that is not what was written: it may have held something. */
export async function readHolds(path: string): Promise<readonly HoldWord[]> {
  const { words, damaged } = await soundHolds(path);
  if (damaged > 0) throw new MaestroError("store.corrupt", `${path} has ${damaged} line(s) that cannot be read, so nobody knows what is held and nothing goes; stop the daemon and run maestro fsck --repair`);
  return words;
}

/** By gate. Of two that were said at the same second the one that holds counts. Pure. */
export function newestWords(words: Iterable<HoldWord>): Map<string, HoldWord> {
  const newest = new Map<string, HoldWord>();
  for (const word of words) {
    const other = newest.get(word.gate_id);
    if (other === undefined || word.at_s > other.at_s || (word.at_s === other.at_s && other.reason === null)) newest.set(word.gate_id, word);
  }
  return newest;
}

/** Durable when it resolves. */
export const appendHold = (state_dir: string, word: HoldWord): Promise<void> => appendLines(join(state_dir, HOLD_FILE), [lineOf(word)]);

/** The file as a whole, one line of each gate. */
export const writeHolds = (folder: string, words: Iterable<HoldWord>): Promise<void> => writeLines(join(folder, HOLD_FILE), Array.from(newestWords(words).values(), lineOf));

/** Into a folder that is being restored: its own, and those of a newer file. Throws `store.corrupt`, and `backup.damaged` for no file. */
export async function mergeHolds(folder: string, file: string): Promise<void> {
  if ((await lookAt(file)) === null) throw new MaestroError("backup.damaged", `${file} is not there; give holds.jsonl of the newest state folder or backup`);
  await writeHolds(folder, [...(await readHolds(join(folder, HOLD_FILE))), ...(await readHolds(file))]);
}

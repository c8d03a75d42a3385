/** What becomes of files that somebody gives: a rule is opened, a catalogue stands beside it, a recording is run, counterexamples are stepped through. */
import { fromBase64, fromUtf8, fromUtf8Lossy } from "../../../../proto/encoding.ts";
import { readCex } from "../../../verifier/counterexample.ts";
import { HEAD_BYTES, kindOf } from "../keeping/dropped.ts";
import { STUDIO_LIMITS } from "../limits.ts";
import { walkOfCex, type Walk } from "../stepping/walk.ts";
import type { Source } from "../running/protocol.ts";
import { grouped } from "../running/words.ts";

export interface Takes {
  rule(name: string, text: string): void;
  catalogue(name: string, text: string): void;
  recording(source: Source): void;
  walks(name: string, walks: readonly Walk[]): void;
  say(text: string): void;
}

/** A bundle is larger than a counterexample, and what is over this is opened in the verifier page. */
const BUNDLE_BYTES_MAX = 64 * 1024 * 1024;
const CEX_PLACE = "counterexample/";

type Named = { readonly name: string; readonly content: string };
const isDocument = (value: unknown): value is Named => typeof value === "object" && value !== null && typeof Reflect.get(value, "name") === "string" && typeof Reflect.get(value, "content") === "string";

/** Every list of documents in what was parsed: a bundle has one, and one with everything around it has one inside. */
function documentsIn(value: unknown, depth = 0): Named[] {
  if (typeof value !== "object" || value === null || depth > 4) return [];
  if (Array.isArray(value)) return value.flatMap((item) => documentsIn(item, depth + 1));
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) => (name === "documents" && Array.isArray(one) ? one.filter(isDocument) : documentsIn(one, depth + 1)));
}

/** What is broken is no counterexample; that nothing here was verified is said by whoever shows it. */
export function walksOfBundle(text: string): Walk[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  return documentsIn(value).filter(({ name }) => name.startsWith(CEX_PLACE)).flatMap(({ content }) => {
    const cex = readCex(fromUtf8Lossy(fromBase64(content) ?? new Uint8Array(0)));
    return cex === null ? [] : [walkOfCex(cex)];
  });
}

async function takeOne(file: File, takes: Takes): Promise<void> {
  const { name, size } = file;
  const kind = kindOf(name, fromUtf8Lossy(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())), size);
  if (kind === "events") return takes.recording({ name, blob: file });
  if (kind === "too large" || (kind === "bundle" && size > BUNDLE_BYTES_MAX)) return takes.say(`${name} has ${grouped(size)} bytes, which is more than such a file may have here.`);
  if (kind === "unknown") return takes.say(`${name} is none of the files that this page reads: a rule or events in YAML, recorded events as NDJSON, a counterexample, an evidence bundle.`);
  const text = fromUtf8(new Uint8Array(await file.arrayBuffer()));
  if (text === null) return takes.say(`${name} is no UTF-8 text.`);
  if (kind === "invariant") return takes.rule(name, text);
  if (kind === "catalogue") return takes.catalogue(name, text);
  if (kind === "counterexample") {
    const cex = readCex(text.trim());
    return cex === null ? takes.say(`${name} is no counterexample in its one spelling, so it is not shown.`) : takes.walks(name, [walkOfCex(cex)]);
  }
  const walks = walksOfBundle(text);
  return walks === null ? takes.say(`${name} is half written or no JSON.`) : takes.walks(`${name} (not verified here)`, walks);
}

export async function takeFiles(files: Iterable<File>, takes: Takes): Promise<void> {
  const all = [...files];
  if (all.length > STUDIO_LIMITS.dropped_files_max) return takes.say(`${all.length} files were given, at most ${STUDIO_LIMITS.dropped_files_max} are read; give fewer.`);
  for (const file of all) {
    try {
      await takeOne(file, takes);
    } catch (cause) {
      // A browser says so of a file that was changed or taken away since it was chosen.
      if (!(cause instanceof Error)) throw cause;
      takes.say(`${file.name} cannot be read any more (${cause.name}); choose it again.`);
    }
  }
}

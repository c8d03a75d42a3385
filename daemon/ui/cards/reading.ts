/** Reads one file: as lines, each a document, or as one document. It hands over what it has as it goes, so that the first rows stand before the last are read. */
import { fromUtf8 } from "../../../proto/encoding.ts";
import { cardsOf, parsed, type Found } from "./documents.ts";
import { CARDS_LIMITS } from "./limits.ts";
import { shown, type PageCard } from "./model.ts";

export interface GivenFile {
  readonly file: number;
  readonly name: string;
  readonly blob: Pick<Blob, "size" | "arrayBuffer" | "slice">;
}

/** A part of what was read; `problems` are whole sentences. */
export interface Part {
  readonly cards: readonly PageCard[];
  readonly problems: readonly string[];
  readonly unknown: readonly string[];
}

const HEAD_BYTES = 64 * 1024;
const PIECE_BYTES = 1024 * 1024;
/** Small at first: whoever waits sees rows after these. */
const FIRST_CARDS = 100;
const PART_CARDS = 1000;
/** Lines told one by one; a file of which so many of the first are none of ours is something else. */
const LINES_TOLD_MAX = 10;
const LF = 0x0a;

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
const problem = (text: string): Part => ({ cards: [], problems: [text], unknown: [] });

/** Called with how many bytes of a file were read so far. */
export type SoFar = (read_bytes: number) => void;

/** The whole of it, piece by piece, so that somebody can see how far it is. */
export async function bytesWith(blob: GivenFile["blob"], so_far: SoFar = () => undefined): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(blob.size);
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    bytes.set(await bytesOf(blob.slice(at, Math.min(blob.size, at + PIECE_BYTES))), at);
    so_far(Math.min(blob.size, at + PIECE_BYTES));
  }
  return bytes;
}

const bytesOf = async (blob: Pick<Blob, "arrayBuffer">): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());

/** UTF-16 is what some shells write with `>`; its two first bytes say so. */
const isUtf16 = (head: Uint8Array): boolean => (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
const withoutMark = (bytes: Uint8Array): Uint8Array => (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes);

const isLines = (name: string, head: Uint8Array, size: number): boolean => {
  if (/\.(?:ndjson|jsonl)$/i.test(name)) return true;
  const end = head.indexOf(LF);
  if (end < 0 || end + 1 >= size) return false;
  const line = fromUtf8(head.subarray(0, end))?.trim() ?? "";
  const rest = fromUtf8(head.subarray(end + 1, end + 64))?.trim() ?? "x";
  return rest !== "" && typeof parsed(line) === "object" && parsed(line) !== null;
};

/** Lines of one file, gathered into parts. */
class Gathering {
  private cards: PageCard[] = [];
  private problems: string[] = [];
  private unknown = new Set<string>();
  private size = FIRST_CARDS;
  private told = 0;
  private untold = 0;
  good = 0;
  lines = 0;

  constructor(private readonly name: string) {}

  /** One line without its end; `whole` says whether it had one. */
  line(bytes: Uint8Array, start: number, file: number, whole: boolean): void {
    this.lines++;
    const text = fromUtf8(bytes);
    if (text !== null && text.trim() === "") return;
    const value = text === null ? undefined : parsed(text);
    if (text === null) this.tell(`line ${this.lines} is not UTF-8 text`);
    else if (value === undefined) this.tell(whole ? `line ${this.lines} is no JSON` : `the last line, ${this.lines}, is cut off: the file was half written. What stands before it is shown`);
    else this.take(cardsOf(value, { file, name: this.name, start, end: start + bytes.length }));
  }

  private take(found: Found): void {
    this.good += found.cards.length;
    this.cards.push(...found.cards);
    for (const field of found.unknown) this.unknown.add(field);
    for (const said of found.problems) this.tell(`line ${this.lines} ${said}`);
  }

  tell(said: string): void {
    if (this.told < LINES_TOLD_MAX) {
      this.problems.push(`${this.name}: ${said}.`);
      this.told++;
    } else this.untold++;
  }

  get full(): boolean {
    return this.cards.length >= this.size;
  }

  /** Nothing of the first lines was ours. */
  get hopeless(): boolean {
    return this.good === 0 && this.told + this.untold > LINES_TOLD_MAX;
  }

  part(): Part {
    const part = { cards: this.cards, problems: this.problems, unknown: [...this.unknown] };
    [this.cards, this.problems, this.unknown, this.size] = [[], [], new Set(), PART_CARDS];
    return part;
  }

  end(): Part {
    if (this.untold > 0) this.problems.push(`${this.name}: ${this.untold} more lines like these.`);
    return this.part();
  }
}

const roomEnds = (name: string, line: number): string => `${name}: not read from line ${line.toLocaleString("en")} on, since this page holds ${CARDS_LIMITS.cards_max.toLocaleString("en")} cards at most. Write fewer (maestro cards --since 30d --out FILE.ndjson), or remove the other files first.`;

/** The lines of a blob with where each starts; a line over the limit is passed over, and is `null`. */
async function* linesOf(blob: GivenFile["blob"], so_far: SoFar): AsyncGenerator<{ readonly bytes: Uint8Array | null; readonly start: number; readonly whole: boolean }> {
  let rest = new Uint8Array(0);
  let start = 0;
  let skipping = false;
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    const piece = await bytesOf(blob.slice(at, Math.min(blob.size, at + PIECE_BYTES)));
    so_far(at + piece.length);
    let from = 0;
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, from)) {
      const bytes = rest.length === 0 ? piece.subarray(from, end) : joined(rest, piece.subarray(from, end));
      yield { bytes: skipping ? null : bytes, start, whole: true };
      [rest, from, start, skipping] = [new Uint8Array(0), end + 1, at + end + 1, false];
    }
    rest = skipping ? rest : joined(rest, piece.subarray(from));
    if (rest.length > CARDS_LIMITS.line_bytes_max) [skipping, rest] = [true, new Uint8Array(0)];
  }
  if (skipping || rest.length > 0) yield { bytes: skipping ? null : rest, start, whole: false };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

async function* readLines({ file, name: given, blob }: GivenFile, room: number, so_far: SoFar): AsyncGenerator<Part> {
  const gathered = new Gathering(shown(given, 80));
  for await (const { bytes, start, whole } of linesOf(blob, so_far)) {
    if (gathered.good >= room) {
      const last = gathered.end();
      yield { ...last, problems: [...last.problems, roomEnds(shown(given, 80), gathered.lines + 1)] };
      return;
    }
    if (bytes === null) {
      gathered.lines++;
      gathered.tell(`line ${gathered.lines} is longer than ${megabytes(CARDS_LIMITS.line_bytes_max)} and is left out`);
    } else gathered.line(start === 0 ? withoutMark(bytes) : bytes, start, file, whole);
    if (gathered.hopeless) {
      yield { cards: [], problems: [`${shown(given, 80)}: no line of the first ${gathered.lines} is a card; the rest was not read. Lines of cards come from maestro cards --out FILE.ndjson.`], unknown: [] };
      return;
    }
    if (gathered.full) yield gathered.part();
  }
  yield gathered.end();
}

/** Whether a bracket or a string is still open at the end. */
function endsOpen(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted && code === 0x5c) i++;
    else if (code === 0x22) quoted = !quoted;
    else if (!quoted && (code === 0x7b || code === 0x5b)) depth++;
    else if (!quoted && (code === 0x7d || code === 0x5d)) depth--;
  }
  return quoted || depth > 0;
}

/** Where JSON ends too early, and where it is none: the two are mended differently. */
function brokenText(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "is empty";
  if (!/^[[{]/.test(trimmed)) return "is no JSON";
  return endsOpen(trimmed) ? "ends in the middle: the file was half written or half copied" : "is broken: it is no JSON from end to end";
}

async function* readDocument({ file, name: given, blob }: GivenFile, room: number, so_far: SoFar): AsyncGenerator<Part> {
  const name = shown(given, 80);
  const text = fromUtf8(withoutMark(await bytesWith(blob, so_far)));
  if (text === null) return yield problem(`${name} is not UTF-8 text.`);
  const value = parsed(text);
  if (value === undefined) return yield problem(`${name} ${brokenText(text)}.`);
  const { cards, problems, unknown } = cardsOf(value, { file, name: given, start: 0, end: blob.size });
  const kept = cards.slice(0, room);
  const left = cards.length - kept.length;
  const over = left === 0 ? [] : [`${name}: ${left.toLocaleString("en")} of its cards are left out, since this page holds ${CARDS_LIMITS.cards_max.toLocaleString("en")} at most.`];
  const told = problems.slice(0, LINES_TOLD_MAX).map((said) => `${name} ${said}.`);
  yield { cards: kept, problems: [...told, ...(problems.length > told.length ? [`${name}: ${problems.length - told.length} more like these.`] : []), ...over], unknown };
}

/** What is in a file, part by part; at most `room` cards. One that is too large is not read. A file that is gone or changed since it was chosen throws in a browser, which is said. */
export async function* readFile(given: GivenFile, room: number, so_far: SoFar = () => undefined): AsyncGenerator<Part> {
  const name = shown(given.name, 80);
  if (given.blob.size > CARDS_LIMITS.lines_bytes_max) return yield problem(`${name} has ${megabytes(given.blob.size)}, and of a file at most ${megabytes(CARDS_LIMITS.lines_bytes_max)} are read. Write fewer cards (maestro cards --since 30d --out FILE.ndjson).`);
  try {
    const head = await bytesOf(given.blob.slice(0, HEAD_BYTES));
    const lines = isLines(given.name, head, given.blob.size);
    const bytes_max = lines ? CARDS_LIMITS.lines_bytes_max : CARDS_LIMITS.document_bytes_max;
    if (given.blob.size > bytes_max) yield problem(`${name} has ${megabytes(given.blob.size)}, and of ${lines ? "a file of lines" : "one document"} at most ${megabytes(bytes_max)} are read${lines ? "" : "; written as lines (maestro cards --out FILE.ndjson) it may be larger"}.`);
    else if (room <= 0) yield problem(`${name} was not read: this page holds ${CARDS_LIMITS.cards_max.toLocaleString("en")} cards at most. Remove other files first.`);
    else if (isUtf16(head)) yield problem(`${name} is UTF-16, as some shells write it; write it with --out FILE instead of >.`);
    else if (lines) yield* readLines(given, room, so_far);
    else yield* readDocument(given, room, so_far);
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    yield problem(`${name} could not be read (${cause.name}): it was changed, moved or taken away since it was chosen. Choose it again.`);
  }
}

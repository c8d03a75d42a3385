import { fromUtf8, fromUtf8Lossy } from "../../../proto/encoding.ts";
import type { Oid } from "./object-format.ts";
import { parseTrailers, type Trailer } from "./trailers.ts";

/** Header lines looked at: signatures and merge tags are long, an octopus has many parents. */
const HEADER_LINES_MAX = 10_000;
const PARENTS_MAX = 64;
const NEWLINE = 0x0a;

/** As written in the commit; nothing here is authenticated. */
export interface Ident {
  readonly name: string;
  readonly email: string;
  /** Seconds since 1970, or null where the line has none. */
  readonly at_s: number | null;
}

export interface ParsedCommit {
  readonly oid: Oid;
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  readonly author: Ident;
  readonly committer: Ident;
  readonly subject: string;
  readonly message: string;
  readonly trailers: readonly Trailer[];
  /** A signature header is there; it is not verified here. */
  readonly signed: boolean;
  /** The message or a name was not text in its declared encoding; what could not be read is U+FFFD. */
  readonly lossy: boolean;
  /** Trailers past a limit were not looked at. */
  readonly truncated: boolean;
}

/** Parses a raw commit object (gitformat, "commit"). Null where it has no tree, or a parent line is not an id: not a commit git would use. */
export function parseCommit(oid: Oid, content: Uint8Array): ParsedCommit | null {
  const { headers, body } = split(content);
  const header = (name: string): Uint8Array | undefined => headers.find(([key]) => key === name)?.[1];
  const links = linksOf(headers, oid.length);
  if (links === null) return null;
  const { tree, parents } = links;
  const encoding = header("encoding");
  const decode = decoder(encoding === undefined ? null : fromUtf8Lossy(encoding));
  const [author, committer, message] = [decode(header("author")), decode(header("committer")), decode(body)];
  const { trailers, truncated } = parseTrailers(message.text);
  return {
    oid,
    tree,
    parents,
    author: parseIdent(author.text),
    committer: parseIdent(committer.text),
    subject: subjectOf(message.text),
    message: message.text,
    trailers,
    signed: header("gpgsig") !== undefined || header("gpgsig-sha256") !== undefined,
    lossy: author.lossy || committer.lossy || message.lossy,
    truncated,
  };
}

/** `Name <email> seconds zone`; what is missing is empty. The address is between the first `<` and the last `>`, as git reads it. */
export function parseIdent(line: string): Ident {
  const open = line.indexOf("<");
  const close = line.lastIndexOf(">");
  if (open === -1 || close < open) return { name: line.trim(), email: "", at_s: null };
  const stamp = /^ *(\d{1,15})(?: |$)/.exec(line.slice(close + 1))?.[1];
  return { name: line.slice(0, open).trim(), email: line.slice(open + 1, close).trim(), at_s: stamp === undefined ? null : Number(stamp) };
}

function split(content: Uint8Array): { headers: [string, Uint8Array][]; body: Uint8Array } {
  const headers: [string, Uint8Array][] = [];
  let at = 0;
  for (let lines = 0; at < content.length && lines < HEADER_LINES_MAX; lines++) {
    const found = content.indexOf(NEWLINE, at);
    const end = found === -1 ? content.length : found;
    const line = content.subarray(at, end);
    at = end + 1;
    if (line.length === 0) break;
    // A line that begins with a blank continues the one before: a signature, never a header of its own.
    if (line[0] === 0x20) continue;
    const blank = line.indexOf(0x20);
    headers.push(blank === -1 ? [fromUtf8Lossy(line), new Uint8Array(0)] : [fromUtf8Lossy(line.subarray(0, blank)), line.subarray(blank + 1)]);
  }
  return { headers, body: content.subarray(Math.min(at, content.length)) };
}

function oidOf(value: Uint8Array | undefined, chars: number): Oid | null {
  if (value === undefined || value.length !== chars) return null;
  const text = fromUtf8Lossy(value);
  return /^[0-9a-f]+$/.test(text) ? text : null;
}

function decoder(label: string | null): (bytes: Uint8Array | undefined) => { text: string; lossy: boolean } {
  const declared = declaredDecoder(label);
  return (bytes = new Uint8Array(0)) => {
    const text = declared === null ? fromUtf8(bytes) : declared.decode(bytes);
    return text === null ? { text: fromUtf8Lossy(bytes), lossy: true } : { text, lossy: text.includes("\ufffd") };
  };
}

/** Null for UTF-8 and for a name nobody knows. */
function declaredDecoder(label: string | null): TextDecoder | null {
  if (label === null || /^utf-?8$/i.test(label)) return null;
  try {
    return new TextDecoder(label as ConstructorParameters<typeof TextDecoder>[0]);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The first paragraph as one line, as `git log --oneline` shows it. */
function subjectOf(message: string): string {
  const text = message.replace(/^\s*\n/, "").trimStart();
  const end = text.search(/\n[ \t]*(?:\n|$)/);
  // Line by line: a pattern with blanks on both sides of the break takes the square of a long run of blanks.
  return (end === -1 ? text : text.slice(0, end)).split("\n").map((line) => line.trim()).filter((line) => line !== "").join(" ");
}

/**
 * Tree and parents as git reads them: the tree first, the parents right behind it. Further down fsck lets any header stand, and a
 * `parent` there would be an ancestor for us and for nobody else.
 */
function linksOf(headers: readonly (readonly [string, Uint8Array])[], oid_chars: number): { readonly tree: Oid; readonly parents: readonly Oid[] } | null {
  const [first, ...rest] = headers;
  const tree = first?.[0] === "tree" ? oidOf(first[1], oid_chars) : null;
  const end = rest.findIndex(([key]) => key !== "parent");
  const parents = rest.slice(0, end === -1 ? rest.length : end).map(([, value]) => oidOf(value, oid_chars));
  if (tree === null || parents.includes(null) || parents.length > PARENTS_MAX) return null;
  return { tree, parents: parents.filter((parent) => parent !== null) };
}

/** What a walk needs of a commit: parents and date, read from the headers alone. Null for what `parseCommit` gives null. */
export function commitLinks(content: Uint8Array, oid_chars: number): { readonly parents: readonly Oid[]; readonly at_s: number } | null {
  const { headers } = split(content);
  const links = linksOf(headers, oid_chars);
  if (links === null) return null;
  const committer = headers.find(([key]) => key === "committer")?.[1];
  return { parents: links.parents, at_s: (committer === undefined ? null : parseIdent(fromUtf8Lossy(committer)).at_s) ?? 0 };
}

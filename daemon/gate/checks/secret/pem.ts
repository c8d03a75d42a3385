import type { NumberedLine } from "../reading/lines.ts";
import { entropyBits } from "../../../checking/redact.ts";

const BEGIN = /-----BEGIN ([A-Z0-9 ]{0,40})PRIVATE KEY(?: BLOCK)?-----/;
const LINES_MAX = 200;
/** An Ed25519 key in PKCS #8 is 64 characters; 48 leaves room for a cut last line. */
const BODY_CHARACTERS_MIN = 48;
const BODY_CHARACTERS_LOOKED_AT = 400;
const ENTROPY_BITS_MIN = 4;
/** "openssh-key-v1\0" in base64 (OpenSSH PROTOCOL.key). */
const OPENSSH_MAGIC = "b3BlbnNzaC1rZXktdjE";
const PLACEHOLDER = /EXAMPLE|FAKE|DUMMY|REDACTED|PLACEHOLDER|YOUR/i;
/** What code puts around the lines of a key: quotes, escapes, concatenation, comment signs. */
const WRAPPING = /\\[nrt]|[\s"'`,;()\\]|^\s*(?:#|\/\/|\*|>|\+|-(?!-))|\+\s*$/g;
const HEADER = /^[\s"'`]*[A-Za-z][A-Za-z-]{2,30}: /;

export interface PrivateKey {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
  /** What tells this key from another; a secret. */
  readonly body: string;
  /** False where every line of it was there before. */
  readonly added: boolean;
}

/** First bytes of the body as the formats have them: a DER SEQUENCE (0x30 and a length up to 0x8f, "MA" to "MI" in base64) or the OpenSSH magic. */
function startsLikeKey(body: string, encrypted: boolean, kind: string): boolean {
  if (encrypted || kind.startsWith("PGP")) return true;
  return body.startsWith(OPENSSH_MAGIC) || /^M[A-I]/.test(body);
}

function bodyOf(texts: readonly string[]): { body: string; encrypted: boolean } {
  let body = "";
  let encrypted = false;
  for (const text of texts) {
    const end = text.indexOf("-----END");
    const part = end === -1 ? text : text.slice(0, end);
    if (HEADER.test(part)) {
      encrypted ||= /ENCRYPTED|DEK-Info/.test(part);
      continue;
    }
    const bare = part.slice(0, 64 * 1024).replace(WRAPPING, "");
    const base64 = /^[A-Za-z0-9+/=]*/.exec(bare)?.[0] ?? "";
    body += base64;
    if (end !== -1 || base64.length < bare.length) break;
  }
  return { body, encrypted };
}

/**
 * Private keys that stand in the lines with their body: the marker alone also
 * stands in code that writes or looks for keys. The END marker may be missing,
 * or a key split over two changes would pass as two halves.
 */
export function privateKeys(lines: readonly NumberedLine[]): PrivateKey[] {
  const keys: PrivateKey[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const first = lines[at];
    const begin = first === undefined ? null : BEGIN.exec(first.text);
    if (first === undefined || begin === null) continue;
    const block = [first];
    while (block.length < LINES_MAX && !(block.at(-1)?.text.includes("-----END") ?? false)) {
      const next = lines[at + block.length];
      if (next === undefined || next.number !== first.number + block.length || BEGIN.test(next.text)) break;
      block.push(next);
    }
    const texts = block.map((line, i) => (i === 0 ? line.text.slice(begin.index + begin[0].length) : line.text));
    const { body, encrypted } = bodyOf(texts);
    const kind = (begin[1] ?? "").trim();
    const sample = body.slice(0, BODY_CHARACTERS_LOOKED_AT);
    if (body.length < BODY_CHARACTERS_MIN || PLACEHOLDER.test(sample) || entropyBits(sample) < ENTROPY_BITS_MIN || !startsLikeKey(body, encrypted, kind)) continue;
    keys.push({ start: first.number, end: block.at(-1)?.number ?? first.number, kind, body, added: block.some((line) => line.added) });
  }
  return keys;
}

/**
 * Byte encodings with one accepted spelling each: whatever decodes, encodes
 * back to the same text, so a flipped character can never be a second name
 * for the same bytes.
 */

// Lengths are asked apart: a repeated group such as (?:..)* exhausts the matcher's stack within a megabyte and then matches nothing.
const HEX = /^[0-9a-f]*$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BASE32_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

const utf8Encoder = new TextEncoder();
const utf8Strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Lossy = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** Text of valid UTF-8, `null` otherwise. A byte order mark is kept as a character. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8Strict.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Text for people; invalid sequences become U+FFFD. Never hash the result. */
export function fromUtf8Lossy(bytes: Uint8Array): string {
  return utf8Lossy.decode(bytes);
}

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** Lower-case hex of whole bytes, else `null`. */
export function fromHex(text: string): Uint8Array | null {
  return text.length % 2 === 0 && HEX.test(text) ? Uint8Array.fromHex(text) : null;
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

/** Padded text of the standard alphabet; whether unused bits are zero only decoding tells. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && BASE64.test(text);
}

/**
 * Strict base64: padded, standard alphabet, unused bits zero (RFC 4648
 * section 3.5), else `null`. `atob` would accept missing padding and white space.
 */
export function fromBase64(text: string): Uint8Array | null {
  if (!isBase64(text)) return null;
  const bytes = Uint8Array.fromBase64(text);
  return bytes.toBase64() === text ? bytes : null;
}

/** RFC 4648 base32, lower case, no padding: 32 bytes are 52 characters. */
export function toBase32(bytes: Uint8Array): string {
  let out = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += BASE32_ALPHABET[(buffer >>> bits) & 31];
    }
  }
  if (bits > 0) out += BASE32_ALPHABET[(buffer << (5 - bits)) & 31];
  return out;
}

/** `null` unless it is what `toBase32` writes. */
export function fromBase32(text: string): Uint8Array | null {
  const out: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (const char of text) {
    const value = BASE32_ALPHABET.indexOf(char);
    if (value < 0) return null;
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push((buffer >>> bits) & 0xff);
  }
  const bytes = Uint8Array.from(out);
  return toBase32(bytes) === text ? bytes : null;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

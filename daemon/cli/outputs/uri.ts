import { pathToBytes, type PathBytes } from "../../../proto/scalar.ts";

/** RFC 3986 section 2.3 and the slash. A colon is written out too: in a first segment it would end a scheme. */
const PLAIN = /[A-Za-z0-9._~/-]/;

/** A path of the tree as a relative URI reference (RFC 3986): byte by byte, so that one that is no UTF-8 has its URI too. */
export function uriOfPath(path: PathBytes): string {
  return Array.from(pathToBytes(path), (byte) => {
    const character = String.fromCharCode(byte);
    return PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

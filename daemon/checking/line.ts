/** A line as findings are compared by it: without what a formatter changes. */
import { createHash } from "node:crypto";

/** Without leading, trailing and repeated white space. */
export function normalised(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}

/** Longest part of a line that is looked at for its excerpt and its name; a minified line may be megabytes. */
export const LINE_LOOKED_AT_MAX = 4_000;
let last: { readonly text: string; readonly digest: string } | null = null;

/** What of a line its first part does not tell: a digest of all of it where it is longer, else nothing. Of secrets, too, so it is never published. */
export function restOf(text: string): string | null {
  if (text.length <= LINE_LOOKED_AT_MAX) return null;
  // One long line has many findings, one after the other.
  if (last?.text !== text) last = { text, digest: createHash("sha256").update(normalised(text)).digest("hex") };
  return last.digest;
}

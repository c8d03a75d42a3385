/** A line as findings are compared by it: without what a formatter changes. */

/** Without leading, trailing and repeated white space. */
export function normalised(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}

/** The one escaper of the Markdown face. */
import { visible } from "../../../verifier/visible.ts";

const BACKTICK_RUNS = /`+/g;
/** Some renderers stop recognising fences beyond a limit, so a long run is written out instead. */
const FENCE_BACKTICKS_MAX = 4;

/**
 * The text as one code span. Inside a code span Markdown and HTML mean nothing
 * (CommonMark 6.1), and the code hosts make no mention, reference, link or
 * emoji of it. Escaping single characters would not do: `&#64;name` still
 * becomes a mention, because mentions are found after Markdown is rendered.
 * Not for tables: there a `|` splits cells even inside code.
 */
export function escapeMarkdown(text: string): string {
  let shown = visible(text);
  const longest = Math.max(0, ...[...shown.matchAll(BACKTICK_RUNS)].map(([run]) => run.length));
  if (longest >= FENCE_BACKTICKS_MAX) shown = shown.replaceAll("`", "\\x60");
  const fence = "`".repeat(longest >= FENCE_BACKTICKS_MAX ? 1 : longest + 1);
  if (shown.trim() === "") return "`(empty)`";
  // One space on each side is dropped again, and keeps a backtick of the text off the fence.
  return /^[ `]|[ `]$/.test(shown) ? `${fence} ${shown} ${fence}` : `${fence}${shown}${fence}`;
}

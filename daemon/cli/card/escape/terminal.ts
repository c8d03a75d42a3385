/** The one escaper of the terminal face. Nothing a change wrote reaches a terminal or a build log but through here. */
import { visible, written } from "../../../verifier/visible.ts";

const BEYOND_ASCII = /[^\x20-\x7e]/gu;

/** One line, every character of it visible, no command for a terminal or a build host. */
export function escapeTerminal(text: string, options: { readonly ascii?: boolean } = {}): string {
  const shown = visible(text);
  return options.ascii === true ? shown.replace(BEYOND_ASCII, written) : shown;
}

/** As data, in double quotes that the text cannot close: an agent that reads the card sees where it ends. */
export function quoteTerminal(text: string, options: { readonly ascii?: boolean } = {}): string {
  // Backslashes first, or an escaped quote would be escaped back open.
  return `"${escapeTerminal(text.replaceAll("\\", "\\\\").replaceAll('"', '\\"'), options)}"`;
}

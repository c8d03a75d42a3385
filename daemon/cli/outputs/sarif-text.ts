import { visible } from "../../verifier/visible.ts";

/**
 * Plain text of a message. Nothing hidden stays hidden; braces would be placeholders (3.11.5) and square brackets links
 * (3.11.6) of whoever wrote the change, so both are escaped as those sections say, where they could be read so.
 */
export function sarifText(text: string): string {
  const braces = /\{\d+\}/.test(text) ? text.replaceAll("{", "{{").replaceAll("}", "}}") : text;
  const brackets = braces.includes("](") ? braces.replace(/[[\]\\]/g, "\\$&") : braces;
  return visible(brackets);
}

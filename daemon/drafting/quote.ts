/** How text of a change stands in a draft: one code span, bounded, masked, every character visible, and no address that anything would open. */
import { cutText, published } from "../checking/redact.ts";
import { visible } from "../verifier/visible.ts";
import { isAddressed } from "./scan/addressed.ts";

const CHARACTERS_MAX = 160;
/** Long text is cut before it is masked, with room for a credential that the cut falls into. */
const READ_MAX = 8 * CHARACTERS_MAX;
const SAFE_NAME = /^#?[A-Za-z_$][A-Za-z0-9_$]{0,79}$/;
const SAFE_PATH = /^[A-Za-z0-9_@+][A-Za-z0-9_.@+-]*(?:\/[A-Za-z0-9_.@+-]+)*$/;
const PLAIN_CHARACTERS_MAX = 200;

/** Terminals and code hosts open what looks like an address, quoted or not. */
const defanged = (text: string): string => text.replaceAll("://", "[:]//").replace(/\bwww\./gi, "www[.]").replace(/\b(mailto|javascript|data):/gi, "$1[:]");

/** Words of the change on one line, for prose. Nothing in it ends the span: a backtick is written out. */
export function quoted(text: string, characters_max = CHARACTERS_MAX): string {
  if (isAddressed(text)) return "`(speaks to a reader; not repeated)`";
  const shown = defanged(visible(cutText(published(text.slice(0, READ_MAX).trim()), characters_max))).replaceAll("`", "\\x60");
  return shown === "" ? "`(empty)`" : `\`${shown}\``;
}

/** The same without the span, for a line that is a span already or goes into a subject. */
export const plain = (text: string, characters_max = CHARACTERS_MAX): string => quoted(text, characters_max).slice(1, -1);

/** A sentence of the gate's, which may quote the change: outside a span only where nothing in it is markup, a mention or a number of an issue. */
export function prose(text: string, characters_max = CHARACTERS_MAX): string {
  const shown = quoted(text, characters_max);
  return /^`[\w ,.:;'"()/=+%…-]*`$/.test(shown) ? shown.slice(1, -1) : shown;
}

/** A message of a commit is no Markdown: hosts close issues and call people by what stands in it, in a span or not. */
export const inert = (message: string): string => message.replace(/#(?=\d)/g, "[#]").replace(/\b(GH)-(?=\d)/gi, "$1[-]").replace(/@(?=[A-Za-z0-9])(?![\w.-]+\/)/g, "[@]");

export const isSafeName = (name: string): boolean => SAFE_NAME.test(name) && !isAddressed(name);
/** Neither git nor a shell reads anything but a path in it. */
export const isSafePath = (path: string): boolean => !isAddressed(path) && path.length <= PLAIN_CHARACTERS_MAX && SAFE_PATH.test(path) && !path.split("/").includes("..");

/** `1 file`, `3 files`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** The first few, and how many more there are. */
export function listed(items: readonly string[], shown_max: number): string {
  const [shown, more] = [items.slice(0, shown_max), items.length - shown_max];
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

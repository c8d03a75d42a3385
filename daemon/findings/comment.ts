/**
 * Waivers beside the line they speak of: `// maestro-ignore RULE -- reason until 2026-12-01`. Pure.
 *
 * The sign of a comment has to stand before the word, whatever the language: a line that only looks
 * like a waiver in a string counts as one everywhere, so that nobody can read it two ways.
 */
import { RulePattern } from "../../proto/waiver.ts";
import { isProse } from "../checking/classify.ts";

export interface InlineWaiver {
  readonly rule: string;
  /** Empty where none was given: then it accepts nothing. */
  readonly reason: string;
  /** As it is written behind the last ` until `; null where nothing stands there. */
  readonly until: string | null;
  /** Nothing but the comment stands on the line: then it speaks of the line below, too. */
  readonly alone: boolean;
}

/** The one word that makes a line worth looking at. */
const WORD = "maestro-ignore";
/** A waiver is a short line; in a longer one, nobody would see it. */
const WAIVER_LINE_CHARACTERS_MAX = 2_000;
const RULES_MAX = 8;
/** Signs that open a comment in the languages people write, longest first where one starts another. */
const OPENERS = ["<!--", "{/*", "/*", "//", "(*", "{-", "--", "#", ";", "%", "*", "'", "\"", "!", "rem", "::", "dnl"] as const;
/** In prose only a comment that readers of the page do not see. */
const OPENERS_OF_PROSE: readonly string[] = ["<!--"];
const CLOSERS = /\s*(?:-->|\*\/\}?|\*\)|-\})\s*$/;
const RULE = new RegExp(RulePattern.pattern ?? "(?!)");

/** What stands in front of the comment's sign; null where no sign stands before the word. */
function opened(before: string, openers: readonly string[]): string | null {
  const text = before.trimEnd().toLowerCase();
  const sign = openers.find((one) => text.endsWith(one) && (/[^a-z]$/.test(one) || !/[a-z0-9_]$/.test(text.slice(0, -one.length))));
  return sign === undefined ? null : text.slice(0, -sign.length);
}

/** Anything a reader could take for a waiver, well-formed or not: an added one is never overlooked for its form. */
export function mentionsWaiver(line: string, path: string): boolean {
  return line.length > WAIVER_LINE_CHARACTERS_MAX ? line.includes(WORD) : placeOf(line, path) !== null;
}

interface Place {
  readonly at: number;
  readonly alone: boolean;
}

function placeOf(line: string, path: string): Place | null {
  const at = line.indexOf(WORD);
  if (at < 0) return null;
  const openers = isProse(path) ? OPENERS_OF_PROSE : OPENERS;
  const before = opened(line.slice(0, at), openers);
  return before === null ? null : { at, alone: before.trim() === "" };
}

/** The waivers of one line, one for each rule it names (`RULE, RULE`); none where the line holds none. A rule that is not one is left out. */
export function inlineWaivers(line: string, path: string): InlineWaiver[] {
  if (line.length > WAIVER_LINE_CHARACTERS_MAX) return [];
  const place = placeOf(line, path);
  if (place === null) return [];
  const { at, alone } = place;
  const text = line.slice(at + WORD.length).replace(CLOSERS, "");
  if (!/^[\s:]/.test(text)) return [];
  const cut = text.indexOf(" -- ");
  const rules = (cut < 0 ? text : text.slice(0, cut)).replace(/^[\s:]+/, "").trim().split(/\s*,\s*/).filter((rule) => RULE.test(rule));
  const said = cut < 0 ? "" : text.slice(cut + 4).trim();
  const last = said.lastIndexOf("until ");
  const dated = last >= 0 && (last === 0 || said[last - 1] === " ");
  const reason = (dated ? said.slice(0, last) : said).trim();
  const until = dated ? said.slice(last + 6).trim() : null;
  return rules.slice(0, RULES_MAX).map((rule) => ({ rule, reason, until, alone }));
}

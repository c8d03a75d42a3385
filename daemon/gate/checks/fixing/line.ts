/**
 * The text of a line after its fix, without its ending; null where a machine cannot know it to the letter, as where a statement's removal
 * would leave an empty body or make the next line its own.
 */
import type { Language } from "../../../checking/classify.ts";
import { published } from "../../../checking/redact.ts";
import { codeOnly } from "../reading/code.ts";

/** As long as a fix may be on a finding. */
const CHARACTERS_MAX = 2000;
/** Spellings of a focus with one way back, by what stands between the groups that stay. */
const FOCUS: { readonly [L in Language]?: readonly RegExp[] } = {
  javascript: [/\.only(?=\s*[(.`<])/g, /(?<![\w$.])f(?=(?:describe|context|test|it)(?:\.each)?\s*[(.`<])/g],
  go: [/(?<![\w.])F(?=(?:It|Describe|Context|When|Specify|Entry|DescribeTable)\s*\()/g],
  swift: [/(?<=^\s*)f(?=(?:it|describe|context)\s*\()/g],
};
const DEBUGGER = /^\s*debugger\s*;?\s*$/;
const BREAKPOINT = /^(\s*)breakpoint\s*\(\s*\)\s*;?\s*$/;
/** Behind such a line a statement is its own: no condition without braces waits for one. */
const STATEMENT_BEFORE = /(?:^|[;{}])\s*$/;
const CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/** A card carries it, so what could be a credential, or was not text, is not repeated. */
function shareable(text: string): string | null {
  return text.length > CHARACTERS_MAX || text.includes("\ufffd") || !text.isWellFormed() || published(text) !== text ? null : text;
}

/** `text` with what `patterns` match in its code taken out; columns of code and text are the same. */
function without(text: string, code: string, patterns: readonly RegExp[]): string {
  const cuts = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(({ index, 0: found }) => ({ from: index, to: index + found.length })));
  return cuts.toSorted((a, b) => b.from - a.from).reduce((rest, { from, to }) => rest.slice(0, from) + rest.slice(to), text);
}

export function unfocused(text: string, language: Language, focused: RegExp): string | null {
  if (text.length > CHARACTERS_MAX) return null;
  const fixed = without(text, codeOnly(text, language), FOCUS[language] ?? []);
  return focused.test(codeOnly(fixed, language)) ? null : shareable(fixed);
}

/** `before` is the line above, null where it is not seen. */
export function undebugged(text: string, language: Language, before: string | null): string | null {
  if (text.length > CHARACTERS_MAX || (before?.length ?? 0) > CHARACTERS_MAX) return null;
  if (language === "python") return BREAKPOINT.test(codeOnly(text, language)) ? shareable(text.replace(BREAKPOINT, "$1pass")) : null;
  if (language !== "javascript" || !DEBUGGER.test(text) || before === null) return null;
  return STATEMENT_BEFORE.test(codeOnly(before, language)) ? "" : null;
}

export function uncontrolled(text: string): string | null {
  return text.length > CHARACTERS_MAX ? null : shareable(text.replace(CONTROLS, ""));
}

/**
 * Text of the repository as an agent gets it. An agent takes what it reads for instruction, so everything that a change controls stands in double
 * quotes that it cannot close, on one line, with nothing unseen in it, and cut: a file name or a subject cannot speak.
 */
import { pathText, type PathBytes } from "../../../proto/scalar.ts";
import { quoteTerminal } from "../card/escape/terminal.ts";

const CHARACTERS_MAX = 400;

export const quoted = (text: string): string => quoteTerminal(text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}...` : text);

export const quotedOrNull = (text: string | null): string | null => (text === null ? null : quoted(text));

export const quotedPath = (path: PathBytes): string => quoted(pathText(path));

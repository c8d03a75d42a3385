/** Text of a lock file on its way into a document that is handed on: bounded, and without what lets somebody in. Pure. */
import { maskPersonal } from "../checking/personal.ts";

/** Longer text is cut. */
const TEXT_MAX = 300;
/** Cut before it is looked at, so that megabytes cost nothing. */
const LOOKED_AT_MAX = 8 * TEXT_MAX;
/** What stands before the at-sign of an address: a name, a password, or a token alone. */
const USER = /:\/\/[^\s/@]{0,2000}@/g;
/** Signed addresses carry their key here. */
const QUERY = /(:\/\/[^\s?#]{0,2000})\?[^\s#]{0,2000}/g;
const TOKEN = /\b(?:gh[pousr]_|github_pat_|npm_|glpat-|pypi-|dckr_pat_|hf_)[A-Za-z0-9_-]{12,}/g;

export const plain = (value: string): string => maskPersonal(value.slice(0, LOOKED_AT_MAX).replace(USER, "://…@").replace(QUERY, "$1?…").replace(TOKEN, "…")).slice(0, TEXT_MAX).toWellFormed();

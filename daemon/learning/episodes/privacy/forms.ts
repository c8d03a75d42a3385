/** Forms that published excerpts do not look for: an address as mail standards allow it, account and card numbers in groups of a writer's own. */
import { isCard, isIban } from "../../../checking/personal.ts";

const LABEL = "[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}-]{0,62}";
/** RFC 5322 section 3.4.1: a quoted name, or one with an apostrophe; RFC 6531: letters of every script on both sides. */
const ADDRESS = new RegExp(`("[^"\\n@]{1,64}"|'[^'\\n@]{1,64}'|[\\p{L}\\p{M}\\p{N}._%+-]{1,64}(?:['’][\\p{L}\\p{M}\\p{N}._%+-]{1,64})?)@((?:${LABEL}\\.){1,8}(?:[A-Za-z]{2,24}|\\p{L}[\\p{L}\\p{M}]{1,23}))(?![A-Za-z0-9])`, "gu");
const ASCII = /^[\x21-\x7e]*$/;

/** Names and hosts that plain rules read only half of; the rest is left to them. */
export const maskOddAddresses = (text: string, mask: () => string): string =>
  text.replace(ADDRESS, (all: string, local: string, domain: string) => (/["'’]/.test(local) || !ASCII.test(domain) ? mask() : all));

const BETWEEN = "([\\s.\u00b7_/|\u2010-\u2015-]{1,3})";
const EDGE = ["(?<![\\p{L}\\p{N}])", "(?![\\p{L}\\p{N}])"] as const;
/** The same between all groups: fours, and what remains; or 4, 6 and 5 digits. */
const CARDS = [`\\d{4}${BETWEEN}\\d{4}\\1\\d{4}\\1\\d{1,7}`, `\\d{4}${BETWEEN}\\d{6}\\1\\d{4,5}`].map((form) => new RegExp(EDGE.join(form), "gu"));
const IBANS = new RegExp(EDGE.join(`[A-Z]{2}\\s?\\d{2}${BETWEEN}(?:[A-Z0-9]{4}\\1){2,7}[A-Z0-9]{1,4}`), "giu");

/** By check digits, as everywhere; a group of letters alone is a word. */
export function maskGrouped(text: string, iban: () => string, card: () => string): string {
  const accounts = text.replace(IBANS, (all) => (/\d{4}/.test(all) && isIban(all.replaceAll(/[^A-Za-z0-9]/g, "")) ? iban() : all));
  return CARDS.reduce((masked, form) => masked.replace(form, (all) => (/^[2-6]/.test(all) && isCard(all) ? card() : all)), accounts);
}

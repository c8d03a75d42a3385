/**
 * Text of a change on its way to a card, a log or evidence. What could be a
 * credential is masked in every excerpt, whichever check quotes it, because a
 * published finding must never become the leak.
 */

import { pathText, type PathBytes } from "../../proto/scalar.ts";
import { maskPersonal } from "./personal.ts";

/** Shortest run of token characters that is looked at; shorter secrets cannot be told from words. */
const RUN = /[A-Za-z0-9_+/=~-]{20,}/g;
/** Prefixes that mean a credential, whatever follows them. */
const PREFIX = "\\b(?:gh[pousr]_|github_pat_|npm_|glpat-|xox[abopr]-|sk-|[sr]k_live_|AKIA|hf_|pypi-|dckr_pat_|AGE-SECRET-KEY-)";
const PREFIXED = new RegExp(`${PREFIX}[A-Za-z0-9_+/=.-]{12,}`, "g");
const PREFIXED_NAME = new RegExp(`${PREFIX}[A-Za-z0-9_+=-]{12,}`, "g");
/** Bounded on both sides of the colon, so a megabyte of "://a:" stays linear. */
const URL_CREDENTIAL = /:\/\/[^\s/@:]{0,256}:[^\s/@]{1,256}@/g;
const ENTROPY_BITS_MIN = 3;
/** Random base 62 changes class at 0.44 of its letters, hex at 0.47, camelCase names at about 0.16. */
const CLASS_CHANGES_MIN = 0.2;
const SHOWN_CHARACTERS_MAX = 300;
const PREFIX_SHOWN = 4;

/** Shannon entropy in bits per character; 0 for the empty string. */
export function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const DIGIT = 1;
const LOWER = 2;
const UPPER = 3;

function classOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return DIGIT;
  if (code >= 0x61 && code <= 0x7a) return LOWER;
  return code >= 0x41 && code <= 0x5a ? UPPER : 0;
}

/** Share of letters at which digits and letters, or lower and upper case, take turns; a capital and its word are no turn. */
function classChanges(text: string): number {
  let last = 0;
  let letters = 0;
  let changes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const now = classOf(text.charCodeAt(at));
    if (now === 0) continue;
    letters += 1;
    if (last !== 0 && now !== last && !(last === UPPER && now === LOWER)) changes += 1;
    last = now;
  }
  return letters === 0 ? 0 : changes / letters;
}

/** A run nobody would write by hand: not a path, a package or an identifier with a digit in it. */
function looksDrawn(run: string): boolean {
  return /[0-9]/.test(run) && /[A-Za-z]/.test(run) && entropyBits(run) >= ENTROPY_BITS_MIN && classChanges(run) >= CLASS_CHANGES_MIN;
}

/** What carries a credential's prefix and looks drawn: in anything that was masked there is none. */
export function credentialsIn(text: string): number {
  return (text.match(PREFIXED) ?? []).filter(looksDrawn).length;
}

/** First characters and length: enough to find it in the file, useless to anyone else. */
export function masked(secret: string): string {
  return `${secret.slice(0, PREFIX_SHOWN)}…(${secret.length})`;
}

/** What takes the place of a credential, by how it was told: user and password of an address, a prefix that only a credential has, or a run that nobody would write by hand. */
export interface CredentialMask {
  readonly address: () => string;
  readonly prefixed: (value: string) => string;
  readonly drawn: (value: string) => string;
}

/** Everything that looks like a credential. */
export function maskCredentials(text: string, { address, prefixed, drawn }: CredentialMask): string {
  return text.replace(URL_CREDENTIAL, address).replace(PREFIXED, prefixed).replace(RUN, (run) => (looksDrawn(run) ? drawn(run) : run));
}

const SHOWN: CredentialMask = { address: () => "://…:…@", prefixed: masked, drawn: masked };

/** Masks the given values wherever they stand, then everything that looks like a credential. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let out = text;
  for (const secret of secrets) if (secret !== "") out = out.replaceAll(secret, masked(secret));
  return maskCredentials(out, SHOWN);
}

/** What may be shown to anybody: neither a credential nor what names a person is left. Identities of findings go by `redact` alone, so that they stay what they were. */
export const published = (text: string, secrets: readonly string[] = []): string => maskPersonal(redact(text, secrets));

/** A place has to stay findable: in a path only an address, and what carries a credential's prefix and looks drawn, is masked. */
export function maskedPath(path: PathBytes): PathBytes {
  const text = pathText(path);
  const safe = maskPersonal(text.replace(PREFIXED_NAME, (name) => (looksDrawn(name) ? masked(name) : name)));
  return safe === text ? path : { u: safe };
}

/** At most `characters_max` characters, no half of a surrogate pair, so that it survives canonical JSON. */
export function cutText(text: string, characters_max: number): string {
  if (text.length <= characters_max) return text.toWellFormed();
  const last = text.charCodeAt(characters_max - 2);
  const end = last >= 0xd800 && last <= 0xdbff ? characters_max - 2 : characters_max - 1;
  return `${text.slice(0, end).toWellFormed()}…`;
}

/** A name or sentence built from a change's text: masked and bounded. */
export function shown(text: string): string {
  return cutText(published(text.length > 8 * SHOWN_CHARACTERS_MAX ? text.slice(0, 8 * SHOWN_CHARACTERS_MAX) : text), SHOWN_CHARACTERS_MAX);
}

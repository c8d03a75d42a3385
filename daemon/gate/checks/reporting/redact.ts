/**
 * Text of a change on its way to a card, a log or evidence. What could be a
 * credential is masked in every excerpt, whichever check quotes it, because a
 * published finding must never become the leak.
 */

/** Shortest run of token characters that is looked at; shorter secrets cannot be told from words. */
const RUN = /[A-Za-z0-9_+/=~-]{20,}/g;
/** Bounded on both sides of the colon, so a megabyte of "://a:" stays linear. */
const URL_CREDENTIAL = /:\/\/[^\s/@:]{0,256}:[^\s/@]{1,256}@/g;
const ENTROPY_BITS_MIN = 3;
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

/** First characters and length: enough to find it in the file, useless to anyone else. */
export function masked(secret: string): string {
  return `${secret.slice(0, PREFIX_SHOWN)}…(${secret.length})`;
}

/** Masks the given values wherever they stand, then everything that looks like a credential. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let out = text;
  for (const secret of secrets) if (secret !== "") out = out.replaceAll(secret, masked(secret));
  out = out.replace(URL_CREDENTIAL, "://…:…@");
  return out.replace(RUN, (run) => (/[0-9]/.test(run) && /[A-Za-z]/.test(run) && entropyBits(run) >= ENTROPY_BITS_MIN ? masked(run) : run));
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
  return cutText(redact(text.length > 8 * SHOWN_CHARACTERS_MAX ? text.slice(0, 8 * SHOWN_CHARACTERS_MAX) : text), SHOWN_CHARACTERS_MAX);
}

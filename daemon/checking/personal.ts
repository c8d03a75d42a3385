/**
 * What names a person or an account in text that leaves a check process: addresses, telephone numbers, bank accounts and cards. Each is checked
 * by its own rule, so that a version or a digest stays readable. Nothing of the value is shown, not its first letters either.
 */

/** From the at-sign on, also as web addresses, HTML and escapes write it; labels are bounded, so that a megabyte of letters stays linear. */
const DOMAIN = /(?:@|%40|&#64;|\\u0040)((?:[A-Za-z0-9\u00c0-\u024f\u0370-\u052f](?:[A-Za-z0-9\u00c0-\u024f\u0370-\u052f-]{0,62})\.){1,8}(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z\u0400-\u052f]{2,24}))(?![A-Za-z0-9]|-[A-Za-z0-9])/g;
/** Before it; letters of scripts that put no space between words end it. */
const LOCAL = /[A-Za-z0-9._%+\u00c0-\u024f\u0370-\u052f-]/;
const LOCAL_CHARACTERS_MAX = 320;
/** A package and its version, a picture for finer screens, a file: no top-level domain is called so. With more dots it is an address in a file's name. */
const NO_DOMAIN = /^v?\d+(?:\.\d+|x\.)|^[^.]+\.(?:png|jpe?g|gif|svg|webp|avif|ico|css|[cm]?jsx?|tsx?|json|map|tgz|gz|tar|ya?ml|toml|lock|txt|html)$/i;
/** E.164 writes at most 15 digits after the plus; what people put in between are spaces, dots, dashes, strokes and brackets. Eight digits are a date, too. */
const PHONE = /(?<![\w+])\+[1-9](?:[ ()./-]{0,3}\d){8,14}(?!\d)/g;
/** ISO 13616: country, check digits, then up to 30 letters and digits, often in fours. */
const IBAN = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])/g;
/** ISO 7812: 13 to 19 digits; the first one says cards of travel, payment or banks. */
const CARD = /(?<![\w.-])(?:[3-6]|2(?=[ -]?[2-7]))(?:[ -]?\d){12,18}(?![\w.-]?\d)/g;

/** Addresses of programs: they name nobody, and an actor's class is told by them. */
const NOBODY = /^(?:git|hg|ssh|noreply|no-reply|donotreply|support|bot)$|\[bot\]$/i;
const PROGRAMS = /^(?:.*\.)?(?:anthropic\.com|openai\.com|cursor\.com|dependabot\.com|renovateapp\.com|aider\.chat|ampcode\.com|all-hands\.dev|opencode\.ai)$/i;

/** ISO 7064 mod 97-10: letters count from 10, and the first four characters stand last. */
export function isIban(text: string): boolean {
  const bare = text.replaceAll(/[ -]/g, "");
  if (bare.length < 15 || bare.length > 34) return false;
  let rest = 0;
  for (const character of bare.slice(4) + bare.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** How much of a candidate is one: a word behind it may have been taken for a group of its own. */
function ibanLength(text: string): number {
  for (let end = text.length; end >= 15; end = Math.max(text.lastIndexOf(" ", end - 1), text.lastIndexOf("-", end - 1))) if (isIban(text.slice(0, end))) return end;
  return 0;
}

/** Luhn: every second digit from the right counts twice. */
export function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, "");
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits.at(-1 - at));
    const twice = digit * 2;
    sum += at % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return digits.length >= 13 && digits.length <= 19 && new Set(digits).size > 1 && sum % 10 === 0;
}

const namesNobody = (local: string, domain: string): boolean => NOBODY.test(local) || PROGRAMS.test(domain);

/** Each at-sign with a domain behind it, and back from there what may stand before it; those that `spared` names stay. */
export function maskAddresses(text: string, mask: () => string = () => "[e-mail]", spared: (local: string, domain: string) => boolean = namesNobody): string {
  let out = "";
  let done = 0;
  for (const { 0: all, 1: domain = "", index } of text.matchAll(DOMAIN)) {
    let start = index;
    const first = Math.max(done, index - LOCAL_CHARACTERS_MAX);
    while (start > first && LOCAL.test(text.charAt(start - 1))) start -= 1;
    const local = text.slice(start, index);
    if (local === "" || spared(local, domain) || NO_DOMAIN.test(domain)) continue;
    out += text.slice(done, start) + mask();
    done = index + all.length;
  }
  return out + text.slice(done);
}

/** Bank accounts and cards whose own check digits are right. */
export function maskAccounts(text: string, iban: () => string = () => "[iban]", card: () => string = () => "[card]"): string {
  return text.replace(IBAN, (all) => (ibanLength(all) === 0 ? all : iban() + all.slice(ibanLength(all)))).replace(CARD, (all) => (isCard(all) ? card() : all));
}

/** Telephone numbers with their country. */
export const maskCalls = (text: string, mask: () => string = () => "[phone]"): string => text.replace(PHONE, mask);

/** Masks what names a person; the rest stays as it is. */
export const maskPersonal = (text: string): string => maskCalls(maskAccounts(maskAddresses(text)));

/**
 * What names a person or an account in text that leaves a check process: addresses, telephone numbers, bank accounts and cards. Each is checked
 * by its own rule, so that a version or a digest stays readable. Nothing of the value is shown, not its first letters either.
 */

/** Longer runs are no address; both sides are bounded, so that a megabyte of letters stays linear. */
const EMAIL = /(?<![A-Za-z0-9._%+-])([A-Za-z0-9._%+-]{1,64})@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9-])/g;
/** E.164 writes at most 15 digits after the plus; what people put in between are spaces, dots, dashes and brackets. */
const PHONE = /(?<![\w+])\+[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)/g;
/** ISO 13616: country, check digits, then up to 30 letters and digits, often in fours. */
const IBAN = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g;
/** ISO 7812: 13 to 19 digits; the first one says cards of travel, payment or banks. */
const CARD = /(?<![\w.-])[3-6](?:[ -]?\d){12,18}(?![\w.-]?\d)/g;

/** Addresses of programs: they name nobody, and an actor's class is told by them. */
const NOBODY = /^(?:git|hg|ssh|noreply|no-reply|donotreply|support|bot)$|\[bot\]$/i;
const PROGRAMS = /^(?:.*\.)?(?:anthropic\.com|openai\.com|cursor\.com|dependabot\.com|renovateapp\.com|aider\.chat|ampcode\.com|all-hands\.dev|opencode\.ai)$/i;

/** ISO 7064 mod 97-10: letters count from 10, and the first four characters stand last. */
function isIban(text: string): boolean {
  const bare = text.replaceAll(" ", "");
  if (bare.length < 15 || bare.length > 34) return false;
  let rest = 0;
  for (const character of bare.slice(4) + bare.slice(0, 4)) rest = Number(`${rest}${Number.parseInt(character, 36)}`) % 97;
  return rest === 1;
}

/** Luhn: every second digit from the right counts twice. */
function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, "");
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits.at(-1 - at));
    const twice = digit * 2;
    sum += at % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return digits.length >= 13 && digits.length <= 19 && new Set(digits).size > 1 && sum % 10 === 0;
}

/** Masks what names a person; the rest stays as it is. */
export function maskPersonal(text: string): string {
  return text
    .replace(EMAIL, (all, local: string, domain: string) => (NOBODY.test(local) || PROGRAMS.test(domain) ? all : "[e-mail]"))
    .replace(IBAN, (all) => (isIban(all) ? "[iban]" : all))
    .replace(CARD, (all) => (isCard(all) ? "[card]" : all))
    .replace(PHONE, "[phone]");
}

/** One way to write each character: what looks like an address, or is one to whoever decodes it, is one. */

/** Characters that nobody sees and that would tear a value in two: format characters, fillers, selectors, controls but those that end a word or a line; and what is drawn over a digit or a letter. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Me}\u0334-\u0338]|(?![\t\n\r])\p{Cc}/gu;
/** Digits of every script, as telephones and cards are written with them. */
const DIGIT = /(?![0-9])\p{Nd}/gu;
/** As addresses in the web, HTML and escapes of programs write a character. */
const ESCAPED = /(?:%[0-9a-f]{2})+|&#(\d{1,7});|&#x([0-9a-f]{1,6});|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|&(commat|period|plus|hyphen|dash|colon|equals|lowbar|nbsp|amp|sol);/gi;
const NAMED: Readonly<Record<string, string>> = { commat: "@", period: ".", plus: "+", hyphen: "-", dash: "-", colon: ":", equals: "=", lowbar: "_", nbsp: " ", amp: "&", sol: "/" };
/** The full stop of other scripts, within what is a name of a host otherwise (RFC 3490 section 3.1). */
const FULL_STOP = /(?<=[A-Za-z0-9-])[\u3002\uff61](?=[A-Za-z0-9])/g;
/** Escapes of escapes; more were never seen. */
const DECODED_MAX = 3;

function digitOf(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  // Ten of a script stand in a row.
  let zero = code;
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String(code - zero);
}

function bytesOf(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    // Not UTF-8: what of it is ASCII is that still.
    return run.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

/** Half of a surrogate pair, and what is no character, stays as it was written. */
const characterOf = (code: number, all: string): string => (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? all : String.fromCodePoint(code));

const decoded = (text: string): string =>
  text.replace(ESCAPED, (all: string, decimal?: string, hex?: string, u?: string, x?: string, name?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? all;
    if (decimal !== undefined) return characterOf(Number(decimal), all);
    const digits = hex ?? u ?? x;
    return digits === undefined ? bytesOf(all) : characterOf(Number.parseInt(digits, 16), all);
  });

const once = (text: string): string => text.normalize("NFKC").replace(UNSEEN, "").replace(DIGIT, digitOf).replace(FULL_STOP, ".");

/** NFKC, decoded, nothing unseen, digits 0 to 9. */
export function plain(text: string): string {
  let now = once(text);
  for (let pass = 0; pass < DECODED_MAX; pass += 1) {
    const next = decoded(now);
    if (next === now) break;
    now = once(next);
  }
  return now;
}

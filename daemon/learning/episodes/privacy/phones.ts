/**
 * Telephone numbers as people write them. E.164 is told by its plus; national forms by a trunk zero, a bracket, the
 * groups of a numbering plan, or a word before them. Digits alone that have none of this are somebody's id, and stay.
 */

/** 7 to 15 digits (ITU-T E.164 section 6), with at most three of what people put in between. */
const CANDIDATE = /(?<![\w.:/=@#+-])(?:\+ ?|\()?\d(?:[ \t().\u00b7\u2010-\u2015_\/-]{0,3}\d){6,16}(?!\w|-\w|[.:]\d)/g;
const DATE = /^(?:\d{4}[-./][01]?\d[-./][0-3]?\d|[0-3]?\d[-./][0-3]?\d[-./]\d{2,4})(?!\d|[-./]\d)/;
/** Words that say what follows is a number to call, in the languages of the corpus. */
const LABEL = /(?:\b(?:tel|tele?phone|telefono?|teléfono|tél|fon|fax|mobile?|móvil|celular|cell|handy|portable|phone|call|dial|whatsapp|sms|text|ring|ruf|llama|appelle[zr]?|numer|nr tel)|телефон|тел|电话|電話|전화)(?:\s*(?:number|no|nr|num|is|me|at|me at|unter|an|al|au|номер))?[\s.:=#-]{0,4}$/i;
const LABEL_CHARACTERS = 32;
const NANP = /^(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-]{1,2}[2-9]\d{2}[ .-]\d{4}$/;
/** Mobile numbers of China and India, and any of Russia behind its trunk prefix, in their usual groups. */
const GROUPED = /^(?:1[3-9]\d[ -]\d{4}[ -]\d{4}|[6-9]\d{4}[ -]\d{5}|8[ -]?\(?\d{3}\)?[ -]\d{3}[ -]\d{2}[ -]?\d{2})$/;
const AREA = /^\(\d{1,5}\)[ -]?\d/;
const TRUNK = /^\(?0[1-9]/;
/** Two decimal fractions in a row. */
const FRACTIONS = /\d\.\d+ +\d+\.\d/;
const DISTINCT_MIN = 3;

/** `before`: what stands in front of it. */
function isPhone(raw: string, before: string): boolean {
  const digits = raw.replaceAll(/\D/g, "");
  if (new Set(digits).size < DISTINCT_MIN || DATE.test(raw) || FRACTIONS.test(raw)) return false;
  const n = digits.length;
  if (raw.startsWith("+")) return n >= (/\d\D/.test(raw) ? 8 : 9) && n <= 15 && /^[1-9]/.test(digits);
  if (n <= 15 && LABEL.test(before.slice(-LABEL_CHARACTERS))) return true;
  if (digits.startsWith("00")) return n >= 11 && n <= 17 && /^00[1-9]/.test(digits);
  if (NANP.test(raw) || GROUPED.test(raw)) return true;
  if (AREA.test(raw)) return n >= 8 && n <= 13;
  return TRUNK.test(raw) && n >= 9 && n <= 12;
}

export function maskPhones(text: string, mask: () => string): string {
  return text.replace(CANDIDATE, (raw, at: number) => (isPhone(raw, text.slice(Math.max(0, at - LABEL_CHARACTERS), at)) ? mask() : raw));
}

/** Nothing is stored of an episode before it went through here: personal and secret text of the declared classes gives way to the class's name. */
import type { Redacted } from "../../../../proto/episode.ts";
import { type Context, CONTEXT_TEXT_MAX, type ContextField, type PiiClass } from "../../../../proto/routing.ts";
import { maskAccounts, maskAddresses, maskCalls } from "../../../checking/personal.ts";
import { cutText } from "../../../checking/redact.ts";
import { maskGrouped, maskOddAddresses } from "./forms.ts";
import { maskNames } from "./names.ts";
import { maskPhones } from "./phones.ts";
import { plain } from "./plain.ts";
import { maskTokens } from "./tokens.ts";

const NOTHING_REDACTED: Redacted = { person: 0, email: 0, phone: 0, iban: 0, card: 0, token: 0 };

/** How addresses are written to be read by people alone. */
const SPELLED = /([A-Za-z0-9._%+-]{1,64}) ?(?:\[at\]|\(at\)|\{at\}| at ) ?([A-Za-z0-9-]{1,63}) ?(?:\[dot\]|\(dot\)|\{dot\}| dot |\.) ?([A-Za-z]{2,24}(?:(?:\[dot\]|\(dot\)| dot |\.)[A-Za-z]{2,24})?)(?![A-Za-z])/gi;
/** `at` in a sentence that names a file or a place is no at-sign: one of the two is spelled as nobody writes it otherwise. */
const isSpelled = (all: string): boolean => /[[({]at[\])}]|[[({]dot[\])}]| at [^.]* dot /i.test(all);

type Mask = (of: PiiClass) => () => string;

function masked(text: string, mask: Mask): string {
  // What has check digits comes first: nothing else is as sure of what it is.
  const unsigned = maskTokens(maskAccounts(maskGrouped(text, mask("iban"), mask("card")), mask("iban"), mask("card")), mask("token"));
  // Of a program's address, too, it is not known here whether somebody reads it.
  const unmailed = maskAddresses(maskOddAddresses(unsigned, mask("email")), mask("email"), () => false).replace(SPELLED, (all) => (isSpelled(all) ? mask("email")() : all));
  return maskNames(maskCalls(maskPhones(unmailed, mask("phone")), mask("phone")), mask("person"));
}

/** What is taken out may free what stood against it, as a name does a number; twice is seldom, more was never seen. */
const PASSES_MAX = 8;

/** The text as it may be stored, and how many of each class were in it. What is too long then is cut, and looked at again: half of a number is another number. */
export function filterText(text: string, characters_max: number): { readonly text: string; readonly redacted: Redacted } {
  const redacted: Record<PiiClass, number> = { ...NOTHING_REDACTED };
  const mask: Mask = (of) => () => {
    redacted[of] += 1;
    return `[${of}]`;
  };
  let [before, now] = ["", plain(text)];
  for (let pass = 0; pass < PASSES_MAX && now !== before; pass += 1) [before, now] = [now, cutText(masked(now, mask), characters_max)];
  return { text: now, redacted };
}

/** Keyed, so that nobody finds a name by trying names, and the same for the same person of this node. */
export type Pseudonym = (name: string) => string;
const PSEUDONYM_CHARACTERS = 16;

/** Of a context that fits `fields`. */
export function filterContext(fields: readonly ContextField[], context: Context, pseudonym: Pseudonym): { readonly context: Context; readonly redacted: Redacted } {
  const redacted: Record<PiiClass, number> = { ...NOTHING_REDACTED };
  const kept = Object.entries(context).map(([name, value]): [string, Context[string]] => {
    const field = fields.find((each) => each.name === name);
    if (typeof value !== "string" || field?.type !== "text") return [name, value];
    if (field.pii === "person") {
      redacted.person += 1;
      return [name, `person-${pseudonym(plain(value).trim().toLowerCase()).slice(0, PSEUDONYM_CHARACTERS)}`];
    }
    const filtered = filterText(value, CONTEXT_TEXT_MAX);
    for (const of of Object.keys(redacted) as PiiClass[]) redacted[of] += filtered.redacted[of];
    return [name, filtered.text];
  });
  return { context: Object.fromEntries(kept), redacted };
}

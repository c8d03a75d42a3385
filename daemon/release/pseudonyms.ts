/** Who wrote a change, without their addresses: keyed digests, by which this node knows again whom its configuration names, and nobody else learns who it was. Pure. */
import type { Actor } from "../../proto/actor.ts";
import type { Authors } from "../../proto/people.ts";

/** A keyed digest in hex, of this node alone. */
export type Keyed = (text: string) => string;

const CHARACTERS = 20;
const EMAILS_MAX = 5_000;
const KEY_NAME = "which key";
const LOGIN = "login:";
/** Addresses that a code host makes from a login. */
const NOREPLY = /^(?:\d+[+-])?([a-z0-9-]+)@users\.noreply\.(?:github|gitlab)\.com$/;

export const personOf = (text: string, keyed: Keyed): string => `person-${keyed(text.trim().toLowerCase()).slice(0, CHARACTERS)}`;
export const loginOf = (address: string): string | null => NOREPLY.exec(address)?.[1] ?? null;
export const personOfLogin = (login: string, keyed: Keyed): string => personOf(`${LOGIN}${login.toLowerCase()}`, keyed);
const keyName = (keyed: Keyed): string => keyed(KEY_NAME).slice(0, CHARACTERS);

/** As they are kept. A list that grows over its bound is no longer all of them. */
export function keptAuthors({ emails, complete }: Authors, keyed: Keyed): Authors {
  const names = emails.flatMap((email) => {
    const login = loginOf(email);
    return [personOf(email, keyed), ...(login === null ? [] : [personOfLogin(login, keyed)])];
  });
  return { emails: names.slice(0, EMAILS_MAX), complete: complete && names.length <= EMAILS_MAX, keyed: keyName(keyed) };
}

/** Authors whose names were made under another key can no longer be told from anybody: then nobody is known not to be among them. */
export const readableAuthors = (authors: Authors, keyed: Keyed): Authors => (authors.keyed === undefined || authors.keyed === keyName(keyed) ? authors : { ...authors, complete: false });

/** aider writes itself behind the name of whoever it works for. */
const BEHIND_NAME = /^(.*) (\(aider\) <)/s;

/** The actor as a card shows it: a program keeps its name, a person has a pseudonym, also where the title says the name. */
export function unnamed<T extends { readonly actor: Actor; readonly title: string }>(facts: T, keyed: Keyed): T {
  const { actor, title } = facts;
  const { name, signs } = actor;
  const programme = signs.some(({ source, text }) => source !== "trailer" && text.startsWith(`${name} <`) && !name.endsWith("(aider)"));
  if (programme || name.trim() === "") return facts;
  const bare = name.replace(/ \(aider\)$/, "");
  const person = personOf(bare, keyed).slice(0, SHOWN_CHARACTERS);
  const without = (text: string): string => (bare.length < NAME_CHARACTERS_MIN ? text : text.replaceAll(bare, person));
  return { ...facts, title: without(title), actor: { ...actor, name: person, signs: signs.map((sign) => ({ ...sign, text: without(sign.text.replace(BEHIND_NAME, (_, who: string, rest: string) => `${personOf(who, keyed).slice(0, SHOWN_CHARACTERS)} ${rest}`)) })) } };
}

/** Of a pseudonym on a card. */
const SHOWN_CHARACTERS = 17;
/** A shorter name is a word of any sentence. */
const NAME_CHARACTERS_MIN = 4;

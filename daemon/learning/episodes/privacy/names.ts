/**
 * Names of people in free text, as far as a rule can tell them: after a title, a greeting or a label, and where a common
 * given name has a family name behind it. What it misses is measured by the corpus beside it; a field that is known to
 * hold a name is declared `pii: person`, and then nothing of it is kept at all.
 */
import { GIVEN_NAMES } from "./given-names.ts";

const WORD = "(?:[aeAE]l-)?\\p{Lu}[\\p{L}\\p{M}'’]{1,30}(?:-\\p{Lu}?[\\p{L}\\p{M}]{1,30})?";
const PARTICLE = "(?:(?:van der|van den|von der|van|von|de la|de los|de|da|dos|do|del|della|di|du|le|la|bin|ibn|al|el|ter|zu|y) )?";
const NAME = `${WORD}(?: \\p{Lu}\\.)?(?: ${PARTICLE}${WORD}){0,3}`;
const FULL = `${WORD}(?: \\p{Lu}\\.)?(?: ${PARTICLE}${WORD}){1,3}`;
const rule = (before: string, name: string): RegExp => new RegExp(`(?<![\\p{L}\\p{N}_])(${before})(${name})(?![\\p{L}\\p{N}_@/]|\\.\\p{L})`, "gu");

const TITLED = rule("(?:Mr|Mrs|Ms|Miss|Mister|Dr|Prof|Professor|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Srta?|Sra|Don|Doña|Signora?|Sig|Sig\\.ra|Dott|Dhr|Mevr|Meneer|Mevrouw|Senhora?|Госпожа|Господин|Κύριος|Κυρία)\\.? ", NAME);
const LABELLED = rule("(?:[Nn]ame|[Aa]uthor|[Rr]eviewer|[Aa]ssignee|[Cc]ontact|[Cc]ustomer|[Pp]atient|[Cc]lient|[Uu]ser|[Oo]wner|[Rr]eporter|[Rr]equester|[Ff]rom|[Cc]c|[Aa]ttn|[Ss]igned-off-by|[Rr]eported-by|[Rr]eviewed-by|[Cc]o-authored-by|Kunde|Kundin|Ansprechpartner|Kontakt|[Nn]om|[Nn]ombre|[Nn]ome|[Aa]utor|Имя|Имя и фамилия): ?", FULL);
const SAID = rule("(?:[Mm]y name is|[Tt]his is|I am|I['’]m|[Ii]ch hei(?:ß|ss)e|[Mm]ein Name ist|[Jj]e m['’]appelle|[Mm]e llamo|[Mm]i chiamo|[Mm]eu nome é|[Mm]eno zovut|[Mm]am na imię|[Mm]enya zovut|[Мм]еня зовут|assigned to|reported by|approved by|signed by|written by|reviewed by|on behalf of|spoke (?:with|to)|ask|call|meet|cc) ", FULL);
const GREETED = rule("(?:Dear|Hi|Hello|Hey|Hallo|Liebe[r]?|Cher|Chère|Hola|Ciao|Bonjour|Thanks|Thank you|Danke|Merci|Gracias|Grazie|Regards|Best|Cheers|Sincerely|Gruß|Grüße|Cordialement|Saludos|Здравствуйте|Привет),? ", NAME);
const ANY = rule("", FULL);
const LONE = new RegExp(`(?<![\\p{L}\\p{N}_@./-])(${WORD})(?![\\p{L}\\p{N}_@/-]|\\.\\p{L})`, "gu");

const given = (word: string): boolean => GIVEN_NAMES.has(word.toLowerCase());
/** What is greeted and nobody's name. */
const NOBODY = /^(?:All|Team|There|World|Everyone|Everybody|Sir|Madam|Folks|Friends?|Customer|User|Colleagues?|Support|Kollegen|Zusammen|You|Again|Bot|Admin|Claude|Copilot|Welt)\b/u;
/** Words of sentences and products that are written large and follow a label as well. */
const NO_NAME = /\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|Señora?|Monsieur|Madame|Server|Service|Error|Exception|API|Test|Build|Team|Inc|Ltd|GmbH|Corp|Street|Road|University|Bank|Cloud|Linux|Windows|Java|Script|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|December|The|This|New|Update|Model|Agent|Code|Data|Version|Release|Request|Response|Gate|Check|Field|Value|Type|Name|Database|Cluster|Node|Policy|Support|Department|Bot|Actions|Law|Prize|Theorem|Method|Algorithm|Carlo|Angeles|Francisco|Diego|Jose|Paulo|Island|Petersburg|Park|City)\b/u;

/** From the first given name on that another word follows: what stands before it may begin the sentence. */
function fromGiven(text: string, mask: () => string): string {
  const words = text.split(" ");
  const at = words.findIndex((word, i) => i < words.length - 1 && given(word.replace(/[.,]$/, "")));
  if (at < 0 || NO_NAME.test(words.slice(at).join(" "))) return text;
  return [...words.slice(0, at), mask()].join(" ");
}

export function maskNames(text: string, mask: () => string): string {
  const after = (_all: string, before: string): string => `${before}${mask()}`;
  const plausible = (all: string, before: string, name: string): string => (NOBODY.test(name) || NO_NAME.test(name) ? all : after(all, before));
  return text
    .replace(TITLED, after)
    .replace(LABELLED, plausible)
    .replace(SAID, plausible)
    .replace(GREETED, (all: string, before: string, name: string) => (NOBODY.test(name) || NO_NAME.test(name) || !(given(name.split(" ")[0] ?? "") || name.includes(" ") || /^(?:Dear|Liebe|Lieber|Cher|Chère)/.test(before)) ? all : after(all, before)))
    .replace(ANY, (_all, before: string, name: string) => before + fromGiven(name, mask))
    .replace(LONE, (all, name: string, at: number, whole: string) => (given(name) && ADDRESSED.test(whole.slice(Math.max(0, at - ADDRESSED_CHARACTERS), at)) ? mask() : all));
}

const ADDRESSED_CHARACTERS = 24;
/** A given name alone is a name where somebody is spoken of as one speaks of people. */
const ADDRESSED = /(?:\b(?:ask|tell|ping|told|asked|with|by|from|for|to|cc|and|für|von|mit|an|pour|avec|para|con|per|da)|[.,;:!?—–-]|@) ?$/iu;

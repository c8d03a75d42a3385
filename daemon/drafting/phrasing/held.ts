/** A model's words, held against the facts. What names something that is not there, counts wrongly, or claims what no rule found, is dropped. */
import type { DraftTask } from "../../../proto/drafting.ts";
import { pathText } from "../../../proto/scalar.ts";
import { visible } from "../../verifier/visible.ts";
import { claimIn } from "./claims.ts";
import { isAddressed, isHiding } from "../scan/addressed.ts";
import { declared } from "../scan/names.ts";
import { ofFactsAlone } from "./continued.ts";
import type { Study } from "../study.ts";
import { withBodyLine } from "../tasks/commit-message.ts";

/** What was kept, and why the rest was not. */
export interface Held {
  readonly kept: readonly string[];
  readonly dropped: readonly string[];
}

const SENTENCES_MAX = 3;
const SENTENCE_CHARACTERS_MAX = 300;
const SENTENCE_CHARACTERS_MIN = 12;

const COMMANDS = /(?:^|\s)(?:npm|npx|yarn|pnpm|bun|git|curl|wget|rm|sudo|pip|python3?|node|bash|sh|make|docker|kubectl|maestro|chmod|ssh|eval|cargo|go) +[a-z-]|[$#>] \w+|\|\s*(?:ba)?sh\b|&&|;\s*\w+ -/;
const ADDRESSES = /\b[a-z][a-z0-9+.-]{1,15}:\/\/|\bwww\.|\[:\]|(?:^|\s)@\w|mailto|<\/?[a-z!]|!?\[[^\]]*\]\(|[^\s@]+@[^\s@]+\.[a-z]{2,}/i;
/** What no prose of ours would have as a word: it names something. */
const NAME_LIKE = /[A-Za-z_$][\w$]*(?:[./:#-]+[\w$]+)+|\b[a-z]+[A-Z]\w*|\b[A-Z][a-z]+[A-Z]\w*|\b\w*_\w+\b|\b[A-Z]{2,}[A-Z0-9]*\b|`[^`]*`|["'][^"']{1,80}["']|\b\w+\(\)?/g;
const PLAIN_CAPITALS = /^(?:API|JSON|YAML|HTTP|URL|SQL|CSS|HTML|UI|CLI|ID|OK|README|I|A)$/;
const HYPHENATED = /^[a-z]+(?:-[a-z]+)+$/;

interface Known {
  readonly names: ReadonlySet<string>;
  readonly numbers: ReadonlySet<string>;
}

function knownOf({ files, names, dependencies, card, findings, risks }: Study): Known {
  const all: string[] = [
    ...files.flatMap(({ path, old_path }) => [path, ...(old_path === null ? [] : [old_path])]).flatMap((path) => [path, path.replace(/^\.+/, ""), ...path.split("/"), path.split("/").at(-1)!.replace(/\.[^.]+$/, ""), ...path.split("/").map((_, at, parts) => parts.slice(0, at + 1).join("/"))]),
    ...names.flatMap((change) => { const one = declared(change); return [one.name, ...(one.within === null ? [] : [one.within, `${one.within}.${one.name}`]), `${one.name}()`, `${one.name}(`]; }),
    ...dependencies.flatMap(({ name, from, to }) => [name, from ?? "", to ?? ""]),
    ...card.reasons.flatMap(({ rule, ranges }) => [rule, ...rule.split("."), ...ranges.map(({ path, start_line }) => `${pathText(path)}:${start_line}`)]),
    ...findings.flatMap(({ finding }) => [finding.rule, finding.test?.name ?? ""]),
  ];
  const [added, removed] = [files.reduce((sum, file) => sum + file.added.length, 0), files.reduce((sum, file) => sum + file.removed.length, 0)];
  const counts = [files.length, names.length, dependencies.length, risks.length, added, removed, added + removed, card.reasons.length, findings.length, ...files.flatMap((file) => [file.added.length, file.removed.length]), ...(["added", "removed", "changed", "signature"] as const).map((how) => names.filter((change) => change.how === how).length)];
  const numbers = new Set([...counts.map(String), ...all.flatMap((text) => text.match(/\d+(?:\.\d+)*/g) ?? []), "1"]);
  return { names: new Set(all.map((name) => name.toLowerCase())), numbers };
}

const bare = (name: string): string => name.replace(/^[`"']|[`"']$/g, "").replace(/[.,:;!?]+$/, "").replace(/\(\)?$/, "").toLowerCase();

/** Somebody or something by name, where it does not begin the sentence. */
const CAPITALISED = /(?<=[\w,;:)"'`] +["'(`]?)([A-Z][\w$]*)/g;
/** One is an article, and counts nothing. */
const COUNTS: readonly (readonly [string, RegExp])[] = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"].map((text, at): readonly [string, RegExp] => [String(at + 2), new RegExp(`\\b${text}\\b`, "i")]).concat([["0", /\bzero\b/i], ["", /\b(?:(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|dozens?|hundreds?|thousands?|millions?|twice|thrice|double|triple|half|percent)\b/i]]);

/** Why a sentence says more than is known; null where it does not. */
function fault(sentence: string, known: Known): string | null {
  if (sentence.length < SENTENCE_CHARACTERS_MIN) return "it says nothing";
  if (visible(sentence) !== sentence || isHiding(sentence)) return "it holds characters that act or hide";
  if (isAddressed(sentence)) return "it speaks to its reader";
  // `verifyToken` is a name here, and claims nothing.
  const claim = claimIn(sentence.replace(NAME_LIKE, (name) => (/[A-Z_./:(\d]/.test(name) && known.names.has(bare(name)) ? "it" : name)));
  if (claim !== null) return claim;
  if (ADDRESSES.test(sentence)) return "it holds an address or markup";
  if (COMMANDS.test(sentence)) return "it holds a command";
  for (const [name] of sentence.matchAll(NAME_LIKE)) {
    const read = bare(name);
    if (read === "" || PLAIN_CAPITALS.test(name) || HYPHENATED.test(read) || known.names.has(read)) continue;
    return "it names what is not in the change";
  }
  for (const [, name] of sentence.matchAll(CAPITALISED)) if (!known.names.has(bare(name!)) && !PLAIN_CAPITALS.test(name!)) return "it names what is not in the change";
  for (const [count, of] of COUNTS) if (of.test(sentence) && !known.numbers.has(count) && !known.names.has(of.exec(sentence)![0].toLowerCase())) return "it has a number that is not among the facts";
  for (const [number] of sentence.matchAll(/(?<![\w.])\d+(?:\.\d+)*/g)) if (!known.numbers.has(number)) return "it has a number that is not among the facts";
  return null;
}

/** Strictly the asked form; anything else is no answer. */
function sentencesIn(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    const listed: unknown = typeof value === "object" && value !== null && Object.hasOwn(value, "sentences") ? (value as Readonly<Record<string, unknown>>)["sentences"] : null;
    if (!Array.isArray(listed) || !listed.every((each) => typeof each === "string")) return null;
    return listed.slice(0, SENTENCES_MAX).map((each) => each.replace(/\s+/g, " ").trim().slice(0, SENTENCE_CHARACTERS_MAX));
  } catch {
    return null;
  }
}

/** `continued`: of a model that goes on with a text, a sentence has to be made of the facts and of nothing else as well. */
export function held(study: Study, task: DraftTask, text: string, continued: boolean): Held {
  const sentences = sentencesIn(text);
  if (sentences === null) return { kept: [], dropped: ["its answer has not the asked form"] };
  const known = knownOf(study);
  const alone = continued ? ofFactsAlone(study, task) : null;
  const judged = [...new Set(sentences)].map((said) => {
    const why = fault(said, known);
    const sentence = why !== null || alone === null ? said : alone(said);
    return sentence === null ? { sentence: said, why: "it says what is not among the facts" } : { sentence, why };
  });
  return { kept: judged.filter(({ why }) => why === null).map(({ sentence }) => sentence), dropped: judged.flatMap(({ why }) => (why === null ? [] : [why])) };
}

/** Whether the words are about this change at all: of all facts, one has to be named. */
const about = (sentence: string, study: Study): boolean => {
  const lower = sentence.toLowerCase();
  return [...study.files.flatMap(({ path }) => [path, path.split("/").at(-1)!.replace(/\.[^.]+$/, "")]), ...study.names.map((change) => declared(change).name), ...study.dependencies.map(({ name }) => name), ...study.card.reasons.map(({ rule }) => rule)].some((name) => name.length > 2 && lower.includes(name.toLowerCase()));
};

const ended = (sentence: string): string => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`);

/** The rules' text with the model's words in it; null where none of them may stand. */
export function phrased(study: Study, task: DraftTask, rules: string, said: Held): string | null {
  const kept = said.kept.filter((sentence) => about(sentence, study));
  const [first] = kept;
  if (first === undefined) return null;
  if (task === "commit-message") {
    // Another type in front would be one more subject.
    return /^[a-z]+(?:\([^)]*\))?!?:/.test(first) ? null : withBodyLine(rules, ended(first));
  }
  const words = kept.map(ended).join(" ");
  // Behind the rules' own, so that a model adds and takes nothing away.
  return `${rules}${task === "changelog" ? ` ${words}` : `\n\nIn a model's words, held against the facts: ${words}`}`;
}

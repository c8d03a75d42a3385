/**
 * For a model that goes on with a text and follows no order: facts and sentences of invented changes, then the facts of this one. Such a model gives
 * facts the wrong verb and the wrong file, so a sentence of it stands only where each of its clauses is one of the rules' facts, word for word.
 */
import { pathText } from "../../../proto/scalar.ts";
import type { DraftTask } from "../../../proto/drafting.ts";
import { isSafeName, isSafePath, quoted } from "../quote.ts";
import { declared, fullName, type NameChange } from "../scan/names.ts";
import type { Study } from "../study.ts";
import { decisive } from "../tasks/triage.ts";
import type { ShippedPrompt } from "./prompts.ts";

/** One fact: the words it is shown in first, then others that say the same. Names stand between backticks, which the model is not shown. */
type Fact = readonly [shown: string, ...others: string[]];

/** More of them, and it mixes up which name stands in which file. */
const FACTS_SHOWN = 3;
const FACTS_MAX = 400;
const RULE = /^[a-z][a-z0-9.-]{0,79}$/;
const VERSION = /^[\w.+~^<>=*-]{1,30}$/;
const HOW: Readonly<Record<NameChange["how"], readonly [verb: string, into: string]>> = { added: ["adds", "to"], removed: ["removes", "from"], signature: ["changes", "in"], changed: ["changes", "in"] };
const STATUS: Readonly<Record<string, string>> = { added: "adds", deleted: "removes", modified: "changes" };

const named = (text: string): string => quoted(text, 120);
/** `.github/workflows/ci.yml` is one as well. */
const isPath = (path: string): boolean => isSafePath(path.replace(/^\.(?=[A-Za-z0-9])/, ""));

function ofName(change: NameChange): Fact[] {
  const [name, { what }, path] = [fullName(change), declared(change), change.path];
  if (!name.split(".").every(isSafeName) || !isPath(path)) return [];
  const [verb, into] = HOW[change.how];
  const forms = [`${verb} the ${what} ${named(name)}`, `${verb} ${named(name)}`];
  return [[`${forms[0]} in ${named(path)}`, ...forms.flatMap((form) => [`${form} in ${named(path)}`, `${form} ${into} ${named(path)}`, form])]];
}

function ofDependencies({ dependencies }: Study): Fact[] {
  return dependencies.flatMap(({ name, from, to }): Fact[] => {
    if (!isSafePath(name) || ![from, to].every((version) => version === null || VERSION.test(version))) return [];
    if (from === null) return [[`adds the dependency ${named(name)} ${named(to!)}`, `adds the dependency ${named(name)}`]];
    return to === null ? [[`removes the dependency ${named(name)}`]] : [[`moves the dependency ${named(name)} from ${named(from)} to ${named(to)}`]];
  });
}

function ofFiles(files: Study["files"]): Fact[] {
  return files.slice(0, FACTS_MAX).flatMap(({ path, old_path, change: { status } }): Fact[] => {
    const verb = STATUS[status];
    if (!isPath(path)) return [];
    if (status === "renamed" && old_path !== null && isPath(old_path)) return [[`moves the file ${named(old_path)} to ${named(path)}`]];
    return verb === undefined ? [] : [[`${verb} the file ${named(path)}`, `${verb} ${named(path)}`]];
  });
}

function ofReasons(study: Study): Fact[] {
  return decisive(study).flatMap(({ rule, effect, ranges: [first] }): Fact[] => {
    if (!RULE.test(rule)) return [];
    const forms = [`is ${effect === "hold" ? "held" : "refused"} by the rule ${named(rule)}`, `is ${effect === "hold" ? "held" : "refused"} by ${named(rule)}`];
    const path = first === undefined ? "" : pathText(first.path);
    const placed = first === undefined || !isPath(path) ? [] : forms.map((form) => `${form} at ${named(`${path}:${first.start_line}`)}`);
    return [[...placed, ...forms] as [string, ...string[]]];
  });
}

/** Lines of a change that a name takes up. */
function sizeOf({ path, now, before }: NameChange, { files }: Study): number {
  const file = files.find((one) => one.path === path);
  const of = (lines: readonly { readonly line: number }[], one: { readonly line: number; readonly end_line: number } | null): number => (one === null ? 0 : lines.filter(({ line }) => line >= one.line && line <= one.end_line).length);
  return file === undefined ? 0 : of(file.added, now) + of(file.removed, before);
}

interface Facts {
  /** What weighs most first: for a reviewer what a rule says to look at, for others what is longest; program text before tests, names before files. */
  readonly first: readonly Fact[];
  /** As true, and the shorter way to say what stands there already. */
  readonly besides: readonly Fact[];
}

function factsOf(study: Study, task: DraftTask): Facts {
  if (task === "triage") return { first: ofReasons(study), besides: [] };
  const kinds = new Map(study.files.map(({ path, kind }) => [path, kind]));
  const risky = (change: NameChange): number => {
    const at = study.risks.findIndex(({ path, name, line }) => path === change.path && (name === fullName(change) || (line !== null && change.now !== null && line >= change.now.line && line <= change.now.end_line)));
    return at < 0 ? study.risks.length : at;
  };
  const ranked = study.names.slice(0, FACTS_MAX).map((change) => ({ change, place: kinds.get(change.path)?.source === true ? 0 : kinds.get(change.path)?.test === true ? 2 : 1, risk: task === "reviewer-note" ? risky(change) : 0, size: sizeOf(change, study) }));
  const names = ranked.sort((a, b) => a.place - b.place || a.risk - b.risk || b.size - a.size).flatMap(({ change }) => ofName(change));
  const within = new Set(study.names.map(({ path }) => path));
  return { first: [...ofDependencies(study).slice(0, FACTS_MAX), ...names, ...ofFiles(study.files.filter(({ path }) => !within.has(path)))], besides: ofFiles(study.files.filter(({ path }) => within.has(path))) };
}

const bare = (text: string): string => text.replaceAll("`", "");

/** Null where there is nothing that such a model could be shown. */
export function continuedPrompt(study: Study, task: DraftTask, prompt: ShippedPrompt): string | null {
  const { first, besides } = factsOf(study, task);
  const shown = (first.length === 0 ? besides : first).slice(0, FACTS_SHOWN).map(([words]) => `- ${bare(words)}`);
  return shown.length === 0 ? null : `${prompt.text.replace("{facts}", () => shown.join("\n"))}\n`;
}

const BETWEEN = /^(?:, and it |, and | and it | and |, )/;

/** The sentence with its names in spans, where it is made of facts and nothing else; null where it is not. */
export function ofFactsAlone(study: Study, task: DraftTask): (sentence: string) => string | null {
  const { first, besides } = factsOf(study, task);
  const clauses = [...first, ...besides].flatMap((fact) => fact.map((spanned) => ({ spanned, said: bare(spanned) }))).sort((a, b) => b.said.length - a.said.length);
  const rest = (text: string): string | null => {
    for (const { spanned, said } of clauses) {
      if (!text.startsWith(said)) continue;
      const after = text.slice(said.length);
      if (after === "") return spanned;
      const between = BETWEEN.exec(after)?.[0];
      const further = between === undefined ? null : rest(after.slice(between.length));
      if (further !== null) return `${spanned}${between}${further}`;
    }
    return null;
  };
  return (sentence) => {
    const said = /^It (?<clauses>.+?)\.?$/.exec(sentence)?.groups?.["clauses"];
    const spanned = said === undefined ? null : rest(said);
    return spanned === null ? null : `It ${spanned}.`;
  };
}

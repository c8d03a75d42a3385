/** Settings of git that decide which hooks run, what a push moves, and what a word means. */
import type { Word } from "../shell/script.ts";
import type { Concern } from "./concern.ts";
import { gitWords, type GitWords } from "./git-words.ts";

const REPLACES_HOOKS = /^(?:core\.hookspath|alias\..*|include\.path|includeif\..*|core\.worktree|init\.templatedir|hook\..*)$/i;
/** What a push without a branch moves, and which program answers it. */
const DIVERTS = /^(?:remote\..*\.(?:push|mirror|receivepack|vcs)|url\..*\.(?:insteadof|pushinsteadof))$/i;
/** Settings whose value git hands to a shell. */
const PROGRAM = /(?:command|pager|editor|helper|program|textconv|driver|clean|smudge|process|cmd|fsmonitor|askpass|external|gitproxy)$/i;
const SETTING = "leave git's hooks and aliases as they are; ask the person to change them";
const READS = /^(?:--get|--get-all|--get-regexp|--get-urlmatch|--get-color|--get-colorbool|--list|-l)$/;
const VERBS = new Set(["set", "unset", "get", "list", "edit", "rename-section", "remove-section"]);
const EDITS = /^(?:-e|--edit|--remove-section|--rename-section|--unset|--unset-all)$/;
/** Sections whose removal would take a guard away. */
const SECTION = /^(?:core|hook|alias|maestro|include)(?:\.|$)/i;

/** What one setting would get round; null for one that is nobody's business. */
export function settingConcern(key: string, value: string | null, said: string): Concern | null {
  if (REPLACES_HOOKS.test(key)) return { kind: "bypass", what: `${said} ${key}`, instead: SETTING };
  const all = /^push\.default$/i.test(key) && (value === null || /^matching$/i.test(value));
  return all || DIVERTS.test(key) ? { kind: "bypass", what: `${said} ${key}`, instead: "name remote and branch in the push itself" } : null;
}

export const scriptOf = (key: string, value: string | null): string[] => (value !== null && PROGRAM.test(key) ? [value.replace(/^!/, "")] : []);

interface Configuring {
  readonly options: GitWords["options"];
  readonly verb: string | null;
  readonly key: Word | undefined;
  readonly value: Word | undefined;
  readonly edits: boolean;
  readonly reads: boolean;
}

/** `git config`: its verbs stand first, or its options do (git-config(1)); a value may be spelt like either. */
function read(rest: readonly Word[]): Configuring {
  const { options, operands } = gitWords("config", rest);
  const [first, ...more] = operands;
  const verb = first !== undefined && VERBS.has(first.text) ? first.text : null;
  const named = verb === null ? operands : more;
  const [key, value] = named;
  const edits = options.some(({ name }) => EDITS.test(name)) || (verb !== null && /^(?:unset|edit|rename-section|remove-section)$/.test(verb));
  // A word behind the key is a value to be set, whatever it says; git knows no reading with one but `--get NAME PATTERN`, whose option stands in front.
  const at = rest.findIndex((word) => word === key);
  const reads = verb === "get" || verb === "list" || rest.slice(0, at < 0 ? undefined : at).some(({ text }) => READS.test(text));
  return { options, verb, key, value, edits, reads: reads || (value === undefined && !edits && rest.slice(at + 1).length === 0) };
}

/** Whether every setting is what it was afterwards. */
export const readsOnly = (rest: readonly Word[]): boolean => read(rest).reads;

/** A program that is put into the configuration runs later, with nobody looking. */
export function configuredScripts(rest: readonly Word[]): string[] {
  const { key, value, reads } = read(rest);
  return reads || value === undefined ? [] : scriptOf(key?.text ?? "", value.text);
}

export function configured(rest: readonly Word[]): Concern[] {
  const { key, value, edits, reads } = read(rest);
  if (reads) return [];
  if (rest.some(({ dynamic }) => dynamic)) return [{ kind: "unread", what: "git config with a name or value that only the shell will know" }];
  const name = key?.text ?? "";
  const found = settingConcern(name, value?.text ?? null, "git config");
  if (found !== null) return [found];
  return /^maestro\./i.test(name) || (edits && (SECTION.test(name) || name === "")) ? [{ kind: "bypass", what: `git config ${name || "--edit"}`, instead: SETTING }] : [];
}

/** Everything one shell command line gives cause for. */
import { Misread } from "../agents/agent.ts";
import { namedInPatch } from "../agents/patch.ts";
import { readScript } from "../shell/read.ts";
import { SCRIPT_LIMITS, type SimpleCommand } from "../shell/script.ts";
import { NO_VERIFY, type Concern } from "./concern.ts";
import { gitCall, gitConcerns, gitScripts, movesRefs } from "./git.ts";
import { maestroConcerns } from "./maestro.ts";
import type { GuardedPaths } from "./paths.ts";
import { handed, programOf, runsItsWords, unwrap } from "./unwrap.ts";
import { astray } from "./whereabouts.ts";
import { redirected, writesFound, writesOf, writesSomewhere, writing } from "./writes.ts";

/** Variables that hook runners and git take for "leave your hooks out" or "read another configuration". */
const SWITCHES = /^(?:HUSKY|HUSKY_SKIP_HOOKS|LEFTHOOK|LEFTHOOK_EXCLUDE|PRE_COMMIT_ALLOW_NO_CONFIG|SKIP|SKIP_HOOKS|OVERCOMMIT_DISABLE|GIT_CONFIG(?:_[A-Z0-9_]+)?|GIT_EXEC_PATH|GIT_SSH_COMMAND_HOOK|MAESTRO_[A-Z_]+)$/;
const ON = /^(?:|1|true|yes|on)$/i;

/** Other programs whose push or merge nobody here can follow. */
const SENDERS: readonly (readonly [program: RegExp, words: RegExp, what: string])[] = [
  [/^(?:hub|jj|sl|hg|got)$/, /\bpush\b/, "a push by another program than git; use git push"],
  [/^gh$/, /\bpr\b.*\bmerge\b|\bapi\b.*\b(?:merges?|contents|git\/refs|graphql\b.*\bmutation)\b|\brepo\b.*\bsync\b/, "merging or writing through the code host's API; that is for a person or the merge queue"],
  [/^gh$/, /\bpr\b.*\breview\b.*--approve|\bpr\b.*\breview\b.*(?:^|\s)-a\b/, "approving a change"],
  [/^glab$/, /\bmr\b.*\b(?:merge|approve)\b|\bapi\b.*\b(?:merge|repository)\b/, "merging or approving through the code host's API; that is for a person or the merge queue"],
];
/** Programs that are known to commit or to switch branches by themselves. */
const COMMITS = /^(?:(?:npm|pnpm|yarn) version|lerna (?:version|publish)|cargo release|(?:bumpversion|bump2version|bump-my-version|standard-version|commit-and-tag-version|release-it|semantic-release)(?: |$)|gh (?:pr checkout|repo sync))/;
const AGENTS = /^(?:claude|codex|cursor-agent|gemini|copilot|aider|opencode|goose|amp)$/;

const textOf = ({ words, assignments }: Pick<SimpleCommand, "words" | "assignments">): string => [...assignments.map(({ name, value }) => `${name}=${value.text}`), ...words.map(({ text }) => text)].join(" ");

const EXPORTS = /^(?:export|declare|typeset|readonly|local)$/;

/** Variables that a command sets for itself, or for what follows it. */
function assigned({ assignments, words }: Pick<SimpleCommand, "words" | "assignments">): SimpleCommand["assignments"] {
  if (!EXPORTS.test(programOf(words[0]))) return assignments;
  return [...assignments, ...words.slice(1).flatMap((word) => {
    const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word.text) ?? [];
    // A name alone is exported with whatever value another command gave it.
    if (name === undefined && SWITCHES.test(word.text)) return [{ name: word.text, value: { ...word, text: "?" } }];
    return name === undefined || text === undefined ? [] : [{ name, value: { ...word, text } }];
  })];
}

function switched(all: SimpleCommand["assignments"]): Concern[] {
  return all.flatMap(({ name, value: { text } }): Concern[] => (SWITCHES.test(name) && !(/^(?:HUSKY|LEFTHOOK)$/.test(name) && ON.test(text)) ? [{ kind: "bypass", what: `${name}=${text.slice(0, 40)}`, instead: NO_VERIFY }] : []));
}

/** `commit ... -n` where only the words are seen, in a shell's spelling or as a list of strings. */
const SHORT_NO_VERIFY = /\bgit\b[^;|&\n]*\bcommit\b[^;|&\n]*["'\s]-[A-Za-z]*n/;

/** Text that no reader here understands: its words are all there is to go by. */
function opaque(text: string, what: string, paths: GuardedPaths): Concern[] {
  const found: Concern[] = [];
  if (/\bgit\b/i.test(text) && /\b(?:push|send-pack)\b/.test(text)) found.push({ kind: "unread", what: `a push inside ${what}; use git push by itself` });
  if (SHORT_NO_VERIFY.test(text) || /--no-ver|hooksPath|\bHUSKY\b|\bLEFTHOOK\b/i.test(text)) found.push({ kind: "bypass", what: `leaving hooks out inside ${what}`, instead: NO_VERIFY });
  if (/\bmaestrod?\b/.test(text) && /\b(?:approve|approvals|override|overrides)\b/.test(text)) found.push({ kind: "person", what: `maestro approve or override inside ${what}` });
  const guard = paths.mentioned(text);
  if (guard !== null) found.push({ kind: "edit", guards: guard.guards, path: guard.path, askable: guard.askable });
  return found;
}

/** What the commands of one line share. */
interface Line {
  readonly script: string;
  readonly paths: GuardedPaths;
  readonly depth: number;
  /** Variables that stand for every command behind them. */
  readonly standing: SimpleCommand["assignments"];
  readonly moved: Moved;
}

/** What scripts inside one another share. */
interface Moved {
  /** The command before which HEAD was what the hook can see. */
  by: string | null;
  /** The outermost script: variables of the environment come from there. */
  readonly whole: string;
}

const HEDGED = "what it would push is not there yet; run git push in a call of its own";

/** A push behind a commit of the same line pushes something that nobody has looked at. */
function afterMove(concern: Concern, { moved }: Line): Concern {
  return concern.kind === "push" && moved.by !== null ? { kind: "unread", what: `git push in one line with ${moved.by}: ${HEDGED}` } : concern;
}

function gitLine(words: SimpleCommand["words"], assignments: SimpleCommand["assignments"], folder: string | null, line: Line): Concern[] {
  const { script, paths, depth, moved } = line;
  const call = gitCall(words, assignments, folder, paths);
  const { concerns, hides } = gitConcerns(call, assignments, paths);
  if (movesRefs(call)) moved.by ??= `git ${call.subcommand}`;
  const inside = gitScripts(call, assignments).flatMap((text) => commandLine(text, paths, folder, depth + 1, moved));
  return [...concerns.map((one) => afterMove(one, line)), ...inside, ...(hides ? withoutEdits(opaque(/\(\s*\)/.test(script) ? script.replace(/[;|&\n]/g, " ") : script, "a git command with options that only the shell will know", paths)) : [])];
}

const withoutEdits = (concerns: readonly Concern[]): Concern[] => concerns.filter(({ kind }) => kind !== "edit");

function commandConcerns(command: SimpleCommand, line: Line): Concern[] {
  const { script, paths, moved } = line;
  const inner = unwrap(command);
  const folder = inner.elsewhere ? null : command.folder;
  const { words } = inner;
  const program = programOf(words[0]);
  const text = textOf(inner);
  const found = [...switched(assigned(inner)), ...redirected(command.redirects, command.folder, paths)];
  if (words[0]?.dynamic === true) {
    // Which program it is only the shell will know, and its words are all the more telling.
    const told = words.some((word) => /^(?:push|commit|config)$|--no-v/.test(word.text)) ? opaque(`git ${text}`, "a command whose program only the shell will know", paths) : [];
    return [...found, ...told, ...withoutEdits(opaque(moved.whole, "a line with a program that only the shell will know", paths))];
  }
  if (/^(?:git|hub|git-.*)$/.test(program)) found.push(...gitLine(words, [...line.standing, ...inner.assignments], folder, line));
  found.push(...writesOf(words, folder, paths), ...maestroConcerns(words, text), ...writesFound(inner.found, words, folder, paths));
  for (const [name, pattern, what] of SENDERS) if (name.test(program) && pattern.test(text)) found.push({ kind: "unread", what });
  if (COMMITS.test(text)) moved.by ??= program;
  if (AGENTS.test(program) && words.length > 1) found.push({ kind: "spend", what: program });
  if (inner.more && program === "git") found.push(...withoutEdits(opaque(`git ${script.replaceAll("|", " ")}`, "git with words from xargs or find", paths)));
  if (otherName(command.words) || (inner.more && runsItsWords(program))) found.push(...withoutEdits(opaque(script.replaceAll("|", " "), "a line that runs git by another name, or by words from xargs or find", paths)));
  if (inner.more && /^(?:git|rm|mv|cp|tee|sed|chmod)$/.test(program)) found.push(...opaque(script, `${program} with words from xargs or find`, paths).filter(({ kind }) => kind === "edit"));
  if (writesSomewhere(words, command.redirects)) found.push(...opaque(script, "a write to a place that only the shell will know", paths).filter(({ kind }) => kind === "edit"));
  return [...found, ...insideOf(inner, command, line)];
}

/** An alias, a link or a copy of git: what calls it by that name is not told from other programs. */
const otherName = (words: SimpleCommand["words"]): boolean => /^(?:alias|hash|ln|cp|install)$/.test(programOf(words[0])) && words.some(({ text }) => /(?:^|[=/])git$/.test(text));

/** Variables that a shell runs as scripts. */
const RUN_BY_SHELLS = /^(?:PS[0-4]|PROMPT_COMMAND)$/;

const PATCHES = /^(?:apply_?patch|patch|git)$/;

/** A patch in the line itself: of `patch`, `git apply`, and the one that Codex takes out of a shell's words. */
function patched({ words }: ReturnType<typeof unwrap>, { stdin, piped, folder }: SimpleCommand, paths: GuardedPaths): Concern[] {
  if (programOf(words[0]) === "git" && !words.some(({ text }) => text === "apply" || text === "am")) return [];
  const texts = [stdin, piped, ...words.slice(1).map(({ text }) => text).filter((text) => text.includes("\n"))].filter((text) => text !== null);
  try {
    return writing(texts.flatMap(namedInPatch).map((text) => ({ text, dynamic: false, glob: false })), folder, paths, "file");
  } catch (error) {
    if (error instanceof Misread) return [{ kind: "unread", what: error.message }];
    throw error;
  }
}

/** Scripts handed to a shell are read like the first; code of other languages is only searched. */
function insideOf(inner: ReturnType<typeof unwrap>, command: SimpleCommand, { script, paths, depth, moved }: Line): Concern[] {
  const { scripts, programs, unseen } = handed(inner, command);
  return [
    ...[...scripts, ...assigned(inner).flatMap(({ name, value }) => (RUN_BY_SHELLS.test(name) ? [value.text] : []))].flatMap((text) => commandLine(text, paths, command.folder, depth + 1, moved)),
    ...programs.flatMap((text) => opaque(text, "code of another language", paths)),
    ...(PATCHES.test(programOf(inner.words[0])) ? patched(inner, command, paths) : []),
    ...(unseen ? opaque(script, "a script that only the shell will know", paths) : []),
  ];
}

/** What a loop, a function or a trap comes back to may stand before what is read first. */
const COMES_BACK = /\b(?:while|until|for|function|trap)\b|\(\s*\)/;

function moverOf(commands: readonly SimpleCommand[], paths: GuardedPaths): string | null {
  for (const command of commands) {
    const { words, assignments } = unwrap(command);
    const program = programOf(words[0]);
    if (program !== "git" && !program.startsWith("git-")) continue;
    const call = gitCall(words, assignments, command.folder, paths);
    if (movesRefs(call)) return `git ${call.subcommand}`;
  }
  return null;
}

/**
 * `eval "$(ssh-agent -s)"` sets two variables of a known program's own. Only where nothing stands before it, which could have made another program
 * of the name, and nothing behind it that eval would run too. Of `direnv hook` or `brew shellenv` nobody can say what they print: files decide.
 */
const KEY_AGENT = /^[ \t]*eval[ \t]+(?:"\$\(ssh-agent(?: -s)?\)"|\$\(ssh-agent(?: -s)?\)|`ssh-agent(?: -s)?`)(?=(?:[ \t]*(?:2?>[ \t]*\/dev\/null|2>&1)(?![^\s;&]))*[ \t]*(?:$|[;\n]|&&|&(?!>)))/;

const PROJECT = "CLAUDE_PROJECT_DIR";

/** Concerns of a command line, in the order of its commands, each once. `depth` counts scripts inside scripts; `moved` is theirs in common. */
export function commandLine(text: string, paths: GuardedPaths, folder: string | null = ".", depth = 0, moved: Moved = { by: null, whole: text }): Concern[] {
  if (depth > SCRIPT_LIMITS.depth_max) return [{ kind: "unread", what: `scripts inside scripts, more than ${SCRIPT_LIMITS.depth_max} deep` }];
  const { home, cwd } = paths.place;
  // The folder of the repository is looked for where a script names it, because looking takes a tenth of what the whole answer does.
  const root = text.includes(PROJECT) ? paths.place.root : null;
  const values = { PWD: cwd, ...(home === null ? {} : { HOME: home }), ...(root === null ? {} : { [PROJECT]: root }) };
  const { commands, unread } = readScript(depth === 0 ? text.replace(KEY_AGENT, "ssh-agent") : text, values, folder);
  if (COMES_BACK.test(text)) moved.by ??= moverOf(commands, paths);
  const standing: SimpleCommand["assignments"][number][] = [];
  const lost = astray(commands, text);
  const found = commands.flatMap((command) => {
    if (command.words.length === 0 || EXPORTS.test(programOf(command.words[0]))) standing.push(...assigned(command));
    const concerns = commandConcerns(command, { script: text, paths, depth, standing, moved });
    return lost(command) ? concerns.map((one) => (one.kind === "push" ? { ...one, push: { ...one.push, folder: null } } : one)) : concerns;
  });
  if (unread !== null) found.push({ kind: "unread", what: `a command line that cannot be read: ${unread}` });
  const seen = new Set<string>();
  return found.filter((one) => {
    const key = JSON.stringify(one);
    return seen.has(key) ? false : seen.add(key);
  });
}

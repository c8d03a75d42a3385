/** Everything one shell command line gives cause for. */
import { readScript } from "../shell/read.ts";
import { SCRIPT_LIMITS, type SimpleCommand } from "../shell/script.ts";
import { NO_VERIFY, type Concern } from "./concern.ts";
import { gitConcerns } from "./git.ts";
import { maestroConcerns } from "./maestro.ts";
import type { GuardedPaths } from "./paths.ts";
import { handed, programOf, unwrap } from "./unwrap.ts";
import { redirected, writesOf, writesSomewhere } from "./writes.ts";

/** Variables that hook runners and git take for "leave your hooks out" or "read another configuration". */
const SWITCHES = /^(?:HUSKY|HUSKY_SKIP_HOOKS|LEFTHOOK|LEFTHOOK_EXCLUDE|PRE_COMMIT_ALLOW_NO_CONFIG|SKIP|SKIP_HOOKS|OVERCOMMIT_DISABLE|GIT_CONFIG(?:_[A-Z0-9_]+)?|GIT_EXEC_PATH|GIT_SSH_COMMAND_HOOK|MAESTRO_[A-Z_]+)$/;
const ON = /^(?:|1|true|yes|on)$/i;

/** Other programs whose push or merge nobody here can follow. */
const SENDERS: readonly (readonly [program: RegExp, words: RegExp, what: string])[] = [
  [/^(?:hub|jj|sl|hg|got)$/, /\bpush\b/, "a push by another program than git; use git push"],
  [/^gh$/, /\bpr\b.*\bmerge\b|\bapi\b.*\b(?:merges?|contents|git\/refs)\b|\brepo\b.*\bsync\b/, "merging or writing through the code host's API; that is for a person or the merge queue"],
  [/^gh$/, /\bpr\b.*\breview\b.*--approve|\bpr\b.*\breview\b.*(?:^|\s)-a\b/, "approving a change"],
  [/^glab$/, /\bmr\b.*\b(?:merge|approve)\b|\bapi\b.*\b(?:merge|repository)\b/, "merging or approving through the code host's API; that is for a person or the merge queue"],
];
const AGENTS = /^(?:claude|codex|cursor-agent|gemini|copilot|aider|opencode|goose|amp)$/;

const textOf = ({ words, assignments }: Pick<SimpleCommand, "words" | "assignments">): string => [...assignments.map(({ name, value }) => `${name}=${value.text}`), ...words.map(({ text }) => text)].join(" ");

function switched(assignments: SimpleCommand["assignments"], words: SimpleCommand["words"]): Concern[] {
  const exported = /^(?:export|declare|typeset|readonly|local)$/.test(programOf(words[0])) ? words.flatMap(({ text }) => /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text)?.slice(1, 3) ?? []) : [];
  const all = [...assignments.map(({ name, value }) => [name, value.text]), ...(exported.length === 0 ? [] : [exported])];
  return all.flatMap(([name = "", value = ""]): Concern[] => (SWITCHES.test(name) && !(/^(?:HUSKY|LEFTHOOK)$/.test(name) && ON.test(value)) ? [{ kind: "bypass", what: `${name}=${value.slice(0, 40)}`, instead: NO_VERIFY }] : []));
}

/** Text that no reader here understands: its words are all there is to go by. */
function opaque(text: string, what: string, paths: GuardedPaths): Concern[] {
  const found: Concern[] = [];
  if (/\bgit\b/i.test(text) && /\b(?:push|send-pack)\b/.test(text)) found.push({ kind: "unread", what: `a push inside ${what}; use git push by itself` });
  if (/--no-veri|hooksPath|\bHUSKY\b|\bLEFTHOOK\b/i.test(text)) found.push({ kind: "bypass", what: `leaving hooks out inside ${what}`, instead: NO_VERIFY });
  if (/\bmaestro\b/.test(text) && /\b(?:approve|override)\b/.test(text)) found.push({ kind: "person", what: `maestro approve or override inside ${what}` });
  const guard = paths.mentioned(text);
  if (guard !== null) found.push({ kind: "edit", guards: guard.guards, path: guard.path, askable: guard.askable });
  return found;
}

function commandConcerns(command: SimpleCommand, script: string, paths: GuardedPaths, depth: number): Concern[] {
  const folder = command.folder;
  const inner = unwrap(command);
  const { words } = inner;
  const program = programOf(words[0]);
  const text = textOf(inner);
  const found = [...switched(inner.assignments, words), ...redirected(command.redirects, folder, paths)];
  if (words[0]?.dynamic === true) {
    // Which program it is only the shell will know, and its words are all the more telling.
    return [...found, ...(/\b(?:push|commit|config)\b|--no-v/.test(text) ? opaque(`git ${text}`, "a command whose program only the shell will know", paths) : [])];
  }
  if (program === "git" || program.startsWith("git-")) found.push(...gitConcerns(words, folder, paths));
  found.push(...writesOf(words, folder, paths), ...maestroConcerns(words, text));
  for (const [name, pattern, what] of SENDERS) if (name.test(program) && pattern.test(text)) found.push({ kind: "unread", what });
  if (AGENTS.test(program) && words.length > 1) found.push({ kind: "spend", what: program });
  if (inner.more && /^(?:git|rm|mv|cp|tee|sed|chmod)$/.test(program)) found.push(...opaque(script, `${program} with words from xargs or find`, paths).filter(({ kind }) => kind === "edit"));
  if (writesSomewhere(words, command.redirects)) found.push(...opaque(script, "a write to a place that only the shell will know", paths).filter(({ kind }) => kind === "edit"));
  return [...found, ...insideOf(inner, command, script, paths, depth)];
}

/** Scripts handed to a shell are read like the first; code of other languages is only searched. */
function insideOf(inner: ReturnType<typeof unwrap>, command: SimpleCommand, script: string, paths: GuardedPaths, depth: number): Concern[] {
  const { scripts, programs, unseen } = handed(inner, command);
  return [
    ...scripts.flatMap((text) => commandLine(text, paths, command.folder, depth + 1)),
    ...programs.flatMap((text) => opaque(text, "code of another language", paths)),
    ...(unseen ? opaque(script, "a script that only the shell will know", paths) : []),
  ];
}

/** Concerns of a command line, in the order of its commands, each once. `depth` counts scripts inside scripts. */
export function commandLine(text: string, paths: GuardedPaths, folder: string | null = ".", depth = 0): Concern[] {
  if (depth > SCRIPT_LIMITS.depth_max) return [{ kind: "unread", what: `scripts inside scripts, more than ${SCRIPT_LIMITS.depth_max} deep` }];
  const { home, cwd, root } = paths.place;
  const values = { PWD: cwd, ...(home === null ? {} : { HOME: home }), ...(root === null ? {} : { CLAUDE_PROJECT_DIR: root }) };
  const { commands, unread } = readScript(text, values, folder);
  const found = commands.flatMap((command) => commandConcerns(command, text, paths, depth));
  if (unread !== null) found.push({ kind: "unread", what: `a command line that cannot be read: ${unread}` });
  const seen = new Set<string>();
  return found.filter((one) => {
    const key = JSON.stringify(one);
    return seen.has(key) ? false : seen.add(key);
  });
}

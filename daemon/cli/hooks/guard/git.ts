/** What a `git` command line would get round: hooks left out, pushes, guards checked out over. */
import { posix } from "node:path";
import type { Word } from "../shell/script.ts";
import { NO_VERIFY, type Concern, type PushedRef } from "./concern.ts";
import type { GuardedPaths } from "./paths.ts";
import { writing } from "./writes.ts";

/** Options before the subcommand that take the next word (git(1)). */
const GLOBAL_TAKES = ["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env", "--exec-path", "--attr-source"];
const REPLACES_HOOKS = /^(?:core\.hookspath|alias\..*|include\.path|includeif\..*|core\.worktree|init\.templatedir|hook\..*)$/i;
const SETTING = "leave git's hooks and aliases as they are; ask the person to change them";

interface GitCall {
  readonly subcommand: string;
  readonly rest: readonly Word[];
  /** Where it works; null where that cannot be told. */
  readonly folder: string | null;
  readonly settings: readonly string[];
  readonly unknown: boolean;
}

function parse(words: readonly Word[], start: string | null, paths: GuardedPaths): GitCall {
  let folder = start === null ? null : paths.absolute(start);
  const settings: string[] = [];
  let unknown = false;
  let at = 1;
  for (; at < words.length; at++) {
    const { text, dynamic } = words[at]!;
    if (!text.startsWith("-") && !dynamic) break;
    if (dynamic && !text.startsWith("-")) {
      unknown = true;
      break;
    }
    const [name = "", value] = text.startsWith("--") ? text.split(/=(.*)/s, 2) : [text];
    const given = value ?? (GLOBAL_TAKES.includes(name) ? words[++at]?.text : undefined) ?? "";
    if (name !== "-C" && words[at]?.dynamic === true) {
      unknown = true;
      break;
    }
    if (name === "-C") folder = folder === null || words[at]?.dynamic === true ? null : posix.resolve(folder, given);
    else if (name === "-c" || name === "--config-env") settings.push(given.split("=")[0] ?? "");
    else if (name === "--git-dir" || name === "--work-tree") folder = null;
  }
  return { subcommand: unknown ? "" : (words[at]?.text ?? ""), rest: words.slice(at + 1), folder, settings, unknown };
}

/** git takes a long option by any beginning that means no other; `--no-ver` means `--no-verify`. */
const leavesHooksOut = ({ text }: Word): boolean => text.length >= "--no-ve".length && "--no-verify".startsWith(text);

/** `-n` among the joined letters of `commit`; behind a letter that takes a value the rest is that value. */
function hasShortNoVerify(word: Word): boolean {
  if (!/^-[A-Za-z]/.test(word.text)) return false;
  for (const letter of word.text.slice(1)) {
    if (letter === "n") return true;
    if ("mFCctSu".includes(letter)) return false;
  }
  return false;
}

const HOOKED = new Set(["commit", "push", "merge", "rebase", "am", "pull", "cherry-pick", "revert", "subtree"]);

function bypasses({ subcommand, rest, settings }: GitCall): Concern[] {
  const found: Concern[] = settings.filter((key) => REPLACES_HOOKS.test(key)).map((key) => ({ kind: "bypass", what: `git -c ${key}`, instead: SETTING }));
  const end = rest.findIndex(({ text }) => text === "--");
  const options = end < 0 ? rest : rest.slice(0, end);
  // Behind -m and -F stands a message, which may speak of any option.
  const said = options.filter((_, at) => !/^(?:-[A-Za-z]*[mF]|--message|--file)$/.test(options[at - 1]?.text ?? ""));
  if (HOOKED.has(subcommand) && said.some(leavesHooksOut)) found.push({ kind: "bypass", what: `git ${subcommand} --no-verify`, instead: NO_VERIFY });
  else if ((subcommand === "commit" || subcommand === "am") && said.some(hasShortNoVerify)) found.push({ kind: "bypass", what: `git ${subcommand} -n`, instead: NO_VERIFY });
  if (subcommand === "config") found.push(...configured(rest));
  return found;
}

function configured(rest: readonly Word[]): Concern[] {
  const words = rest.map(({ text }) => text);
  const reads = words.some((word) => /^(?:--get|--get-all|--get-regexp|--list|-l|--show-origin|get|list|--get-urlmatch)$/.test(word));
  const operands = words.filter((word) => !word.startsWith("-") && !/^(?:set|unset|get|edit|rename-section|remove-section)$/.test(word));
  const edits = words.some((word) => /^(?:-e|--edit|edit|--remove-section|--rename-section|remove-section|rename-section|--unset|--unset-all|unset)$/.test(word));
  const key = operands[0] ?? "";
  // One word alone asks for a value; two set it.
  if (reads || (operands.length < 2 && !edits)) return [];
  if (rest.some(({ dynamic }) => dynamic)) return [{ kind: "unread", what: "git config with a name or value that only the shell will know" }];
  const section = /^(?:core|hook|alias|maestro|include)(?:\.|$)/i.test(key);
  const dangerous = REPLACES_HOOKS.test(key) || /^maestro\./i.test(key) || (edits && (section || key === ""));
  return dangerous ? [{ kind: "bypass", what: `git config ${key || "--edit"}`, instead: SETTING }] : [];
}

const PUSH_TAKES = ["-o", "--push-option", "--receive-pack", "--exec", "--repo", "--recurse-submodules"];

function pushed({ rest, folder }: GitCall): Concern[] {
  const operands: Word[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    const { text } = word;
    if (/^(?:-n|--dry-run)$/.test(text)) return [];
    if (/^--(?:all|mirror|branches|tags|follow-tags)$/.test(text)) return [{ kind: "unread", what: `git push ${text} moves many refs at once; push one branch by its name` }];
    if (/^--(?:receive-pack|exec)(?:=|$)/.test(text)) return [{ kind: "bypass", what: `git push ${text}`, instead: "push without naming the other side's program" }];
    if (/^(?:-d|--delete|--prune)$/.test(text)) return [{ kind: "unread", what: `git push ${text} removes branches of the other side; ask the person` }];
    if (PUSH_TAKES.includes(text)) at++;
    else if (!text.startsWith("-") || word.dynamic) operands.push(word);
  }
  if (operands.some(({ dynamic, glob }) => dynamic || glob)) return [{ kind: "unread", what: "git push of something that only the shell will know; name remote and branch" }];
  const refs: PushedRef[] = [];
  for (const { text } of operands.slice(1)) {
    const [source = "", target] = text.replace(/^\+/, "").split(/:(.*)/s, 2);
    if (source === "") return [{ kind: "unread", what: `git push ${text} removes a branch of the other side; ask the person` }];
    refs.push({ source, target: target ?? null });
  }
  return [{ kind: "push", push: { folder, refs } }];
}

/** Subcommands that put other bytes where files are, with the operands that name them. */
const OVERWRITES = new Set(["checkout", "restore", "rm", "mv", "update-index", "clean"]);

function overwritten(call: GitCall, paths: GuardedPaths): Concern[] {
  if (!OVERWRITES.has(call.subcommand)) return [];
  const dry = call.rest.some(({ text }) => text === "-n" || text === "--dry-run");
  if (dry && call.subcommand !== "update-index") return [];
  const staged = call.subcommand === "restore" && call.rest.some(({ text }) => /^(?:-S|--staged)$/.test(text)) && !call.rest.some(({ text }) => /^(?:-W|--worktree)$/.test(text));
  if (staged) return [];
  const named = call.rest.filter(({ text }) => !text.startsWith("-") && !/^(?:HEAD|@)$/.test(text));
  const sourced = call.rest.some(({ text }) => /^(?:-s|--source)/.test(text));
  // A whole tree put back as HEAD has it takes nothing from its guards that the commit did not.
  if (!sourced && call.subcommand !== "rm" && named.every(({ text }) => /^(?:\.|:\/|\*)$/.test(text))) return [];
  return writing(named, call.folder, paths, "tree");
}

/** Other ways to the other side that this reader does not follow. */
const SENDS: Readonly<Record<string, string>> = { "send-pack": "git send-pack", "http-push": "git http-push", svn: "git svn", lfs: "git lfs", p4: "git p4", "remote-http": "git remote-http", "remote-https": "git remote-https" };

function sends({ subcommand, rest }: GitCall): Concern[] {
  const second = rest.find(({ text }) => !text.startsWith("-"))?.text ?? "";
  const speaks = Object.hasOwn(SENDS, subcommand) && (!["svn", "lfs", "p4"].includes(subcommand) || /^(?:dcommit|push|submit)$/.test(second));
  const subtree = subcommand === "subtree" && second === "push";
  return speaks || subtree ? [{ kind: "unread", what: `${SENDS[subcommand] ?? "git subtree push"} sends what nobody has looked at; use git push` }] : [];
}

export function gitConcerns(words: readonly Word[], start: string | null, paths: GuardedPaths): Concern[] {
  const dashed = /^git-([a-z-]+)$/.exec(words[0]?.text.split("/").at(-1) ?? "");
  const call = dashed === null ? parse(words, start, paths) : { subcommand: dashed[1]!, rest: words.slice(1), folder: start === null ? null : paths.absolute(start), settings: [], unknown: false };
  if (call.unknown) {
    const about = words.some(({ text }) => /^(?:push|send-pack)$/.test(text) || text.startsWith("--no-v"));
    return about ? [{ kind: "unread", what: "git with options that only the shell will know" }] : [];
  }
  return [...bypasses(call), ...(call.subcommand === "push" ? pushed(call) : []), ...sends(call), ...overwritten(call, paths)];
}

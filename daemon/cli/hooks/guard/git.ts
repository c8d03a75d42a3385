/** What a `git` command line would get round: hooks left out, pushes, guards checked out over. */
import { posix } from "../../../client/builtin.ts";
import type { SimpleCommand, Word } from "../shell/script.ts";
import { HOLE } from "../shell/words.ts";
import { NO_VERIFY, type Concern, type Push, type PushedRef } from "./concern.ts";
import { configured, configuredScripts, readsOnly, scriptOf, settingConcern } from "./git-config.ts";
import { couldBe, gitWords, type GitWords } from "./git-words.ts";
import type { GuardedPaths } from "./paths.ts";
import { writing } from "./writes.ts";

/** Options before the subcommand that take the next word (git(1)). */
const GLOBAL_TAKES = ["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env", "--attr-source"];
/** Variables that make git look at another repository, or read the settings of another home. */
const ELSEWHERE = /^(?:GIT_DIR|GIT_WORK_TREE|GIT_COMMON_DIR|GIT_INDEX_FILE|GIT_OBJECT_DIRECTORY|GIT_NAMESPACE)$/;
const ANOTHER_HOME = /^(?:HOME|XDG_CONFIG_HOME)$/;

export interface GitCall {
  readonly subcommand: string;
  readonly rest: readonly Word[];
  /** Where it works; null where that cannot be told. */
  readonly folder: string | null;
  readonly settings: readonly { readonly key: string; readonly value: string | null }[];
  /** Which subcommand it is only the shell will know. */
  readonly unknown: boolean;
  /** `--exec-path=`: other programs than git's own. */
  readonly programs: boolean;
}

function setting(name: string, text: string): GitCall["settings"][number] {
  const [key = "", value] = text.split(/=(.*)/s, 2);
  return { key, value: name === "--config-env" ? null : (value ?? null) };
}

function parse(words: readonly Word[], start: string | null, paths: GuardedPaths): GitCall {
  let folder = start === null ? null : paths.absolute(start);
  const settings: GitCall["settings"][number][] = [];
  let unknown = false;
  let programs = false;
  let at = 1;
  for (; at < words.length; at++) {
    const { text, dynamic } = words[at]!;
    if (!text.startsWith("-")) {
      unknown = dynamic;
      break;
    }
    const [name = "", value] = text.startsWith("--") ? text.split(/=(.*)/s, 2) : [text];
    const given = value ?? (GLOBAL_TAKES.includes(name) ? words[++at]?.text : undefined) ?? "";
    if (name !== "-C" && words[at]?.dynamic === true) {
      unknown = true;
      break;
    }
    if (name === "-C") folder = folder === null || words[at]?.dynamic === true ? null : posix().resolve(folder, given);
    else if (name === "-c" || name === "--config-env") settings.push(setting(name, given));
    else if (name === "--git-dir" || name === "--work-tree" || name === "--namespace") folder = null;
    else if (name === "--exec-path" && value !== undefined) programs = true;
  }
  return { subcommand: unknown ? "" : (words[at]?.text ?? ""), rest: words.slice(at + 1), folder, settings, unknown, programs };
}

/** A `git` or `git-push` command line, in the environment it is given. */
export function gitCall(words: readonly Word[], assignments: SimpleCommand["assignments"], start: string | null, paths: GuardedPaths): GitCall {
  const dashed = /^git-([a-z-]+)$/.exec(words[0]?.text.split("/").at(-1) ?? "");
  const call = dashed === null ? parse(words, start, paths) : { subcommand: dashed[1]!, rest: words.slice(1), folder: start === null ? null : paths.absolute(start), settings: [], unknown: false, programs: false };
  return assignments.some(({ name }) => ELSEWHERE.test(name)) ? { ...call, folder: null } : call;
}

/** Git takes a long option by any beginning that means no other; `--no-ver` means `--no-verify`. */
const leavesHooksOut = (name: string): boolean => name.length >= "--no-ve".length && "--no-verify".startsWith(name);

const HOOKED = new Set(["commit", "push", "merge", "rebase", "am", "pull", "cherry-pick", "revert", "subtree"]);

function bypasses({ subcommand, settings, programs }: GitCall, { options }: GitWords): Concern[] {
  const found = settings.flatMap(({ key, value }) => settingConcern(key, value, "git -c") ?? []);
  if (programs) found.push({ kind: "bypass", what: "git --exec-path", instead: "run git with its own programs" });
  if (HOOKED.has(subcommand) && options.some(({ name }) => leavesHooksOut(name))) found.push({ kind: "bypass", what: `git ${subcommand} --no-verify`, instead: NO_VERIFY });
  else if ((subcommand === "commit" || subcommand === "am") && options.some(({ name }) => name === "-n")) found.push({ kind: "bypass", what: `git ${subcommand} -n`, instead: NO_VERIFY });
  return found;
}

/** Options of a push that make more of it than a branch by its name. */
const MANY = ["--all", "--mirror", "--branches", "--tags", "--follow-tags"];
const KNOWN = new Set(["--atomic", "--force", "--force-with-lease", "--force-if-includes", "--porcelain", "--progress", "--repo", "--dry-run", "--thin"]);
/** Options that say whether submodules are pushed along, by any beginning that could mean them. */
const recurses = (name: string): boolean => couldBe(name, "--recurse-submodules") || couldBe(name, "--no-recurse-submodules");
const KEEPS_SUBMODULES: Push["settings"] = [["push.recurseSubmodules", "check"]];

function unusual(name: string, value: Word | null): Concern | null {
  if (KNOWN.has(name)) return null;
  if (recurses(name)) return couldBe(name, "--no-recurse-submodules") || /^(?:check|no)$/.test(value?.text ?? "") ? null : { kind: "unread", what: "git push --recurse-submodules pushes what submodules hold too, which nobody has looked at; push each by itself" };
  const many = MANY.find((full) => couldBe(name, full));
  if (many !== undefined) return { kind: "unread", what: `git push ${many} moves many refs at once; push one branch by its name` };
  if (["--receive-pack", "--exec"].some((full) => couldBe(name, full))) return { kind: "bypass", what: `git push ${name}${value === null ? "" : `=${value.text}`}`, instead: "push without naming the other side's program" };
  const removes = name === "-d" || couldBe(name, "--delete") || couldBe(name, "--prune");
  return removes ? { kind: "unread", what: `git push ${name} removes branches of the other side; ask the person` } : null;
}

function pushed({ folder, settings: given, rest }: GitCall, { options, operands }: GitWords): Concern[] {
  // Alone, each of these only shows the manual.
  if (rest.length === 1 && /^(?:-h|--help)$/.test(rest[0]!.text)) return [];
  const dry = options.some(({ name }) => name === "-n" || name === "--dry-run");
  if (dry && !options.some(({ name }) => couldBe(name, "--no-dry-run"))) return [];
  for (const { name, value } of options) {
    const found = unusual(name, value);
    if (found !== null) return [found];
  }
  if ([...operands, ...options.map(({ value }) => value)].some((word) => word !== null && (word.dynamic || word.glob))) return [{ kind: "unread", what: "git push of something that only the shell will know; name remote and branch" }];
  if (given.some(({ value }) => value === null)) return [{ kind: "unread", what: "git push under a setting without a value, or with one that only the environment knows" }];
  if (operands[0]?.text.includes("::") === true) return [{ kind: "unread", what: "git push by another program than git's own; name the remote" }];
  const refs: PushedRef[] = [];
  for (const [at, { text }] of operands.entries()) {
    const tagged = operands[at - 1]?.text === "tag" && at > 1;
    if (at === 0 || (text === "tag" && !tagged && operands[at + 1] !== undefined)) continue;
    // `tag NAME` means refs/tags/NAME on both sides (git-push(1)).
    if (tagged) {
      refs.push({ source: `refs/tags/${text}`, target: `refs/tags/${text}` });
      continue;
    }
    const [source = "", target] = text.replace(/^\+/, "").split(/:(.*)/s, 2);
    if (source === "") return [{ kind: "unread", what: `git push ${text} removes a branch of the other side; ask the person` }];
    refs.push({ source, target: target ?? null });
  }
  const repo = options.findLast(({ name }) => couldBe(name, "--repo"))?.value?.text;
  const settings = [...given.map(({ key, value }) => [key, value ?? ""] as const), ...(options.some(({ name }) => recurses(name)) ? KEEPS_SUBMODULES : [])];
  return [{ kind: "push", push: { folder, remote: operands[0]?.text ?? repo ?? null, refs, tags: !options.some(({ name }) => couldBe(name, "--no-follow-tags")), settings } }];
}

/** Subcommands that put other bytes where files are, with the operands that name them. */
const OVERWRITES = new Set(["checkout", "restore", "rm", "mv", "update-index", "clean"]);

/** What a pathspec of git's own finds (gitglossary(7)): a pattern in quotes is still one, and its `*` goes through slashes. */
function fitting(text: string, folder: string | null, paths: GuardedPaths): Concern[] {
  const pattern = text.replace(/^:(?:\([^)]*\)|[/!^]*)/, "");
  if (!/[*?[]/.test(pattern) || folder === null) return [];
  const found = paths.fitting(pattern);
  return found === null ? [] : [{ kind: "edit", guards: found.guards, path: found.path, askable: found.askable }];
}

function overwritten(call: GitCall, paths: GuardedPaths): Concern[] {
  if (!OVERWRITES.has(call.subcommand)) return [];
  const dry = call.rest.some(({ text }) => text === "-n" || text === "--dry-run");
  if (dry && call.subcommand !== "update-index") return [];
  const staged = call.subcommand === "restore" && call.rest.some(({ text }) => /^(?:-S|--staged)$/.test(text)) && !call.rest.some(({ text }) => /^(?:-W|--worktree)$/.test(text));
  if (staged) return [];
  if (call.rest.some(({ text }) => couldBe(text.split("=")[0]!, "--pathspec-from-file"))) return [{ kind: "unread", what: `git ${call.subcommand} of files that only another file names` }];
  const named = call.rest.filter(({ text }) => !text.startsWith("-") && !/^(?:HEAD|@)$/.test(text));
  const sourced = call.rest.some(({ text }) => /^(?:-s|--source)/.test(text));
  // A whole tree put back as HEAD has it takes nothing from its guards that the commit did not.
  if (!sourced && call.subcommand !== "rm" && named.every(({ text }) => /^(?:\.|:\/|\*)$/.test(text))) return [];
  return [...writing(named, call.folder, paths, "tree"), ...named.flatMap(({ text }) => fitting(text, call.folder, paths))];
}

/** Other ways to the other side that this reader does not follow. */
const SENDS: Readonly<Record<string, string>> = { "send-pack": "git send-pack", "http-push": "git http-push", svn: "git svn", lfs: "git lfs", p4: "git p4", "remote-http": "git remote-http", "remote-https": "git remote-https" };

function sends({ subcommand, rest }: GitCall): Concern[] {
  const second = rest.find(({ text }) => !text.startsWith("-"))?.text ?? "";
  const speaks = Object.hasOwn(SENDS, subcommand) && (!["svn", "lfs", "p4"].includes(subcommand) || /^(?:dcommit|push|submit)$/.test(second));
  const subtree = subcommand === "subtree" && second === "push";
  return speaks || subtree ? [{ kind: "unread", what: `${SENDS[subcommand] ?? "git subtree push"} sends what nobody has looked at; use git push` }] : [];
}

/** Subcommands after which HEAD and branches are what they were; a push in the same line pushes what the hook has seen. */
const STILL = new Set(
  "add apply archive blame bundle cat-file check-attr check-ignore check-ref-format cherry clean config count-objects describe diff diff-files diff-index diff-tree fetch for-each-ref fsck gc grep hash-object help log ls-files ls-remote ls-tree maintenance merge-base mv name-rev push range-diff reflog remote rev-list rev-parse rm restore shortlog show show-branch show-ref stash status update-index var version whatchanged write-tree".split(" "),
);

/** Whether HEAD or a branch may be another one afterwards. */
export function movesRefs({ subcommand, rest }: GitCall): boolean {
  if (subcommand === "" || rest.some(({ text }) => text === "--help")) return false;
  if (subcommand === "fetch") return rest.some(({ text }) => !text.startsWith("-") && text.includes(":") && !text.includes("://") && !text.includes("@"));
  if (subcommand === "branch") return rest.some(({ text }) => /^-[A-Za-z]*[fmMcCdDut]|^--(?:force|move|copy|delete|set-up|track|edit|unset)/.test(text));
  // Where a push goes is settled by what stands, and these change it.
  if (subcommand === "config") return !readsOnly(rest);
  if (subcommand === "remote") return rest.some(({ text }) => /^(?:add|rename|rm|remove|set-)/.test(text));
  if (subcommand === "tag") return rest.some(({ text }) => /^-[A-Za-z]*f|^--force/.test(text));
  if (subcommand === "stash") return rest[0]?.text === "branch";
  if (subcommand === "checkout") return !rest.some(({ text }) => text === "--");
  return !STILL.has(subcommand);
}

/** Variables whose value git hands to a shell (git(1)), whichever subcommand needs it. */
const PROGRAMS = /^(?:GIT_SSH|GIT_SSH_COMMAND|GIT_EDITOR|GIT_SEQUENCE_EDITOR|GIT_PAGER|GIT_EXTERNAL_DIFF|GIT_ASKPASS|SSH_ASKPASS|GIT_PROXY_COMMAND|EDITOR|VISUAL|PAGER)$/;

/** Scripts that git itself hands to a shell. */
export function gitScripts({ subcommand, rest, settings }: GitCall, assignments: SimpleCommand["assignments"] = []): string[] {
  const values = assignments.flatMap(({ name, value: { text } }) => (PROGRAMS.test(name) ? [text] : []));
  values.push(...rest.flatMap(({ text }, at) => (/^--(?:upload-pack|exec)$/.test(text) ? [rest[at + 1]?.text ?? ""] : /^--(?:upload-pack|exec)=/.test(text) ? [text.slice(text.indexOf("=") + 1)] : [])));
  for (const { text } of rest) if (text.startsWith("ext::")) values.push(text.slice("ext::".length).replace(/%([ sSGV%])/g, (_, sign: string) => (sign === " " || sign === "%" ? sign : "")));
  if (subcommand === "config") values.push(...configuredScripts(rest));
  settings.flatMap(({ key, value }) => scriptOf(key, value)).forEach((text) => values.push(text));
  const { options, operands } = gitWords(subcommand, rest);
  const words = (from: number): string => rest.slice(from).map(({ text }) => text).join(" ");
  const second = rest.findIndex(({ text }) => text === "foreach" || text === "run");
  if (subcommand === "rebase") values.push(...options.flatMap(({ name, value }) => (value !== null && (name === "-x" || couldBe(name, "--exec")) ? [value.text] : [])));
  if ((subcommand === "submodule" && rest[second]?.text === "foreach") || (subcommand === "bisect" && rest[second]?.text === "run")) values.push(words(second + 1).replace(/^(?:--recursive\s+)/, ""));
  if (subcommand === "difftool" || subcommand === "mergetool") values.push(...rest.flatMap(({ text }, at) => (/^-x$/.test(text) ? [rest[at + 1]?.text ?? ""] : text.startsWith("--extcmd=") ? [text.slice(9)] : [])));
  if (subcommand === "filter-branch") values.push(...operands.map(({ text }) => text).filter((text) => /\s/.test(text)));
  return values;
}

/** An option that only the shell will know may be any of them; the value of one that is known may not. */
const hidden = ({ subcommand }: GitCall, { options, operands }: GitWords): boolean => HOOKED.has(subcommand) && (options.some(({ name }) => name.includes(HOLE)) || operands.some(({ text }) => text.startsWith(HOLE)));

/** `hides`: an option may stand where the shell puts something; the text of the whole script is then all there is to go by. */
export function gitConcerns(call: GitCall, assignments: SimpleCommand["assignments"], paths: GuardedPaths): { readonly concerns: Concern[]; readonly hides: boolean } {
  if (call.unknown) return { concerns: [{ kind: "unread", what: "a git command that only the shell will know; write it out" }], hides: true };
  const words = gitWords(call.subcommand, call.rest);
  const home = assignments.filter(({ name }) => ANOTHER_HOME.test(name)).map(({ name }): Concern => ({ kind: "bypass", what: `git with another ${name}`, instead: NO_VERIFY }));
  const mirror = call.subcommand === "remote" && call.rest.some(({ text }) => /^--mirror/.test(text)) ? [{ kind: "bypass" as const, what: "git remote add --mirror", instead: "add the remote without it" }] : [];
  const config = call.subcommand === "config" ? configured(call.rest) : [];
  return { concerns: [...home, ...bypasses(call, words), ...config, ...mirror, ...(call.subcommand === "push" ? pushed(call, words) : []), ...sends(call), ...overwritten(call, paths)], hides: hidden(call, words) };
}

/** Programs that start other programs: what is left when `env`, `sudo`, `timeout` and their like are taken off, and what a shell is handed to run. */
import type { SimpleCommand, Word } from "../shell/script.ts";

export interface Unwrapped {
  readonly words: readonly Word[];
  /** Variables that a wrapper sets, such as those of `env`. */
  readonly assignments: SimpleCommand["assignments"];
  /** Words come on top that nobody can see: those of xargs and find. */
  readonly more: boolean;
  /** A wrapper goes to another folder first. */
  readonly elsewhere: boolean;
  /** Whole scripts among a wrapper's own words: `script -c`, `tmux new`. */
  readonly scripts: readonly string[];
  /** `find` as it was called, where that is what starts the program. */
  readonly found: readonly Word[] | null;
}

/** Options of each wrapper that take the next word; the first word that is no option is then the program. */
const WRAPPERS: Readonly<Record<string, { readonly takes: readonly string[]; readonly operands?: number; readonly more?: true }>> = {
  env: { takes: ["-u", "--unset", "-C", "--chdir"] },
  sudo: { takes: ["-u", "-g", "-h", "-p", "-C", "-D", "-r", "-t", "-T", "-U", "--user", "--group", "--chdir"] },
  doas: { takes: ["-u", "-C"] },
  command: { takes: [] },
  builtin: { takes: [] },
  exec: { takes: ["-a"] },
  coproc: { takes: [] },
  nohup: { takes: [] },
  time: { takes: ["-f", "-o", "--format", "--output"] },
  nice: { takes: ["-n", "--adjustment"] },
  ionice: { takes: ["-c", "-n", "-p", "--class", "--classdata"] },
  chrt: { takes: [], operands: 1 },
  taskset: { takes: [], operands: 1 },
  timeout: { takes: ["-k", "-s", "--kill-after", "--signal"], operands: 1 },
  stdbuf: { takes: ["-i", "-o", "-e", "--input", "--output", "--error"] },
  setsid: { takes: [] },
  unbuffer: { takes: [] },
  caffeinate: { takes: ["-t", "-w"] },
  flock: { takes: ["-w", "-E", "--timeout"], operands: 1 },
  strace: { takes: ["-e", "-o", "-p", "-s"] },
  ltrace: { takes: ["-e", "-o", "-p", "-s"] },
  watch: { takes: ["-n", "--interval"] },
  xargs: { takes: ["-I", "-n", "-P", "-L", "-d", "-a", "-E", "-s", "--max-args", "--max-procs", "--delimiter", "--arg-file", "--replace"], more: true },
  parallel: { takes: ["-j", "--jobs", "-a", "-n"], more: true },
  busybox: { takes: [] },
  npx: { takes: ["-p", "--package", "-c", "--call"] },
  bunx: { takes: ["-p", "--package"] },
  pnpx: { takes: [] },
  uvx: { takes: ["--from"] },
};
/** Programs that hand a word of theirs to a shell; `words`: the last ones are a command on their own. */
const HANDS = /^(?:script|su|runuser|flock|watch|hyperfine|parallel|tmux|screen|nix-shell|npx|npm|pnpm|yarn|bunx|ssh|docker|podman|sg|newgrp|entr|concurrently|xterm|make|gmake)$/;
/** What these do with the word `git` is not to run it. */
const TALKERS = /^(?:gh|glab|jj|sl|hg|got|sed|awk|git|git-.*|echo|printf|grep|egrep|fgrep|rg|ag|ack|man|info|which|type|whereis|apropos|test|\[|\[\[|ls|cat|cd|export|declare|local|readonly|typeset|read|for|select|case|function|alias|trap|eval|source|\.)$/;
const RUN_BY_ANYBODY = /^(?:git|maestro)$/;
const ELSEWHERE = /^(?:-C|-D|--chdir)(?:=|$)/;
const DEPTH_MAX = 8;
const ASSIGNED = /^([A-Za-z_][A-Za-z0-9_]*)=/;

/** A program by the last part of its path, without the ending that some systems give it. */
export const programOf = (word: Word | undefined): string => (word === undefined ? "" : (word.text.split("/").at(-1) ?? "").replace(/\.exe$/i, ""));

/** The words behind a program that is not known to start others, from `git` or `maestro` on: `unshare git push` pushes whatever `unshare` is. */
function behindStranger(words: readonly Word[]): readonly Word[] | null {
  if (TALKERS.test(programOf(words[0]))) return null;
  const at = words.findIndex((word, place) => place > 0 && RUN_BY_ANYBODY.test(programOf(word)) && !word.dynamic);
  return at > 0 && at + 1 < words.length ? words.slice(at) : null;
}

/** `env -S 'a b'` as the words it stands for. */
function split(words: readonly Word[]): readonly Word[] {
  return words.flatMap((word, at) => {
    const inline = /^(?:-[A-Za-z]*?S|--split-string=)(.+)$/s.exec(word.text)?.[1];
    const given = /^(?:-[A-Za-z]*S|--split-string)$/.test(words[at - 1]?.text ?? "") ? word.text : inline;
    if (/^(?:-[A-Za-z]*S|--split-string)$/.test(word.text)) return [];
    return given === undefined ? [word] : given.split(/\s+/).map((text) => ({ ...word, text: text.replace(/["']/g, "") }));
  });
}

/** The program that runs in the end, with its own words. */
export function unwrap(command: Pick<SimpleCommand, "words" | "assignments">): Unwrapped {
  let words = command.words;
  const assignments = [...command.assignments];
  const scripts: string[] = [];
  let more = false;
  let elsewhere = false;
  let found: readonly Word[] | null = null;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const name = programOf(words[0]);
    if (HANDS.test(name)) scripts.push(...words.slice(1).map(({ text }) => text.replace(/^--?[A-Za-z-]+=/, "")).filter((text) => /\s/.test(text)));
    if (name === "find" || name === "fd") {
      const inner = executed(words);
      if (inner === null) break;
      found = words;
      words = inner;
      more = true;
      continue;
    }
    if (!Object.hasOwn(WRAPPERS, name)) {
      const inner = behindStranger(words);
      if (inner === null) break;
      behind(words.slice(1, words.length - inner.length), { takes: [], operands: words.length }, assignments);
      words = inner;
      continue;
    }
    const wrapper = WRAPPERS[name]!;
    if (name === "env") words = [words[0]!, ...split(words.slice(1))];
    const rest = behind(words.slice(1), wrapper, assignments);
    elsewhere ||= (name === "env" || name === "sudo") && words.slice(1, words.length - rest.length).some(({ text }) => ELSEWHERE.test(text));
    if (rest.length === 0) break;
    more ||= wrapper.more === true;
    words = rest;
  }
  return { words, assignments, more, elsewhere, scripts, found };
}

function behind(words: readonly Word[], { takes, operands = 0 }: (typeof WRAPPERS)[string], assignments: { name: string; value: Word }[]): readonly Word[] {
  let at = 0;
  let left = operands;
  for (; at < words.length; at++) {
    const word = words[at]!;
    const assigned = ASSIGNED.exec(word.text);
    if (word.text === "--") continue;
    if (takes.includes(word.text)) at++;
    else if (assigned !== null) assignments.push({ name: assigned[1]!, value: { ...word, text: word.text.slice(assigned[0].length) } });
    else if (word.text.startsWith("-")) continue;
    else if (left > 0) left--;
    else break;
  }
  return words.slice(at);
}

/** What `find -exec` runs. */
function executed(words: readonly Word[]): readonly Word[] | null {
  const at = words.findIndex(({ text }) => /^(?:-exec|-execdir|-ok|-okdir|-x|--exec|-X|--exec-batch)$/.test(text));
  if (at < 0) return null;
  const rest = words.slice(at + 1);
  const end = rest.findIndex(({ text }) => text === ";" || text === "+");
  return end < 0 ? rest : rest.slice(0, end);
}

const SHELLS = /^(?:ba|da|z|k|mk|a|fi|tc|c)?sh$|^rbash$/;
/** `flag` takes the next word as a program; `joined` has it behind itself. */
const INTERPRETERS: readonly { readonly program: RegExp; readonly flag: RegExp; readonly joined: RegExp }[] = [
  { program: /^(?:python[0-9.]*|pypy[0-9.]*)$/, flag: /^-[A-Za-z]*c$/, joined: /^-[A-Za-bd-z]*c(.+)$/s },
  { program: /^(?:node|nodejs|bun|deno|tsx|ts-node)$/, flag: /^(?:-e|-p|-pe|--eval|--print|eval)$/, joined: /^--(?:eval|print)=(.+)$/s },
  { program: /^(?:perl|ruby)$/, flag: /^-[A-Za-z0-9]*[eE]$/, joined: /^-[A-DF-Za-df-z0-9]*[eE](.+)$/s },
  { program: /^(?:php|lua[0-9.]*|Rscript|osascript|elixir|groovy|julia|awk|gawk|mawk|nawk)$/, flag: /^(?:-[reEB]|--source|--eval)$/, joined: /^(?:-[re]|--source=|--eval=)(.+)$/s },
  { program: /^(?:vim?|nvim|ex|view|emacs|expect|gdb|sqlite3)$/, flag: /^(?:-c|--cmd|-ex|-cmd|--eval|-eval|--execute)$/, joined: /^(?:\+|--eval=|--execute=)(.+)$/s },
];

/** Whether a program runs what further words it is given: a shell, or one that starts others. xargs alone only prints them. */
export const runsItsWords = (name: string): boolean => SHELLS.test(name) || (name !== "xargs" && Object.hasOwn(WRAPPERS, name));

/** Text that a shell reads as a script, and text that another language runs. */
export interface Handed {
  readonly scripts: readonly string[];
  readonly programs: readonly string[];
  /** A shell runs what nobody here sees: a pipe from a download, words put together at run time. */
  readonly unseen: boolean;
}

const texts = (words: readonly Word[]): string => words.map(({ text }) => text).join(" ");

export function handed({ words, scripts }: Unwrapped, { stdin, piped }: Pick<SimpleCommand, "stdin" | "piped">): Handed {
  const name = programOf(words[0]);
  const rest = words.slice(1);
  const own = words.length > 0 && /\s/.test(words[0]!.text) ? [words[0]!.text] : [];
  const none: Handed = { scripts: [...scripts, ...own], programs: [], unseen: false };
  // Its `e` runs what stands behind it.
  if (/^g?sed$/.test(name)) return { ...none, programs: rest.map(({ text }) => text).filter((text) => /(?:^|[0-9$/};\s])e\s+\S/.test(text)) };
  // Its descriptors stay: a shell may read them later.
  if (name === "exec" && rest.length === 0 && stdin !== null) return { ...none, scripts: [...none.scripts, stdin] };
  if (name === "trap") return { ...none, scripts: rest.slice(0, 1).map(({ text }) => text) };
  if (name === "alias") return { ...none, scripts: rest.flatMap(({ text }) => /=(.+)$/s.exec(text)?.[1] ?? []) };
  if (name === "source" || name === ".") return shellScripts(rest, stdin, piped);
  if (name === "eval") return { ...none, scripts: [texts(rest)], unseen: rest.some(({ dynamic }) => dynamic) };
  if (SHELLS.test(name)) return shellScripts(rest, stdin, piped);
  const interpreter = INTERPRETERS.find(({ program }) => program.test(name));
  if (interpreter === undefined) return none;
  const { flag, joined } = interpreter;
  const code = rest.flatMap((word, at) => [...(flag.test(word.text) ? rest.slice(at + 1, at + 2) : []).map(({ text }) => text), ...(joined.exec(word.text)?.slice(1) ?? []), ...(/awk$/.test(name) && !word.text.startsWith("-") ? [word.text] : [])]);
  const alone = rest.every(({ text }) => text === "-" || text.startsWith("-"));
  const read = alone || rest.some(({ text }) => text === "-") ? [stdin, piped === "unknown" ? null : piped] : [];
  return { ...none, programs: [...code, ...read.filter((text) => text !== null)] };
}

/** Descriptors that a redirection of the same command feeds. */
const FED = /^\/dev\/(?:stdin|fd\/[0-9]+)$|^\/proc\/self\/fd\/[0-9]+$/;

function shellScripts(rest: readonly Word[], stdin: string | null, piped: SimpleCommand["piped"]): Handed {
  const flag = rest.findIndex(({ text }) => /^-[A-Za-z]*c[A-Za-z]*$/.test(text));
  if (flag >= 0) {
    // Which of them is the script depends on options in between that take a word, such as `-o pipefail`; the others are its arguments.
    const words = rest.slice(flag + 1).filter(({ text }) => !/^[-+]/.test(text));
    return { scripts: words.map(({ text }) => text), programs: [], unseen: words[0]?.dynamic === true };
  }
  // A file of its own is not opened: what it holds by the time it runs may be something else.
  const file = rest.find(({ text, dynamic }) => dynamic || (!/^[-+]/.test(text) && !FED.test(text)));
  const script = stdin ?? (piped === "unknown" ? null : piped);
  if (file !== undefined) return { scripts: [], programs: [], unseen: file.dynamic && piped === null };
  return { scripts: script === null ? [] : [script], programs: [], unseen: piped !== null && stdin === null };
}

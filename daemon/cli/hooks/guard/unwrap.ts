/** Programs that start other programs: what is left when `env`, `sudo`, `timeout` and their like are taken off, and what a shell is handed to run. */
import type { SimpleCommand, Word } from "../shell/script.ts";

export interface Unwrapped {
  readonly words: readonly Word[];
  /** Variables that a wrapper sets, such as those of `env`. */
  readonly assignments: SimpleCommand["assignments"];
  /** Words come on top that nobody can see: those of xargs and find. */
  readonly more: boolean;
}

/** Options of each wrapper that take the next word; the first word that is no option is then the program. */
const WRAPPERS: Readonly<Record<string, { readonly takes: readonly string[]; readonly operands?: number; readonly more?: true }>> = {
  env: { takes: ["-u", "--unset", "-C", "--chdir", "-S", "--split-string"] },
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
const DEPTH_MAX = 8;
const ASSIGNED = /^([A-Za-z_][A-Za-z0-9_]*)=/;

/** A program by the last part of its path, without the ending that some systems give it. */
export const programOf = (word: Word | undefined): string => (word === undefined ? "" : (word.text.split("/").at(-1) ?? "").replace(/\.exe$/i, ""));

/** The program that runs in the end, with its own words. */
export function unwrap(command: Pick<SimpleCommand, "words" | "assignments">): Unwrapped {
  let words = command.words;
  const assignments = [...command.assignments];
  let more = false;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const name = programOf(words[0]);
    if (name === "find" || name === "fd") {
      const inner = executed(words);
      if (inner === null) break;
      words = inner;
      more = true;
      continue;
    }
    if (!Object.hasOwn(WRAPPERS, name)) break;
    const wrapper = WRAPPERS[name]!;
    const rest = behind(words.slice(1), wrapper, assignments);
    if (rest.length === 0) break;
    more ||= wrapper.more === true;
    words = rest;
  }
  return { words, assignments, more };
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
    else if (word.text.startsWith("-") && word.text.length > 1) continue;
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
const INTERPRETERS: readonly (readonly [program: RegExp, flags: RegExp])[] = [
  [/^(?:python[0-9.]*|pypy[0-9.]*)$/, /^-[A-Za-z]*c$/],
  [/^(?:node|nodejs|bun|deno|tsx|ts-node)$/, /^(?:-e|-p|-pe|--eval|--print|eval)$/],
  [/^(?:perl|ruby)$/, /^-[A-Za-z0-9]*[eE]$/],
  [/^(?:php|lua[0-9.]*|Rscript|osascript|elixir|groovy|awk|gawk|mawk|nawk)$/, /^-[re]$/],
];

/** Text that a shell reads as a script, and text that another language runs. */
export interface Handed {
  readonly scripts: readonly string[];
  readonly programs: readonly string[];
  /** A shell runs what nobody here sees: a pipe from a download, words put together at run time. */
  readonly unseen: boolean;
}

const texts = (words: readonly Word[]): string => words.map(({ text }) => text).join(" ");

export function handed({ words }: Unwrapped, { stdin, piped }: Pick<SimpleCommand, "stdin" | "piped">): Handed {
  const name = programOf(words[0]);
  const rest = words.slice(1);
  const none: Handed = { scripts: [], programs: [], unseen: false };
  if (name === "eval") return { ...none, scripts: [texts(rest)], unseen: rest.some(({ dynamic }) => dynamic) };
  if (SHELLS.test(name)) return shellScripts(rest, stdin, piped);
  const interpreter = INTERPRETERS.find(([program]) => program.test(name));
  if (interpreter === undefined) return none;
  const code = rest.flatMap((word, at) => (interpreter[1].test(word.text) ? rest.slice(at + 1, at + 2) : /^awk|awk$/.test(name) && !word.text.startsWith("-") ? [word] : []));
  const alone = rest.every(({ text }) => text === "-" || text.startsWith("-"));
  const read = alone || rest.some(({ text }) => text === "-") ? [stdin, piped === "unknown" ? null : piped] : [];
  return { ...none, programs: [...code.map(({ text }) => text), ...read.filter((text) => text !== null)] };
}

function shellScripts(rest: readonly Word[], stdin: string | null, piped: SimpleCommand["piped"]): Handed {
  const flag = rest.findIndex(({ text }) => /^-[A-Za-z]*c[A-Za-z]*$/.test(text));
  if (flag >= 0) {
    const script = rest.slice(flag + 1).find(({ text }) => !/^[-+]/.test(text));
    return { scripts: script === undefined ? [] : [script.text], programs: [], unseen: script?.dynamic === true };
  }
  // A file of its own is not opened: what it holds by the time it runs may be something else.
  const file = rest.find(({ text, dynamic }) => dynamic || (!/^[-+]/.test(text) && text !== "/dev/stdin"));
  const script = stdin ?? (piped === "unknown" ? null : piped);
  if (file !== undefined) return { scripts: [], programs: [], unseen: file.dynamic && piped === null };
  return { scripts: script === null ? [] : [script], programs: [], unseen: piped === "unknown" && stdin === null };
}

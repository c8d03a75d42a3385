/** Which files a command would write, by what its program does with its words. What a program does beyond its words is not seen. */
import { disk, posix } from "../../../client/builtin.ts";
import type { Redirect, Word } from "../shell/script.ts";
import type { Concern } from "./concern.ts";
import type { GuardedPaths, Guarded } from "./paths.ts";
import { programOf } from "./unwrap.ts";

/** `file`: these very paths. `tree`: they and what lies below. `into`: the last, or the file it would make in that folder. */
type Manner = "file" | "tree" | "into";

interface Writer {
  readonly program: RegExp;
  readonly manner: Manner;
  /** Counts as writing only with such an option. */
  readonly only?: RegExp;
  /** Operands before the files: the script of sed, the mode of chmod. */
  readonly skip?: number;
}

const WRITERS: readonly Writer[] = [
  { program: /^script$/, manner: "file" },
  { program: /^(?:rm|rmdir|unlink|shred|srm|trash|trash-put)$/, manner: "tree" },
  { program: /^(?:tee|sponge|truncate|touch|ed|ex|vim?|nvim|nano|emacs|micro|fallocate|mkfifo|patch)$/, manner: "file" },
  { program: /^(?:chmod|chown|chgrp|chattr|setfacl)$/, manner: "tree", skip: 1 },
  { program: /^(?:sed|gsed)$/, manner: "file", only: /^(?:-[A-Za-z]*i.*|--in-place.*)$/, skip: 1 },
  { program: /^(?:perl|ruby)$/, manner: "file", only: /^-[A-Za-z0-9]*i/ },
  { program: /^(?:g?awk)$/, manner: "file", only: /^(?:-i|inplace)$/, skip: 1 },
  { program: /^(?:yq|jq|sd|dasel)$/, manner: "file", only: /^(?:-[A-Za-z]*i[A-Za-z]*|--inplace|--in-place)$/ },
  { program: /^(?:cp|install|rsync|scp|ditto)$/, manner: "into" },
  { program: /^mv$/, manner: "tree" },
  { program: /^mv$/, manner: "into" },
  { program: /^(?:ln|link|symlink)$/, manner: "into" },
];
/** Options whose value is the file that is written. */
const OUTPUT = /^(?:-[A-Za-z]*[oO]|--output|--output-document|--outfile|--out|-fprint|-fprintf|-fls)$/;
const OUTPUTS: ReadonlySet<string> = new Set(["curl", "wget", "sort", "gcc", "cc", "clang", "find", "openssl", "pandoc", "jq", "yq", "xmllint", "tree", "git"]);

const concern = ({ guards, path, askable }: Guarded): Concern => ({ kind: "edit", guards, path, askable });

/** The concern of writing each of these words; nothing for those that guard nothing. */
export function writing(words: readonly Word[], folder: string | null, paths: GuardedPaths, manner: Manner, fits?: (place: string) => boolean): Concern[] {
  return words.flatMap((word) => {
    const named = paths.named(word, folder === null ? null : paths.absolute(folder));
    const found = named === null ? [unknown(word, folder, paths)] : named.map((path) => (manner === "tree" ? paths.within(path, fits) : paths.at(path)));
    return found.filter((one) => one !== null).slice(0, 1).map(concern);
  });
}

/** A word whose place or text is not known: what of it is known may be enough. */
function unknown(word: Word, folder: string | null, paths: GuardedPaths): Guarded | null {
  const could = paths.could(word);
  if (could !== null || word.dynamic || folder !== null) return could;
  return paths.at(paths.absolute(word.text));
}

function operandsOf(words: readonly Word[], skip: number): Word[] {
  return words.filter(({ text }) => !text.startsWith("-") || text === "-").slice(skip);
}

/** `cp a b/` makes `b/a`; `cp a b` makes `b`. */
function into(words: readonly Word[], folder: string | null, paths: GuardedPaths): Concern[] {
  const option = words.findIndex(({ text }) => /^(?:-t|--target-directory)(?:=|$)/.test(text));
  const inline = /^--target-directory=(.*)$/.exec(words[option]?.text ?? "")?.[1];
  const operands = operandsOf(words, 0);
  const target = inline !== undefined ? { text: inline, dynamic: false, glob: false } : option >= 0 ? words[option + 1] : operands.at(-1);
  if (target === undefined) return [];
  const sources = operands.filter((word) => word !== target);
  // What stands in the source's folder lands in the target under its own name.
  if (words.some(({ text }) => /^(?:-[A-Za-z]*T|--no-target-directory)$/.test(text)) || sources.some(({ text }) => text.endsWith("/"))) return writing([target], folder, paths, "tree");
  const named = paths.named(target, folder === null ? null : paths.absolute(folder));
  const isFolder = named !== null && named.length === 1 && disk().existsSync(named[0]!) && disk().statSync(named[0]!).isDirectory();
  if (!isFolder) return writing([target], folder, paths, "file");
  return sources.flatMap((source) => writing([{ text: posix().join(named[0]!, posix().basename(source.text)), dynamic: source.dynamic, glob: false }], "/", paths, "tree"));
}

/** `find DIR -name PATTERN` takes a guard only where the pattern fits one. */
function takenByFind(rest: readonly Word[], folder: string | null, paths: GuardedPaths): Concern[] {
  const first = rest.findIndex(({ text }) => /^[-(!]/.test(text));
  const names = rest.filter((_, at) => /^-i?name$/.test(rest[at - 1]?.text ?? ""));
  const fits = (place: string): boolean => names.length === 0 || names.some(({ text, dynamic }) => dynamic || new Bun.Glob(text.toLowerCase()).match(posix().basename(place).toLowerCase()));
  const start = first === 0 ? [{ text: ".", dynamic: false, glob: false }] : rest.slice(0, first < 0 ? undefined : first);
  return writing(start, folder, paths, "tree", fits);
}

/** What `find -exec` has a program write over. */
export function writesFound(find: readonly Word[] | null, words: readonly Word[], folder: string | null, paths: GuardedPaths): Concern[] {
  if (find === null || !isWriter(programOf(words[0]), words.slice(1)) || programOf(find[0]) !== "find") return [];
  return takenByFind(find.slice(1), folder, paths);
}

/** Other names for a guard: what is written to them later is written to it. */
function linked(program: string, rest: readonly Word[], folder: string | null, paths: GuardedPaths): Concern[] {
  const links = /^(?:ln|link|symlink)$/.test(program) || (program === "cp" && rest.some(({ text }) => /^(?:-[A-Za-z]*[ls][A-Za-z]*|--link|--symbolic-link)$/.test(text)));
  return links ? writing(operandsOf(rest, 0).slice(0, -1), folder, paths, "tree") : [];
}

/** Files that a script of sed writes (its `w`). */
function writtenBySed(rest: readonly Word[]): Word[] {
  return rest.flatMap((word) => [...word.text.matchAll(/(?:^|[;{}\s0-9$/|#,gpI])[wW]\s+([^\s;}]+)/g)].map((found) => ({ ...word, text: found[1]! })));
}

/** Folders that an archive is unpacked into. */
function unpacked(program: string, rest: readonly Word[]): Word[] {
  const flag = /^(?:bsd)?tar$/.test(program) ? /^(?:-C|--directory)$/ : program === "unzip" ? /^-d$/ : null;
  return flag === null ? [] : rest.flatMap((_, at) => (flag.test(rest[at]!.text) && rest[at + 1] !== undefined ? [{ ...rest[at + 1]!, text: posix().join(rest[at + 1]!.text, "any") }] : []));
}

const isWriter = (program: string, rest: readonly Word[]): boolean => WRITERS.some(({ program: pattern, only }) => pattern.test(program) && (only === undefined || rest.some(({ text }) => only.test(text))));

/** What the program's words say it writes. `words` begin with the program. */
export function writesOf(words: readonly Word[], folder: string | null, paths: GuardedPaths): Concern[] {
  const program = programOf(words[0]);
  const rest = words.slice(1);
  const found: Concern[] = [];
  for (const { program: pattern, manner, only, skip = 0 } of WRITERS) {
    if (!pattern.test(program) || (only !== undefined && !rest.some(({ text }) => only.test(text)))) continue;
    // With -e or -f the script is no operand of its own.
    const scripted = rest.some(({ text }) => /^(?:-e|-f|--expression|--file|--reference)/.test(text) || (program === "chmod" && /^-[rwxXst]+$/.test(text)));
    found.push(...(manner === "into" ? into(rest, folder, paths) : writing(operandsOf(rest, scripted ? 0 : skip), folder, paths, manner)));
  }
  if (program === "find" && rest.some(({ text }) => text === "-delete")) found.push(...takenByFind(rest, folder, paths));
  found.push(...linked(program, rest, folder, paths), ...writing(unpacked(program, rest), folder, paths, "file"));
  if (/^g?sed$/.test(program)) found.push(...writing(writtenBySed(rest), folder, paths, "file"));
  if (program === "dd") found.push(...writing(rest.filter(({ text }) => text.startsWith("of=")).map((word) => ({ ...word, text: word.text.slice(3) })), folder, paths, "file"));
  if (OUTPUTS.has(program)) {
    const outputs = rest.flatMap((word, at) => {
      const inline = /^(?:--output|--output-document|--outfile|--out)=(.*)$/.exec(word.text)?.[1];
      const joined = /^-[A-Za-z]*?[oO](.+)$/.exec(word.text)?.[1];
      if (joined !== undefined) return [{ ...word, text: joined }];
      return inline !== undefined ? [{ ...word, text: inline }] : OUTPUT.test(word.text) ? rest.slice(at + 1, at + 2) : [];
    });
    found.push(...writing(outputs, folder, paths, "file"));
  }
  return found;
}

const READS = new Set(["<", "<&"]);

export function redirected(redirects: readonly Redirect[], folder: string | null, paths: GuardedPaths): Concern[] {
  return writing(redirects.filter(({ operator }) => !READS.has(operator)).map(({ target }) => target), folder, paths, "file");
}

/** Whether something is written to a place that says nothing of itself. */
export function writesSomewhere(words: readonly Word[], redirects: readonly Redirect[]): boolean {
  const blank = ({ text, dynamic }: Word): boolean => dynamic && text.replace(/[^A-Za-z]/g, "").length < 4;
  const program = programOf(words[0]);
  const writes = WRITERS.some((writer) => writer.program.test(program) && (writer.only === undefined || words.some(({ text }) => writer.only!.test(text))));
  return redirects.some(({ operator, target }) => !READS.has(operator) && blank(target)) || (writes && words.slice(1).some(blank));
}

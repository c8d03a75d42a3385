/**
 * Reads a shell command line into every simple command it could run. Not a shell: no branch is taken and no loop counted, so whatever stands
 * anywhere counts. What it cannot follow is said (`unread`, `dynamic`, a folder of null), and whoever asks must treat that as the worse case.
 */
import { posix } from "../../../client/builtin.ts";
import { written } from "./piped.ts";
import { endOfParens } from "./quoting.ts";
import { SCRIPT_LIMITS, type Redirect, type Script, type SimpleCommand, type Word } from "./script.ts";
import { HOLE, insides, Unread, WordReader, type WordContext } from "./words.ts";

interface Draft {
  assignments: { readonly name: string; readonly value: Word }[];
  words: Word[];
  redirects: Redirect[];
  stdin: string | null;
  folder: string | null;
  /** What is before the pipe that ends here; `unknown` where that is more than one command. */
  from: Draft | "unknown" | null;
  readonly before: string;
  after: string;
}

interface HereDocument {
  readonly draft: Draft;
  readonly delimiter: string;
  readonly quoted: boolean;
  readonly strip: boolean;
}

/** At the start of a command these begin or end a part of a compound one; the command comes behind them (XCU 2.4). */
const RESERVED = new Set(["if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!", "{", "}", "esac"]);
const REDIRECT = /^(?:&>>|&>|<<<|<<-|<<|<>|<&|<|>>|>&|>\||>)/;
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]]*\])?\+?=/;
const DECLARES = new Set(["export", "declare", "local", "readonly", "typeset"]);
/** A variable whose value is not known, because it has had more than one. */
const MANY = Symbol("many");

/** What several scripts inside one another share. */
interface Shared {
  readonly commands: { readonly draft: Draft }[];
  readonly values: Map<string, string | typeof MANY>;
  words: number;
  looks: number;
}

class ScriptReader {
  private at = 0;
  private draft: Draft;
  private pending: HereDocument[] = [];
  private readonly folders: (string | null)[] = [];
  private readonly context: WordContext;

  constructor(
    private readonly text: string,
    private readonly shared: Shared,
    private folder: string | null,
    depth: number,
  ) {
    if (depth > SCRIPT_LIMITS.depth_max) throw new Unread(`scripts inside scripts, more than ${SCRIPT_LIMITS.depth_max} deep`);
    this.draft = this.empty(null, "");
    this.context = {
      valueOf: (name) => {
        const value = shared.values.get(name);
        return typeof value === "string" ? value : undefined;
      },
      inside: (script) => new ScriptReader(script, shared, this.folder, depth + 1).run(),
    };
  }

  private empty(from: Draft["from"], before: string): Draft {
    return { assignments: [], words: [], redirects: [], stdin: null, folder: this.folder, from, before, after: "" };
  }

  run(): void {
    const { text } = this;
    while (this.at < text.length) {
      const char = text[this.at]!;
      if (char === "\n") this.newline();
      else if (/\s/.test(char)) this.at++;
      else if (char === "\\" && text[this.at + 1] === "\n") this.at += 2;
      else if (char === "#") this.comment();
      else if (!this.redirect() && !this.operator(char)) this.word();
    }
    this.end(null);
    this.documents();
  }

  private newline(): void {
    const { draft } = this;
    // Behind a pipe the line goes on (XCU 2.10.2, `linebreak`).
    if (draft.from === null || draft.words.length > 0 || draft.redirects.length > 0) this.end(null);
    this.at++;
    this.documents();
  }

  private comment(): void {
    const end = this.text.indexOf("\n", this.at);
    this.at = end < 0 ? this.text.length : end;
  }

  /** `;`, `&`, `|`, parentheses and what they are part of. */
  private operator(char: string): boolean {
    const { text } = this;
    if (!";&|()".includes(char)) return false;
    if (char === "(" && text[this.at + 1] === "(" && this.draft.words.length === 0 && this.arithmetic()) return true;
    const pipe = char === "|" && text[this.at + 1] !== "|";
    const { draft } = this;
    const empty = draft.words.length === 0;
    const operator = /^(?:\|\||\|&|&&|;;&|;;|;&)/.exec(text.slice(this.at, this.at + 3))?.[0] ?? char;
    this.end(pipe ? (empty ? "unknown" : draft) : null, operator);
    if (char === "(") this.folders.push(this.folder);
    if (char === ")" && this.folders.length > 0) this.folder = this.folders.pop() ?? null;
    this.draft.folder = this.folder;
    this.at += operator.length;
    return true;
  }

  private arithmetic(): boolean {
    // Each look goes to the end of the text, so there are not many of them.
    if (++this.shared.looks > SCRIPT_LIMITS.looks_max) throw new Unread(`more than ${SCRIPT_LIMITS.looks_max} double parentheses`);
    const end = endOfParens(this.text, this.at);
    if (end < 0) throw new Unread("a parenthesis does not end");
    if (endOfParens(this.text, this.at + 1) !== end - 1) return false;
    insides(this.text.slice(this.at + 2, end - 2), this.context);
    this.at = end;
    return true;
  }

  private one(): Word {
    while (this.text[this.at] === " " || this.text[this.at] === "\t") this.at++;
    if (/^[<>]\($/.test(this.text.slice(this.at, this.at + 2))) return this.processSubstitution(this.at);
    const { words, end } = WordReader.read(this.text, this.at, this.context);
    this.at = end;
    this.count(words.length);
    const [first] = words;
    if (first === undefined) throw new Unread("a redirection without a target");
    return words.length === 1 ? first : { text: words.map(({ text }) => text).join(" "), dynamic: true, glob: false };
  }

  private count(words: number): void {
    this.shared.words += words;
    if (this.shared.words > SCRIPT_LIMITS.words_max) throw new Unread(`more than ${SCRIPT_LIMITS.words_max} words`);
  }

  private redirect(): boolean {
    const { text } = this;
    const number = /^(?:[0-9]{1,3}|\{[A-Za-z_][A-Za-z0-9_]*\})(?=[<>])/.exec(text.slice(this.at, this.at + 64))?.[0].length ?? 0;
    const at = this.at + number;
    if (/^[<>]\($/.test(text.slice(at, at + 2))) {
      this.draft.words.push(this.processSubstitution(at));
      return true;
    }
    const operator = REDIRECT.exec(text.slice(at, at + 3))?.[0];
    if (operator === undefined || this.draft.words[0]?.text === "[[") return operator !== undefined && this.skip(operator, at);
    this.at = at + operator.length;
    if (operator === "<<" || operator === "<<-") return this.hereDocument(operator === "<<-");
    const target = this.one();
    if (operator === "<<<") this.draft.stdin = target.text;
    else if (!(operator.endsWith("&") && /^(?:[0-9]+|-)$/.test(target.text))) this.draft.redirects.push({ operator, target });
    return true;
  }

  /** Inside `[[ ]]` these compare. */
  private skip(operator: string, at: number): true {
    this.at = at + operator.length;
    return true;
  }

  private processSubstitution(at: number): Word {
    const end = endOfParens(this.text, at + 1);
    if (end < 0) throw new Unread("a process substitution does not end");
    this.context.inside(this.text.slice(at + 2, end - 1));
    this.at = end;
    return { text: HOLE, dynamic: true, glob: false };
  }

  private hereDocument(strip: boolean): true {
    const start = this.at;
    const { text: delimiter } = this.one();
    const quoted = /['"\\]/.test(this.text.slice(start, this.at));
    this.pending.push({ draft: this.draft, delimiter, quoted, strip });
    return true;
  }

  /** The bodies of here-documents begin at the line after the one that announced them. */
  private documents(): void {
    for (const { draft, delimiter, quoted, strip } of this.pending.splice(0)) {
      const lines: string[] = [];
      while (this.at < this.text.length) {
        const end = this.text.indexOf("\n", this.at);
        const raw = this.text.slice(this.at, end < 0 ? undefined : end);
        this.at = end < 0 ? this.text.length : end + 1;
        const line = strip ? raw.replace(/^\t+/, "") : raw;
        if (line === delimiter) break;
        lines.push(line);
      }
      draft.stdin = lines.join("\n");
      if (!quoted) insides(draft.stdin, this.context);
    }
  }

  private word(): void {
    const start = this.at;
    const { words, end, plain } = WordReader.read(this.text, this.at, this.context);
    if (end === start) throw new Unread(`the character ${JSON.stringify(this.text[start])}`);
    this.at = end;
    this.count(words.length);
    const { draft } = this;
    const first = draft.words.length === 0;
    const assigned = ASSIGNMENT.exec(this.text.slice(start, end));
    if (first && assigned !== null && words.length <= 1) {
      const [word = { text: assigned[0], dynamic: false, glob: false }] = words;
      draft.assignments.push({ name: assigned[1]!, value: { ...word, text: word.text.slice(assigned[0].length) } });
      return;
    }
    const text = words[0]?.text ?? "";
    if (plain && first && draft.assignments.length === 0 && RESERVED.has(text)) {
      draft.words.push(...words.slice(1));
      return;
    }
    // The body of `function name {` begins here.
    if (plain && text === "{" && draft.words[0]?.text === "function") return this.end(null);
    draft.words.push(...words);
  }

  /** Finishes the command that was being read; `from` is what the next one's pipe brings. */
  private end(from: Draft["from"], operator = "\n"): void {
    const { draft, shared } = this;
    const empty = draft.words.length === 0 && draft.assignments.length === 0 && draft.redirects.length === 0;
    // A line that ends behind an operator goes on with it.
    this.draft = this.empty(from, empty && operator === "\n" ? draft.before : operator);
    draft.after = operator;
    if (empty) {
      if (from === null && draft.from !== null) this.draft.from = null;
      return;
    }
    if (shared.commands.length >= SCRIPT_LIMITS.commands_max) throw new Unread(`more than ${SCRIPT_LIMITS.commands_max} commands`);
    const program = draft.words[0]?.text;
    if (program !== "for" && program !== "select" && program !== "case") shared.commands.push({ draft });
    this.remember(draft, program);
    this.draft.folder = this.folder;
  }

  private remember(draft: Draft, program: string | undefined): void {
    if (program === undefined) for (const { name, value } of draft.assignments) this.assign(name, value.dynamic ? null : value.text);
    else if (DECLARES.has(program)) {
      // A name for another variable is worth what that one is.
      const named = draft.words.some(({ text }) => /^-[A-Za-z]*n/.test(text));
      for (const { text, dynamic } of draft.words) {
        const assigned = ASSIGNMENT.exec(text);
        if (assigned !== null) this.assign(assigned[1]!, dynamic || named ? null : text.slice(assigned[0].length));
      }
    } else if (program === "for" || program === "select") {
      const [, name, , value, ...more] = draft.words;
      if (name !== undefined) this.assign(name.text, more.length === 0 && value !== undefined && !value.dynamic && !value.glob ? value.text : null);
    } else if (program === "read" || program === "mapfile" || program === "unset") {
      for (const { text } of draft.words.slice(1)) this.assign(text, null);
    } else if (program === "cd" || program === "pushd") this.enter(draft.words.slice(1).find(({ text }) => !text.startsWith("-") || text === "-"));
    else if (program === "popd") this.folder = null;
  }

  private assign(name: string, value: string | null): void {
    const { values } = this.shared;
    values.set(name, value === null || (values.has(name) && values.get(name) !== value) ? MANY : value);
  }

  private enter(to: Word | undefined): void {
    const home = this.context.valueOf("HOME");
    const target = to === undefined ? home : to.dynamic || to.glob || to.text === "-" ? undefined : to.text;
    if (target === undefined) this.folder = null;
    else if (target.startsWith("/")) this.folder = posix().normalize(target);
    else this.folder = this.folder === null ? null : posix().join(this.folder, target);
  }
}

function finished({ from, ...command }: Draft): SimpleCommand {
  return { ...command, piped: written(from) };
}

/** Reads `text` as a script that begins in the folder `.`; `values` are variables whose value is known. Throws nothing. */
export function readScript(text: string, values: Readonly<Record<string, string>> = {}, folder: string | null = ".", depth = 0): Script {
  const shared: Shared = { commands: [], values: new Map(Object.entries(values)), words: 0, looks: 0 };
  const all = () => shared.commands.map(({ draft }) => finished(draft));
  if (text.length > SCRIPT_LIMITS.characters_max) return { commands: [], unread: `more than ${SCRIPT_LIMITS.characters_max} characters` };
  if (text.includes(HOLE)) return { commands: [], unread: "a NUL character" };
  try {
    new ScriptReader(text, shared, folder, depth).run();
    return { commands: all(), unread: null };
  } catch (error) {
    if (error instanceof Unread) return { commands: all(), unread: error.message };
    throw error;
  }
}

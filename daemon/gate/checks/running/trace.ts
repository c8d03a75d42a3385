/**
 * What a declared command runs, as far as words lead: the files its argv names, the scripts of package.json and targets of makefiles it
 * calls, the files those name, and so on. Once over the texts before a change and once over those after it, the difference is an edit of the
 * command. Pure.
 */
import { posix } from "node:path";
import type { DeclaredCommand } from "../../../../proto/facts.ts";
import { isFields, readJsonObject } from "../reading/json.ts";
import { partFor } from "./makefile.ts";
import { BREAK, treePathOf, wordsOf, wordsOfArgv } from "./words.ts";

/** A part of a file of scripts or targets that a command runs. */
export interface Unit {
  readonly file: string;
  /** For a person, such as `script test`. */
  readonly what: string;
  readonly text: string;
}

export interface Trace {
  /** Paths of the tree that something it runs is called by. */
  readonly names: ReadonlySet<string>;
  /** By file and what. */
  readonly units: ReadonlyMap<string, Unit>;
  /** Files whose text decides how it goes on, and was not handed over. */
  readonly wants: ReadonlySet<string>;
}

/** The text of a file; null where it is not there, undefined where nobody read it yet. */
export type TextAt = (path: string) => string | null | undefined;

/** How deep a script may call a script. */
const DEPTH_MAX = 8;
/** What one command may lead to at all. */
const NAMES_MAX = 20_000;

const PACKAGE_RUNNERS = /^(?:npm|pnpm|yarn|bun|bunx|node|npm-run-all2?|run-[sp])$/;
/** Settings that say which shell runs a script, or what is loaded before it. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  npm: [".npmrc"], pnpm: [".npmrc", "pnpm-workspace.yaml", ".pnpmfile.cjs"], yarn: [".npmrc", ".yarnrc", ".yarnrc.yml"], bun: ["bunfig.toml"], bunx: ["bunfig.toml"],
  just: ["justfile", "Justfile", ".justfile"], task: ["Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml"], rake: ["Rakefile", "rakefile", "Rakefile.rb"],
  tox: ["tox.ini"], nox: ["noxfile.py"], invoke: ["tasks.py"], inv: ["tasks.py"], gradle: ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"],
  gradlew: ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"], mvn: ["pom.xml"], mvnw: ["pom.xml"], deno: ["deno.json", "deno.jsonc"],
  composer: ["composer.json"], gulp: ["gulpfile.js", "gulpfile.mjs", "gulpfile.ts"], grunt: ["Gruntfile.js"], turbo: ["turbo.json"], nx: ["nx.json"], mage: ["magefile.go"],
};
/** Names that npm gives to other scripts. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  t: ["test"], tst: ["test"], restart: ["restart", "stop", "start"],
  ...Object.fromEntries(["install", "i", "ci", "add", "clean-install", "install-test", "it"].map((name) => [name, ["preinstall", "install", "postinstall", "prepublish", "prepare", "test"]])),
};
const INTERPRETERS = /^(?:node|bun|deno|tsx|ts-node|python[0-9.]*|pypy[0-9.]*|ruby|perl|php|lua|sh|bash|dash|zsh|ksh|source|\.)$/;
const ENDINGS = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".json", ".py", ".rb", "/index.js", "/index.mjs", "/index.cjs", "/index.ts", "/__main__.py", "/package.json"];
const FOLDER_OPTION = /^(?:-C|--prefix|--cwd|--dir|--directory|--chdir)(?:=(.*))?$/;
const MAKEFILES = ["GNUmakefile", "makefile", "Makefile"];

export function traceOf(command: Pick<DeclaredCommand, "run" | "cwd" | "env">, textAt: TextAt): Trace {
  const tracer = new Tracer(textAt);
  tracer.line(wordsOfArgv([...command.run, BREAK, ...command.env]), command.cwd, 0);
  return tracer;
}

class Tracer implements Trace {
  readonly names = new Set<string>();
  readonly units = new Map<string, Unit>();
  readonly wants = new Set<string>();

  constructor(private readonly textAt: TextAt) {}

  /** One line, which begins in `cwd`. */
  line(words: readonly string[], cwd: string, depth: number): void {
    let folders: readonly string[] = [cwd];
    for (const [at, word] of words.entries()) {
      const before = words[at - 1];
      // `cd` counts for the rest of the line, and so does where it began: whether it was in a subshell is not followed.
      if (before === "cd") folders = [...folders, ...folders.flatMap((folder) => treePathOf(folder, word) ?? [])].slice(0, 16);
      for (const folder of folders) this.word(folder, word, depth, restOf(words, at));
    }
  }

  private word(folder: string, word: string, depth: number, rest: readonly string[]): void {
    this.name(folder, word);
    const equals = word.indexOf("=");
    if (equals > 0) this.name(folder, word.slice(equals + 1).replace(/^@/, ""));
    const program = posix.basename(word);
    if (INTERPRETERS.test(program)) this.interpreted(folder, /^(?:bun|deno)$/.test(program) && /^(?:run|test|task|x|lint|fmt)$/.test(rest[0] ?? "") ? rest.slice(1) : rest);
    for (const file of Object.hasOwn(SETTINGS, program) ? SETTINGS[program]! : []) for (const inside of this.foldersOf(folder, rest)) this.name(inside, file);
    if (PACKAGE_RUNNERS.test(program)) for (const inside of this.foldersOf(folder, rest)) this.scripts(inside, program === "bun" && rest[0] === "test" ? rest.slice(1) : rest, depth);
    if (/^(?:g|b|n)?make$/.test(program)) for (const inside of this.foldersOf(folder, rest)) this.targets(inside, rest, depth);
  }

  private name(folder: string, word: string): void {
    const path = treePathOf(folder, word);
    if (path !== null && this.names.size < NAMES_MAX) this.names.add(path);
  }

  /** The program of an interpreter may be named without its ending, as a folder, or as a module. */
  private interpreted(folder: string, rest: readonly string[]): void {
    const module = rest[0] === "-m" ? rest[1]?.replaceAll(".", "/") : undefined;
    const program = module ?? rest.find((word) => !word.startsWith("-"));
    if (program === undefined) return;
    const path = treePathOf(folder, program);
    if (path !== null) for (const ending of ENDINGS) this.names.add(path === "" ? ending.replace(/^\//, "") : `${path}${ending}`);
  }

  /** Where a runner works: where the line stands, and where its options send it. */
  private foldersOf(folder: string, rest: readonly string[]): string[] {
    const sent = rest.flatMap((word, at) => {
      const option = FOLDER_OPTION.exec(word);
      return option === null ? [] : (treePathOf(folder, option[1] ?? rest[at + 1] ?? "") ?? []);
    });
    return [...new Set([folder, ...sent])];
  }

  /** Scripts of the nearest package.json that the words name, each with what runs before and after it. */
  private scripts(folder: string, words: readonly string[], depth: number): void {
    for (let at = folder; ; at = posix.dirname(at) === "." ? "" : posix.dirname(at)) {
      const file = posix.join(at, "package.json");
      const text = this.textAt(file);
      if (text === undefined) this.wants.add(file);
      if (typeof text === "string") return this.scriptsOf(file, at, text, words, depth);
      if (text === undefined || at === "") return;
    }
  }

  private scriptsOf(file: string, folder: string, text: string, words: readonly string[], depth: number): void {
    const root = readJsonObject(text);
    const scripts = "fields" in root && isFields(root.fields["scripts"]) ? root.fields["scripts"] : {};
    const named = words.filter((word) => !word.startsWith("-")).flatMap((word) => (Object.hasOwn(ALIASES, word) ? [word, ...ALIASES[word]!] : [word]));
    for (const name of new Set(named.flatMap((one) => [`pre${one}`, one, `post${one}`]))) {
      const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
      if (typeof script === "string") this.unit({ file, what: `script ${name}`, text: script }, folder, depth);
    }
  }

  private targets(folder: string, words: readonly string[], depth: number): void {
    const given = words.flatMap((word, at) => (/^(?:-f|--file|--makefile)$/.test(word) ? [words[at + 1] ?? ""] : [/^(?:-f|--file=|--makefile=)(.+)$/.exec(word)?.[1] ?? ""])).filter((word) => word !== "");
    const values = new Set(words.flatMap((word, at) => (/^-[fCjlIoW]$|^--(?:file|makefile|directory)$/.test(word) ? [words[at + 1]] : [])));
    const targets = words.filter((word) => !word.startsWith("-") && !word.includes("=") && !values.has(word));
    for (const name of given.length > 0 ? given : MAKEFILES) {
      const file = treePathOf(folder, name);
      if (file === null) continue;
      const text = this.textAt(file);
      if (text === undefined) this.wants.add(file);
      if (typeof text !== "string") continue;
      this.unit({ file, what: targets.length === 0 ? "a makefile" : `target ${targets.join(" ")}`, text: partFor(text, targets) }, folder, depth);
    }
  }

  private unit(unit: Unit, folder: string, depth: number): void {
    const key = JSON.stringify([unit.file, unit.what]);
    if (this.units.has(key)) return;
    this.units.set(key, unit);
    if (depth < DEPTH_MAX) this.line(wordsOf(unit.text), folder, depth + 1);
  }
}

/** The words after one, up to the end of its command. */
function restOf(words: readonly string[], at: number): readonly string[] {
  const end = words.indexOf(BREAK, at);
  return words.slice(at + 1, end < 0 ? undefined : end);
}

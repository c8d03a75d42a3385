/** What an answer is worth: each check of its scenario by a machine, from 0 to 1, weighed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Change } from "./changes.ts";
import { headFiles } from "./changes.ts";
import { codeIn, patchIn } from "./answers.ts";
import { CLASSES, type Check, type Class, type Scenario } from "./scenario.ts";

export const PASS = 0.8;
/** Go builds its own library first where nothing of it is kept, and the machine may be busy. */
const TRIAL_DEADLINE_MS = 300_000;

/** A draft as it came, and what the faces made of it. */
export interface Answer {
  readonly text: string;
  readonly faces: readonly string[];
}
export interface Missed {
  readonly check: string;
  readonly got: number;
}
export interface Graded {
  readonly score: number;
  readonly missed: readonly Missed[];
}

const ESCAPED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{E0000}-\u{E007F}]/u;
const LABEL = /["'*_]{0,3}\b(?:kind|class|type|category|classification)(?: of (?:the )?change)?["'*_]{0,3}\s*[:=]\s*["'`*_]{0,3}([a-z][a-z -]{0,40})/i;
const CONVENTIONAL = /^[\s"'`#*-]{0,4}([a-z]{2,14})(?:\([^)\n]{0,60}\))?!?:\s/im;

const has = (text: string, pattern: string): boolean => [text, text.replace(/\s+/g, " ")].some((one) => new RegExp(pattern, "imu").test(one));

/** The kind whose word comes first; null where there is none. */
function namedIn(text: string): Class | null {
  const found = (Object.keys(CLASSES) as Class[]).flatMap((name) => CLASSES[name].map((word) => ({ name, at: text.search(new RegExp(`(?<![\\w/.-])${word}(?:e[sd]|s|ed|ing)?(?![\\w/.-])`, "i")) })));
  return found.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0]?.name ?? null;
}

/** What a reader would say the text calls the change: under a label, as a conventional prefix, or at first mention. */
export function classIn(text: string): Class | null {
  const places = [LABEL.exec(text)?.[1], CONVENTIONAL.exec(text)?.[1]];
  for (const place of places) {
    const named = place === undefined ? null : namedIn(place);
    if (named !== null) return named;
  }
  return namedIn(text);
}

/** A folder with files in it, and a shell that sees nothing else it could write to, and no network. */
export class Bench {
  private readonly folder = mkdtempSync(join(tmpdir(), "eval-"));
  private readonly cache = join(this.folder, "cache");

  /** A fresh tree of those files. */
  tree(files: Readonly<Record<string, string>>): string {
    const path = mkdtempSync(join(this.folder, "tree-"));
    for (const [name, text] of Object.entries(files)) this.put(path, name, text);
    return path;
  }

  put(tree: string, name: string, text: string): void {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), text);
  }

  runs(tree: string, command: string, stdin = ""): boolean {
    mkdirSync(this.cache, { recursive: true });
    const jail = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", this.folder, this.folder, "--unshare-all", "--die-with-parent", "--chdir", tree];
    const env = { PATH: `${dirname(process.execPath)}:/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin`, HOME: this.cache, TMPDIR: this.cache, GOCACHE: join(this.cache, "go"), GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local", GOPROXY: "off", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CEILING_DIRECTORIES: this.folder };
    return Bun.spawnSync([...jail, "bash", "-c", command], { env, stdin: Buffer.from(stdin), stdout: "ignore", stderr: "ignore", timeout: TRIAL_DEADLINE_MS }).exitCode === 0;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** 0.3 for what can be put in place, 0.5 where it compiles, 1 where it does what it should. */
function tried(bench: Bench, tree: string, trial: { readonly compile: string; readonly run: string }): number {
  if (!bench.runs(tree, trial.compile)) return 0.3;
  return bench.runs(tree, trial.run) ? 1 : 0.5;
}

function patched(bench: Bench, trial: Extract<Check, { patch: unknown }>["patch"], text: string, files: Readonly<Record<string, string>>): number {
  const patch = patchIn(text);
  if (patch === null) return 0;
  const tree = bench.tree(files);
  if (!bench.runs(tree, "git apply --recount --whitespace=nowarn -", patch)) return 0;
  for (const [name, content] of Object.entries(trial.files ?? {})) if (content !== null) bench.put(tree, name, content);
  return tried(bench, tree, trial);
}

function written(bench: Bench, trial: Extract<Check, { code: unknown }>["code"], text: string, files: Readonly<Record<string, string>>): number {
  const code = codeIn(text);
  return code === null ? 0 : tried(bench, bench.tree({ ...files, [trial.file]: code }), trial);
}

function worth(check: Check, { text, faces }: Answer, files: Readonly<Record<string, string>>, bench: Bench): number {
  if ("says" in check) return Number(check.says.some((pattern) => has(text, pattern)));
  if ("omits" in check) return Number(!check.omits.some((pattern) => has(text, pattern)));
  if ("class" in check) return Number(check.class.some((one) => one === classIn(text)));
  if ("length_max" in check) return Number(text.trim() !== "" && text.length <= check.length_max);
  if ("escaped" in check) return Number(!faces.some((face) => ESCAPED.test(face)));
  return "patch" in check ? patched(bench, check.patch, text, files) : written(bench, check.code, text, files);
}

const nameOf = ({ weight: _, vital: __, ...rest }: Check): string => JSON.stringify(rest).slice(0, 160);

/** An empty answer is worth nothing, and neither is one that misses what is vital. */
export function grade(scenario: Scenario, change: Change, answer: Answer, bench: Bench): Graded {
  const files = headFiles(change, scenario.report);
  const results = scenario.checks.map((check) => ({ check, got: answer.text.trim() === "" ? 0 : worth(check, answer, files, bench) }));
  const missed = results.filter(({ got }) => got < 1).map(({ check, got }) => ({ check: nameOf(check), got }));
  const weights = results.reduce((sum, { check }) => sum + check.weight, 0);
  const got = results.reduce((sum, { check, got: part }) => sum + check.weight * part, 0);
  return { score: results.some(({ check, got: part }) => check.vital === true && part < 1) ? 0 : got / weights, missed };
}

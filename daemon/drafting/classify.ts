/** What kind of change it is and how much can go wrong, from what it does; what it says of itself only tips a scale that is even. */
import type { Seen } from "./material.ts";
import type { DependencyChange } from "./scan/dependencies.ts";
import { isManifest } from "./scan/dependencies.ts";
import { commentsOnly, laidOutOnly, movedShare, renamedWords, sameDecisions, sameInOtherWords } from "./scan/forms.ts";
import type { Inside } from "./scan/inside.ts";
import { toldBy } from "./scan/kinds.ts";
import { declared, movedNames, type NameChange, type Renamed } from "./scan/names.ts";
import type { Level, Risk } from "./scan/risks.ts";

export const KINDS = ["feature", "fix", "refactor", "perf", "docs", "test", "style", "chore", "ci", "build", "config", "deps", "security", "revert"] as const;
export type Kind = (typeof KINDS)[number];

export interface Classed {
  readonly kind: Kind;
  readonly because: string;
  readonly risk: Level;
  /** Why the risk is what it is, in words of the house; never empty. */
  readonly reasons: readonly string[];
}

export interface Evidence {
  readonly title: string;
  readonly files: readonly Seen[];
  readonly names: readonly NameChange[];
  readonly renamed: readonly Renamed[];
  readonly insides: readonly Inside[];
  readonly dependencies: readonly DependencyChange[];
  readonly risks: readonly Risk[];
}

const SAYS: readonly (readonly [Kind, RegExp])[] = [
  ["security", /\b(?:security|cve-\d|vulnerab|exploit|sanitiz|sanitis|injection|xss|csrf|ssrf|rce|harden|traversal|timing attack)/i],
  ["fix", /^(?:fix|bugfix|hotfix|bug)\b|\b(?:fix(?:e[sd]|ing)?|bugs?|crash(?:e[sd])?|regression|correct(?:s|ed|ly)?|wrong|broken|leak|deadlock|race|off.by.one|null pointer|handle[sd]?|prevent(?:s|ed)?|avoid(?:s|ed)?|no longer|missing)\b/i],
  ["perf", /^perf\b|\b(?:perf(?:ormance)?|faster|quicker|speed(?:s|ed)?(?: up)?|optimi[sz]\w*|laz(?:y|ily)|unnecessar\w+|redundant|cach(?:e[sd]?|ing)|efficien\w+|reus(?:e[sd]?|ing)|pre-?comput\w*|only once|overhead|cheap\w*|batch\w*|binary.search|N\+1|memoi[sz]\w*|slow(?:er|ness)?|throughput|latency|allocations?|\d+(?:\.\d+)? ?(?:ms|µs|us|ns|s|%|times|x) (?:less|fewer|faster|quicker|sooner)|(?:less|fewer) (?:memory|time|cpu|processor|allocations?|reads?|queries|requests))\b/i],
  ["deps", /\b(?:bump|upgrade|update)\b.*\b(?:from|to|dep(?:s|endenc(?:y|ies))?|v?\d+\.\d+)\b|\bdeps?\b|\bdependenc(?:y|ies)\b/i],
  ["refactor", /^refactor\b|\b(?:refactor|rename|move[sd]?|extract|simplif|clean ?up|tidy|reorgani[sz]e|split|inline|dedup|restructure|rewrite)/i],
  ["docs", /^docs?\b|\b(?:document(?:ation)?|readme|typo|comments?|changelog|guide)\b/i],
  ["test", /^tests?\b|\b(?:add|more|improve)\b.*\btests?\b|\bcoverage\b/i],
  ["chore", /^(?:chore|release)\b|\b(?:lint|release|version)\b/i],
  ["feature", /^feat(?:ure)?\b|^(?:add|adds|added|implement|introduce|support|allow|enable|new|create|expose)\b/i],
];
/** A prefix by the convention is a claim of one word; the tree decides whether it can be so. */
const PREFIX: Readonly<Record<string, Kind>> = { feat: "feature", feature: "feature", fix: "fix", bugfix: "fix", hotfix: "fix", refactor: "refactor", perf: "perf", docs: "docs", doc: "docs", test: "test", tests: "test", chore: "chore", ci: "ci", build: "build", style: "style", deps: "deps", security: "security", revert: "revert" };

/** What was unsafe and what takes its place. */
const SAFER: readonly (readonly [gone: RegExp, come: RegExp])[] = [
  [/\b(?:md5|sha1|des|rc4|ecb)\b/i, /\b(?:sha-?256|sha-?512|sha3|bcrypt|scrypt|argon2|gcm|pbkdf2)\b/i],
  [/shell\s*=\s*True|os\.system|exec(?:Sync)?\(/, /shell\s*=\s*False|subprocess\.run\(\s*\[|execFile|spawn/],
  [/yaml\.load\(|pickle\.|eval\(|innerHTML/, /safe_load|json\.|literal_eval|textContent|createTextNode/],
  [/verify\s*=\s*False|rejectUnauthorized:\s*false|InsecureSkipVerify:\s*true/, /./],
  [/Math\.random|random\.(?:random|randint|choice)/, /randomBytes|getRandomValues|randomUUID|secrets\./],
  [/["'`].*(?:\$\{|%s|" ?\+|f").*(?:where|values)|(?:where|values)[^"'`]*(?:\$\{|%s|\{\w+\})|["'`]\s*\+\s*\w+|f["'](?:select|insert|update|delete)|(?:execute|query)\(\s*f["']/i, /\?|\$\d|%s["'],|:\w+["']/],
  [/===?|!==?|\.equals\(/, /timingSafeEqual|compare_digest|ConstantTimeCompare|constant_time_eq/],
  [/./, /\b(?:escapeHtml|html\.escape|sanitize\w*|DOMPurify|shlex\.quote|path\.resolve.*startsWith|is_relative_to|realpath|csrf|helmet|rate_?limit|encodeURIComponent)\b/i],
];

const only = (files: readonly Seen[], test: (file: Seen) => boolean): boolean => files.length > 0 && files.every(test);
/** Rust and Zig keep tests in the file that they test. */
function inOwnTests({ path, old, new: now, added, removed }: Seen): boolean {
  const start = (text: string | null): number => (text ?? "").split("\n").findIndex((line) => (path.endsWith(".rs") ? /^\s*#\[cfg\(test\)\]/ : /^test\s+["\w]/).test(line)) + 1;
  if (!/\.(?:rs|zig)$/.test(path)) return false;
  const [was, is] = [start(old), start(now)];
  return is > 0 && added.every(({ line, text }) => line >= is || text.trim() === "") && removed.every(({ line, text }) => (was > 0 && line >= was) || text.trim() === "");
}
const isTest = (file: Seen): boolean => file.kind.test || file.kind.fixture || (file.kind.language !== null && /(?:^|\/)tests?\.[a-z]{1,4}$/i.test(file.path)) || inOwnTests(file);
const isLogic = ({ kind, change }: Seen): boolean => kind.source && !change.binary;

/** Nothing but comments, blank lines or white space differs. */
function wordsOnly(file: Seen): boolean {
  if (commentsOnly(file)) return true;
  const bare = (lines: readonly { readonly text: string }[]): string => lines.map(({ text }) => text).filter((text) => !/^\s*(?:\/\/|#(?!\[|!|include|define)|\*|\/\*|"""|--\s|$)/.test(text)).join("").replace(/\s+/g, "");
  return bare(file.added) === bare(file.removed);
}

const PROSE_LANGUAGES = /\.(?:md|mdx|markdown|rst|adoc|txt)$/i;
const isDocs = ({ kind, path }: Seen): boolean => (kind.docs && kind.language === null) || (PROSE_LANGUAGES.test(path) && !path.endsWith(".txt"));

const BUILD = /(?:^|\/)(?:Dockerfile[^/]*|Makefile|CMakeLists\.txt|[^/]*\.(?:gradle|mk|cmake|nix|bazel)|BUILD|WORKSPACE|build\.(?:rs|sh|ts|js|zig)|tsconfig[^/]*\.json|(?:webpack|vite|rollup|babel|esbuild|tsup|rspack|metro)[\w.]*\.config\.[cm]?[jt]s|docker-bake\.hcl|Justfile|Rakefile|Taskfile\.ya?ml|meson\.build|configure\.ac|Containerfile|flake\.nix|goreleaser\.ya?ml|\.goreleaser\.ya?ml|setup\.(?:py|cfg)|MANIFEST\.in|package\.json|pyproject\.toml|Cargo\.toml|go\.mod)$/;
/** What makes a release, and is no part of it. */
const BUILD_SCRIPTS = /(?:^|\/)(?:scripts?|tools?|hack|build|ci|\.ci|buildscripts?|packaging)\/(?:.*\/)?[\w.-]*(?:build|release|publish|bundle|packag|compil|deploy|version|install|docker|ci)[\w.-]*$|(?:^|\/)(?:release|build|publish|deploy|install)\.(?:sh|py|js|mjs|ts|rb|ps1)$/i;
const SETTINGS = /\.(?:ya?ml|toml|ini|cfg|conf|properties|env|service|socket|timer|target|json5?|tf|hcl)$|(?:^|\/)\.env[^/]*$/i;

/** Tests and documents come with whatever changes: a few lines of those say nothing of what it is. */
const WEIGHS: Partial<Readonly<Record<Kind, number>>> = { docs: 0.25, test: 0.25 };
/** Of a change in several places without program text, what most of its lines are for; null where all is of one kind or nothing can be told. */
function byWeight(files: readonly Seen[], dependencies: readonly DependencyChange[]): readonly [Kind, string] | null {
  const of = (file: Seen): Kind | null => (file.kind.lock || file.kind.generated || file.change.binary ? null : isTest(file) ? "test" : file.kind.ci ? "ci" : isDocs(file) ? "docs" : isManifest(file.path) && dependencies.some(({ path }) => path === file.path) ? "deps" : BUILD.test(file.path) ? "build" : SETTINGS.test(file.path) ? "config" : null);
  const lines = new Map<Kind, number>();
  for (const file of files) { const kind = of(file); if (kind !== null) lines.set(kind, (lines.get(kind) ?? 0) + (file.added.length + file.removed.length) * (WEIGHS[kind] ?? 1)); }
  const [most] = [...lines].sort((a, b) => b[1] - a[1]);
  return lines.size < 2 || most === undefined || lines.has("deps") && most[0] !== "test" ? null : [most[0], "most of its lines are of that kind, and no program text changes"];
}

/** Kinds that follow from where the change stands alone; null where program text changes. */
function byPlace(files: readonly Seen[], dependencies: readonly DependencyChange[]): readonly [Kind, string] | null {
  if (files.length === 0) return ["chore", "it changes no file"];
  if (only(files, ({ kind }) => kind.generated)) return ["chore", "only generated files change"];
  if (only(files, isTest) && !only(files, isDocs)) return ["test", "only tests and what they read change"];
  if (only(files, isDocs)) return files.every(({ kind }) => kind.fixture) ? ["test", "only what tests read changes"] : ["docs", "only documents change"];
  if (only(files, (file) => file.kind.lock || isManifest(file.path)) && (dependencies.length > 0 || files.some(({ kind }) => kind.lock))) return ["deps", "only manifests and lock files change"];
  if (dependencies.length > 0 && only(files, (file) => file.kind.lock || isManifest(file.path) || isDocs(file) || !isLogic(file))) return ["deps", "dependencies change, and no program text"];
  if (only(files, (file) => isLogic(file) && laidOutOnly(file))) return ["style", "only the formatting changes: whitespace, line breaks, quotes or the order of imports"];
  if (only(files, (file) => isLogic(file) || isDocs(file) ? isDocs(file) || wordsOnly(file) : false)) return ["docs", "only comments, white space and documents change"];
  const rest = files.filter((file) => !isDocs(file) && !file.kind.test && !file.kind.fixture && !file.kind.lock);
  if (only(rest, ({ kind }) => kind.ci)) return ["ci", "only what the build server runs changes"];
  if (rest.some(isLogic) && only(rest, ({ path, kind, change }) => BUILD.test(path) || kind.ci || (BUILD_SCRIPTS.test(path) && change.status !== "added"))) return ["build", "only how it is built and released changes"];
  const heaviest = rest.some(isLogic) ? null : byWeight(files, dependencies);
  if (heaviest !== null) return heaviest;
  if (only(rest, ({ path }) => BUILD.test(path))) return ["build", "only how it is built changes"];
  if (only(rest, ({ path, kind, change }) => SETTINGS.test(path) && !kind.ci && !change.binary)) return ["config", "only settings change"];
  if (!files.some(isLogic)) return ["chore", "builds, settings or data change, and no program text"];
  return null;
}

function securityCue(files: readonly Seen[]): boolean {
  const logic = files.filter(isLogic);
  const gone = logic.flatMap(({ removed }) => removed.map(({ text }) => text.slice(0, 500)));
  const come = logic.flatMap(({ added }) => added.map(({ text }) => text.slice(0, 500)));
  return SAFER.some(([unsafe, safe], at) => gone.some((text) => unsafe.test(text)) && come.some((text) => safe.test(text)) && !come.some((text) => at < SAFER.length - 2 && unsafe.test(text)));
}

/** What a changed line of a fix looks like: one more condition, another comparison, a bound. */
const GUARDS = /^\s*(?:\}?\s*(?:else\s+)?if\b|return\b.*\?|guard\b|unless\b|assert\b|throw\b|raise\b)|\?\?|\?\.|(?:===?|!==?|<=|>=)\s*(?:null|undefined|None|nil|0|1|-1|len|""|'')|\.length\b|\bmax\(|\bmin\(|\btry\b|\bcatch\b|\bexcept\b|is not None|is None|== nil|!= nil/;

/** A name for what nothing else uses, in lines that only go. */
function takesUnused(logic: readonly Seen[], insides: readonly Inside[]): boolean {
  return logic.length > 0 && logic.every(({ added, removed }) => added.length === 0 && removed.length > 0 && removed.length <= 40) && insides.every(({ uncalled, tests_gone }) => uncalled.length <= 1 && tests_gone.length === 0)
    && logic.every((file) => file.removed.every(({ text }) => !/^\s*(?:if|throw|raise|return|assert|await)\b/.test(text)));
}

/** What was made in each call is made once, beside the functions. */
function hoisted(logic: readonly Seen[]): boolean {
  const MADE = /^(?<indent>\s*)(?:(?:export|const|let|var|static|final|private|public)\s+)*[\w$]+\s*(?::[^=]+)?:?=\s*(?<made>[^=].*[(/[].*?);?\s*$/;
  return logic.some(({ added, removed }) => {
    const gone = new Set(removed.flatMap(({ text }) => { const said = MADE.exec(text.slice(0, 500))?.groups; return said !== undefined && said["indent"] !== "" ? [said["made"]!] : []; }));
    return added.some(({ text }) => { const said = MADE.exec(text.slice(0, 500))?.groups; return said !== undefined && said["indent"] === "" && gone.has(said["made"]!); });
  });
}

function byContent({ title, files, names, renamed, insides, dependencies }: Evidence): readonly [Kind, string] {
  const score = new Map<Kind, number>(KINDS.map((kind) => [kind, 0]));
  const why = new Map<Kind, string>();
  const give = (kind: Kind, points: number, because: string): void => {
    score.set(kind, score.get(kind)! + points);
    if (!why.has(kind) || points >= 2) why.set(kind, because);
  };
  const logic = files.filter(isLogic);
  const source = new Set(logic.map(({ path }) => path));
  const own = names.filter(({ path }) => source.has(path));
  const moved = movedNames(own);
  const fresh = own.filter((change) => change.how === "added" && !moved.has(declared(change).name));
  const gone = own.filter((change) => change.how === "removed" && !moved.has(declared(change).name));
  const [added, removed] = [logic.reduce((sum, file) => sum + file.added.length, 0), logic.reduce((sum, file) => sum + file.removed.length, 0)];
  if (fresh.some((change) => declared(change).exported)) give("feature", 2.5, "it declares names that others may use");
  else if (fresh.length > 0) give("feature", 0.8, "it declares new names");
  if (logic.some(({ change }) => change.status === "added")) give("feature", 1.2, "it adds source files");
  if (added >= 2 * removed + 8) give("feature", 0.9, "it adds more than it takes away");
  if (added > 3 * removed + 10) give("feature", 1, "it adds far more than it takes away");
  if (fresh.length === 0 && gone.length === 0 && own.length > 0 && added + removed <= 60) give("fix", 1.2, "it changes the inside of what is there, and little of it");
  if (fresh.length === 0 && logic.some(({ added: lines }) => lines.some(({ text }) => GUARDS.test(text.slice(0, 500))))) give("fix", 1, "it adds or changes a condition in what is there");
  if (files.some(({ kind, added: lines }) => kind.test && lines.length > 0) && own.every(({ how }) => how === "changed")) give("fix", 0.6, "a test comes with a change inside of what is there");
  if (added > 0 && removed === 0 && !logic.some(({ added: lines }) => lines.some(({ text }) => GUARDS.test(text.slice(0, 500))))) give("feature", 1.6, "it only adds, and no condition among it");
  if (takesUnused(logic, insides)) give("refactor", 2.4, "it only takes away what nothing there uses");
  if (gone.length > 0 && renamed.length >= gone.filter((change) => source.has(change.path)).length) give("refactor", 4, "names change and what they name does not");
  const DEPENDENCY_LINES = 8;
  if (dependencies.length > 0 && own.every(({ how }) => how === "changed") && added + removed <= DEPENDENCY_LINES) give("deps", 3, "dependencies change, and a few lines that name them");
  const few = fresh.every((change) => !declared(change).exported);
  for (const { kind, points, because } of toldBy(logic.filter((file) => !isTest(file)))) if (kind !== "perf" || few) give(kind, points, because);
  if (only(logic, (file) => laidOutOnly(file) || sameInOtherWords(file) || wordsOnly(file))) give("refactor", 4, "it says the same in another form, or with other types");
  if (renamedWords(logic) !== null) give("refactor", 4, "names change and what they name does not");
  if (removed > 0 && logic.length > 0 && sameDecisions(logic)) give("refactor", 1.5, "values and conditions are the same ones, written otherwise");
  const moved_lines = movedShare(logic);
  if (moved_lines >= 0.6) give("refactor", 2.6, "most lines that go stand elsewhere now");
  if (files.some((file) => isDocs(file) && file.added.length > 0 && !/change|history|news|release/i.test(file.path)) && added > 0) give("feature", 1, "documents tell users of it");
  if (hoisted(logic)) give("perf", 4, "what was made in each call is made once");
  if (/^\s*revert\b/i.test(title)) give("revert", 6, "its title says so, and what changes allows it");
  if (moved.size > 0) give("refactor", 2.2, "names move from one place to another");
  if (logic.length > 0 && only(logic, ({ change, added: lines, removed: left }) => change.status === "renamed" && lines.length + left.length < 10)) give("refactor", 3, "files are renamed and hardly change");
  if (fresh.length > 0 && gone.length > 0 && fresh.length <= gone.length + 2 && Math.abs(added - removed) <= Math.max(10, removed * 0.4)) give("refactor", 1.4, "names are replaced and the amount stays about the same");
  if (gone.length > 0 && fresh.length === 0 && removed > 2 * added) give("refactor", 1.5, "it takes program text away");
  if (securityCue(files)) give("security", 2.6, "something unsafe is replaced by what is safe in its place");
  for (const [kind, says] of SAYS) if (says.test(title)) give(kind, kind === "security" ? 2 : kind === "perf" ? 2.2 : 1.5, "its title says so, and what changes allows it");
  const prefix = PREFIX[/^\s*([a-z]+)(?:\([^)]*\))?!?:/i.exec(title)?.[1]?.toLowerCase() ?? ""];
  if (prefix !== undefined && prefix !== "docs" && prefix !== "test" && prefix !== "deps") give(prefix, 2, "its title says so, and what changes allows it");
  const [kind, points] = [...score].filter(([each]) => each !== "docs" && each !== "test").sort((a, b) => b[1] - a[1])[0]!;
  return points > 0 ? [kind, why.get(kind)!] : ["chore", "nothing told it apart"];
}

const LINES_MANY = 400;
const FILES_MANY = 20;

function riskOf({ files, risks, dependencies }: Evidence, kind: Kind): Pick<Classed, "risk" | "reasons"> {
  const reasons: { level: Level; text: string }[] = [];
  const areas = new Map<string, Level>();
  for (const { area, level } of risks) if (!areas.has(area)) areas.set(area, level);
  const logic = files.filter(isLogic);
  const harmless = kind === "docs" || kind === "test";
  for (const [area, level] of areas) {
    // Documents and tests run nothing that users run; what speaks to a reader, hides or leaks counts anywhere.
    const anywhere = area === "addressed to a reader" || area === "hidden characters" || area === "secrets";
    const weight = level === "high" && harmless && !anywhere ? "low" : level;
    if (weight !== "low") reasons.push({ level: weight, text: area });
  }
  const lines = logic.reduce((sum, file) => sum + file.added.length + file.removed.length, 0);
  if (logic.length > 0 && !files.some(({ kind: of }) => of.test) && !harmless) reasons.push({ level: "medium", text: "program text changes and no test does" });
  if (lines > LINES_MANY) reasons.push({ level: "medium", text: `${lines} lines of program text` });
  if (files.length > FILES_MANY) reasons.push({ level: "medium", text: `${files.length} files` });
  if (dependencies.some(({ from, to, dev }) => !dev && (from === null || majorOf(from) !== majorOf(to)))) reasons.push({ level: "medium", text: "a dependency is new or changes its major version" });
  const highs = reasons.filter(({ level }) => level === "high");
  const risk: Level = highs.length > 0 ? "high" : reasons.length > 0 ? "medium" : "low";
  const texts = [...new Set((highs.length > 0 ? [...highs, ...reasons] : reasons).map(({ text }) => text))];
  return { risk, reasons: texts.length > 0 ? texts : ["nothing of what is looked for was found"] };
}

const majorOf = (version: string | null): string | null => /\d+/.exec(version ?? "")?.[0] ?? null;

export function classed(evidence: Evidence): Classed {
  const [kind, because] = byPlace(evidence.files, evidence.dependencies) ?? byContent(evidence);
  return { kind, because, ...riskOf(evidence, kind) };
}

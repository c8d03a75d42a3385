/**
 * What a path says about a file. A path is the change's own word, so these
 * classes only sort findings and soften what policy chooses to soften; a
 * security check looks at every file whatever its class.
 */
import { isCiFile } from "../../proto/guard-paths.ts";

const LANGUAGES = {
  javascript: ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte", "astro"],
  python: ["py", "pyi", "pyw"],
  go: ["go"],
  rust: ["rs"],
  ruby: ["rb", "rake"],
  java: ["java", "kt", "kts", "scala", "groovy"],
  csharp: ["cs", "fs", "vb"],
  php: ["php"],
  swift: ["swift", "m", "mm"],
  c: ["c", "h", "cc", "cpp", "cxx", "hpp", "hh", "zig"],
  elixir: ["ex", "exs"],
  dart: ["dart"],
  shell: ["sh", "bash", "zsh", "fish", "ps1"],
  other: ["lua", "pl", "pm", "r", "jl", "hs", "ml", "mli", "clj", "erl", "nim", "sql", "proto", "graphql", "rego", "tf", "hcl", "css", "scss", "sass", "less", "html", "htm", "sol", "wat"],
} as const;
export type Language = keyof typeof LANGUAGES;

const LANGUAGE_OF = new Map<string, Language>();
for (const [language, extensions] of Object.entries(LANGUAGES)) for (const extension of extensions) LANGUAGE_OF.set(extension, language as Language);

const LOCK_NAMES = new Set([
  "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock", "cargo.lock", "go.sum", "go.work.sum",
  "poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock", "gemfile.lock", "composer.lock", "mix.lock", "pubspec.lock", "podfile.lock", "package.resolved",
  "flake.lock", "gradle.lockfile", "packages.lock.json", "buf.lock", ".terraform.lock.hcl",
]);
const TEST_FOLDER = /(?:^|\/)(?:tests?|__tests?__|specs?|testing|testdata|test[-_]?(?:utils?|helpers?|data|fixtures?|suites?)|e2e|cypress|integration[-_]?tests?)\//;
const TEST_NAME = /(?:[._-](?:test|tests|spec|e2e|cy|test-d)\.[a-z]{1,8}$)|(?:^|\/)(?:test_[^/]*\.py|conftest\.py|[^/]*_spec\.rb)$/;
const TEST_NAME_CASED = /(?:Tests?|Spec|IT)\.(?:java|kt|cs|swift|scala|php|groovy|m|mm)$/;
const FIXTURE_FOLDER = /(?:^|\/)(?:__)?(?:fixtures?|testdata|test[-_]data|snapshots?|mocks?|golden|cassettes|vectors)(?:__)?\//;
const GENERATED = /(?:^|\/)(?:dist|vendor|vendored|third[-_]party|node_modules|generated|__generated__|gen|out|\.yarn)\/|\.min\.(?:js|css|mjs)$|[._-](?:generated|gen|g|pb)\.[a-z]{1,6}$|_pb2(?:_grpc)?\.pyi?$|\.pb\.(?:go|cc|h)$|\.snap$|\.map$/;
const LOCALE = /(?:^|\/)(?:locales?|i18n|l10n|translations?|_locales)\/|\.(?:po|pot|xlf|xliff|arb|strings)$/;
const DOCS_FOLDER = /(?:^|\/)(?:docs?|documentation)\//;
const PROSE = /\.(?:md|mdx|markdown|rst|adoc|txt|tex)$|(?:^|\/)(?:licen[cs]e|notice|changelog|changes|authors|contributors|copying)(?:[-_.](?:mit|apache|bsd|gpl)[^/.]{0,20})?$/;
/** A language's folder holds translations where it holds data; with code in it, it may as well be a compiler's. */
const LANGUAGE_FOLDER = /(?:^|\/)langs?\//;
const SETTINGS = /(?:^|\/)\.[^/]*rc(?:\.[a-z]{1,5})?$|\.config\.[a-z]{1,5}$|(?:^|\/)\.[^/]+\.(?:js|cjs|mjs|ts)$/;
const DATA = /\.(?:json|jsonc|json5|ya?ml|toml|ini|cfg|conf|xml|csv|tsv|lock|svg|properties|env)$/;
const EXAMPLES = /(?:^|\/)(?:examples?|samples?|demos?|playground|benchmarks?|bench)\//;

export interface PathClass {
  readonly test: boolean;
  readonly fixture: boolean;
  readonly generated: boolean;
  readonly lock: boolean;
  readonly locale: boolean;
  readonly docs: boolean;
  /** Examples, demos and benchmarks: not what users run. */
  readonly example: boolean;
  readonly ci: boolean;
  readonly language: Language | null;
  /** A file people review as program text: a known language, and none of the classes above but `ci`. */
  readonly source: boolean;
}

const known = new Map<string, PathClass>();
const KNOWN_MAX = 20_000;

/** Text for people by its name, wherever it lies: what stands beside it in a folder of documents may be anything. */
export const isProse = (path: string): boolean => classify(path).language === null && PROSE.test(path.toLowerCase());

/** Class of a path; case does not matter, since half of all checkouts ignore it. */
export function classify(path: string): PathClass {
  const cached = known.get(path);
  if (cached !== undefined) return cached;
  const lower = path.toLowerCase();
  const name = lower.slice(lower.lastIndexOf("/") + 1);
  const extension = name.includes(".") ? name.slice(name.lastIndexOf(".") + 1) : "";
  const test = TEST_FOLDER.test(lower) || TEST_NAME.test(lower) || TEST_NAME_CASED.test(path);
  const fixture = FIXTURE_FOLDER.test(lower);
  const generated = GENERATED.test(lower);
  const lock = LOCK_NAMES.has(name);
  const language = LANGUAGE_OF.get(extension) ?? null;
  const locale = LOCALE.test(lower) || (language === null && LANGUAGE_FOLDER.test(lower));
  const docs = DOCS_FOLDER.test(lower) || PROSE.test(lower);
  const source = language !== null && !(test || fixture || generated || lock || locale || docs || SETTINGS.test(lower) || DATA.test(lower));
  const kind = { test, fixture, generated, lock, locale, docs, example: EXAMPLES.test(lower), ci: isCiFile(lower), language, source };
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(path, kind);
  return kind;
}

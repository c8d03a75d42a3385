/** What other people's code a change takes in, lets go of, or takes in another version. Read from manifests; lock files follow them. */
import type { Seen } from "../material.ts";

export interface DependencyChange {
  readonly path: string;
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
  /** Only whoever works on it needs it. */
  readonly dev: boolean;
}

type Read = ReadonlyMap<string, { readonly version: string; readonly dev: boolean }>;

const FIELDS = [["dependencies", false], ["peerDependencies", false], ["optionalDependencies", false], ["devDependencies", true]] as const;

function packageJson(text: string): Read | null {
  try {
    const value: unknown = JSON.parse(text);
    const found = new Map<string, { version: string; dev: boolean }>();
    for (const [field, dev] of FIELDS) {
      const listed: unknown = typeof value === "object" && value !== null && Object.hasOwn(value, field) ? (value as Readonly<Record<string, unknown>>)[field] : null;
      if (typeof listed !== "object" || listed === null) continue;
      for (const [name, version] of Object.entries(listed)) if (typeof version === "string") found.set(name, { version, dev });
    }
    return found;
  } catch {
    return null;
  }
}

/** One line, one dependency; groups `name` and `version`. */
function lineByLine(text: string, line: RegExp, dev = false): Read {
  const found = new Map<string, { version: string; dev: boolean }>();
  for (const each of text.split("\n")) {
    const groups = line.exec(each)?.groups;
    if (groups?.["name"] !== undefined) found.set(groups["name"].toLowerCase(), { version: (groups["version"] ?? groups["plugin"] ?? groups["inner"] ?? "").trim() || "any", dev });
  }
  return found;
}

/** Only below a heading that is about dependencies. */
function inSections(text: string): Read {
  const found = new Map<string, { version: string; dev: boolean }>();
  let [within, dev] = [false, false];
  for (const line of text.split("\n")) {
    const section = /^\s*\[+([^\]]+)\]+/.exec(line)?.[1];
    if (section !== undefined) [within, dev] = [/dependencies(?:\.|$)/.test(section), /dev|test|build/.test(section)];
    const groups = within ? /^\s*"?(?<name>[\w.@/-]+)"?\s*=\s*(?:"(?<version>[^"]*)"|\{.*?version\s*=\s*"(?<inner>[^"]*)".*|\{)/.exec(line)?.groups : undefined;
    if (groups?.["name"] !== undefined && groups["name"] !== "python") found.set(groups["name"].toLowerCase(), { version: groups["version"] ?? groups["inner"] ?? "any", dev });
  }
  return found;
}

function pyproject(text: string): Read {
  const found = new Map(inSections(text));
  for (const [, body = ""] of text.matchAll(/^\s*(?:[\w-]+\s*)=\s*\[([^\]]*)\]/gm)) {
    for (const [, name = "", version = ""] of body.matchAll(/["']([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*((?:[=<>!~]=?|===)[^"';]*)?[^"']*["']/g)) if (version !== "") found.set(name.toLowerCase(), { version, dev: false });
  }
  return found;
}

/** A name in one line, and its version in one of the next. */
function inPairs(text: string, name: RegExp, version: RegExp): Read {
  const found = new Map<string, { version: string; dev: boolean }>();
  let last: string | null = null;
  for (const line of text.split("\n")) {
    last = name.exec(line)?.groups?.["name"]?.toLowerCase() ?? last;
    const said = version.exec(line)?.groups?.["version"];
    if (last === null || said === undefined) continue;
    found.set(last, { version: said, dev: false });
    last = null;
  }
  return found;
}

const READERS: readonly (readonly [RegExp, (text: string) => Read | null])[] = [
  [/(?:^|\/)package\.json$/, packageJson],
  [/(?:^|\/)[^/]*requirements[^/]*\.(?:txt|in)$/, (text) => lineByLine(text, /^\s*(?<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?<version>[=<>!~]=?[^;#]*)?(?:[;#].*)?$/)],
  [/(?:^|\/)go\.mod$/, (text) => lineByLine(text, /^\s*(?:require\s+)?(?<name>[a-z0-9.-]+\.[a-z]{2,}\/\S+)\s+(?<version>v\S+)/)],
  [/(?:^|\/)Cargo\.toml$/, inSections],
  [/(?:^|\/)pyproject\.toml$/, pyproject],
  [/(?:^|\/)Gemfile$/, (text) => lineByLine(text, /^\s*gem\s+["'](?<name>[^"']+)["'](?:\s*,\s*["'](?<version>[^"']+)["'])?/)],
  [/(?:^|\/)[^/]*\.gradle(?:\.kts)?$/, (text) => lineByLine(text, /^\s*(?:\w*(?:[iI]mplementation|[aA]pi|[cC]ompile\w*|[rR]untimeOnly|kapt|ksp|annotationProcessor|classpath|id|kotlin|alias))\s*[( ]\s*(?:platform\()?["'](?<name>[\w.-]+(?::[\w.-]+)?)(?::(?<version>[^"':]+))?["']\)?(?:\s+version\s+["'](?<plugin>[^"']+)["'])?/)],
  [/(?:^|\/)pom\.xml$/, (text) => inPairs(text, /<artifactId>(?<name>[\w.-]+)<\/artifactId>/, /<version>(?<version>[^<]+)<\/version>/)],
  [/\.(?:csproj|fsproj|vbproj)$|(?:^|\/)(?:Directory\.\w+\.props|packages\.config)$/, (text) => lineByLine(text, /<(?:PackageReference|PackageVersion|package)\s+(?:Include|Update|id)="(?<name>[\w.-]+)"\s+(?:[vV]ersion)="(?<version>[^"]+)"/)],
  [/\.versions\.toml$/, (text) => lineByLine(text, /^\s*(?<name>[\w-]+)\s*=\s*(?:"(?<version>[\w.+-]+)"|\{.*version\s*=\s*"(?<inner>[^"]+)")/)],
  [/(?:^|\/)mix\.exs$/, (text) => lineByLine(text, /^\s*\{\s*:(?<name>\w+)\s*,\s*"(?<version>[^"]+)"/)],
  [/(?:^|\/)pubspec\.ya?ml$/, (text) => lineByLine(text, /^ {2}(?<name>[a-z_]\w*):\s*(?<version>[\^~><=]*\d\S*)\s*$/)],
  [/(?:^|\/)Podfile$/, (text) => lineByLine(text, /^\s*pod\s+["'](?<name>[^"']+)["'](?:\s*,\s*["'](?<version>[^"']+)["'])?/)],
  [/(?:^|\/)Package\.swift$/, (text) => lineByLine(text, /\.package\(.*url:\s*"[^"]*\/(?<name>[\w.-]+?)(?:\.git)?"\s*,\s*(?:from:|exact:|\.\w+\(\w*:?)\s*"(?<version>[^"]+)"/)],
  [/(?:^|\/)deno\.jsonc?$/, (text) => lineByLine(text, /"(?<name>[@\w/.-]+)"\s*:\s*"(?:npm|jsr|https?):[^"]*@(?<version>[^"/]+)/)],
  [/(?:^|\/)environment\.ya?ml$/, (text) => lineByLine(text, /^\s*-\s*(?<name>[A-Za-z][\w.-]*)(?<version>[=<>!~]=?[^#\s]*)?\s*$/)],
  [/(?:^|\/)build\.sbt$/, (text) => lineByLine(text, /"(?<name>[\w.-]+)"\s*%\s*"(?<version>[\d][^"]*)"/)],
  [/(?:^|\/)MODULE\.bazel$/, (text) => lineByLine(text, /bazel_dep\(\s*name\s*=\s*"(?<name>[^"]+)"\s*,\s*version\s*=\s*"(?<version>[^"]+)"/)],
  [/(?:^|\/)(?:setup\.cfg|setup\.py)$/, (text) => lineByLine(text, /^\s*["']?(?<name>[A-Za-z][\w.-]*)(?:\[[^\]]*\])?\s*(?<version>(?:[<>~!]=|==|>|<)\s*[\d][\w.,<>=!~* ]*)["']?,?\s*$/)],
  [/(?:^|\/)conanfile\.txt$/, (text) => lineByLine(text, /^(?<name>[\w.-]+)\/(?<version>[\d][\w.]*)/)],
  [/(?:^|\/)\.gitmodules$/, (text) => lineByLine(text, /^\s*url\s*=\s*(?<name>\S+)/)],
  [/(?:^|\/)composer\.json$/, (text) => lineByLine(text, /^\s*"(?<name>[\w.-]+\/[\w.-]+)"\s*:\s*"(?<version>[^"]+)"/)],
];

/** Lock files of npm, Yarn, pnpm, Cargo, Poetry, uv, Bundler, Composer and Go: where a package's name stands, and which version of it is written. */
const LOCKED = /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|poetry\.lock|uv\.lock|composer\.lock)$/;
const LOCKED_NAME = /^\s*"(?:.*\/)?node_modules\/(?<npm>(?:@[\w.-]+\/)?[\w.-]+)": \{|^"?(?<yarn>(?:@[\w.-]+\/)?[\w.-]+)@[^"\n]*"?:|^\s*"?name"?\s*[:=]\s*"(?<toml>[\w@/.-]+)"|^\s{2}'?\/?(?<pnpm>(?:@[\w.-]+\/)?[\w.-]+)@[\d.]+/;
const LOCKED_VERSION = /^\s*"?version"?\s*[:=]?\s*"(?<version>[\w.+-]+)"/;
const LINES_ABOVE_MAX = 12;
const LOCKED_MAX = 200;

/** What a lock file says of other versions, where a version line takes another's place; what a manifest beside it says is said there. */
function lockedChanges({ path, change, new: now }: Seen): DependencyChange[] {
  const lines = now?.split("\n") ?? [];
  const found: DependencyChange[] = [];
  for (const hunk of change.hunks) {
    let [at, gone]: [number, string | null] = [hunk.new_start, null];
    for (const { op, text } of hunk.lines) {
      const version = LOCKED_VERSION.exec(text.slice(0, 500))?.groups?.["version"] ?? null;
      if (op === "-" && version !== null) gone = version;
      if (op === "+" && version !== null && gone !== null && gone !== version && found.length < LOCKED_MAX) {
        const above = lines.slice(Math.max(0, at - 1 - LINES_ABOVE_MAX), at - 1).findLast((line) => LOCKED_NAME.test(line.slice(0, 500)));
        const named = above === undefined ? undefined : LOCKED_NAME.exec(above.slice(0, 500))?.groups;
        const name = named?.["npm"] ?? named?.["yarn"] ?? named?.["toml"] ?? named?.["pnpm"];
        if (name !== undefined) found.push({ path, name: name.toLowerCase(), from: gone, to: version, dev: false });
        gone = null;
      }
      if (op !== "-") at += 1;
    }
  }
  return found;
}

const readerOf = (path: string) => READERS.find(([of]) => of.test(path))?.[1];

/** Null where the file is no manifest, or one that cannot be read. */
export function dependencyChanges(file: Seen): DependencyChange[] | null {
  const { path, old, new: now } = file;
  if (LOCKED.test(path)) return lockedChanges(file);
  const reader = readerOf(path);
  if (reader === undefined) return null;
  const [before, after] = [reader(old ?? (path.endsWith(".json") ? "{}" : "")), reader(now ?? (path.endsWith(".json") ? "{}" : ""))];
  if (before === null || after === null) return null;
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [from, to] = [before.get(name), after.get(name)];
    return from?.version === to?.version ? [] : [{ path, name, from: from?.version ?? null, to: to?.version ?? null, dev: (to ?? from)!.dev }];
  });
}

export const isManifest = (path: string): boolean => readerOf(path) !== undefined;

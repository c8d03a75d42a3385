/** A message by Conventional Commits 1.0.0: the subject says what the tree shows, in the imperative, in at most 72 columns. */
import type { Kind } from "../classify.ts";
import { counted, inert, isSafeName, isSafePath, listed, plain, quoted } from "../quote.ts";
import type { Seen } from "../material.ts";
import { declared, fullName, isCodeName, movedNames, type NameChange } from "../scan/names.ts";
import type { Study } from "../study.ts";
import { claimOf, insideWords } from "./insides.ts";
import { dependencyLine } from "./summary.ts";

const SUBJECT_COLUMNS_MAX = 72;
const BODY_COLUMNS_MAX = 72;

const TYPES: Readonly<Record<Kind, string>> = { feature: "feat", fix: "fix", refactor: "refactor", perf: "perf", style: "style", ci: "ci", build: "build", config: "chore", revert: "revert", docs: "docs", test: "test", chore: "chore", deps: "build", security: "fix" };
const PLAIN_FOLDERS = new Set(["src", "lib", "app", "pkg", "internal", "packages", "crates", "cmd", "tests", "test", "docs", "source", "."]);

/** Where it stands, if all of it stands in one place. */
function scopeOf(study: Study): string | null {
  if (study.classed.kind === "security") return "security";
  if (study.classed.kind === "deps") return "deps";
  const [source, tests] = [study.files.filter(({ kind }) => kind.source), study.files.filter(({ kind }) => kind.test)];
  const among = source.length > 0 ? source : tests.length > 0 ? tests : study.files;
  const places = new Set(among.map(({ path }) => placeOf(path)));
  const [only] = places;
  return places.size === 1 && only != null && /^[a-z0-9][a-z0-9_-]{0,23}$/i.test(only) ? only.toLowerCase() : null;
}

function placeOf(path: string): string | null {
  const parts = path.split("/");
  const folder = parts.slice(0, -1).findLast((part) => !PLAIN_FOLDERS.has(part));
  return folder ?? (parts.length > 1 ? parts.at(-1)!.replace(/\..*$/, "") : null);
}

const typeOf = (study: Study): string => TYPES[study.classed.kind];

/** Of a public name that is gone or takes something else: whoever uses it has to change. */
export const breaking = ({ risks }: Study): boolean => risks.some(({ area }) => area === "public API");

const nameOf = (change: NameChange): string | null => (isSafeName(declared(change).name.replace(/^self\./, "")) ? fullName(change) : null);
const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function some(names: readonly string[], fallback: string): string {
  const [first, second] = names;
  if (first === undefined) return fallback;
  if (second === undefined) return first;
  return names.length === 2 ? `${first} and ${second}` : `${first} and ${names.length - 1} more`;
}

const VERBS: Readonly<Record<Kind, string>> = { feature: "add", fix: "correct", refactor: "rework", perf: "speed up", style: "format", ci: "update", build: "update", config: "update", revert: "revert", docs: "update", test: "cover", chore: "update", deps: "update", security: "harden" };

function subjectWords(study: Study): string {
  const { classed: { kind }, names, files, dependencies } = study;
  const safe = (list: readonly Seen[]): string[] => list.map(({ path }) => baseName(path)).filter((name) => isSafePath(name));
  if (kind === "deps") {
    const [one] = dependencies;
    if (one !== undefined && dependencies.length === 1) return one.from === null ? `add ${plain(one.name, 40)}` : one.to === null ? `remove ${plain(one.name, 40)}` : `bump ${plain(one.name, 30)} from ${plain(one.from, 12)} to ${plain(one.to, 12)}`;
    return dependencies.length === 0 ? `update ${some(safe(files), "lock files")}` : `update ${counted(dependencies.length, "dependency", "dependencies")}`;
  }
  if (kind === "docs" || kind === "chore" || kind === "test" || kind === "ci" || kind === "build" || kind === "config" || kind === "style") {
    const fresh = files.length > 0 && files.every(({ change }) => change.status === "added");
    const gone = files.length > 0 && files.every(({ change }) => change.status === "deleted");
    const what = kind === "test" ? some(testedBy(study), some(safe(files), counted(files.length, "file"))) : some(safe(files), counted(files.length, "file"));
    return `${gone ? "remove" : fresh && kind !== "test" ? "add" : fresh ? "add tests in" : kind === "test" ? "change tests in" : "update"} ${kind === "test" ? some(safe(files), what) : what}`;
  }
  const source = names.filter(({ path }) => files.some((file) => file.path === path && file.kind.source));
  const of = (how: NameChange["how"]): string[] => {
    const own = source.filter((change) => change.how === how);
    return [...own.filter((change) => declared(change).exported), ...own.filter((change) => !declared(change).exported)].flatMap((change) => nameOf(change) ?? []);
  };
  const moved = movedNames(source);
  const renamed = files.filter(({ change }) => change.status === "renamed");
  const [first] = study.renamed;
  if (kind === "refactor" && first !== undefined && [first.from, first.to].every((change) => nameOf(change) !== null)) return `rename ${nameOf(first.from)} to ${declared(first.to).name}`;
  if (kind === "refactor" && moved.size > 0) return `move ${some([...moved].filter(isSafeName), "code")}`;
  if (kind === "refactor" && renamed.length > 0 && renamed.length === files.length) return `rename ${some(safe(renamed), counted(files.length, "file"))}`;
  if (kind === "refactor" && of("removed").length > 0 && of("added").length === 0) return `remove ${some(of("removed"), "code")}`;
  if (kind === "feature") return `add ${some(of("added").length > 0 ? of("added") : safe(files.filter(({ change }) => change.status === "added")), some(of("changed"), "code"))}`;
  return `${VERBS[kind]} ${some([...of("signature"), ...of("changed"), ...of("added")], some(safe(files.filter(({ kind: each }) => each.source)), counted(files.length, "file")))}`;
}

const testedBy = ({ files }: Study): string[] => files.flatMap(({ path }) => (isSafePath(path) ? [baseName(path)] : []));

/** The type and its mark, as they follow from the tree. */
function subjectHead(study: Study): string {
  const scope = scopeOf(study);
  return `${typeOf(study)}${scope === null ? "" : `(${scope})`}${breaking(study) ? "!" : ""}: `;
}

export function subject(study: Study): string {
  const head = subjectHead(study);
  const whole = `${head}${subjectWords(study)}`;
  return whole.length <= SUBJECT_COLUMNS_MAX ? whole : `${whole.slice(0, SUBJECT_COLUMNS_MAX).replace(/\s+\S*$/, "")}`;
}

function wrapped(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > BODY_COLUMNS_MAX) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

const INSIDES_SHOWN = 6;

/** Of the files that run; of many files, the first. */
function insidesOf({ insides, files, names }: Study): string[] {
  const known = new Set(names.map((change) => declared(change).name));
  const among = insides.filter(({ path }) => files.some((file) => file.path === path && !file.kind.test));
  return among.flatMap((inside) => insideWords(inside, files.length === 1 ? 3 : 2, known).map((text) => (among.length === 1 ? text : `${quoted(baseName(inside.path))} ${text}`))).slice(0, INSIDES_SHOWN);
}

const BREAKING = "BREAKING CHANGE: ";
const FOOTER = `\n\n${BREAKING}`;

function commitBody(study: Study): string[] {
  const { files, names, dependencies, risks } = study;
  const coded = names.some(isCodeName);
  const by = (how: NameChange["how"], says: string): string[] => {
    const own = names.filter((change) => change.how === how && (!coded || isCodeName(change)) && files.some((file) => file.path === change.path && !file.kind.test));
    return own.length === 0 ? [] : [wrapped(`- ${says} ${listed(own.map((change) => quoted(fullName(change))), 8)}`)];
  };
  const lost = risks.filter(({ area }) => area === "public API");
  return [
    ...by("added", "add"), ...by("removed", "remove"), ...by("signature", "change the signature of"), ...by("changed", "change"),
    ...study.renamed.map(({ from, to }) => wrapped(`- rename ${quoted(fullName(from))} to ${quoted(fullName(to))}`)).slice(0, 4),
    ...insidesOf(study).map((text) => wrapped(`- ${text}`)),
    ...(dependencies.length === 0 ? [] : [wrapped(`- dependencies: ${listed(dependencies.map(dependencyLine), 8)}`)]),
    ...(files.some(({ kind }) => kind.test) ? [wrapped(`- tests: ${listed(files.filter(({ kind }) => kind.test).map(({ path }) => quoted(path)), 6)}`)] : []),
    ...(claimOf(study.title) === null ? [] : [wrapped(`- as titled: ${claimOf(study.title)}`)]),
    ...(lost.length === 0 ? [] : ["", wrapped(`${BREAKING}${listed(lost.map(({ name, because }) => `${quoted(name ?? "")} ${because}`), 4)}`)]),
  ];
}

export function commitMessage(study: Study): string {
  const body = commitBody(study);
  return inert(body.length === 0 ? subject(study) : [subject(study), "", ...body].join("\n"));
}

/** A line more, behind what is there and before a footer, which has to stay last. */
export function withBodyLine(message: string, line: string): string {
  const at = message.indexOf(FOOTER);
  const [body, footer] = at < 0 ? [message, ""] : [message.slice(0, at), message.slice(at)];
  return `${body}\n\n${inert(wrapped(line))}${footer}`;
}

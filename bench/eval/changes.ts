/** The repository of a scenario: two commits, the base with whatever command reports on the change, and the change. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { World } from "../../daemon/e2e/testing/world.ts";
import type { Source } from "../../daemon/platform/git/testing/scratch.ts";
import { ROOT } from "../../daemon/house/sources.ts";
import type { Report, Scenario } from "./scenario.ts";

export type Files = Readonly<Record<string, string | null>>;
export interface Change {
  readonly title: string;
  readonly before: Files;
  readonly after: Files;
}

/** Why a change of somebody else's repository is not here. */
export class Absent extends Error {}

const FILES_MAX = 100;

function git(folder: string, ...args: string[]): string {
  const ran = Bun.spawnSync(["git", "-C", folder, ...args], { stdout: "pipe", stderr: "pipe" });
  if (ran.exitCode !== 0) throw new Absent(`git ${args[0]}: ${ran.stderr.toString().trim().slice(0, 200)}`);
  return ran.stdout.toString();
}

/** The files that a commit touches, as they stood before and after it; the rest of its tree stays behind. */
function changeOfCommit(folder: string, commit: string): Change {
  const names = git(folder, "diff-tree", "-r", "-z", "--no-commit-id", "--name-status", "--no-renames", commit).split("\0").slice(0, -1);
  const paths = names.filter((_, i) => i % 2 === 1);
  if (paths.length === 0 || paths.length > FILES_MAX) throw new Absent(`${commit} touches ${paths.length} files`);
  const read = (revision: string): Files => {
    const there = new Set(git(folder, "ls-tree", "-r", "-z", "--name-only", revision, "--", ...paths).split("\0"));
    return Object.fromEntries(paths.map((path) => [path, there.has(path) ? git(folder, "show", `${revision}:${path}`) : null]));
  };
  return { title: git(folder, "show", "-s", "--format=%B", commit).trimEnd(), before: read(`${commit}^`), after: read(commit) };
}

/** Where a public repository lies, of the folders that were named: `owner+name`, `owner/name`, bare or not. */
function folderOf(repository: string, folders: readonly string[]): string {
  const names = [repository, repository.replace("/", "+"), join(repository.replace("/", "+"), "repo")];
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(join(path, "HEAD")) || existsSync(join(path, ".git")));
  if (found === undefined) throw new Absent(`${repository} is not here; clone it and name its folder with --public`);
  return found;
}

/** What the scenario is about; throws Absent where it is somebody else's and not here. */
export function changeOf({ source, title = "change", before = {}, after = {} }: Scenario, folders: readonly string[]): Change {
  if (source === "made") return { title, before, after };
  return changeOfCommit("repository" in source ? folderOf(source.repository, folders) : ROOT, source.commit);
}

const sarifText = (results: NonNullable<Report["sarif"]>, command: string): string =>
  JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { name: command } }, results: results.map(({ rule, level, message, file, line }) => ({ ruleId: rule, level, message: { text: message }, locations: [{ physicalLocation: { artifactLocation: { uri: file }, region: { startLine: line } } }] })) }] });

const xml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

function junitText(cases: NonNullable<Report["junit"]>): string {
  const failed = cases.map(({ name, file, line, message }) => `<testcase name="${xml(name)}" file="${xml(file)}" line="${line}"><failure message="${xml(message.split("\n")[0] ?? "")}">${xml(message)}</failure></testcase>`);
  const all = ['<testcase name="another one"/>', ...failed];
  return `<?xml version="1.0"?><testsuites tests="${all.length}" failures="${failed.length}"><testsuite name="all" tests="${all.length}" failures="${failed.length}">${all.join("")}</testsuite></testsuites>`;
}

/** A command of the trusted base that says what was recorded, as soon as the file holds what it is about. */
function commandFiles({ command, when, sarif, junit, text }: Report): Files {
  const [kind, bad, good] = sarif !== undefined ? ["sarif", sarifText(sarif, command), sarifText([], command)] : junit !== undefined ? ["junit", junitText(junit), junitText([])] : ["text", text ?? "", ""];
  const script = `if grep -qF -e "$(cat ci/when)" '${when.file}' 2>/dev/null; then cat ci/bad; exit 1; fi\ncat ci/good\n`;
  const output = kind === "text" ? "" : `    output: {${kind}: report}\n`;
  const run = kind === "text" ? "sh ci/check.sh" : "sh ci/check.sh > /scratch/report";
  return {
    "maestro.yaml": `version: 1\ncommands:\n  ${command}:\n    run: [sh, -c, "${run}"]\n${output}`,
    "ci/check.sh": script, "ci/when": when.has, "ci/bad": bad, "ci/good": good,
  };
}

const there = (files: Files): Record<string, string> => Object.fromEntries(Object.entries(files).flatMap(([path, text]) => (text === null ? [] : [[path, text]])));

/** What stands in the tree before the change: its own files, and those of the command that reports on it. */
const baseFiles = (change: Change, report: Report | undefined): Record<string, string> => there({ "NOTICE": "A repository of the evaluation.\n", ...(report === undefined ? {} : commandFiles(report)), ...change.before });

/** The tree with the change in it. */
export const headFiles = (change: Change, report: Report | undefined): Record<string, string> => there({ ...baseFiles(change, report), ...change.after });

export async function repositoryOf(world: World, change: Change, report: Report | undefined): Promise<Source> {
  const source = world.emptyRepository(`scenario${Bun.randomUUIDv7().slice(-8)}`);
  const base = baseFiles(change, report);
  await source.commit(base, "base");
  source.git("switch", "-qc", "change");
  await source.commit(Object.fromEntries(Object.entries(change.after).filter(([path, text]) => text !== null || path in base)), change.title);
  return source;
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { ClientGit } from "../../client/git.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { isAgent } from "../hooks/agents/index.ts";
import { writeChanges, changes, installed, made, removed, type FileChange } from "../init/changes.ts";
import { isFound, wrapperPath } from "../init/found.ts";
import { digest, readRecord, writeRecord, type Written } from "../init/record.ts";
import { CI_FILES, MAESTRO_YAML, snippet, type CiHost } from "../init/templates.ts";
import { agentTargets, type AgentTarget } from "../init/targets.ts";
import { print } from "../output.ts";
import { wordsIn } from "../values.ts";

const ANSWER_BYTES_MAX = 64 * 1024;

interface Clone {
  readonly root: string;
  readonly git_dir: string;
}

async function cloneAt(path: string): Promise<Clone> {
  const git = new ClientGit(path);
  const answers = await Promise.all(["--show-toplevel", "--git-common-dir"].map(async (flag) => {
    const { code, stdout } = await git.run("rev-parse", ["--path-format=absolute", flag], { stdout_bytes_max: ANSWER_BYTES_MAX });
    return code === 0 ? Buffer.from(stdout).toString("utf8").replace(/\n$/, "") : "";
  }));
  const [root = "", git_dir = ""] = answers;
  if (root === "" || git_dir === "") throw new MaestroError("git.not_repository", path);
  return { root, git_dir };
}

function agentsOf(values: Values, root: string, targets: readonly AgentTarget[]): readonly AgentTarget[] {
  const given = textOf(values, "agents");
  if (given === undefined) return targets.filter((target) => isFound(root, target));
  const names = given === "none" ? [] : wordsIn(given);
  const wrong = names.find((name) => !isAgent(name));
  if (wrong !== undefined) throw new MaestroError("cli.usage", `--agents takes claude, codex, cursor, copilot, gemini or none, not ${JSON.stringify(wrong)}`);
  return targets.filter(({ agent }) => names.includes(agent));
}

function ciOf(values: Values): CiHost | null {
  const given = textOf(values, "ci");
  if (given === undefined) return null;
  if (given !== "github" && given !== "gitlab") throw new MaestroError("cli.usage", `--ci takes github or gitlab, not ${JSON.stringify(given)}`);
  return given;
}

async function toWrite({ root }: Clone, values: Values, targets: readonly AgentTarget[]): Promise<FileChange[]> {
  const ci = ciOf(values);
  const files = [made(root, "maestro.yaml", MAESTRO_YAML), ...targets.map((target) => installed(root, target))];
  return ci === null ? files : [...files, made(root, CI_FILES[ci].path, await snippet(ci))];
}

function toRemove({ root }: Clone, record: readonly Written[], targets: readonly AgentTarget[]): FileChange[] {
  const paths = new Set([...record.map(({ path }) => path), ...targets.map(({ path }) => path)]);
  return [...paths].map((path) => removed(root, path, targets.find((target) => target.path === path) ?? null, record.find((written) => written.path === path)));
}

/** What is on record stays as it was before the first time: a second init undone goes back all the way. */
function recorded(before: readonly Written[], all: readonly FileChange[]): Written[] {
  const rest = before.filter(({ path }) => !all.some((change) => change.path === path && changes(change)));
  const now = all.filter(changes).flatMap((change): Written[] => {
    const earlier = before.find(({ path }) => path === change.path);
    // Changed by hand since the first time: what stood there before us is no longer what would come back.
    const same = earlier !== undefined && change.before !== null && digest(change.before) === earlier.after_sha256;
    return change.after === null ? [] : [{ path: change.path, before: same ? earlier.before : change.before, after_sha256: digest(change.after), created: [...new Set([...(earlier?.created ?? []), ...change.created])] }];
  });
  return [...rest, ...now];
}

/** As git shows a change; the text is the user's own and escaped all the same. */
function diffOf({ path, before, after }: FileChange): string {
  const folder = mkdtempSync(join(tmpdir(), "maestro-init-"));
  try {
    const sides = [before, after].map((text, at) => {
      const file = join(folder, String(at));
      writeFileSync(file, text ?? "");
      return file;
    });
    const git = Bun.spawnSync(["git", "diff", "--no-index", "--no-color", "--no-ext-diff", "--no-textconv", "--", ...sides], { stdin: "ignore" });
    const lines = git.stdout.toString().split("\n").slice(4).filter((line) => line !== "");
    const head = [`--- ${before === null ? "/dev/null" : path}`, `+++ ${after === null ? "/dev/null" : path}`];
    return [...head, ...lines].map((line) => escapeTerminal(line)).join("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const clone = await cloneAt(positionals[0] ?? ".");
  const remove = values["remove"] === true;
  const known = agentTargets(remove ? "maestro" : wrapperPath(textOf(values, "wrapper")));
  const record = readRecord(clone.git_dir);
  const targets = remove ? known : agentsOf(values, clone.root, known);
  const all = remove ? toRemove(clone, record, targets) : await toWrite(clone, values, targets);
  const work = all.filter(changes);
  const done = values["yes"] === true && work.length > 0;
  if (done) {
    writeChanges(clone.root, all);
    writeRecord(clone.git_dir, remove ? record.filter(({ path }) => all.some((change) => change.path === path && !changes(change) && change.before !== null)) : recorded(record, all));
  }
  const then = remove ? [] : targets.flatMap(({ agent, then: text }) => (text === null ? [] : [`${agent}: ${text}`]));
  if (values["json"] === true) printJson({ written: done, agents: targets.map(({ agent }) => agent), files: work.map(({ path, before, after }) => ({ path, does: after === null ? "delete" : before === null ? "create" : "edit" })), then });
  else {
    for (const change of work) print(diffOf(change));
    for (const text of then) print(`then  ${text}`);
    print(work.length === 0 ? "nothing to do: everything stands as it should" : done ? `done: ${work.map(({ path }) => escapeTerminal(path)).join(" ")}; look at it, then commit it` : "nothing was written; say --yes to do this");
  }
  return EXIT.admit;
};

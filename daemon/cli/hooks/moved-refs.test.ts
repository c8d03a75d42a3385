/** What a push moves by the configuration that stands, held against what git itself says it would do (`git push --dry-run --porcelain`). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientEnvironment } from "../../client/git.ts";
import { commandLine } from "./guard/command.ts";
import { GuardedPaths } from "./guard/paths.ts";
import { movedRefs } from "./moved-refs.ts";
import { pushEnvironment } from "./standing.ts";

let home: string;
let path: string;
let config: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "maestro-mr-"));
  path = join(home, "repo");
  mkdirSync(path);
  git("init", "-q", "-b", "main");
  git("commit", "-q", "--allow-empty", "-m", "first");
  for (const remote of ["origin", "other"]) {
    git("clone", "-q", "--bare", ".", join(home, `${remote}.git`));
    git("remote", "add", remote, join(home, `${remote}.git`));
  }
  git("fetch", "-q", "--all");
  git("branch", "second");
  git("push", "-q", "origin", "second");
  git("switch", "-qc", "change");
  for (const branch of ["main", "second", "change"]) {
    git("switch", "-q", branch);
    git("commit", "-q", "--allow-empty", "-m", branch);
  }
  git("tag", "-am", "v1", "v1");
  git("tag", "light");
  config = join(home, ".gitconfig");
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function git(...args: string[]): string {
  const env = { HOME: home, PATH: "/usr/bin:/bin", GIT_CONFIG_NOSYSTEM: "1", GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@x", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@x" };
  const ran = Bun.spawnSync(["git", ...args], { cwd: path, env });
  if (ran.exitCode !== 0 && !ran.stdout.toString().includes("[rejected]")) throw new Error(`git ${args.join(" ")}: ${ran.stderr.toString()}`);
  return ran.stdout.toString();
}

const byGit = (words: readonly string[], global: readonly string[] = []): string[] => git(...global, "push", "--dry-run", "--porcelain", ...words).split("\n").flatMap((line) => /^[ +*!]\t[^:]*:(\S+)/.exec(line)?.[1] ?? []).sort();

async function byUs(words: readonly string[], global: readonly string[] = [], environment: ClientEnvironment = {}): Promise<string | (string | null)[]> {
  const [concern] = commandLine(["git", ...global, "push", ...words].join(" "), new GuardedPaths({ cwd: path, root: path, home, own: [] }));
  if (concern?.kind !== "push") throw new Error(`no push: ${JSON.stringify(concern)}`);
  const moved = await movedRefs(path, concern.push, { HOME: home, ...environment });
  return typeof moved === "string" ? moved : moved.refs.map(({ target }) => target).sort();
}

const OWN = ["refs/heads/change"];
const MAIN = ["refs/heads/main"];

describe("every ref that git would move is told", () => {
  test.each([
    ["nothing configured", "", ["origin", "change"], OWN],
    ["push.default current", "[push]\ndefault=current", [], OWN],
    ["an upstream of another name", '[push]\ndefault=upstream\n[branch "change"]\nremote=origin\nmerge=refs/heads/main', [], MAIN],
    ["an upstream, the branch named", '[push]\ndefault=tracking\n[branch "change"]\nremote=origin\nmerge=refs/heads/main', ["origin", "change"], MAIN],
    ["an upstream, HEAD named", '[push]\ndefault=upstream\n[branch "change"]\nremote=origin\nmerge=refs/heads/main', ["origin", "HEAD"], OWN],
    ["an upstream, pulled only", '[push]\ndefault=current\n[branch "change"]\nremote=origin\nmerge=refs/heads/main', [], OWN],
    ["a refspec", '[remote "origin"]\npush=change:main', [], MAIN],
    ["refspecs", '[remote "origin"]\npush=+HEAD:refs/heads/main\npush=second', [], ["refs/heads/main", "refs/heads/second"]],
    ["a refspec, the branch named", '[remote "origin"]\npush=refs/heads/change:refs/heads/main', ["origin", "change"], MAIN],
    ["a refspec with a star, the branch named", '[remote "origin"]\npush=refs/heads/*:refs/heads/to/*', ["origin", "change"], ["refs/heads/to/change"]],
    ["a refspec, all of it named", '[remote "origin"]\npush=refs/heads/*:refs/heads/to/*', ["origin", "change:change"], OWN],
    ["a refspec of another remote", '[remote "other"]\npush=change:main\n[push]\ndefault=current', ["origin"], OWN],
    ["the remote of a branch", '[branch "change"]\npushRemote=other\n[remote "other"]\npush=change:main', [], MAIN],
    ["the remote of all pushes", '[remote]\npushDefault=other\n[remote "other"]\npush=change:main', [], MAIN],
    ["the remote in an option", '[remote "other"]\npush=change:main', ["--repo=other"], MAIN],
    ["tags that follow", "[push]\ndefault=current\nfollowTags", [], [...OWN, "refs/tags/v1"]],
    ["tags that follow a branch by name", "[push]\nfollowTags=true", ["origin", "change:main"], [...MAIN, "refs/tags/v1"]],
    ["tags kept back", "[push]\ndefault=current\nfollowTags=true", ["--no-follow-tags"], OWN],
    ["a tag by its name", "", ["origin", "light"], ["refs/tags/light"]],
  ] as const)("%s", async (_what, text, words, expected) => {
    writeFileSync(config, text);
    expect([byGit(words), await byUs(words)]).toEqual([[...expected], [...expected]]);
  });
});

describe("every place that git reads is read", () => {
  const UPSTREAM = '[branch "change"]\nremote=origin\nmerge=refs/heads/main';
  test.each([
    ["a setting of the call", UPSTREAM, ["-c", "push.default=upstream"], [], MAIN],
    ["a setting of the call in capitals", UPSTREAM, ["-c", "PUSH.Default=upstream"], [], MAIN],
    ["a remote of the call", '[remote "other"]\npush=change:main', ["-c", "remote.pushDefault=other"], [], MAIN],
    ["a branch's remote of the call", '[remote "other"]\npush=change:main', ["-c", "branch.change.pushRemote=other"], [], MAIN],
    ["a target of the call", '[branch "change"]\nremote=origin\n[push]\ndefault=upstream', ["-c", "branch.change.merge=refs/heads/second"], [], ["refs/heads/second"]],
    ["an address written another way: the refs are the same", `[push]\ndefault=current\n[url "{home}/other.git"]\npushInsteadOf={home}/origin.git`, [], [], OWN],
  ] as const)("%s", async (_what, text, global, words, expected) => {
    writeFileSync(config, text.replaceAll("{home}", home));
    expect([byGit(words, global), await byUs(words, global)]).toEqual([[...expected], [...expected]]);
  });

  test("attack: old files of remotes say another target than the branch", async () => {
    writeFileSync(config, "[push]\ndefault=current");
    mkdirSync(join(path, ".git/remotes"), { recursive: true });
    mkdirSync(join(path, ".git/branches"), { recursive: true });
    writeFileSync(join(path, ".git/remotes/old"), `URL: ${home}/other.git\nPush: refs/heads/change:refs/heads/main\nPush:refs/heads/second\n`);
    writeFileSync(join(path, ".git/branches/older"), `${home}/other.git#main\n`);
    writeFileSync(join(path, ".git/branches/other"), `${home}/other.git#main\n`);
    expect([byGit(["old"]), await byUs(["old"])]).toEqual([["refs/heads/main", "refs/heads/second"], ["refs/heads/main", "refs/heads/second"]]);
    expect([byGit(["old", "change"]), await byUs(["old", "change"])]).toEqual([MAIN, MAIN]);
    expect([byGit(["older"]), await byUs(["older"])]).toEqual([MAIN, MAIN]);
    // Of a remote that is configured git reads no such file.
    expect([byGit(["other"]), await byUs(["other"])]).toEqual([OWN, OWN]);
  });

  test("attack: variables of the agent's own environment say another target", async () => {
    writeFileSync(config, `${UPSTREAM}\n[push]\ndefault=current`);
    const variables = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "push.default", GIT_CONFIG_VALUE_0: "upstream" };
    const environment = pushEnvironment({ ...variables, PATH: "/nowhere" });
    if (typeof environment === "string") throw new Error(environment);
    expect([await byUs([]), await byUs([], [], environment)]).toEqual([OWN, MAIN]);
    const other = join(home, "other-config");
    writeFileSync(other, `${UPSTREAM}\n[push]\ndefault=upstream`);
    expect(await byUs([], [], { config: { GIT_CONFIG_GLOBAL: other } })).toEqual(MAIN);
    expect(["GIT_DIR", "GIT_NAMESPACE", "GIT_COMMON_DIR"].map((name) => pushEnvironment({ [name]: "/tmp/x" }))).toEqual(["GIT_DIR", "GIT_NAMESPACE", "GIT_COMMON_DIR"]);
  });

  test("attack: a folder whose name holds a line like a commit is no commit", async () => {
    const odd = join(home, `x\n${"a".repeat(40)}`);
    git("clone", "-q", ".", odd);
    const moved = await movedRefs(odd, { folder: odd, remote: "origin", refs: [], tags: true, settings: [] }, { HOME: home });
    expect(typeof moved === "string" ? moved : moved.known).toEqual({ source: "HEAD", head: git("rev-parse", "change").trim(), common_dir: join(odd, ".git") });
  });
});

describe("submodules", () => {
  test.each([["push.recurseSubmodules", "[push]\nrecurseSubmodules=on-demand"], ["push.recurseSubmodules", "[push]\nrecurseSubmodules=only"], ["submodule.recurse", "[submodule]\nrecurse=true"]])("attack: a standing %s pushes them along (%#)", async (key, text) => {
    writeFileSync(config, text);
    for (const words of [[], ["origin", "change:change"]]) expect(await byUs(words)).toMatch(new RegExp(`^${key.replace(".", "\\.")} .*--recurse-submodules=check`));
    expect(await byUs(["--recurse-submodules=check", "origin", "change:change"])).toEqual(OWN);
    expect(await byUs(["--no-recurse-submodules", "origin", "change:change"])).toEqual(OWN);
  });
});

describe("what moves more than it names is stopped, with what to say instead", () => {
  test.each([
    ["push.default=matching", "[push]\ndefault=matching"],
    ["remote.origin.push", '[remote "origin"]\npush=refs/heads/*:refs/heads/*'],
    ["remote.origin.push", '[remote "origin"]\npush=:'],
    ["remote.origin.push", '[remote "origin"]\npush=:refs/heads/second'],
    ["remote.origin.mirror", '[remote "origin"]\nmirror=true'],
  ])("attack: a standing %s (%#)", async (key, text) => {
    writeFileSync(config, text);
    expect(await byUs([])).toMatch(new RegExp(`^${key.replaceAll(".", "\\.")} .*git push REMOTE BRANCH:BRANCH$`));
    // What is said to do instead is let through, and moves that one.
    if (!text.includes("mirror")) expect([byGit(["origin", "change:change"]), await byUs(["origin", "change:change"])]).toEqual([OWN, OWN]);
  });
});

/** Ways round the reader that were found by trying: each was let through once. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "./command.ts";
import { GuardedPaths, rootOf } from "./paths.ts";
import { fits } from "./wildcard.ts";
import { cpuMs } from "../../../testing/cpu.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "maestro-round-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const folder of [".git/hooks", ".claude", ".github/workflows", "vendor/sub/.git", "src", "home"]) mkdirSync(join(root, folder), { recursive: true });
for (const file of ["maestro.yaml", ".claude/settings.json", ".github/workflows/ci.yml", "src/a.ts", "vendor/sub/maestro.yaml"]) writeFileSync(join(root, file), "");

const at = (cwd: string): GuardedPaths => new GuardedPaths({ cwd, root: rootOf(cwd), home: join(root, "home"), own: [] });
const paths = at(root);
const kinds = (text: string, from = paths): string[] => [...new Set(commandLine(text, from).map(({ kind }) => kind))];
const stopped = (text: string, from = paths): boolean => kinds(text, from).some((kind) => kind !== "push" && kind !== "spend");

describe("hooks left out", () => {
  test.each([
    // A value that is read for an option, an option that is read for a value.
    "git push -oF --no-verify", "git commit -Cm --no-verify", "git commit -SF --no-verify", "git am -3n x", "git am -un x", "git config --file .git/config core.hooksPath x", "git config -f x core.hooksPath y", "git config --type path core.hooksPath x", "git config core.hooksPath get", "git config core.hooksPath list", "git config --replace-all core.hooksPath -l",
    "export A=1 HUSKY=0; git commit", "cross-env HUSKY=0 git commit", "HOME=/tmp/x git commit -m x", "export XDG_CONFIG_HOME=/tmp/x; git commit -m x", "git --exec-path=/tmp/evil commit",
    // Programs that start programs.
    "env - git commit -n", "env -S 'git commit -n'", "env -S'HUSKY=0 git commit'", "unshare git commit -n", "npm exec -- git commit -n", "npx -c 'git commit -n'", "script -qc 'git commit -n' /dev/null", "su x -c 'git commit -n'", "tmux new -d 'git commit -n'", "flock x -c 'git commit -n'", "watch 'git commit -n'", "bash -c -o pipefail 'git commit --no-verify'", "hub commit -n",
    "source /dev/stdin <<< 'git commit -n'", ". <(echo 'git commit -n')", "bash <(echo git commit -n)", "bash /dev/fd/3 3<<E\ngit commit -n\nE", "printf 'git commit %s' -n | sh", "trap 'git commit -n' EXIT", "alias g='git commit -n'\ng", "make --eval='x:; git commit --no-verify'",
    "python3 -c\"import os; os.system('git commit --no-verify')\"", "node --eval='x(\"git commit --no-verify\")'", "python3 -c 'run([\"git\",\"commit\",\"-n\"])'", "vim -c '!git commit --no-verify' x", "sed '1e git commit --no-verify' x",
    "git -c core.pager='git commit -n' log", "git rebase -x 'git commit -n --amend' main", "git submodule foreach git commit -n", "git bisect run git commit -n", "git difftool -x 'git commit -n'",
    // Words that only the shell will know.
    "git $(echo commit) -n", "git p${x}ush", "git commit $(echo --no-verify)", "git commit -$X --no-ver$Y && echo --no-verify", "echo --no-verify | xargs git commit -m x", "echo commit -n | xargs git", "g() { git \"$@\"; }; g commit -n", "g() { git commit \"$@\"; }; g -n", "$(echo git commit -n)", "\"$(which git)\" commit -n", "read c <<< 'git commit -n'; $c",
  ])("attack: %s", (text) => expect([text, stopped(text)]).toEqual([text, true]));
});

describe("guards written", () => {
  test.each([
    "ln -s maestro.yaml x && echo > x", "ln maestro.yaml x", "ln -s .claude x; echo > x/settings.json", "cp -l maestro.yaml x", "curl -sSLo maestro.yaml x", "curl -omaestro.yaml x", "wget -qOmaestro.yaml x", "sort x -omaestro.yaml", "sed -n 'w maestro.yaml' x", "sed 's/a/b/w maestro.yaml' x", "vim -c 'w! maestro.yaml' x", "tar -xf x -C .claude", "unzip x -d .git/hooks", "rsync -a x/ ./", "cp -rT x .", "script maestro.yaml",
    "git checkout evil -- '*.yaml'", "git checkout evil -- ':(glob)**/*.yaml'", "find . -type f -exec sed -i s/a/b/ {} +", "find . -name 'maestro*' -exec rm {} +",
  ])("attack: %s", (text) => expect([text, kinds(text).includes("edit")]).toEqual([text, true]));

  test("attack: from another folder, from a submodule, and by an absolute path a guard is still one", () => {
    expect(kinds(`echo > ${root}/maestro.yaml`, at("/"))).toEqual(["edit"]);
    expect(kinds(`rm -rf ${root}`, at("/"))).toEqual(["edit"]);
    expect(kinds("echo > ../../maestro.yaml", at(join(root, "vendor/sub")))).toEqual(["edit"]);
    expect(kinds("echo > vendor/sub/.git/config")).toEqual(["edit"]);
    expect(kinds(`echo > ${root}/src/a.ts`, at("/"))).toEqual([]);
  });

  test("git restore from a list of files cannot be told", () => expect(kinds("git restore --pathspec-from-file=x")).toEqual(["unread"]));
});

describe("pushes", () => {
  test.each(["git push --dry-run --no-dry-run", "git push -n --no-dry-run"])("attack: %s is no dry run", (text) => expect(kinds(text)).toEqual(["push"]));

  test.each([
    "git push --mirr", "git push --al", "git push --del origin x", "git push -fd origin x", "git push --recei=x origin", "git push --exe x origin", "git -c remote.origin.push=evil:main push", "git -c push.default=matching push", "git config remote.origin.push evil:main", "git remote add --mirror=push x y", "echo push | xargs git", "printf 'git %s' push | sh", "git rebase --exec='git push' main", "gh api graphql -f query='mutation { mergePullRequest }'",
    // The commit that would go is not there while the hook looks.
    "git commit -am x && git push", "git reset --hard evil && git push", "git fetch . evil:main && git push", "bash -c 'git commit -m x'; git push", "while git push; do git commit -am x; done", "f() { git push; }; git merge x; f", "git publish && git push",
  ])("attack: %s is stopped by its text", (text) => expect([text, stopped(text)]).toEqual([text, true]));

  test.each([
    "c='git push' sh -c '$c'", "export c='git push'; sh -c '$c'", "declare -n d=c; c=push; git $d", "xargs -I% sh -c % <<< 'git push'", "echo git push | xargs env",
    "shopt -s expand_aliases\nalias g=git\ng push", "hash -p /usr/bin/git ls2; ls2 push", "ln -s /usr/bin/git gt; ./gt push", "cp \"/usr/bin/git\" tool && ./tool push",
    "npm version patch && git push", "npx standard-version; git push origin v1", "git stash branch x; git push", "echo abc > .git/refs/heads/x && git push origin x", "cp a .git/HEAD; git push", "mv x .git/packed-refs", "rm -r .git/refs/heads",
  ])("attack: %j runs what another part of the line holds, or pushes what it made", (text) => expect([text, stopped(text)]).toEqual([text, true]));

  test.each(["exec 3<<< 'git push'; sh <&3", "exec 3<<< 'git push'; . /dev/fd/3", "PS4='$(git push)'; set -x; true", "PROMPT_COMMAND='git push' bash -i"])("attack: a push that the shell keeps for later is judged as one: %s", (text) => expect(kinds(text)).toContain("push"));

  test.each([
    "true || cd src; git push", "false && cd src; git push", "false && { true; cd src; }; git push", "cd src | true; git push", "cd src & git push", "cd no || cd src; git push", "eval 'cd src'; git push", "command cd src; git push", "builtin cd src && git push", "time cd src; git push", "trap 'cd src' DEBUG; git push", "CDPATH=/tmp; cd src && git push", "f() { git push; }; cd src; f", "cd() { builtin cd vendor; }; cd src; git push", "if cd src; then :; fi; git push", "for i in 1 2; do git push; cd src; done", "true && cd src && make || true; git push",
  ])("attack: %s judges one repository and pushes another", (text) => expect(commandLine(text, paths).map((one) => (one.kind === "push" ? one.push.folder : one.kind))).toEqual([null]));

  test.each(["cd src && git push", "cd src; git push", "[ -d src ] && cd src && git push", "cd src || exit 1; git push", "(cd src && git push)", "make && cd src && git push origin fix-for-x", "cd src 2>/dev/null && git status && git push"])("%s pushes from where it goes", (text) => expect(commandLine(text, paths)).toMatchObject([{ kind: "push", push: { folder: join(root, "src") } }]));

  test.each(["git push --help", "git push -h", "$PYTHON -m pytest tests/push", "${CC:-gcc} -c push.c", "alias g=git", "rm -f .git/refs/heads/x.lock .git/index.lock", "ln -s ../git-guide docs/git", "git ls-files | xargs -I{} sh -c 'wc -l {}'", "npm version"])("%s is no push", (text) => expect(commandLine(text, paths)).toEqual([]));

  test.each(["env -C /tmp/x git push", "GIT_DIR=/tmp/x git push", "export GIT_DIR=/tmp/x; git push", "env GIT_DIR=/tmp/x git push", "git --git-dir=/tmp/x push", "git --namespace=x push"])("attack: %s pushes from a folder that is not this one", (text) => expect(commandLine(text, paths)).toEqual([{ kind: "push", push: { folder: null, remote: null, refs: [], tags: true, settings: [] } }]));

  test.each(["git add -A && git status && git push", "git fetch origin main && git push", "npm test && git push", "git checkout -- src && git push"])("%s pushes what the hook sees", (text) => expect(kinds(text)).toEqual(["push"]));
});

describe("settings that say what a push moves, or which program does it", () => {
  test.each([
    // Nobody can tell what the variable holds, and git reads it.
    "GIT_CONFIG_PARAMETERS=\"'core.hooksPath=x'\" git push", "GIT_CONFIG_GLOBAL=/tmp/x git push", "GIT_CONFIG_SYSTEM=/tmp/x git commit -m x", "export GIT_CONFIG_GLOBAL=/tmp/x; git push", "read GIT_CONFIG_COUNT <<< 1; export GIT_CONFIG_COUNT", "printf -v HUSKY 0; export HUSKY",
    "git -c url.x.insteadOf=y push", "git -c url.x.pushInsteadOf=y push", "git config --global url.x.pushInsteadOf y", "git -c remote.origin.vcs=x push", "git push 'ext::sh -c x'", "git --config-env=push.default=X push",
    "git push --recurse-submodules=on-demand origin x", "git push --recurse-submodules only origin x", "git push --recurse-sub=only origin x",
    // What a push reads is another thing once the line has come to it.
    "git config push.default upstream && git push", "git config set remote.pushDefault x; git push", "git branch -u origin/main && git push", "git branch --set-upstream-to=origin/main; git push", "git remote add x y && git push x", "git remote set-url --push origin x; git push",
    "echo 'Push: a:main' > .git/remotes/x", "echo 'u#main' > .git/branches/x", "cp x .git/branches/", "rm -r .git/remotes",
    "GIT_SSH_COMMAND='git commit -n' git fetch", "export GIT_SSH_COMMAND='git commit -n'; git fetch", "GIT_EDITOR='git commit -n' git commit", "EDITOR='rm -rf .git/hooks' git commit", "GIT_PAGER='git commit -n' git log", "GIT_EXTERNAL_DIFF='git commit -n' git diff", "GIT_SEQUENCE_EDITOR='rm -rf .git/hooks' git rebase -i x", "git -c diff.external='git commit -n' diff", "git config core.sshCommand 'git push'", "git config core.sshCommand 'git commit -n'", "git config --global core.fsmonitor 'rm -rf .git/hooks'", "git fetch --upload-pack='git commit -n' x", "git ls-remote --upload-pack 'git commit -n' x", "git fetch 'ext::git commit -n'", "git send-pack . HEAD:main", "git-send-pack . HEAD:main",
  ])("attack: %s is stopped", (text) => expect([text, stopped(text)]).toEqual([text, true]));

  test.each(["GIT_SSH_COMMAND='git push' git fetch", "git -c core.pager='git push' log"])("attack: a push that %s starts is judged as one", (text) => expect(kinds(text)).toEqual(["push"]));

  test("what the call itself sets is known to whoever asks what it moves", () => {
    const [one] = commandLine("git -c push.default=upstream push --no-recurse-submodules", paths);
    expect(one).toMatchObject({ kind: "push", push: { settings: [["push.default", "upstream"], ["push.recurseSubmodules", "check"]] } });
  });

  test.each(["GIT_SSH_COMMAND='ssh -i key' git push origin x", "EDITOR=vim git commit", "git config --get push.default && git push", "git remote -v && git push", "git branch --list && git push", "git config core.pager less", "git fetch --upload-pack=/opt/git-upload-pack x"])("%s goes on", (text) => expect(stopped(text)).toBe(false));
});

describe("what only a person may do", () => {
  test.each(["maestro --state /tmp/s approve abc", "maestro approve abc --reason -h", "maestro app$(echo rove) x", "maestro $X abc", "npx maestro@latest approve x", "unshare maestro approve x"])("attack: %s", (text) => expect([text, stopped(text)]).toEqual([text, true]));
});

describe("work that is nobody's business goes on", () => {
  test.each([
    "git commit -m \"$(cat <<'E'\ndo not git push --no-verify\nE\n)\"", "git config --list --show-origin", "git config push.default current", "which git && git --version", "apt-get install -y git maestro", "find src -name '*.ts' -exec sed -i 's/a/b/g' {} +", "git ls-files '*.ts' | xargs -r npx eslint", "git grep -l foo | xargs sed -i s/foo/bar/", "docker run --rm alpine sh -c 'make test'", "sed -i 's/where we/were/' src/a.ts", "rsync -a src/ /tmp/copy/", "tar -xzf x -C /tmp", "HOME=/tmp/x npm test", "git submodule foreach git status", "git bisect run npm test", "tmux new-session -d 'npm run dev'", "git checkout main -- 'src/*.ts'", "gh pr create --body 'please do not git push --no-verify'", "trap 'rm -f /tmp/x' EXIT; make", "ln -s ../shared/x src/x", "$PYTHON -m pytest", "maestro waive --help",
  ])("%s", (text) => expect([text, commandLine(text, paths)]).toEqual([text, []]));
});

test("attack: a pattern of many stars takes no time", () => {
  const started = cpuMs();
  expect(fits(`${"*a".repeat(2_000)}*b`, "a".repeat(255))).toBe(false);
  expect([fits("m*.y?ml", "Maestro.yaml"), fits("*", ""), fits("a*", "ba"), fits("*/x", "a/b/x")]).toEqual([true, true, false, true]);
  expect(cpuMs() - started).toBeLessThan(500);
});

describe("patches in the line itself", () => {
  test.each(["apply_patch <<'E'\n*** Begin Patch\n*** Update File: maestro.yaml\n@@\n*** End Patch\nE", "apply_patch \"*** Begin Patch\n*** Update File: maestro.yaml\n@@\"", "patch -p1 <<'E'\n--- a/maestro.yaml\n+++ b/maestro.yaml\nE", "git apply <<'E'\n--- a/maestro.yaml\n+++ b/maestro.yaml\nE"])("attack: %j", (text) => expect(kinds(text)).toEqual(["edit"]));
  test("of other files is let be", () => expect(kinds("git apply - <<'E'\n--- a/src/a.ts\n+++ b/src/a.ts\nE")).toEqual([]));
});

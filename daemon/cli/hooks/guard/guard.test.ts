/** What a command line gives cause for. Each row of the attacks is a known way around; the last list is what is not seen, so that nobody believes it is. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "./command.ts";
import { GuardedPaths, rootOf } from "./paths.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "maestro-guard-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const folder of [".git/hooks", ".claude", ".github/workflows", ".husky", "src", "docs", "home/.claude"]) mkdirSync(join(root, folder), { recursive: true });
for (const file of ["maestro.yaml", ".claude/settings.json", ".github/workflows/ci.yml", "docs/CODEOWNERS", ".husky/pre-push", "AGENTS.md", "src/a.ts"]) writeFileSync(join(root, file), "");
symlinkSync("maestro.yaml", join(root, "notes.txt"));
symlinkSync(".claude", join(root, "plain"));
symlinkSync("round", join(root, "round"));

const paths = new GuardedPaths({ cwd: root, root: rootOf(root), home: join(root, "home"), own: ["/var/lib/own-maestro"] });
const kinds = (text: string): string[] => [...new Set(commandLine(text, paths).map(({ kind }) => kind))];
const stopped = (text: string): boolean => kinds(text).some((kind) => kind !== "push" && kind !== "spend");

describe("hooks left out", () => {
  test.each([
    "git commit --no-verify -m x", "git commit -n", "git commit -anm x", "git commit --no-ver", "git -C src commit --no-verify", "git push --no-verify", "git merge --no-verify x", "git am -n x.mbox", "git rebase --no-verify main",
    "git -c core.hooksPath=/dev/null commit", "git -c CORE.HOOKSPATH=x commit", "git -c alias.c='commit -n' c", "git config core.hooksPath /dev/null", "git config --global core.hooksPath x", "git config set core.hooksPath x", "git config alias.ci 'commit -n'", "git config --unset core.hooksPath", "git config --edit",
    "HUSKY=0 git commit", "export HUSKY=0; git commit", "env HUSKY=0 git commit", "LEFTHOOK=0 git push", "SKIP=maestro git commit", "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=x git commit", "PRE_COMMIT_ALLOW_NO_CONFIG=1 git commit",
    "rm -rf .git/hooks", "rm .git/hooks/pre-push", "chmod -x .git/hooks/pre-push", "mv .git/hooks .git/off", "rm -r .husky", "echo > .git/config", "git rm -r .husky",
    "bash -c 'git commit --no-verify'", "sh -c \"sh -c 'git commit -n'\"", "eval git commit -n", "xargs git commit -n < x", "sudo -u x git commit -n", "timeout 5 git commit -n", "nohup nice -n 5 git commit -n", "command git commit -n", "\\git commit -n", "/usr/bin/git commit -n", "g'i't c\"ommi\"t -n", "$'\\x67it' commit -n", "C=commit; git $C -n",
    "find . -name x -exec git commit -n \\;", "python3 -c 'import os; os.system(\"git commit --no-verify\")'", "node -e 'require(\"child_process\").execSync(\"git commit --no-verify\")'", "cat <<E | sh\ngit commit -n\nE", "$GIT commit --no-verify", "git commit -m x & git commit -n",
  ])("attack: %s", (text) => expect([text, stopped(text)]).toEqual([text, true]));
});

describe("guards written", () => {
  test.each([
    "echo x > maestro.yaml", "echo x >> maestro.yaml", "echo x >| maestro.yaml", "x 2> maestro.yaml", "x &> maestro.yaml", "x <> maestro.yaml", "echo > ./src/../MAESTRO.YAML", "echo > notes.txt", "echo > plain/settings.json", "tee -a maestro.yaml < x", "sed -i s/a/b/ maestro.yaml", "sed -ni.bak p maestro.yaml", "sed --in-place=x s/a/b/ maestro.yaml", "perl -pi -e s/a/b/ maestro.yaml",
    "mv maestro.yaml x", "mv x maestro.yaml", "mv .claude x", "cp x maestro.yaml", "cp settings.json .claude", "cp -t .claude settings.json", "install x maestro.yaml", "ln -sf x maestro.yaml", "dd if=x of=maestro.yaml", "truncate -s0 maestro.yaml", "rm maestro.yaml", "rm -rf .", "rm m*.yaml", "rm .cl*/set*", "rm {maestro,x}.yaml", "rm -rf docs", "rsync x maestro.yaml", "curl -o maestro.yaml x", "wget -O .github/workflows/ci.yml x", "sort -o maestro.yaml x",
    "git checkout HEAD~1 -- maestro.yaml", "git checkout other .", "git restore --source=HEAD~3 .", "git restore maestro.yaml", "git rm maestro.yaml", "git mv maestro.yaml x", "git update-index --assume-unchanged maestro.yaml",
    "cd .claude && echo > settings.json", "(cd .claude; rm settings.json)", "F=maestro.yaml; echo > $F", "for f in maestro.yaml; do rm \"$f\"; done", "for f in a maestro.yaml; do rm \"$f\"; done", "rm \"$PWD/maestro.yaml\"", "echo > ~/.claude/settings.json", "echo > $HOME/.gitconfig", "echo > $D/settings.json", "echo > maestro.$X", "ls | xargs rm maestro.yaml", "find . -name 'maestro.*' -delete", "find .claude -delete",
    "python3 - <<E\nopen('maestro.yaml','w')\nE", "python -c \"open('.github/workflows/ci.yml','a')\"", "ruby -e 'File.write(\"maestro.yaml\", 1)'", "echo > Jenkinsfile", "echo > .gitlab-ci.yml", "echo > docs/CODEOWNERS", "echo > .maestro-baseline.json", "echo x > /var/lib/own-maestro/maestrod.yaml",
  ])("attack: %s", (text) => expect([text, kinds(text).includes("edit")]).toEqual([text, true]));

  test("instructions to agents are a person's to allow; nothing else is", () => {
    expect(commandLine("echo > AGENTS.md", paths)).toMatchObject([{ kind: "edit", askable: true }]);
    expect(commandLine("echo > maestro.yaml", paths)).toMatchObject([{ kind: "edit", askable: false }]);
  });
});

describe("what only a person may do", () => {
  test.each([
    "maestro approve abc", "npx maestro override x --reason y", "/opt/m/.toolchain/bin/maestro approve x", "node /opt/m/daemon/bootstrap/maestro.mjs approve x", "bun daemon/cli/main.ts approve x", "maestro init --remove --yes", "maestro trust sign x", "maestro token issue", "maestro gc --apply", "sh -c 'maestro approve x'", "curl --unix-socket /run/maestro/gate.sock http://m/v1/approvals", "python -c 'run(\"maestro approve x\")'",
    "gh pr merge 3 --admin", "gh pr review 3 --approve", "gh api -X PUT repos/a/b/pulls/3/merge", "glab mr approve 3",
  ])("attack: %s", (text) => expect([text, stopped(text)]).toEqual([text, true]));
});

describe("pushes are seen, with what they push", () => {
  test.each([
    ["git push", []], ["git push origin", []], ["git push -u origin topic", [{ source: "topic", target: null }]], ["git push origin HEAD:main", [{ source: "HEAD", target: "main" }]], ["git push origin tag v1 x", [{ source: "refs/tags/v1", target: "refs/tags/v1" }, { source: "x", target: null }]], ["git push origin tag", [{ source: "tag", target: null }]], ["git push origin +a:refs/heads/b c", [{ source: "a", target: "refs/heads/b" }, { source: "c", target: null }]], ["cd src && git push origin x", [{ source: "x", target: null }]],
    ["bash -c 'git push'", []], ["true && (git push)", []], ["x=$(git push)", []], ["git -C src push", []], ["git -c http.proxy=x push", []],
  ] as const)("%s", (text, refs) => expect(commandLine(text, paths)).toMatchObject([{ kind: "push", push: { refs } }]));

  test.each(["git push --all", "git push --mirror", "git push origin :main", "git push --delete origin x", "git push origin $X", "git send-pack x", "git svn dcommit", "jj git push", "$G push", "git $X push", "python -c 'git push'"])("attack: %s cannot be told, so it is stopped", (text) => expect([text, stopped(text)]).toEqual([text, true]));
});

describe("what cannot be read to its end", () => {
  test.each(["ls 'open", "ls \"open", "echo $(ls", "ls >", "cat <(ls", "a".repeat(300_000)])("attack: %# is stopped: a shell may run it all the same", (text) => expect(kinds(text)).toEqual(["unread"]));
});

test("attack: a patch of more lines than are looked at is stopped by that name, not by an error inside", () => {
  expect(commandLine(`patch -p1 <<E\n${"\n".repeat(200_001)}E`, paths)).toEqual([{ kind: "unread", what: "a patch of more than 200000 lines" }]);
});

describe("an agent for keys, as its manual starts it", () => {
  test.each(['eval "$(ssh-agent -s)"', "eval $(ssh-agent)", "eval `ssh-agent -s` >/dev/null", 'eval "$(ssh-agent -s)" > /dev/null 2>&1 && ssh-add ~/.ssh/id', ' eval "$(ssh-agent)"; git fetch'])("%s", (text) => expect([text, commandLine(text, paths)]).toEqual([text, []]));

  test.each([
    'eval "$(ssh-agent -s)" "git commit -n"', 'eval "$(ssh-agent -s)" > /dev/null "git commit -n"', 'eval "$(ssh-agent -s)" &> x "git commit -n"', 'eval "$(ssh-agent -s; cat x)"', 'eval "$(ssh-agent sh x)"', 'eval "$(./ssh-agent -s)"', 'eval "$(ssh-agent -s)"x', 'eval "$(ssh-agent -s)" | sh',
    'ssh-agent() { cat x; }; eval "$(ssh-agent -s)"', 'PATH=.; eval "$(ssh-agent -s)"', 'PATH=. eval "$(ssh-agent -s)"', "alias ssh-agent='cat x'\neval \"$(ssh-agent -s)\"", 'eval "$(ssh-agent -s)"; git commit -n', 'eval "$(ssh-agent -s)"\neval "$(ssh-agent -s; cat x)"', 'eval "$(direnv hook bash)"', 'eval "$(brew shellenv)"',
  ])("attack: %s is not that form", (text) => expect([text, stopped(text)]).toEqual([text, true]));
});

describe("work that is nobody's business goes on", () => {
  test.each([
    "ls -la", "cat maestro.yaml .github/workflows/ci.yml", "grep -rn hooksPath .", "git status && git diff && git log --oneline -n 5", "git add -A && git commit -m 'a message about --no-verify and -n'", "git commit -m \"$(cat <<'E'\nlong -n text\nE\n)\"", "git checkout main", "git checkout -b topic", "git checkout -- .", "git stash", "git fetch -n", "git push -n", "git push --dry-run", "git config user.name x", "git config --get core.hooksPath", "git merge -n topic",
    "cp x src/a.ts/y", "cp x round", `mv x ${"a".repeat(300)}`, "sed s/a/b/ maestro.yaml", "sed -n 1,5p maestro.yaml > out.txt", "cp maestro.yaml /tmp/x", "echo x > src/a.ts", "echo > \"$TMP\"", "rm -rf src dist node_modules", "find . -name '*.pyc' -delete", "npm test && bun run build", "for f in src/*.ts; do cat $f; done", "python3 -c 'print(1)'", "curl -o out.json https://x", "echo 'git push' > notes.md", "maestro status", "maestro explain guard.self-edit", "maestro approve --help", "[[ -f maestro.yaml ]] && echo yes", "HUSKY=1 git commit", "make -j4 2>&1 | tee build.log", "cat > src/b.ts <<'E'\ngit push --no-verify\nE",
  ])("%s", (text) => expect([text, commandLine(text, paths).filter(({ kind }) => kind !== "spend")]).toEqual([text, []]));
});

/** Known and not seen. A hook is advice: what these do meets the gate at the push or the merge, where the agent has no say. */
describe("documented as not seen", () => {
  test.each([
    ["a script in a file", "bash ./deploy.sh"],
    ["a target of a build tool", "make push"],
    ["words put together at run time", "echo Z2l0IHB1c2g= | base64 -d | sh"],
    ["a program that writes by itself", "npx prettier --write ."],
    ["a patch from a file", "git apply change.patch"],
    ["code that builds the name", "python -c 'open(\"maes\"+\"tro.yaml\",\"w\")'"],
    ["a git alias that stands already", "git publish"],
    ["a script that commits before a push", "make release"],
    ["a patch in a file", "patch -p1 < change.patch"],
    ["an archive", "tar xf x.tar"],
    ["work that was put aside", "git stash pop"],
    ["a shell that find starts", "find . -name maestro.yaml -exec sh -c 'echo > $1' _ {} \\;"],
    ["words that are split by another IFS", "IFS=,; X=git,commit,-n; $X"],
  ])("%s: %s", (_what, text) => expect([text, stopped(text)]).toEqual([text, false]));
});

/** One afternoon on a build host, step by step, and every known way round it. Users of this machine, a git server with a hook, an operator's daemon. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ReportReply } from "../../proto/report-kpi.ts";
import { skipWithout } from "../testing/skip.ts";
import { Afternoon, AGENT_TRAILER, AGENT_UID, hindrance, PERSON, type Desk } from "./testing/afternoon.ts";
import { oneDocument, type GateDocument, type Ran } from "./testing/world.ts";

setDefaultTimeout(120_000);

const why = hindrance();
const skipped = skipWithout(why === null, why ?? "");

const packageJson = (...names: readonly string[]): string => `${JSON.stringify({ name: "app", version: "1.0.0", dependencies: Object.fromEntries(["left", ...names].map((name) => [name, "1.0.0"])) }, null, 2)}\n`;
const WORKFLOW = ".github/workflows/test.yml";
const RAISED = "on: push\npermissions: {contents: write}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm test\n";

let afternoon: Afternoon;
beforeAll(async () => {
  if (!skipped) afternoon = await Afternoon.start();
});
afterAll(async () => {
  if (!skipped) await afternoon[Symbol.asyncDispose]();
});

const cardOf = (ran: Ran): GateDocument["card"] => (oneDocument(ran) as GateDocument).card;
const deciding = (ran: Ran): string[] => [...new Set(cardOf(ran).reasons.filter(({ effect, observed }) => effect !== "note" && !observed).map(({ rule }) => rule))].sort();

/** Heads that nothing may ever admit. */
const never = new Set<string>();

/** The code host asks for its verdict and does not take it. Resolves with the rules that stand against it. */
async function staysOut(desk: Desk): Promise<string[]> {
  never.add(await desk.git("rev-parse", "HEAD"));
  const push = await desk.push("HEAD:main", "--force");
  expect([push.code, push.stderr]).toEqual([1, expect.stringContaining("pre-receive hook declined")]);
  return [...new Set([...push.stderr.matchAll(/^remote: - ([a-z.-]+):/gm)].map(([, rule = ""]) => rule))].sort();
}

/** A desk whose change waits for a person: an agent brings a new dependency in. */
async function held(name: string): Promise<{ desk: Desk; head: string }> {
  const desk = await afternoon.agent(name);
  const head = await desk.commit({ "package.json": packageJson(name), [`src/${name}.ts`]: `export const ${name} = 1;\n` }, `use ${name}\n\n${AGENT_TRAILER}`);
  return { desk, head };
}

describe.skipIf(skipped)("the afternoon", () => {
  let desk: Desk;
  let head: string;
  let landed: string;
  let bundle: string;

  test("the agent plans, and hears that a person will be asked", async () => {
    desk = await afternoon.agent("feature");
    const ran = await desk.maestro(["plan", "src/feature.ts", "package.json", "--install", "package.json:right"]);
    expect([ran.code, ran.stdout]).toEqual([3, expect.stringMatching(/^ASK\n  hold +dep\.new-runtime /)]);
  });

  test("its hook refuses the edit of a guard, and lets the work be done", async () => {
    const guard = await desk.tool("Edit", { file_path: join(desk.path, "maestro.yaml"), old_string: "version", new_string: "#" });
    expect([guard.code, guard.stderr]).toEqual([2, expect.stringContaining("an agent does not edit what guards its changes")]);
    expect((await desk.tool("Edit", { file_path: join(desk.path, "src/feature.ts"), old_string: "", new_string: "x" })).code).toBe(0);
  });

  test("it pushes to a branch of its own, and not to the guarded one", async () => {
    head = await desk.commit({ "src/feature.ts": "export const feature = 1;\n", "package.json": packageJson("right") }, `feature\n\n${AGENT_TRAILER}`);
    const stopped = await desk.tool("Bash", { command: "git push origin HEAD:main" });
    expect([stopped.code, stopped.stderr]).toEqual([2, expect.stringContaining("dep.new-runtime")]);
    expect((await desk.tool("Bash", { command: "git push origin feature" })).code).toBe(0);
    const pushed = await desk.push("feature");
    expect([pushed.code, pushed.stderr]).toEqual([0, expect.stringContaining("a person has to look before it is merged")]);
  });

  test("the job holds it", async () => {
    const ran = await desk.maestro(["gate", "--json"]);
    expect([ran.code, cardOf(ran).mode, deciding(ran)]).toEqual([3, "host", ["dep.new-runtime"]]);
  });

  test("a person approves that head, by her own user, and the evidence says who", async () => {
    const ran = await afternoon.person(["approve", head.slice(0, 12), "--reason", "read it", "--json"]);
    expect([ran.code, cardOf(ran).releases]).toMatchObject([0, [{ kind: "approve", person: "alice", proof: "uid" }]]);
  });

  test("the target moves on, and the queue's merge commit is admitted by what she said of the change in it", async () => {
    const other = await afternoon.queue("other");
    await other.commit({ "src/other.ts": "export const other = 1;\n" }, "other work", { name: "Bob", email: "bob@example.org" });
    expect((await other.push("other:main")).code).toBe(0);
    const queue = await afternoon.queue("queue");
    await queue.git("-c", "user.name=Queue", "-c", "user.email=queue@example.org", "merge", "-q", "--no-ff", "-m", "merge feature", "origin/feature");
    landed = await queue.git("rev-parse", "HEAD");
    const event = afternoon.world.path("home-50103/event.json");
    writeFileSync(event, JSON.stringify({ merge_group: { head_sha: landed, base_sha: await afternoon.landed(), base_ref: "refs/heads/main" }, repository: { full_name: "acme/app", default_branch: "main" } }));
    const ran = await queue.maestro(["gate", "--merge-group", "--json", "--annotations", "none"], { GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: "merge_group", GITHUB_EVENT_PATH: event, CI: "true" });
    expect([ran.code, cardOf(ran).warnings.join()]).toEqual([0, expect.stringContaining(`what git makes of ${head.slice(0, 12)}`)]);
    expect(cardOf(ran).releases).toMatchObject([{ person: "alice" }]);
    ({ bundle } = oneDocument(ran) as GateDocument);
    expect((await queue.push("queue:main")).code).toBe(0);
    expect(await afternoon.landed()).toBe(landed);
  });

  test("what was merged is what was admitted, by the file and the operator's trust alone", async () => {
    const anybody = await afternoon.queue("anybody");
    const ran = await anybody.maestro(["verify-merge", "origin/main", "--bundle", bundle, "--trust", afternoon.trust], { MAESTRO_SOCKET: "/nonexistent/none.sock" });
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining(`AS ADMITTED  ${landed.slice(0, 12)}`)]);
    expect(ran.stdout).toContain("approved by alice");
  });

  test("the report counts it", async () => {
    const report = oneDocument(await afternoon.world.run(["report", "--window", "1d", "--json"])) as ReportReply;
    expect(report.people?.releases).toEqual([{ person: "alice", approvals: 1, overrides: 0 }]);
    expect(report.rules).toEqual([{ rule: "dep.new-runtime", refused: 0, held: expect.any(Number) as number, would: 0 }]);
    expect(report.kpis.filter(({ value, unmeasured }) => (value === null) === (unmeasured === null))).toEqual([]);
    expect(report.kpis.find(({ id }) => id.includes("override"))).toMatchObject({ value: "0" });
  });
});

describe.skipIf(skipped)("ways round a person, each without an admit:", () => {
  test("trailer removal: the same work without the agent's name", async () => {
    const { desk } = await held("untrailed");
    await desk.git("-c", "user.name=Robot", "-c", "user.email=robot@example.org", "commit", "-q", "--amend", "-m", "use untrailed");
    expect(await staysOut(desk)).toEqual(["dep.new-runtime"]);
  });

  test("rewriting the author to a human", async () => {
    const { desk, head } = await held("rewritten");
    await desk.git("-c", `user.name=${PERSON.name}`, "-c", `user.email=${PERSON.email}`, "commit", "-q", "--amend", "--reset-author", "-m", "use rewritten");
    expect(await staysOut(desk)).toEqual(["dep.new-runtime"]);
    // Whose name is borrowed cannot be talked into it either: she would be releasing what says it is hers.
    const approved = await afternoon.person(["approve", await desk.git("rev-parse", "HEAD"), "--reason", "mine, it says"]);
    expect([approved.code, approved.stderr]).toEqual([4, expect.stringContaining("alice is the author of this change: an address of theirs is an author")]);
    // Whose address it is stands in nothing that leaves the node.
    expect(approved.stderr).not.toContain(PERSON.email);
    expect(head).not.toBe(await desk.git("rev-parse", "HEAD"));
  });

  test("own waiver: in the file, and in maestro.yaml", async () => {
    const { desk } = await held("waived");
    await desk.commit({ "test/w.test.ts": '// maestro-ignore test.skipped -- flaky, says the agent until 2099-01-01\ntest.skip("w", () => expect(1).toBe(1));\n' }, `waive\n\n${AGENT_TRAILER}`);
    expect(await staysOut(desk)).toEqual(["dep.new-runtime", "test.skipped", "waiver.self-added"]);
    await desk.commit({ "maestro.yaml": 'version: 1\nwaivers: [{ rule: dep.new-runtime, path: "**", reason: "mine", owner: alice, until: "2099-01-01" }]\n' }, `waive more\n\n${AGENT_TRAILER}`);
    expect(await staysOut(desk)).toContain("dep.new-runtime");
  });

  test("own approval: by its user, by a key of its own, with a person's name on it", async () => {
    const { desk, head } = await held("selfmade");
    expect((await desk.maestro(["gate"])).code).toBe(3);
    afternoon.keys.make("agent");
    const key = afternoon.handKey("agent");
    for (const args of [[], ["--key", key]]) {
      const ran = await desk.maestro(["approve", head, "--reason", "mine", ...args]);
      expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining("release.denied")]);
    }
    const asked = await desk.tool("Bash", { command: `maestro approve ${head} --reason mine` });
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("person")]);
    await staysOut(desk);
  });

  test("own approval: the person's key, which needs what the agent lacks; with it, it is the person's word", async () => {
    const { desk, head } = await held("keyed");
    expect((await desk.maestro(["gate"])).code).toBe(3);
    const key = afternoon.handKey("carol");
    Bun.spawnSync(["ssh-keygen", "-q", "-p", "-N", "only carol knows", "-f", key]);
    const alone = await desk.maestro(["approve", head, "--reason", "mine", "--key", key], { SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force" });
    expect(alone.code).not.toBe(0);
    expect((await desk.push("HEAD:main")).code).toBe(1);
    // Carol at the agent's terminal: the same user, and her passphrase.
    const askpass = afternoon.world.path("bin/askpass");
    writeFileSync(askpass, "#!/bin/sh\necho 'only carol knows'\n", { mode: 0o755 });
    const carol = await desk.maestro(["approve", head, "--reason", "read it", "--key", key, "--json"], { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" });
    expect([carol.code, cardOf(carol).releases]).toMatchObject([0, [{ person: "carol", proof: "ssh-key" }]]);
  });

  test("workflow edit: by the edit tool, by a shell, and in a commit all the same", async () => {
    const desk = await afternoon.agent("workflow");
    expect((await desk.tool("Write", { file_path: join(desk.path, WORKFLOW), content: RAISED })).code).toBe(2);
    expect((await desk.tool("Bash", { command: `sed -i s/read/write/ ${WORKFLOW}` })).code).toBe(2);
    await desk.commit({ [WORKFLOW]: RAISED }, `faster CI\n\n${AGENT_TRAILER}`);
    expect(await staysOut(desk)).toEqual(expect.arrayContaining(["ci.changed", "ci.permission-raised"]));
  });

  test("hook removal: in the agent's settings and on disk; the gate does not depend on it", async () => {
    const { desk } = await held("unhooked");
    for (const command of ["rm -rf .claude", "git config core.hooksPath /dev/null", "echo '{}' > .claude/settings.json"]) expect((await desk.tool("Bash", { command })).code).toBe(2);
    await desk.commit({ ".claude/settings.json": null }, `tidy up\n\n${AGENT_TRAILER}`);
    expect(await staysOut(desk)).toEqual(["dep.new-runtime", "guard.self-edit"]);
  });

  test("--no-verify: stopped by the agent's hook, and of no use at the code host", async () => {
    const { desk } = await held("unverified");
    expect((await desk.tool("Bash", { command: "git push --no-verify origin HEAD:main" })).code).toBe(2);
    const pushed = await desk.push("HEAD:main", "--no-verify");
    expect([pushed.code, pushed.stderr]).toEqual([1, expect.stringContaining("pre-receive hook declined")]);
  });

  test("editing maestro.yaml in head: the target's counts", async () => {
    const { desk } = await held("loosened");
    await desk.commit({ "maestro.yaml": "version: 1\nrules: { dep.new-runtime: { agent: off, unknown: off }, guard.self-edit: { agent: off } }\n" }, `settings\n\n${AGENT_TRAILER}`);
    expect(await staysOut(desk)).toEqual(["dep.new-runtime", "guard.self-edit"]);
  });

  test("replacing the base by --target: another branch, the change itself, and the caller's own word", async () => {
    const { desk } = await held("based");
    await desk.git("update-ref", "refs/remotes/origin/based", "HEAD");
    // A commit names no branch: the row's own branch is judged against, where the remote has it.
    const by_commit = await desk.maestro(["gate", "--target", await desk.git("rev-parse", "HEAD"), "--json"]);
    expect([by_commit.code, cardOf(by_commit).target_ref, cardOf(by_commit).base]).toEqual([3, "refs/heads/main", await afternoon.landed()]);
    for (const args of [["--target", "HEAD"], ["--target", "origin/based"], ["--local", "--target", "HEAD"]]) {
      expect((await desk.maestro(["gate", ...args])).code, args.join(" ")).not.toBe(0);
    }
    await desk.git("update-ref", "refs/remotes/origin/main", "HEAD");
    await staysOut(desk);
  });

  test("squashing what was approved, or adding to it: another head, which nobody released", async () => {
    const { desk, head } = await held("squashed");
    await desk.maestro(["gate"]);
    expect((await afternoon.person(["approve", head, "--reason", "read it"])).code).toBe(0);
    await desk.commit({ "src/more.ts": "export const more = 1;\n" }, `more\n\n${AGENT_TRAILER}`);
    expect(await staysOut(desk)).toEqual(["dep.new-runtime"]);
    await desk.git("reset", "-q", "--soft", "origin/main");
    await desk.commit({}, "all in one");
    expect(await staysOut(desk)).toEqual(["dep.new-runtime"]);
  });

  test("a merge commit of what was approved with one line that nobody saw", async () => {
    const { desk, head } = await held("evil");
    await desk.maestro(["gate"]);
    expect((await afternoon.person(["approve", head, "--reason", "read it"])).code).toBe(0);
    await desk.git("switch", "-q", "--detach", "origin/main");
    await desk.git("-c", "user.name=Queue", "-c", "user.email=queue@example.org", "merge", "-q", "--no-ff", "--no-commit", head);
    await desk.commit({ "src/extra.ts": "export const extra = 1;\n" }, "merge");
    expect((await desk.git("rev-list", "--parents", "-1", "HEAD")).split(" ")).toHaveLength(3);
    expect(await staysOut(desk)).toEqual(["dep.new-runtime"]);
  });

  test("MAESTRO_* in the environment: a daemon of its own admits nothing that anybody else believes", async () => {
    const { desk } = await held("private");
    const own = { MAESTRO_STATE: join(desk.path, "../own-state"), MAESTRO_SOCKET: join(desk.path, "../own.sock"), MAESTRO_CONFIG: join(desk.path, "../none.yaml") };
    await desk.git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "--amend", "-m", "as a person");
    const out = join(desk.path, "../private.json");
    const made = await desk.maestro(["gate", "--embedded", "--out", out], own);
    // A private daemon believes what commits say of themselves.
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining("mode local")]);
    const checked = await afternoon.person(["verify", out, "--trust", afternoon.trust]);
    expect([checked.code, checked.stdout]).toEqual([3, expect.stringContaining("UNKNOWN SIGNER")]);
    expect(await staysOut(desk)).toEqual(["dep.new-runtime"]);
    await desk.maestro(["stop"], own);
  });

  test("configuration in its home: Maestro's, and git's", async () => {
    const { desk } = await held("homely");
    const home = afternoon.world.path(`home-${AGENT_UID}`);
    for (const folder of [".config/maestro", ".maestro", "state/maestro"]) {
      mkdirSync(join(home, folder), { recursive: true });
      for (const name of ["maestrod.yaml", "maestro.yaml", "config.yaml"]) writeFileSync(join(home, folder, name), "version: 1\nmodes: [local]\nrules: { dep.new-runtime: { agent: off, unknown: off } }\npeople: [{ id: agent, uids: [65534], may: [approve, override] }]\n");
    }
    writeFileSync(join(home, ".gitconfig"), `[core]\n\thooksPath = /dev/null\n[url "file://${desk.path}"]\n\tinsteadOf = git://elsewhere/\n`);
    expect(await staysOut(desk)).toEqual(["dep.new-runtime"]);
    expect((await desk.maestro(["override", "HEAD", "--reason", "mine"])).code).not.toBe(0);
    writeFileSync(join(home, ".gitconfig"), "");
  });

  test("and after all of them nothing stands on the guarded branch but what was admitted", async () => {
    const anybody = await afternoon.queue("last");
    const { entries } = await afternoon.world.client.feed(0);
    const judged = entries.filter(({ head }) => never.has(head));
    expect([new Set(judged.map(({ head }) => head)).size, judged.filter(({ verdict }) => verdict === "admit")]).toEqual([never.size, []]);
    const subjects = (await anybody.git("log", "--first-parent", "--format=%s", "-3", "origin/main")).split("\n");
    expect(subjects).toEqual(["merge feature", "other work", "guard this repository"]);
    expect(readdirSync(anybody.path)).toContain("maestro.yaml");
    expect(readFileSync(join(anybody.path, "package.json"), "utf8")).toBe(packageJson("right"));
  });
});

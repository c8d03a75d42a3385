/** Declared commands in the real sandbox over real trees: every way of not answering, and what a hostile tree tries. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import type { GateResult, GateRequest } from "../../proto/api.ts";
import { toBase64, utf8 } from "../../proto/encoding.ts";
import { World } from "../testing/core.ts";
import { noSandbox } from "../testing/sandbox.ts";
import { skipWithout } from "../testing/skip.ts";
import { createSandbox } from "../platform/sandbox/index.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { Judge } from "../gate/judge.ts";
import { toolJob } from "./jobs.ts";

// Real sandboxes on a busy machine.
setDefaultTimeout(120_000);

let world: World;
let serial = 0;
beforeAll(async () => {
  world = await World.open({
    mounts: { none: { folders: [{ host: "/nonexistent/tools", inside: "/opt/none" }] } },
    limits: { sandbox: { wall_ms: 20_000 }, command: { handed_bytes_max: 1000 } },
  });
});
afterAll(() => world[Symbol.asyncDispose]());

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "declared commands: needs bubblewrap");

type Files = Record<string, string | Uint8Array | null>;

async function repository(base: Files): Promise<Source> {
  const source = world.scratch.source(`source${serial++}`);
  await source.commit(base, "base");
  return source;
}

/** A change over a base whose maestro.yaml is `config`. */
async function gated(config: string, head: Files = { "f.txt": "new\n" }, base: Files = {}, more: Partial<GateRequest> = {}, prepare: (source: Source) => void = () => undefined): Promise<GateResult> {
  const source = await repository({ "maestro.yaml": `version: 1\n${config}`, "f.txt": "old\n", ...base });
  const target = source.git("rev-parse", "HEAD");
  prepare(source);
  const tip = await source.commit(head, "change");
  const intake = await world.received(source, [target, tip], `demo${serial}`);
  return world.gate(intake, { target_ref: "refs/heads/main", target, head: tip, ...more });
}

const checkOf = ({ card }: GateResult, name: string): string => {
  const found = card.checks.find(({ check }) => check === name);
  return found === undefined ? "missing" : `${found.result}${found.because === null ? "" : ` ${found.because}`}`;
};
const sh = (script: string, more = ""): string => `commands:\n  tool:\n    run: [sh, -c, ${JSON.stringify(script)}]\n${more}`;

describe.skipIf(sandboxed)("a command that answers", () => {
  test("runs over the merged tree, in the folder it names, with nothing of the daemon's environment", async () => {
    const script = 'test "$(cat ../f.txt)" = new && test "$(cat in.txt)" = both && test "$WORD" = given && test "$HOME" = /scratch && test -z "$MAESTRO_STATE" && ! touch /change/f.txt 2>/dev/null';
    const result = await gated(sh(script, "    cwd: sub\n    env: {WORD: given}\n"), { "f.txt": "new\n" }, { "sub/in.txt": "both\n" });
    expect([checkOf(result, "command.tool"), result.verdict]).toEqual(["pass", "admit"]);
  });

  test("with an exit code other than 0 refuses, and its last words are the counterexample", async () => {
    const result = await gated(sh("echo one; echo two >&2; exit 7"));
    expect(result.verdict).toBe("refuse");
    const reason = result.card.reasons.find(({ rule }) => rule === "command.tool.exit");
    expect([reason?.because, reason?.excerpt]).toEqual(["a required tool reports an error in a change by a person: it ended with exit code 7", "one\ntwo"]);
  });

  test("and is not required only notes", async () => {
    const result = await gated(sh("exit 7", "    required: false\n"));
    expect([result.verdict, result.card.reasons.map(({ rule, effect }) => `${rule} ${effect}`)]).toEqual(["admit", ["command.tool.exit note"]]);
  });

  test("a submodule is an empty folder to it, and the card says so", async () => {
    const result = await gated(sh('test -z "$(ls sub/module)"'), { "f.txt": "new\n" }, {}, {}, (source) => {
      // git keeps a submodule whose folder is there and empty.
      mkdirSync(join(source.path, "sub/module"), { recursive: true });
      source.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},sub/module`);
    });
    expect(checkOf(result, "command.tool")).toBe("pass");
    expect(result.card.gaps).toContainEqual({ what: "sub/module", because: "a submodule: commands saw an empty folder" });
  });
});

describe.skipIf(sandboxed)("a command that does not answer is never a pass", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["it runs too long", sh("sleep 30", "    deadline_ms: 300\n"), "unavailable it passed wall_ms (300) and was killed"],
    ["it is ended by a signal", sh("kill -SEGV $$"), "unavailable it was ended by SIGSEGV"],
    ["there is no such program", "commands:\n  tool:\n    run: [no-such-program]\n", "unavailable"],
    ["its tool chain is offered and not there", sh("true", "    mounts: [none]\n"), "unavailable"],
    ["it leaves no report", sh("true", "    output: {sarif: out.sarif}\n"), "unavailable its report: it left no /scratch/out.sarif"],
    ["its report is a link out of scratch", sh("ln -s /etc/passwd /scratch/out.sarif", "    output: {sarif: out.sarif}\n"), "unavailable its report: /scratch/out.sarif was not taken"],
    ["its report is broken", sh("echo '{' > /scratch/out.sarif", "    output: {sarif: out.sarif}\n"), "unavailable its report: JSON"],
  ];
  test.each(cases)("%s", async (_, config, says) => {
    const result = await gated(config);
    expect(checkOf(result, "command.tool")).toStartWith(says);
    expect(result.verdict).toBe("hold");
  });

  test("the names a host offers are said", async () => {
    const said = checkOf(await gated(sh("true", "    mounts: [node]\n")), "command.tool");
    expect(said).toContain("it offers system, bun, none; add it under `mounts` of the host configuration");
  });
});

describe.skipIf(sandboxed)("a client that leaves", () => {
  test("ends its command with it, and nothing is on record", async () => {
    const source = await repository({ "maestro.yaml": `version: 1\n${sh("sleep 30")}`, f: "old" });
    const target = source.git("rev-parse", "HEAD");
    const tip = await source.commit({ f: "new" });
    const intake = await world.received(source, [target, tip], "leaver");
    const [client, before, started_ms] = [new AbortController(), world.core.gates.count(), performance.now()];
    const heard = ({ check }: { readonly check: string | null }) => void (check === "size" && setTimeout(() => client.abort(), 400));
    await expect(world.gate(intake, { target_ref: "refs/heads/main", target, head: tip }, undefined, heard, client.signal)).rejects.toMatchObject({ code: "request.cancelled" });
    for (let i = 0; i < 500 && readdirSync(join(world.state_dir, "scratch")).length > 0; i++) await Bun.sleep(10);
    expect([world.core.gates.count(), readdirSync(join(world.state_dir, "scratch")), performance.now() - started_ms < 15_000]).toEqual([before, [], true]);
  });
});

const strangers = skipWithout(Bun.which("runsc") !== null && Bun.which("bwrap") !== null, "commands over strangers' changes: needs runsc");

test.skipIf(strangers)("attack: a stranger's change looks for the machine's kernel and finds the one in between", async () => {
  // gVisor reports a version of its own; the machine's kernel is newer by far.
  const script = "test \"$(uname -r)\" != \"$HOST_KERNEL\"";
  const result = await judgedAs("fork", sh(script, `    env: {HOST_KERNEL: "${release()}"}\n`), null);
  expect(result.slice(0, 2)).toEqual(["pass", null]);
  expect((await judgedAs("local", sh(script, `    env: {HOST_KERNEL: "${release()}"}\n`), null))[0]).toBe("fail");
});

describe.skipIf(sandboxed)("attack: a hostile tree", () => {
  test("attributes of head neither hide a file from the tool nor rewrite one", async () => {
    const head = { ".gitattributes": "evil.js export-ignore\nf.txt export-subst\n", "evil.js": "x\n", "f.txt": "$Format:%H$\n" };
    expect(checkOf(await gated(sh("test -f evil.js && grep -q 'Format:%H' f.txt"), head), "command.tool")).toBe("pass");
  });

  test("a link to the daemon's files leads nowhere in the sandbox", async () => {
    const canary = join(world.state_dir, "canary");
    writeFileSync(canary, "tweet-tweet");
    const result = await gated(sh(`cat link; cat ${canary}; test ! -e ${canary}`), { "f.txt": "new\n" }, {}, {}, (source) => symlinkSync(canary, join(source.path, "link")));
    expect(checkOf(result, "command.tool")).toBe("pass");
    expect(JSON.stringify(result.card)).not.toContain("tweet-tweet");
  });

  test("nothing is left of any tree, report or sandbox", () => {
    for (const folder of ["scratch", "trees"]) expect(readdirSync(join(world.state_dir, folder))).toEqual([]);
  });
});

test("a tree that a killed daemon left behind is gone at the next start", async () => {
  const left = join(world.state_dir, "trees", "gate-killed");
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, "f"), "x");
  await world.stop();
  await world.start();
  expect(existsSync(left)).toBe(false);
});

/** What `command.tool` came to in a judge of its own; `sandbox` null takes the core's kind. */
async function judgedAs(mode: "local" | "fork", config: string, sandbox: Sandbox | null): Promise<[string | undefined, string | null | undefined, string | null | undefined, string]> {
  const { tools, pool, repositories, options } = world.core;
  const [scratch_dir, trees_dir] = [join(world.state_dir, "scratch"), join(world.state_dir, "trees")];
  const own = sandbox ?? createSandbox({ worker: options.host.limits.worker, private_paths: [world.state_dir], work_paths: [trees_dir] });
  const source = await repository({ "maestro.yaml": `version: 1\n${config}`, f: "old" });
  const target = source.git("rev-parse", "HEAD");
  const tip = await source.commit({ f: "new" });
  const intake = await world.received(source, [target, tip], `judged${serial}`);
  const judge = new Judge({ host: options.host, git: tools, pool, sandbox: own, clock: world.clock, scratch_dir, trees_dir, host_policy: { path: join(world.state_dir, "host-policy.tar.gz"), name: "default" } });
  const never = new AbortController().signal;
  await using lane = judge.lane(never, "t");
  const repo = await repositories.open(intake.repo_id, "sha1");
  const judged = await judge.judge({ repository: repo, mode, target_ref: "refs/heads/main", target, head: tip, want_tree_sha256: false, fresh: true, tools: { handed: [] } }, lane, { stage: () => undefined, check: () => undefined }, never);
  if (sandbox === null) await own.close();
  const [tool, obligations] = ["command.tool", "obligations"].map((name) => judged.outcomes.find(({ check }) => check === name));
  return [tool?.result, tool?.because, obligations?.because, judged.decision.verdict];
}

test("without a sandbox a command is unavailable with the remedy, and what hangs on it too; nothing runs unsandboxed", async () => {
  const measured = "obligations:\n  a: {from: {command: tool, file: r.json}, format: json, pointer: /a, max: \"1\"}\n";
  const [result, because, obligations, verdict] = await judgedAs("local", sh("touch ran") + measured, noSandbox);
  expect([result, because]).toEqual(["unavailable", "Outside code cannot be run here without a sandbox; the detail says what to install or allow. (sandbox.unavailable: bwrap is not installed; install bubblewrap)"]);
  expect(obligations).toContain("install bubblewrap");
  expect(verdict).toBe("hold");
});

describe("reports a job hands in", () => {
  const config = 'obligations:\n  a: {from: {report: r}, format: json, pointer: /a, max: "1", accept_from_job: true}\n  b: {from: {report: s}, format: junit, metric: failed, max: "0", required: false}\n';
  const report = (name: string, text: string) => ({ name, bytes: toBase64(utf8(text)) });

  test("one that kills its reader takes no other with it, and is not known", async () => {
    const result = await gated(config, { "f.txt": "new\n" }, {}, { reports: [report("r", '{"a": 1}'), report("s", `<testsuite>${"<a>".repeat(70)}`)] });
    expect(result.card.obligations?.map(({ name, result: came, because }) => [name, came, because])).toEqual([["a", "pass", null], ["b", "unavailable", "it is nested deeper than 64"]]);
    expect(result.verdict).toBe("admit");
  });

  test("two of one name, and more than the limit, are refused before anything runs", async () => {
    await expect(gated(config, { "f.txt": "x\n" }, {}, { reports: [report("r", "1"), report("r", "2")] })).rejects.toMatchObject({ code: "request.malformed" });
    await expect(gated(config, { "f.txt": "x\n" }, {}, { reports: [report("r", " ".repeat(1500))] })).rejects.toMatchObject({ code: "request.too_large" });
  });

  test("the digest of each report is in the evidence as a MAC, and not on the card", async () => {
    const result = await gated(config, { "f.txt": "y\n" }, {}, { reports: [report("r", '{"a": 0}')] });
    const bundle = Buffer.from(result.bundle, "base64").toString();
    const digest = new Bun.CryptoHasher("sha256").update('{"a": 0}').digest("hex");
    expect([bundle.includes(digest), JSON.stringify(result.card).includes(digest), bundle.includes('"component":"obligations"')]).toEqual([false, false, true]);
  });
});

test("attack: a report that was kept is a file somebody replaced", async () => {
  const folder = join(world.scratch.root, "swapped");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "r"), "{}");
  const job = { kind: "measure", format: "json", observer: "job", report: { path: join(folder, "r"), sha256: "0".repeat(64) }, rules: [] } as const;
  await expect(toolJob({ ...job, rules: [] })).rejects.toMatchObject({ code: "worker.protocol" });
  rmSync(folder, { recursive: true });
});

/** Declared commands whose answers are used again: real git, real sandbox, and everything that may have changed, changed. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GateResult } from "../../proto/api.ts";
import type { Outcome } from "../../proto/outcome.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { mergeGateConfig } from "../config/merge.ts";
import { Lane } from "../checking/lane.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";
import { openStore } from "../store/db.ts";
import { World } from "../testing/core.ts";
import { noSandbox } from "../testing/sandbox.ts";
import { skipWithout } from "../testing/skip.ts";
import { ownUser } from "../testing/tenants.ts";
import type { Command } from "../../proto/command.ts";
import type { KeptBodies } from "../store/kept-bodies.ts";
import type { KeptOutcome } from "../store/reuse.ts";
import { openTestHistory } from "./history.ts";
import { Keep, type Attempted } from "./kept.ts";
import { CommandPlans, keepable, reuseFor, type CommandReuse, type Sight, type Surroundings as Around } from "./reuse.ts";
import { plansFor } from "./sights.ts";
import { ToolChains } from "./tools/chains.ts";
import { EXIT_RULE, findingsOf } from "./tool-finding.ts";
import { smallSystem } from "./testing/small-system.ts";

setDefaultTimeout(120_000);

const TOOL = "check";
let world: World;
let root: string;
let serial = 0;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "maestro-tools-"));
  mkdirSync(join(root, "opt"));
  world = await World.open({ mounts: { ...smallSystem(root), rules: { folders: [{ host: join(root, "opt"), inside: "/opt/rules" }] } }, limits: { sandbox: { wall_ms: 20_000 }, command: { reuse_age_s: 600_000 } } });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

const sandboxed = skipWithout(Bun.which("bwrap") !== null && Bun.which("ldd") !== null, "re-use of commands' answers: needs bubblewrap and ldd");

/** What it sees of the tree is its report, and a number in it an obligation; what is beside its inputs is not there, nor where a link among them leads. */
const SCRIPT = "ls -R /change; cat src/n > /scratch/n.json; test ! -e /change/no && ! cat other/x && ! cat src/link";
const command = (name: string, script: string, more: string): string => `  ${name}:\n    run: [sh, -c, ${JSON.stringify(script)}]\n${more}`;
const REUSE = '    reuse: true\n    inputs: ["src/**"]\n';
/** One gate answers for all of them, which is quicker than a gate for each. */
const ALL = `version: 1
commands:
${command(TOOL, SCRIPT, REUSE)}${command("silent", "cat other/x", '    inputs: ["src/**"]\n')}${command("whole", "cat other/x", "    reuse: true\n")}${command("failing", "exit 3", `${REUSE}    required: false\n`)}obligations:
  n: {from: {command: check, file: n.json}, format: json, pointer: "", max: "8"}
`;
type Files = Record<string, string | null>;

class Change {
  readonly name = `reused${serial++}`;
  readonly source: Source = world.scratch.source(this.name);
  target = "";
  head = "";

  static async of(maestro: string, files: Files = {}): Promise<Change> {
    const change = new Change();
    change.target = await change.source.commit({ "maestro.yaml": maestro, "src/n": "7\n", "other/x": "1\n", ...files });
    change.source.git("checkout", "-q", "-b", "change");
    change.head = await change.source.commit({ "src/n": "8\n" });
    return change;
  }

  /** The target moves on, and the change is put on top of it. */
  async rebased(files: Files): Promise<void> {
    this.source.git("checkout", "-q", "main");
    this.target = await this.source.commit(files);
    this.source.git("rebase", "-q", "main", "change");
    this.head = this.source.git("rev-parse", "change");
  }

  async gate({ uid = 7, rerun = false, name = this.name }: { uid?: number; rerun?: boolean; name?: string } = {}): Promise<GateResult> {
    const intake = await world.received(this.source, [this.target, this.head], name, ownUser(uid));
    return world.gate(intake, { target_ref: "refs/heads/main", target: this.target, head: this.head, ...(rerun ? { rerun } : {}) });
  }
}

const of = ({ card }: GateResult, name = TOOL) => card.checks.find(({ check }) => check === `command.${name}`);
const from = ({ gate_id, attempt }: GateResult) => ({ gate_id, attempt });
/** Of each command: what it came to, and where the answer comes from, or that it was asked again. */
const answered = (result: GateResult) => Object.fromEntries([TOOL, "silent", "whole", "failing"].map((name) => [name, [of(result, name)?.result, of(result, name)?.reused ?? "asked"]]));
const ASKED = { check: ["pass", "asked"], silent: ["pass", "asked"], whole: ["pass", "asked"], failing: ["fail", "asked"] };

describe.skipIf(sandboxed)("a command that asks for re-use", () => {
  test("is not run where nothing it sees is another: card, evidence and timings say so; what else is declared, failed or is damaged is asked again", async () => {
    const change = await Change.of(ALL);
    // A link among the inputs to what is beside them.
    symlinkSync("../other/x", join(change.source.path, "src/link"));
    change.head = await change.source.commit({ "src/n": "8\n" });
    const [base, head, first] = [change.target, change.head, await change.gate()];
    expect([first.verdict, answered(first)]).toEqual(["admit", ASKED]);

    // The same tree under another name, as a merge queue makes it.
    change.source.git("checkout", "-q", "-b", "queue", base);
    change.source.git("merge", "-q", "--no-ff", "-m", "Merge", head);
    change.head = change.source.git("rev-parse", "HEAD");
    expect(answered(await change.gate())).toEqual({ ...ASKED, check: ["pass", from(first)], whole: ["pass", from(first)] });

    await change.rebased({ "other/x": "secret\n", "no": "here\n" });
    const rebased = await change.gate();
    expect([rebased.verdict, answered(rebased)]).toEqual(["admit", { ...ASKED, check: ["pass", from(first)] }]);
    expect(rebased.card.obligations?.map(({ name, result, value }) => [name, result, value])).toEqual([["n", "pass", "8"]]);
    const timing = (result: GateResult) => result.timings.by_check.find(({ check }) => check === `command.${TOOL}`);
    expect([timing(rebased)?.us, timing(rebased)?.saved_us]).toEqual([0, timing(first)?.us]);
    expect(Buffer.from(rebased.bundle, "base64").toString()).toContain(`re-used from attempt 1 of ${first.gate_id}`);

    // Everything is asked again where that is asked for, and what is asked then is what the next one is told.
    const again = await change.gate({ rerun: true });
    expect(answered(again)).toEqual(ASKED);
    await change.rebased({ "other/x": "3\n" });
    expect(of(await change.gate())?.reused).toEqual(from(again));
    // Its report lies in a blob; where that is damaged the answer is not believed.
    for (const digest of world.core.outcomes.referred(0)) truncateSync(join(world.state_dir, "oci/blobs/sha256", digest.slice(7)), 0);
    await change.rebased({ "other/x": "4\n" });
    expect(answered(await change.gate())).toEqual(ASKED);
    expect(readdirSync(join(world.state_dir, "trees"))).toEqual([]);
  });

  test("is run again where an input or what a mount holds is another, over the base, too: what a newer tool finds there is not the change's", async () => {
    const change = await Change.of(`version: 1\ncommands:\n${command(TOOL, "cat src/n; cat /opt/rules/out > /scratch/out.sarif", `${REUSE}    mounts: [rules]\n    output: {sarif: out.sarif}\n`)}`);
    const lists = (...rules: string[]) => writeFileSync(join(root, "opt/out"), JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { name: "t" } }, results: rules.map((ruleId) => ({ ruleId, level: "error", message: { text: ruleId } })) }] }));
    const results: GateResult[] = [];
    lists("one");
    results.push(await change.gate());
    change.head = await change.source.commit({ "other/y": "1\n" });
    results.push(await change.gate());
    lists("one", "two");
    change.head = await change.source.commit({ "other/y": "2\n" });
    results.push(await change.gate());
    change.head = await change.source.commit({ "src/more": "in\n" });
    results.push(await change.gate());
    const [first] = results;
    expect(results.map((result) => [result.verdict, of(result)?.result, of(result)?.reused ?? "asked"])).toEqual([["admit", "fail", "asked"], ["admit", "fail", from(first!)], ["admit", "fail", "asked"], ["admit", "fail", "asked"]]);
  });
});

test("attack: a test that is known to be flaky passed once: its command is asked again, also where an answer was kept before that was known", async () => {
  const { tools: git, pool, repositories, options: { host } } = world.core;
  const source = world.scratch.source("flaky");
  const intake = await world.received(source, [await source.commit({ "src/n": "1\n" })], "flaky");
  const repository = await repositories.open(intake.repo_id, intake.object_format);
  const tree = source.git("rev-parse", "HEAD^{tree}");
  const store = openStore({ state_dir: join(root, "history"), limits: host.limits.store, fatal: () => undefined });
  const history = openTestHistory({ store, now_s: () => 1_000 });
  const rows = new Map<string, KeptOutcome>();
  const reuse: CommandReuse = { kept: { table: { get: (key) => rows.get(key), put: () => undefined }, blobs: world.core.artifacts.blobs, now_s: () => 1_000, age_s: 50 }, code: "c", scope: { payer: "7", repo_id: intake.repo_id, mode: "local" }, fresh: false };
  const sandbox: Sandbox = { ...noSandbox, tier: () => Promise.resolve({ usable: true, version: "bubblewrap 0.8" }) };
  const chains = new ToolChains({ limits: host.limits.command, now_ms: () => 0, apart: false });
  const config = { ...mergeGateConfig(host, null, intake.repo_id, "local"), commands: { check: { run: ["sh"], reuse: true, output: { junit: "j.xml" } } } };
  await using lane = new Lane(pool, new AbortController().signal, "7");
  const plansOf = async () => (await plansFor({ host, git, sandbox, history, chains }, { repository, config, lane, reuse, deadline_ms: () => 60_000, files: () => [] }, new Set(["check"]), tree))!;
  const outcome: Outcome = { check: "command.check", result: "pass", because: null, observer: "sandbox", findings: [], findings_cut: 0, gaps: [] };
  const ran: Attempted = { name: "check", because: "", not_applicable: false, ran: { code: 0, tail: "" }, files: new Map(), duration_us: 9 };
  try {
    const before = await plansOf();
    const { keep } = await before.told(ran, { outcome, duration_us: 9 });
    const { key, report_bytes: _, ...rest } = keep!;
    rows.set(key, { at_s: 990, asked: { gate_id: "gate:x", attempt: 1 }, ...rest });
    expect(await (await plansOf()).earlier("check", new Keep("/nowhere"))).not.toBeNull();
    const [place, id] = [{ repo_id: intake.repo_id, command: "check" }, "f".repeat(32)];
    for (let run = 0; run < 14; run++) history.ran(place, String(run >> 1).padStart(64, "0"), run % 2 === 0 ? [id] : [], run % 2 === 0 ? [] : [id]);
    const after = await plansOf();
    expect(await after.earlier("check", new Keep("/nowhere"))).toBeNull();
    expect(await after.told(ran, { outcome, duration_us: 9 })).toEqual({ outcome, duration_us: 9, asked_because: "it has tests that are known to be flaky" });
  } finally {
    await store.close();
  }
});

test("attack: a stranger's change in mode fork: it teaches nothing and is told nothing", () => {
  const of = (mode: "fork" | "host" | "local") => reuseFor({} as KeptBodies, "c", { payer: "7", repo_id: "r", mode }, false);
  expect([of("fork"), of("host")?.scope.mode, of("local")?.scope.mode]).toEqual([undefined, "host", "local"]);
});

test("kept is what passed and what a linter lists; never a failed test, a cut list, or what a signal or limit ended", () => {
  const outcome = (change: Partial<Outcome> = {}): Outcome => ({ check: "command.x", result: "pass", because: null, observer: "sandbox", findings: [], findings_cut: 0, gaps: [], ...change });
  const [junit, sarif] = [{ run: ["x"], output: { junit: "x" } }, { run: ["x"], output: { sarif: "x" } }];
  expect([junit, sarif].map((command) => keepable(command, { code: 0 }, outcome()))).toEqual([true, true]);
  expect([junit, sarif].map((command) => keepable(command, { code: 1 }, outcome({ result: "fail" })))).toEqual([false, true]);
  // A linter without room on its disk ends with a code and an empty list: no word of the tree's.
  const [exit] = findingsOf("x", [{ rule: EXIT_RULE, level: "error", message: "it ended with exit code 2", path: null, line: 1, end_line: 1, excerpt: null }]).findings;
  expect(keepable(sarif, { code: 2 }, outcome({ result: "fail", findings: [exit!] }))).toBe(false);
  expect([137, 143, -1].map((code) => keepable(sarif, { code }, outcome({ result: "fail" })))).toEqual([false, false, false]);
  expect([outcome({ result: "unavailable" }), outcome({ result: "fail", findings_cut: 1 })].map((one) => keepable(sarif, { code: 0 }, one))).toEqual([false, false]);
});

describe("under what an answer is kept", () => {
  const outcome: Outcome = { check: "command.check", result: "pass", because: null, observer: "sandbox", findings: [], findings_cut: 0, gaps: [] };
  const check: Command = { run: ["check"], reuse: true };
  const scope: CommandReuse["scope"] = { payer: "7", repo_id: "local:7:a", mode: "host" };
  const around: Around = { mounts: {}, limits: 1, sandbox: "bwrap 0.8", machine: "x64" };
  const sight: Sight = { command: check, view: { sha256: "v" }, chain: { sha256: "c".repeat(64) }, files: [] };
  const rows = new Map<string, KeptOutcome>();
  const kept = { table: { get: (key: string) => rows.get(key), put: () => undefined }, blobs: {} as KeptBodies["blobs"], now_s: () => 100, age_s: 50 };
  const plans = (over: Partial<Sight> = {}, whose: Partial<CommandReuse["scope"]> = {}, other: Partial<Around> = {}, reuse: Partial<CommandReuse> = {}) =>
    new CommandPlans({ kept, code: "c", scope: { ...scope, ...whose }, fresh: false, ...reuse }, new Map([["check", { ...sight, ...over }]]), { ...around, ...other });
  const found = async (of: CommandPlans) => (await of.earlier("check", new Keep("/nowhere")))?.earlier?.outcome.reused ?? null;
  const ran: Attempted = { name: "check", because: "", not_applicable: false, ran: { code: 0, tail: "" }, files: new Map(), duration_us: 9 };
  const KEPT = { gate_id: "gate:x", attempt: 1 };

  beforeAll(async () => {
    const { keep } = await plans().told(ran, { outcome, duration_us: 9 });
    if (keep === undefined) throw new Error("nothing is to be kept");
    const { key, report_bytes: _, ...rest } = keep;
    rows.set(key, { at_s: 90, asked: KEPT, ...rest });
  });

  test("everything it follows from is the same", async () => {
    expect(await found(plans())).toEqual(KEPT);
    expect(await found(plans({}, {}, {}, { fresh: true }))).toBeNull();
    expect(await found(plans({}, {}, {}, { kept: { ...kept, now_s: () => 141 } }))).toBeNull();
  });

  test("attack: another user, repository or mode taught it: local never answers for host", async () => {
    for (const whose of [{ payer: "8" }, { repo_id: "local:7:b" }, { mode: "local" as const }, { mode: "sealed" as const }]) expect(await found(plans({}, whose))).toBeNull();
  });

  test("other words, environment, limits, files, view, tools, sandbox, machine, mounts or code are another question", async () => {
    for (const over of [{ command: { ...check, run: ["check", "-x"] } }, { command: { ...check, env: { A: "1" } } }, { command: { ...check, deadline_ms: 5 } }, { files: ["r.json"] }, { view: { sha256: "w" } }, { chain: { sha256: "d".repeat(64) } }]) expect(await found(plans(over))).toBeNull();
    for (const other of [{ limits: 2 }, { sandbox: "bwrap 0.9" }, { machine: "arm64" }, { mounts: { a: { folders: [] } } }]) expect(await found(plans({}, {}, other))).toBeNull();
    expect(await found(plans({}, {}, {}, { code: "d" }))).toBeNull();
  });

  test("what cannot be told is asked, and why is said", async () => {
    for (const over of [{ view: { because: "too many files" } }, { chain: { because: "too many files" } }]) {
      expect(await found(plans(over))).toBeNull();
      expect(await plans(over).told(ran, { outcome, duration_us: 9 })).toEqual({ outcome, duration_us: 9, asked_because: "too many files" });
    }
  });
});

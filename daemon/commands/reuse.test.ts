/** Declared commands whose answers are used again: real git, real sandbox, and everything that may have changed, changed. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GateResult } from "../../proto/api.ts";
import type { Outcome } from "../../proto/outcome.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";
import { ownUser } from "../testing/tenants.ts";
import type { Command } from "../../proto/command.ts";
import type { KeptBodies } from "../store/kept-bodies.ts";
import type { KeptOutcome } from "../store/reuse.ts";
import { Keep, type Attempted } from "./kept.ts";
import { CommandPlans, keepable, type CommandReuse, type Sight, type Surroundings as Around } from "./reuse.ts";
import { EXIT_RULE, findingsOf } from "./tool-finding.ts";
import { replaced, smallSystem } from "./testing/small-system.ts";

setDefaultTimeout(120_000);

const TOOL = "check";
let world: World;
let root: string;
let serial = 0;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "maestro-tools-"));
  mkdirSync(join(root, "opt"));
  appendFileSync(join(root, "opt/rules"), "strict\n");
  world = await World.open({ mounts: { ...smallSystem(root), rules: { folders: [{ host: join(root, "opt"), inside: "/opt/rules" }] } }, limits: { sandbox: { wall_ms: 20_000 }, command: { reuse_age_s: 600_000 } } });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

const sandboxed = skipWithout(Bun.which("bwrap") !== null && Bun.which("ldd") !== null, "re-use of commands' answers: needs bubblewrap and ldd");

/** What it sees of the tree is its report, and a number in it an obligation. */
const SCRIPT = 'ls -R /change; cat src/n > /scratch/n.json; test ! -e /change/no';
const config = (script: string, more = "", after = ""): string => `version: 1\ncommands:\n  ${TOOL}:\n    run: [sh, -c, ${JSON.stringify(script)}]\n${more}${after}`;
const REUSE = '    reuse: true\n    inputs: ["src/**"]\n';
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

const of = ({ card }: GateResult) => card.checks.find(({ check }) => check === `command.${TOOL}`);
const from = (result: GateResult) => ({ gate_id: result.gate_id, attempt: result.attempt });
/** Where the answer comes from, or that it was asked again. */
const answered = (result: GateResult) => [of(result)?.result, of(result)?.reused ?? "asked"];

describe.skipIf(sandboxed)("a command that asks for re-use", () => {
  test("is not run after a rebase that touches nothing it sees; card, evidence and timings say so, and what was measured of it stands", async () => {
    const obligation = 'obligations:\n  n: {from: {command: check, file: n.json}, format: json, pointer: "", max: "8"}\n';
    const change = await Change.of(config(SCRIPT, REUSE, obligation));
    const first = await change.gate();
    expect([first.verdict, ...answered(first)]).toEqual(["admit", "pass", "asked"]);
    await change.rebased({ "other/x": "2\n", "no": "here\n" });
    const second = await change.gate();
    expect([second.verdict, ...answered(second)]).toEqual(["admit", "pass", from(first)]);
    expect(second.card.obligations?.map(({ name, result, value }) => [name, result, value])).toEqual([["n", "pass", "8"]]);
    const saved = second.timings.by_check.find(({ check }) => check === `command.${TOOL}`);
    expect([saved?.us, saved?.saved_us === first.timings.by_check.find(({ check }) => check === `command.${TOOL}`)?.us]).toEqual([0, true]);
    expect(Buffer.from(second.bundle, "base64").toString()).toContain(`re-used from attempt 1 of ${first.gate_id}`);
    // Everything is asked again where that is asked for, and what is asked then is what the next one is told.
    const again = await change.gate({ rerun: true });
    expect(answered(again)).toEqual(["pass", "asked"]);
    // Its report lies in a blob; where that is damaged the answer is not believed.
    for (const digest of world.core.outcomes.referred(0)) truncateSync(join(world.state_dir, "oci/blobs/sha256", digest.slice(7)), 0);
    await change.rebased({ "other/x": "4\n" });
    expect(answered(await change.gate())).toEqual(["pass", "asked"]);
  });

  test("is run again where an input, its words, a tool's bytes or what a mount holds is another", async () => {
    const change = await Change.of(config(SCRIPT, `${REUSE}    mounts: [rules]\n`));
    let last = await change.gate();
    const next = async (files: Files): Promise<unknown> => {
      await change.rebased(files);
      const before = last;
      last = await change.gate();
      return of(last)?.reused === undefined ? "asked" : of(last)?.reused?.gate_id === before.gate_id ? "re-used" : "of another";
    };
    expect(await next({ "src/more": "in\n" })).toBe("asked");
    replaced(join(root, "bin/cat"));
    expect(await next({ "other/x": "2\n" })).toBe("asked");
    appendFileSync(join(root, "opt/rules"), "stricter\n");
    expect(await next({ "other/x": "3\n" })).toBe("asked");
    expect(await next({ "other/x": "4\n" })).toBe("re-used");
  });

  test("attack: a file beside its inputs, and a link among them that leads there: neither is there to be read", async () => {
    const change = await Change.of(config("! cat other/x && ! cat src/link", REUSE));
    symlinkSync("../other/x", join(change.source.path, "src/link"));
    change.head = await change.source.commit({ "src/n": "9\n" });
    const first = await change.gate();
    expect(answered(first)).toEqual(["pass", "asked"]);
    await change.rebased({ "other/x": "secret\n" });
    expect(answered(await change.gate())).toEqual(["pass", from(first)]);
  });

  test("without a word about it a command sees the whole tree and is run every time; without inputs it is used again for the same tree alone", async () => {
    const silent = await Change.of(config("cat other/x", '    inputs: ["src/**"]\n'));
    await silent.gate();
    await silent.rebased({ "no": "2\n" });
    expect(answered(await silent.gate())).toEqual(["pass", "asked"]);
    const whole = await Change.of(config("cat other/x", "    reuse: true\n"));
    const [base, head, first] = [whole.target, whole.head, await whole.gate()];
    // The same content under another name, as a merge queue makes it.
    whole.source.git("checkout", "-q", "-b", "queue", base);
    whole.source.git("merge", "-q", "--no-ff", "-m", "Merge", head);
    [whole.target, whole.head] = [base, whole.source.git("rev-parse", "HEAD")];
    expect(answered(await whole.gate())).toEqual(["pass", from(first)]);
  });

  test("what failed without a list of it is asked again, and nothing of any tree is left", async () => {
    const change = await Change.of(config("exit 3", REUSE));
    expect(answered(await change.gate())).toEqual(["fail", "asked"]);
    await change.rebased({ "other/x": "2\n" });
    expect(answered(await change.gate())).toEqual(["fail", "asked"]);
    expect(readdirSync(join(world.state_dir, "trees"))).toEqual([]);
  });
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
  const command: Command = { run: ["check"], reuse: true };
  const scope: CommandReuse["scope"] = { payer: "7", repo_id: "local:7:a", mode: "host" };
  const around: Around = { mounts: {}, limits: 1, sandbox: "bwrap 0.8", machine: "x64" };
  const sight: Sight = { command, view: { sha256: "v" }, chain: { sha256: "c".repeat(64) }, files: [] };
  const rows = new Map<string, KeptOutcome>();
  const kept = { table: { get: (key: string) => rows.get(key), put: () => undefined }, blobs: {} as KeptBodies["blobs"], now_s: () => 100, age_s: 50 };
  const plans = (over: Partial<Sight> = {}, whose: Partial<CommandReuse["scope"]> = {}, other: Partial<Around> = {}, reuse: Partial<CommandReuse> = {}) =>
    new CommandPlans({ kept, code: "c", scope: { ...scope, ...whose }, fresh: false, ...reuse }, new Map([["check", { ...sight, ...over }]]), { ...around, ...other });
  const found = async (of: CommandPlans) => (await of.earlier("check", new Keep("/nowhere")))?.earlier?.outcome.reused ?? null;
  const ran: Attempted = { name: "check", because: "", not_applicable: false, ran: { code: 0, tail: "", files: new Map() }, duration_us: 9 };
  const ASKED = { gate_id: "gate:x", attempt: 1 };

  beforeAll(async () => {
    const { keep } = await plans().told(ran, { outcome, duration_us: 9 });
    if (keep === undefined) throw new Error("nothing is to be kept");
    const { key, report_bytes: _, ...rest } = keep;
    rows.set(key, { at_s: 90, asked: ASKED, ...rest });
  });

  test("everything it follows from is the same", async () => {
    expect(await found(plans())).toEqual(ASKED);
    expect(await found(plans({}, {}, {}, { fresh: true }))).toBeNull();
    expect(await found(plans({}, {}, {}, { kept: { ...kept, now_s: () => 141 } }))).toBeNull();
  });

  test("attack: another user, repository or mode taught it: local never answers for host", async () => {
    for (const whose of [{ payer: "8" }, { repo_id: "local:7:b" }, { mode: "local" as const }, { mode: "sealed" as const }]) expect(await found(plans({}, whose))).toBeNull();
  });

  test("other words, environment, limits, files, view, tools, sandbox, machine, mounts or code are another question", async () => {
    for (const over of [{ command: { ...command, run: ["check", "-x"] } }, { command: { ...command, env: { A: "1" } } }, { command: { ...command, deadline_ms: 5 } }, { files: ["r.json"] }, { view: { sha256: "w" } }, { chain: { sha256: "d".repeat(64) } }]) expect(await found(plans(over))).toBeNull();
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

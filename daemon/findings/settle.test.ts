/** Findings of tools, which may stand anywhere in the tree, against real trees. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Facts } from "../../proto/facts.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import type { SettleJob, SettleReply } from "../../proto/worker.ts";
import { collect } from "../gate/facts/collect.ts";
import { resolveHost, EMBEDDED_CONFIG } from "../config/host.ts";
import { Scratch, type Source } from "../platform/git/testing/scratch.ts";
import { checksummedToken } from "../testing/tokens.ts";
import { settle } from "./settle.ts";

// Real git over hundreds of files, on a busy machine.
setDefaultTimeout(120_000);

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());
const host = resolveHost(EMBEDDED_CONFIG);
const NOW_MS = Date.parse("2026-06-01T00:00:00Z");

const found = (path: string, line: number, message = "eval is not used here", rule = "command.lint.no-eval"): Finding => ({
  rule, message, range: { path: { u: path }, start_line: line, end_line: line }, severity: "error", fingerprint: Bun.SHA256.hash(`${path} ${line} ${rule}`, "hex"), baseline: "not_compared", tags: [], excerpt: null, counterexample: null, fix: null,
});
const outcome = (findings: Finding[]): Outcome => ({ check: "command.lint", result: findings.length > 0 ? "fail" : "pass", because: null, observer: "sandbox", findings, findings_cut: 0, gaps: [] });

interface Change {
  readonly source: Source;
  readonly facts: Facts;
  readonly job: SettleJob;
}

let serial = 0;

/** The facts of target..head as a gate collects them, and the question that follows from them. */
async function asked(source: Source, target: string, head: string, tips: readonly string[] = []): Promise<Change> {
  const repository = await scratch.store.open(`claimed:r${++serial}`, "sha1");
  const all = [target, head, ...tips];
  await scratch.receive(repository, { tips: all }, source.body(source.git("rev-list", ...all).split("\n"), all));
  const facts_path = `${scratch.root}/facts-${serial}.json`;
  const { facts, reply } = await collect({
    kind: "facts", git: scratch.tools, git_dir: repository.git_dir, object_format: "sha1", target, head, want_tree_sha256: false, trusted_target: false,
    facts_path, policy_path: `${facts_path}.policy`, deadline_ms: 30_000, limits: host.limits.facts, declared: { commands: {}, obligations: {} },
  });
  const trusted = reply.trusted ?? { config_commit: null, old_tree: "" };
  return { source, facts, job: { kind: "settle", git: scratch.tools, git_dir: repository.git_dir, object_format: "sha1", facts_path, facts_sha256: reply.facts_sha256, ...trusted, outcomes: [], base_outcomes: [], waivers: [], inline_denied: host.waivers_inline_denied, now_ms: NOW_MS, deadline_ms: 30_000 } };
}

async function changed(base: Record<string, string>, head: Record<string, string | null>): Promise<Change> {
  const source = scratch.source(`s${++serial}`);
  const target = await source.commit(base, "base");
  return asked(source, target, await source.commit(head, "change"));
}

const told = ({ settled, fixed }: SettleReply): string => [...settled.flatMap(({ baseline }) => (baseline === undefined ? [] : [baseline])), ...fixed.flatMap((one) => one.fixed.map(({ rule, count }) => `${rule} fixed ${count}`))].join(", ");
const compared = async ({ facts, job }: Change, now: Finding[], base: Finding[]) => told(await settle({ ...job, outcomes: [outcome(now)], base_outcomes: [outcome(base)] }, facts));

const LINES = (line: string) => `a();\nb();\nc();\n${line}\nd();\ne();\nf();\n`;

describe("a tool's findings beside those on the base's own tree", () => {
  test("in a file that nobody touched, shifted, re-indented, renamed and moved: existing", async () => {
    const change = await changed({ "same.js": LINES("eval(x)"), "shift.js": LINES("eval(y)"), "old.js": LINES("eval(z)"), "from.js": `${LINES("g();")}eval(w)\n`, "to.js": "t();\n" }, { "shift.js": `new();\n${LINES("    eval(y)")}`, "old.js": null, "new.js": LINES("eval(z)"), "from.js": LINES("g();"), "to.js": "t();\neval(w)\n" });
    const now = [found("same.js", 4), found("shift.js", 5), found("new.js", 4), found("to.js", 2)];
    const base = [found("same.js", 4), found("shift.js", 4), found("old.js", 4), found("from.js", 8)];
    expect(await compared(change, now, base)).toBe("existing, existing, existing, existing");
  });

  test("attack: the same words of another line are new, and so is the second of one", async () => {
    const change = await changed({ "a.js": LINES("eval(x)") }, { "a.js": `${LINES("eval(steal(x))")}eval(x)\neval(x)\n` });
    expect(await compared(change, [found("a.js", 4), found("a.js", 8), found("a.js", 9)], [found("a.js", 4)])).toBe("new, existing, new");
  });

  test("attack: another line that is the same as far as anybody looks", async () => {
    const long = (end: string) => LINES(`x(${"a, ".repeat(2_000)}${end})`);
    const at = [found("a.js", 4)];
    expect(await compared(await changed({ "a.js": long("eval(x)") }, { "a.js": long("eval(steal(x))") }), at, at)).toBe("new, command.lint.no-eval fixed 1");
    expect(await compared(await changed({ "a.js": long("eval(x)") }, { "a.js": `${long("eval(x)")}more();\n` }), at, at)).toBe("existing");
  });

  test("attack: moved to where another folder's rules speak of it", async () => {
    const base = { "else/a.js": LINES("eval(x)"), "pay/b.js": "b();\n" };
    const moved = await changed(base, { "else/a.js": null, "pay/a.js": LINES("eval(x)") });
    const pasted = await changed(base, { "else/a.js": LINES("safe(x)"), "pay/b.js": "b();\neval(x)\n" });
    const under = (change: Change, folders: string[]) => ({ ...change, job: { ...change.job, folders } });
    for (const [change, now] of [[moved, found("pay/a.js", 4)], [pasted, found("pay/b.js", 2)]] as const) {
      expect(await compared(under(change, ["pay"]), [now], [found("else/a.js", 4)])).toBe("new, command.lint.no-eval fixed 1");
      expect(await compared(under(change, ["pay/sub"]), [now], [found("else/a.js", 4)])).toBe("existing");
    }
  });

  test("attack: moved out of the reach of a waiver that accepts it", async () => {
    const base = { "docs/a.js": LINES("eval(x)"), "src/b.js": "b();\n" };
    const moved = await changed(base, { "docs/a.js": null, "src/a.js": LINES("eval(x)") });
    const pasted = await changed(base, { "docs/a.js": LINES("safe(x)"), "src/b.js": "b();\neval(x)\n" });
    const with_waiver = (change: Change, rule: string, paths: string[]) => ({ ...change, job: { ...change.job, waivers: [{ folder: "", rule, paths, owner: "ada", reason: "shows what not to do", until: "2026-12-01" }] } });
    for (const [change, now] of [[moved, found("src/a.js", 4)], [pasted, found("src/b.js", 2)]] as const) {
      expect(await compared(with_waiver(change, "command.lint.*", ["docs"]), [now], [found("docs/a.js", 4)])).toBe("new, command.lint.no-eval fixed 1");
      expect(await compared(with_waiver(change, "command.other.*", ["docs"]), [now], [found("docs/a.js", 4)])).toBe("existing");
      expect(await compared(with_waiver(change, "command.lint.*", ["**"]), [now], [found("docs/a.js", 4)])).toBe("existing");
    }
  });

  test("attack: in a file too large to be read, another line of which the tool says the same", async () => {
    const large = "x".repeat(1_000_000);
    const rows = (first: string, last: string) => `${first}\n${`${large}\n`.repeat(5)}${last}\n`;
    const change = await changed({ "a.js": rows("a();", "eval(x)"), "same.js": rows("s();", "eval(s)"), "b.js": "b\n" }, { "a.js": rows("b();", "eval(x)") });
    // Nothing between the first lines and the last is shown, and the file is not read.
    expect(await compared(change, [found("a.js", 7)], [found("a.js", 7)])).toBe("new, command.lint.no-eval fixed 1");
    expect(await compared(change, [found("a.js", 7)], [found("same.js", 7)])).toBe("new, command.lint.no-eval fixed 1");
    // Nobody touched it, so whatever its line is, it is the one that it was; elsewhere its words say nothing.
    expect(await compared(change, [found("same.js", 7)], [found("same.js", 7)])).toBe("existing");
    expect(await compared(change, [found("same.js", 7)], [found("gone.js", 7)])).toBe("new, command.lint.no-eval fixed 1");
  });

  test("attack: findings in so many files that those of the change are not read", async () => {
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`m/${i}.js`, `eval(${i})\n`]));
    const last = (line: string) => LINES(line).repeat(3);
    const change = await changed({ ...many, "z.js": last("eval(z)") }, { "z.js": `more();\n${last("eval(z)")}` });
    const everywhere = Object.keys(many).map((path) => found(path, 1));
    const [now, base] = [[...everywhere, found("z.js", 19)], [...everywhere, found("z.js", 18)]];
    const { settled } = await settle({ ...change.job, outcomes: [outcome(now)], base_outcomes: [outcome(base)] }, change.facts);
    expect(settled.map(({ baseline }) => baseline)).toEqual(now.map(() => "existing"));
  });

  test("what the base alone has is fixed, by rule", async () => {
    const change = await changed({ "a.js": LINES("eval(x)") }, { "a.js": LINES("safe(x)") });
    expect(await compared(change, [], [found("a.js", 4), found("a.js", 4, "unused", "command.lint.unused")])).toBe("command.lint.no-eval fixed 1, command.lint.unused fixed 1");
  });

  test("attack: that the tool fails on the base, too, excuses no failure", async () => {
    const change = await changed({ "a.js": "a\n" }, { "a.js": "b\n" });
    const exit: Finding = { ...found("a.js", 1, "it ended with exit code 1", "command.lint.exit"), range: null };
    expect(await compared(change, [exit], [exit])).toBe("");
  });
});

describe("waivers of a tool's findings", () => {
  const W = "// maestro-ignore command.lint.* -- generated by hand until 2026-12-01";
  const state = async ({ facts, job }: Change, finding: Finding) => (await settle({ ...job, outcomes: [outcome([finding])] }, facts)).settled.map(({ waiver }) => [waiver?.state, waiver?.because ?? null])[0];

  test("count in a file that the change does not touch, above the line and beside it", async () => {
    const change = await changed({ "a.js": `a();\n${W}\neval(x)\neval(y) ${W}\neval(z)\n` }, { "b.js": "b\n" });
    expect(await state(change, found("a.js", 3))).toEqual(["accepted", null]);
    expect(await state(change, found("a.js", 4))).toEqual(["accepted", null]);
    // The comment beside line 4 speaks of that line alone.
    expect(await state(change, found("a.js", 5))).toEqual([undefined, null]);
    expect(await state(change, found("a.js", 1))).toEqual([undefined, null]);
  });

  test("attack: a target that the caller made up is not the trusted base", async () => {
    const source = scratch.source(`s${++serial}`);
    const fork = await source.commit({ "a.js": LINES("eval(x)") }, "fork");
    const target = await source.commit({ "a.js": LINES(`${W}\neval(x)`) }, "the caller's own target");
    source.git("checkout", "-q", "-b", "side", fork);
    const change = await asked(source, target, await source.commit({ "b.js": "b\n" }, "change"), [fork]);
    expect(change.facts.files.map(({ path }) => path)).toEqual([{ u: "b.js" }]);
    expect(await state(change, found("a.js", 5))).toEqual(["refused", "the trusted base does not have that line"]);
  });

  test("attack: a waiver carried along in a renamed file is the base's; one in a new copy is not", async () => {
    const text = `a();\nb();\nc();\n${W}\neval(x)\n`;
    expect(await state(await changed({ "a.js": text }, { "a.js": null, "b.js": text }), found("b.js", 5))).toEqual(["accepted", null]);
    expect(await state(await changed({ "a.js": text }, { "b.js": text }), found("b.js", 5))).toEqual(["refused", "the change itself brings it"]);
  });

  test("attack: a line put between the waiver and what it speaks of", async () => {
    const text = (...lines: string[]) => ["a();", "b();", W, ...lines, "c();", "d();", "e();", "f();", "g();", ""].join("\n");
    const put = async (base: string, head: string) => state(await changed({ "a.js": base }, { "a.js": head }), found("a.js", 4));
    expect(await put(text("eval(x)"), text("eval(y)", "eval(x)"))).toEqual(["refused", "the change puts another line beneath it than the one it spoke of"]);
    expect(await put(text("eval(x)"), text("eval(y)", "z();", "eval(x)"))).toEqual(["refused", "the change puts another line beneath it than the one it spoke of"]);
    expect(await put(`${W}\n`, `x();\ny();\n${W}\neval(y)\n`)).toEqual(["refused", "the change puts another line beneath it than the one it spoke of"]);
    // Edited, re-indented, or moved further down in its file it is the one that was waived.
    expect(await put(text("eval(x)"), text("  eval(x, y)"))).toEqual(["accepted", null]);
    expect(await put(text("eval(x)").replace("a();\n", ""), text("eval(x)"))).toEqual(["accepted", null]);
  });

  test("attack: without a reason it accepts nothing; nor does one of what decides on waivers", async () => {
    const change = await changed({ "a.js": "// maestro-ignore command.lint.* -- until 2026-12-01\neval(x)\n// maestro-ignore waiver.* -- x until 2026-12-01\ny\n" }, { "b.js": "b\n" });
    expect(await state(change, found("a.js", 2))).toEqual(["refused", "it gives no reason; write ` -- ` and why"]);
    expect(await state(change, found("a.js", 4, "x", "waiver.self-added"))).toEqual([undefined, null]);
  });
});

describe("the baseline file", () => {
  test("says what is no longer found, of tools that looked everywhere and of no others", async () => {
    const change = await changed({ ".maestro-baseline.json": '{"version":1,"findings":[{"rule":"command.lint.no-eval","path":"a.js","identity":"' + "a".repeat(64) + '","count":2},{"rule":"code.debugger","path":"a.js","identity":"' + "b".repeat(64) + '","count":1}]}' }, { "b.js": "b\n" });
    const reply = await settle({ ...change.job, outcomes: [outcome([])] }, change.facts);
    expect(reply.stale).toBe(".maestro-baseline.json lists what is no longer found: 2 of command.lint.no-eval in a.js; `maestro baseline` takes it out");
    expect((await settle({ ...change.job, outcomes: [{ ...outcome([]), result: "unavailable", because: "killed" }] }, change.facts)).stale).toBeNull();
  });

  test("attack: in a file of the change that is too large to be read, an entry speaks of any line that the tool says the same of", async () => {
    const rows = (first: string) => `${first}\n${`${"x".repeat(1_000_000)}\n`.repeat(5)}eval(x)\n`;
    const taken = async (head: Record<string, string>, entries: object[]) => {
      const change = await changed({ ".maestro-baseline.json": JSON.stringify({ version: 1, findings: entries }), "a.js": rows("a();") }, head);
      return (await settle({ ...change.job, outcomes: [outcome([found("a.js", 7)])] }, change.facts)).settled[0];
    };
    const entry = { rule: "command.lint.no-eval", path: "a.js", identity: (await taken({ "b.js": "b\n" }, []))?.identity ?? "", count: 1 };
    expect((await taken({ "b.js": "b\n" }, [entry]))?.baseline).toBe("existing");
    expect(await taken({ "a.js": rows("b();") }, [entry])).toEqual({ check: "command.lint", finding: 0, identity: entry.identity });
  });

  test("attack: another credential in place of the one that an entry lists, which masked look alike", async () => {
    const line = (seed: string) => LINES(`const key = "${checksummedToken("ghp", seed)}";`);
    const taken = async (base: string, head: string, entries: object[], more: Record<string, string> = {}) => {
      const change = await changed({ ".maestro-baseline.json": JSON.stringify({ version: 1, findings: entries }), "a.js": base }, { "a.js": head, ...more });
      return (await settle({ ...change.job, outcomes: [outcome([found("a.js", 4)])] }, change.facts)).settled[0];
    };
    const entry = { rule: "command.lint.no-eval", path: "a.js", identity: (await taken(line("one"), line("one"), [], { "b.js": "b\n" }))?.identity ?? "", count: 1 };
    expect(await taken(line("one"), line("two"), [entry])).toMatchObject({ identity: entry.identity });
    expect((await taken(line("one"), line("two"), [entry]))?.baseline).toBeUndefined();
    // Where the line stands as it stood, the entry speaks of it.
    expect((await taken(line("one"), `${line("one")}more();\n`, [entry]))?.baseline).toBe("existing");
  });
});

/** Waivers, baseline file and folders from a commit to the verdict: real git, real check processes, and a clock that is told. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { GateResult } from "../../proto/api.ts";
import { BASELINE_FILE_NAME } from "../../proto/waiver.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { World } from "../testing/core.ts";
import { checksummedToken } from "../testing/tokens.ts";

// Real check processes on a busy machine.
setDefaultTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const comment = (until: string, rule = "code.debugger") => `// maestro-ignore ${rule} -- the tutorial stops here until ${until}`;
const CODE = (line: string, above = "") => `export function run() {\n${above === "" ? "" : `  ${above}\n`}  ${line}\n}\n`;
let serial = 0;
type Files = Record<string, string | null>;

/** Two commits in a repository of its own; `more` are further tips whose trees are sent. */
async function changed(base: Files, head: Files): Promise<{ source: Source; base: string; head: string }> {
  const source = world.scratch.source(`s${++serial}`);
  const first = await source.commit({ "README.md": "x\n", ...base }, "base");
  return { source, base: first, head: await source.commit(head, "change") };
}

async function judged(base: Files, head: Files): Promise<GateResult> {
  const { source, ...commits } = await changed(base, head);
  return gated(source, commits.base, commits.head);
}

async function gated(source: Source, target: string, head: string, more: readonly string[] = []): Promise<GateResult> {
  return world.gate(await world.received(source, [target, head, ...more], `r${++serial}`), { target_ref: "refs/heads/main", target, head });
}

const said = ({ card }: GateResult): string[] => card.reasons.map(({ rule, effect, accepted }) => `${rule} ${effect}${accepted === undefined ? "" : ` ${accepted}`}`);

describe("a comment beside the line", () => {
  test("of the trusted base accepts what comes below it, until its day is over", async () => {
    const { source, base, head } = await changed({ "a.ts": CODE("x();", comment("2026-01-01")) }, { "a.ts": CODE("debugger;", comment("2026-01-01")) });
    const result = await gated(source, base, head);
    expect([result.verdict, said(result), result.card.compared?.waived]).toEqual(["admit", ["code.debugger note waived"], 1]);
    expect(result.card.reasons[0]?.because).toStartWith("accepted by A <[e-mail]> until 2026-01-01 (the tutorial stops here): ");
    // The answer is not on record any longer than the waiver it rests on.
    world.clock.advance(86_400_000);
    const later = await gated(source, base, head);
    expect([later.verdict, said(later)]).toEqual(["refuse", ["code.debugger refuse", "waiver.expired note"]]);
  });

  test("attack: brought by the change itself it accepts nothing, and holds", async () => {
    const result = await judged({ "a.ts": CODE("x();") }, { "a.ts": CODE("debugger;", comment("2030-01-01")) });
    expect([result.verdict, said(result)]).toEqual(["refuse", ["code.debugger refuse", "waiver.self-added hold", "waiver.refused note"]]);
  });

  test("attack: laid down as prose, where it counts for nothing, and renamed to a program before it is used", async () => {
    const text = CODE("x();", comment("2030-01-01"));
    expect(said(await judged({ "a.ts": "a\n" }, { "notes.md": text }))).toEqual([]);
    const renamed = await judged({ "notes.md": text }, { "notes.md": null, "b.ts": text });
    expect([renamed.verdict, said(renamed)]).toEqual(["hold", ["waiver.self-added hold"]]);
    const bare = CODE("debugger;");
    expect(said(await judged({ "notes.md": bare }, { "notes.md": null, "b.ts": bare }))).toContain("code.debugger refuse");
  });

  test("attack: no comment accepts a credential", async () => {
    const line = comment("2030-01-01", "secret.token");
    const result = await judged({ "a.ts": CODE("x();", line) }, { "a.ts": CODE(`const token = "${checksummedToken("ghp", "waived")}";`, line) });
    expect([result.verdict, said(result)]).toEqual(["refuse", ["secret.token refuse", "waiver.refused note"]]);
  });

  test("who brought the line is the author of the first commit that has it, where its history was sent", async () => {
    const source = world.scratch.source(`s${++serial}`);
    const none = await source.commit({ "a.ts": CODE("x();") }, "without");
    source.git("config", "user.name", "Grace");
    await Bun.write(`${source.path}/a.ts`, CODE("x();", comment("2030-01-01")));
    source.git("add", "-A");
    source.git("commit", "-q", "-m", "waiver", "--author", "Grace <g@example.org>");
    const brought = source.git("rev-parse", "HEAD");
    const base = await source.commit({ "b.ts": "b\n" }, "later");
    const head = await source.commit({ "a.ts": CODE("debugger;", comment("2030-01-01")) }, "change");
    expect((await gated(source, base, head, [none, brought])).card.reasons[0]?.because).toStartWith("accepted by Grace <[e-mail]> until");
    expect((await gated(source, base, head)).card.reasons[0]?.because).toStartWith("accepted by somebody unknown until");
  });
});

const waiver = (until: string, paths: string) => `version: 1\nwaivers:\n  - { rule: code.debugger, paths: [${paths}], owner: Ada, reason: the tutorial stops here, until: ${until} }\n`;

describe("an entry of maestro.yaml at the trusted base", () => {
  test("accepts in its paths and no others; a folder's speaks of that folder alone", async () => {
    const config = { "maestro.yaml": waiver("2030-01-01", "docs"), "pay/maestro.yaml": waiver("2030-01-01", "'**'") };
    const result = await judged(config, { "docs/a.ts": CODE("debugger;"), "pay/b/c.ts": CODE("debugger;"), "src/a.ts": CODE("debugger;") });
    expect([result.verdict, said(result)]).toEqual(["refuse", ["code.debugger refuse", "code.debugger note waived"]]);
    expect(result.card.reasons.map(({ ranges }) => ranges.map(({ path }) => ("u" in path ? path.u : "")))).toEqual([["src/a.ts"], ["docs/a.ts", "pay/b/c.ts"]]);
    const admitted = await judged(config, { "docs/a.ts": CODE("debugger;") });
    expect(admitted.verdict).toBe("admit");
  });

  test.each(["2025-12-31", "soon"])("attack: until %s it is over, and the card says so", async (until) => {
    const result = await judged({ "maestro.yaml": waiver(until, "'**'") }, { "a.ts": CODE("debugger;") });
    expect([result.verdict, said(result)]).toEqual(["refuse", ["code.debugger refuse", "waiver.expired note"]]);
  });

  describe("attack: what it accepts in its paths is moved out of them", () => {
    const code = `${"x();\n".repeat(20)}${CODE("debugger;")}`;
    const config = { "maestro.yaml": waiver("2030-01-01", "docs") };

    test.each(["2030-01-01", "2025-12-31"])("by a rename, which shows no line, whether it holds still or not (until %s)", async (until) => {
      const moved = await judged({ "maestro.yaml": waiver(until, "docs"), "docs/a.ts": code }, { "docs/a.ts": null, "src/a.ts": code });
      expect([moved.verdict, said(moved)]).toEqual(["refuse", ["code.debugger refuse"]]);
    });

    test("cut from one file and pasted into another", async () => {
      const [docs, src] = ["d();\n".repeat(20), "s();\n".repeat(20)];
      const pasted = await judged({ ...config, "docs/a.ts": `${docs}debugger;\n`, "src/a.ts": src }, { "docs/a.ts": docs, "src/a.ts": `${src}debugger;\n` });
      expect([pasted.verdict, said(pasted)]).toEqual(["refuse", ["code.debugger refuse"]]);
    });

    test("moved within its paths, or where no waiver speaks of either place, it is what it was", async () => {
      expect(said(await judged({ ...config, "docs/a.ts": code }, { "docs/a.ts": null, "docs/sub/a.ts": `y();\n${code}` }))).toEqual([]);
      const outside = await judged({ ...config, "src/a.ts": code, "lib/b.ts": "b();\n" }, { "src/a.ts": code.replace("  debugger;\n", ""), "lib/b.ts": "b();\ndebugger;\n" });
      expect([outside.verdict, said(outside)]).toEqual(["admit", ["code.debugger note existing"]]);
    });
  });

  test("attack: one that the change brings holds and accepts nothing", async () => {
    const result = await judged({}, { "maestro.yaml": waiver("2030-01-01", "'**'"), "a.ts": CODE("debugger;") });
    expect([result.verdict, said(result).filter((rule) => !rule.startsWith("guard."))]).toEqual(["refuse", ["code.debugger refuse", "waiver.self-added hold"]]);
  });
});

describe("folders", () => {
  const strict = "version: 1\nrules:\n  ci.changed: { human: refuse }\n  guard.self-edit: { human: refuse }\n";

  test("a folder's rules hold for files below it, and nowhere else", async () => {
    const inside = await judged({ "pay/maestro.yaml": strict }, { "pay/AGENTS.md": "do\n", "AGENTS.md": "do\n" });
    expect([inside.verdict, said(inside)]).toEqual(["refuse", ["guard.self-edit refuse", "guard.self-edit note"]]);
    expect((await judged({ "pay/maestro.yaml": strict }, { "AGENTS.md": "do\n" })).verdict).toBe("admit");
  });

  test("attack: a change that takes the folder's file away is still held to it", async () => {
    const result = await judged({ "pay/maestro.yaml": strict }, { "pay/maestro.yaml": null, "pay/AGENTS.md": "do\n" });
    expect([result.verdict, said(result)[0]]).toEqual(["refuse", "guard.self-edit refuse"]);
  });

  test("attack: the folder is renamed as a whole, so that its file goes under the rules of another place", async () => {
    const result = await judged({ "pay/maestro.yaml": strict, "pay/a.ts": "a();\n".repeat(9) }, { "pay/maestro.yaml": null, "pay/a.ts": null, "bill/maestro.yaml": strict, "bill/a.ts": "a();\n".repeat(9) });
    expect([result.verdict, said(result)]).toEqual(["refuse", ["guard.self-edit refuse", "guard.self-edit note"]]);
  });

  describe("attack: a test is skipped where that is a note, then brought to the folder that refuses it", () => {
    const pay = { "pay/maestro.yaml": "version: 1\nrules:\n  test.skipped: { human: refuse }\n" };
    const suite = (call: string) => `${Array.from({ length: 12 }, (_, i) => `test("case ${i}", () => {\n  expect(f(${i})).toBe(${i});\n});\n`).join("")}${call}("pays once", () => {\n  expect(paid()).toBe(1);\n});\n`;
    const skipped = suite("test.skip");

    test("by a rename, which shows no line", async () => {
      const away = await judged({ ...pay, "pay/a.test.ts": suite("test") }, { "pay/a.test.ts": null, "else/a.test.ts": skipped });
      expect([away.verdict, said(away)]).toEqual(["admit", ["test.skipped note"]]);
      const back = await judged({ ...pay, "else/a.test.ts": skipped }, { "else/a.test.ts": null, "pay/a.test.ts": skipped });
      expect([back.verdict, said(back), back.card.compared?.existing]).toEqual(["refuse", ["test.skipped refuse"], 0]);
    });

    test("cut from one file and pasted into another", async () => {
      const rest = { "else/a.test.ts": suite("test"), "pay/b.test.ts": suite("test").replaceAll("case", "other") };
      const line = "test.skip(\"pays once\", pays);\n";
      const back = await judged({ ...pay, ...rest, "else/a.test.ts": `${rest["else/a.test.ts"]}${line}` }, { "else/a.test.ts": rest["else/a.test.ts"], "pay/b.test.ts": `${rest["pay/b.test.ts"]}${line}` });
      expect([back.verdict, said(back)]).toEqual(["refuse", ["test.skipped refuse"]]);
    });

    test("a move below the folder is still a rename, and brings nothing", async () => {
      const moved = await judged({ ...pay, "pay/a.test.ts": skipped }, { "pay/a.test.ts": null, "pay/sub/a.test.ts": skipped.replace("test.skip(", "  test.skip(") });
      expect([moved.verdict, said(moved)]).toEqual(["admit", []]);
    });
  });

  test("attack: one that loosens makes the configuration broken, named with its path", async () => {
    const result = await judged({ "maestro.yaml": strict, "pay/maestro.yaml": "version: 1\nrules:\n  guard.self-edit: { human: pass }\n" }, { "pay/AGENTS.md": "do\n" });
    const broken = result.card.reasons.find(({ rule }) => rule === "gate.config-broken");
    expect([result.verdict, broken?.because]).toEqual(["hold", expect.stringContaining("pay/maestro.yaml: rules.guard.self-edit.human: pass is looser than the root's refuse")]);
  });
});

describe("the baseline file", () => {
  /** What the gate itself says of the line: the identity that `maestro baseline` would write. */
  async function identity(): Promise<string> {
    const { source, base, head } = await changed({}, { "a.ts": CODE("debugger;") });
    const intake = await world.received(source, [base, head], "identity");
    const result = await world.gate(intake, { target_ref: "refs/heads/main", target: base, head });
    const row = world.core.gates.attempts(result.gate_id).at(-1);
    const reply = row === undefined ? undefined : await world.core.artifacts.blobs.get(row.reply);
    const kept = JSON.parse(new TextDecoder().decode(reply)) as { findings: { findings: { finding: { identity: string } }[] } };
    return kept.findings.findings[0]?.finding.identity ?? "";
  }
  const file = (id: string, path: string, count = 1, rule = "code.debugger") => `${JSON.stringify({ version: 1, findings: [{ rule, path, identity: id, count }] })}\n`;

  test("of the trusted base makes what it lists known, line by line, through a rename and another indentation", async () => {
    const id = await identity();
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const known = await judged({ [BASELINE_FILE_NAME]: file(id, "a.ts") }, { "a.ts": CODE("  debugger;") });
    expect([known.verdict, said(known)]).toEqual(["admit", ["code.debugger note existing"]]);
    const twice = await judged({ [BASELINE_FILE_NAME]: file(id, "a.ts") }, { "a.ts": CODE("debugger;") + CODE("debugger;") });
    expect([twice.verdict, twice.card.compared?.existing, twice.card.compared?.new]).toEqual(["refuse", 1, 1]);
    const old = `${"x();\n".repeat(20)}`;
    const moved = await judged({ [BASELINE_FILE_NAME]: file(id, "a.ts"), "a.ts": old }, { "a.ts": null, "b.ts": `${old}debugger;\n` });
    expect([moved.verdict, said(moved)]).toEqual(["admit", ["code.debugger note existing"]]);
  });

  test("attack: an entry does not follow its file to a folder with rules of its own", async () => {
    const pay = { "pay/maestro.yaml": "version: 1\nthresholds: { size_lines_max: 200 }\n" };
    const id = await identity();
    const old = "x();\n".repeat(20);
    const base = { ...pay, [BASELINE_FILE_NAME]: file(id, "a.ts"), "a.ts": old };
    const moved = await judged(base, { "a.ts": null, "pay/a.ts": `${old}debugger;\n` });
    expect([moved.verdict, said(moved)]).toEqual(["refuse", ["code.debugger refuse"]]);
    // Nor may the change carry it there.
    const carried = await judged(base, { [BASELINE_FILE_NAME]: file(id, "pay/a.ts"), "a.ts": null, "pay/a.ts": `${old}debugger;\n` });
    expect([carried.verdict, said(carried)]).toEqual(["refuse", expect.arrayContaining(["code.debugger refuse", "baseline.grown hold"])]);
  });

  test("attack: written by the change it lists nothing, and growing holds", async () => {
    const result = await judged({}, { [BASELINE_FILE_NAME]: file(await identity(), "a.ts"), "a.ts": CODE("debugger;") });
    expect([result.verdict, said(result).filter((rule) => !rule.startsWith("guard."))]).toEqual(["refuse", ["code.debugger refuse", "baseline.grown hold"]]);
  });

  test("one nobody can read accepts nothing, and is said", async () => {
    const result = await judged({ [BASELINE_FILE_NAME]: "{" }, { "a.ts": CODE("debugger;") });
    expect([result.verdict, said(result)]).toEqual(["refuse", ["code.debugger refuse", "baseline.stale note"]]);
  });
});

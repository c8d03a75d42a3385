/** Which edits of a change decide what a declared command says. */
import { describe, expect, test } from "bun:test";
import { toBase64, utf8 } from "../../../../proto/encoding.ts";
import type { DeclaredCommand, RunnerFile } from "../../../../proto/facts.ts";
import { outcomeOf, placeOf } from "../../../testing/checks.ts";
import type { TextChange } from "../../../testing/facts.ts";
import guards from "../guards.ts";
import { partFor } from "./makefile.ts";
import { traceOf } from "./trace.ts";

type Texts = Readonly<Record<string, string | null | readonly [string | null, string | null]>>;

const declared = (run: readonly string[], more: Partial<DeclaredCommand> = {}): DeclaredCommand => ({ name: "check", run: [...run], cwd: "", env: [], guards: [], required: true, obligations: [], ...more });

/** What a collector would hand over: the files that the words lead through, and those of them that are not there. */
function runnersOf(command: DeclaredCommand, texts: Texts): RunnerFile[] {
  const sides = (path: string): readonly [string | null, string | null] => {
    const text = texts[path] ?? null;
    return typeof text === "string" || text === null ? [text, text] : text;
  };
  const known = new Map<string, readonly [string | null, string | null]>();
  for (let wanted = ["x"]; wanted.length > 0; ) {
    wanted = [0, 1].flatMap((side) => [...traceOf(command, (path) => known.get(path)?.[side as 0 | 1] ?? (known.has(path) ? null : undefined)).wants]);
    for (const path of wanted) known.set(path, sides(path));
  }
  const base64 = (text: string | null): string | null => (text === null ? null : toBase64(utf8(text)));
  return [...known].map(([path, [old, now]]) => ({ path, old: base64(old), new: base64(now), unread: null }));
}

async function found(command: DeclaredCommand, changes: readonly TextChange[], texts: Texts = {}): Promise<string[]> {
  const { findings, because } = await outcomeOf(guards, changes, { commands: [command], runners: runnersOf(command, texts) });
  const named = findings.filter(({ rule }) => rule === "guard.command-edited").map((finding) => `${placeOf(finding)} ${finding.message.replace("the change edits what it is judged by: command check ", "")}`);
  return because === null ? named : [...named, because];
}

const edit = (path: string, mode: TextChange["mode"] = "100644"): TextChange => ({ path, old: "one\ntwo\n", new: "one\nexit 0\n", mode });
const scripts = (table: Readonly<Record<string, string>>): string => JSON.stringify({ name: "x", scripts: table }, null, 2);

describe("attack: the script that the command runs is edited", () => {
  const cases: readonly (readonly [string, readonly string[], string, Partial<DeclaredCommand>?])[] = [
    ["named by argv", ["sh", "scripts/check.sh"], "scripts/check.sh"],
    ["run by itself", ["./scripts/check.sh"], "scripts/check.sh"],
    ["below cwd", ["../tools/check"], "tools/check", { cwd: "sub" }],
    ["by the path inside the sandbox", ["bash", "/change/scripts/check.sh"], "scripts/check.sh"],
    ["inside a shell's text", ["sh", "-c", "set -e; (cd scripts && ./check.sh) | tee /scratch/out"], "scripts/check.sh"],
    ["after an option", ["node", "--import=./hooks/load.mjs", "/opt/tool.js"], "hooks/load.mjs"],
    ["by its environment", ["node", "/opt/tool.js"], "hooks/load.cjs", { env: ["--require ./hooks/load.cjs"] }],
    ["without its ending", ["node", "scripts/check"], "scripts/check.js"],
    ["as a folder", ["node", "scripts"], "scripts/index.js"],
    ["as a module", ["python3", "-m", "tools.check"], "tools/check.py"],
    ["a runner's own settings", ["bun", "test"], "bunfig.toml"],
    ["the shell npm uses for scripts", ["npm", "test"], ".npmrc"],
    ["a runner with one file", ["just", "check"], "justfile"],
    ["declared a guard", ["/opt/lint", "src"], "config/lint.json", { guards: ["config/**"] }],
  ];
  test.each(cases)("%s", async (_, run, path, more = {}) => {
    expect((await found(declared(run, more), [edit(path)])).map((text) => text.split(" ")[0])).toEqual([`${path}:2`]);
  });

  test("a folder on its way becomes a link", async () => {
    expect(await found(declared(["sh", "scripts/check.sh"]), [{ path: "scripts", old: null, new: "evil", mode: "120000" }])).toEqual(["scripts:1 runs or reads it by name"]);
  });

  test("it is renamed away, or removed", async () => {
    expect(await found(declared(["sh", "a.sh"]), [{ path: "b.sh", old_path: "a.sh", old: "x\n", new: "x\n" }])).toEqual(["b.sh:1 runs or reads it by name"]);
    expect(await found(declared(["sh", "a.sh"]), [{ path: "a.sh", old: "x\n", new: null }])).toEqual(["a.sh:1 runs or reads it by name"]);
  });
});

describe("attack: scripts of package.json", () => {
  const before = scripts({ test: "npm run unit && make lint", unit: "sh tools/unit.sh", other: "true" });
  const npm = declared(["npm", "test"], { obligations: ["coverage.line", "tests.passed"] });

  test("the script is edited: the finding stands at it, and names what rests on the command", async () => {
    const after = scripts({ test: "exit 0", unit: "sh tools/unit.sh", other: "true" });
    expect(await found(npm, [{ path: "package.json", old: before, new: after }], { "package.json": [before, after] })).toEqual(["package.json:4 runs script test of it; resting on that: coverage.line, tests.passed"]);
  });

  test("a script that runs before it appears", async () => {
    const after = scripts({ pretest: "sh evil.sh", test: "npm run unit && make lint", unit: "sh tools/unit.sh", other: "true" });
    expect(await found(npm, [{ path: "package.json", old: before, new: after }, edit("evil.sh")], { "package.json": [before, after] })).toEqual([
      "package.json:4 runs script pretest of it; resting on that: coverage.line, tests.passed", "evil.sh:2 runs or reads it by name; resting on that: coverage.line, tests.passed",
    ]);
  });

  test("package.json is as it was, and what one of its scripts calls is edited", async () => {
    expect(await found(declared(["npm", "test"]), [edit("tools/unit.sh")], { "package.json": before })).toEqual(["tools/unit.sh:2 runs or reads it by name"]);
  });

  test("through make, from a script, to a script", async () => {
    const makefile = "lint: tools\n\t@sh tools/lint.sh\nother:\n\tsh tools/other.sh\n";
    expect(await found(declared(["npm", "test"]), [edit("tools/lint.sh"), edit("tools/other.sh")], { "package.json": before, Makefile: makefile })).toEqual(["tools/lint.sh:2 runs or reads it by name"]);
  });

  test("in the folder an option names, and in the nearest folder above", async () => {
    const after = scripts({ test: "exit 0" });
    const change = [{ path: "app/package.json", old: before, new: after }];
    for (const command of [declared(["npm", "--prefix", "app", "test"]), declared(["npm", "test"], { cwd: "app/src/deep" }), declared(["sh", "-c", "cd app && npm test"])]) {
      expect(await found(command, change, { "app/package.json": [before, after] })).toEqual(["app/package.json:4 runs script test of it"]);
    }
  });

  test("another script, a dependency and a script that only has the name of a built-in command are no edit of it", async () => {
    const after = scripts({ test: "npm run unit && make lint", unit: "sh tools/unit.sh", other: "false" });
    expect(await found(declared(["npm", "test"]), [{ path: "package.json", old: before, new: after }], { "package.json": [before, after] })).toEqual([]);
    const [one, two] = [scripts({ test: "a" }), scripts({ test: "b" })];
    expect(await found(declared(["bun", "test"]), [{ path: "package.json", old: one, new: two }], { "package.json": [one, two] })).toEqual([]);
  });
});

describe("attack: makefiles", () => {
  const before = "SH = sh\ncheck: unit\n\t$(SH) tools/check.sh\nunit:\n\t@bun test\nother:\n\ttrue\n";
  const makefile = (after: string) => found(declared(["make", "check"]), [{ path: "Makefile", old: before, new: after }], { Makefile: [before, after] });

  test("the target, what it needs, and what stands outside of rules", async () => {
    for (const after of [before.replace("tools/check.sh", "tools/none.sh"), before.replace("@bun test", "@true"), before.replace("SH = sh", "SH = true")]) {
      expect((await makefile(after)).map((text) => text.replace(/^\S+ /, ""))).toEqual(["runs target check of it"]);
    }
  });

  test("a makefile that make prefers appears beside it", async () => {
    const command = declared(["make", "check"]);
    expect(await found(command, [{ path: "GNUmakefile", old: null, new: "check:\n\ttrue\n" }], { Makefile: before, GNUmakefile: [null, "check:\n\ttrue\n"] })).toEqual(["GNUmakefile:1 runs target check of it"]);
  });

  test("another target is no edit of it", async () => {
    expect(await makefile(before.replace("\ttrue\n", "\tfalse\n"))).toEqual([]);
  });

  test("a target nobody finds, or none, means all of it", () => {
    expect([partFor(before, ["nowhere"]), partFor(before, [])]).toEqual([before, before]);
    expect(partFor(before, ["check"])).not.toContain("other");
  });
});

describe("what is no edit of a command", () => {
  test("source in a folder it was pointed at", async () => {
    expect(await found(declared(["/opt/lint", "src", "test/**/*.ts"]), [edit("src/a.ts"), edit("test/a.test.ts")])).toEqual([]);
  });

  test("anything, where nothing required rests on the command", async () => {
    expect(await found(declared(["sh", "a.sh"], { required: false }), [edit("a.sh")])).toEqual([]);
    expect(await found(declared(["sh", "a.sh"], { required: false, obligations: ["size"] }), [edit("a.sh")])).toHaveLength(1);
  });

  test("a script that calls itself ends", async () => {
    const loop = scripts({ test: "npm test && npm run test" });
    expect(await found(declared(["npm", "test"]), [edit("a.ts")], { "package.json": loop })).toEqual([]);
  });
});

describe("what cannot be told is no pass", () => {
  test.each(["a link, a folder or a submodule stands there, which is not followed", "it has 2000000 bytes, the limit is 1048576"])("package.json: %s", async (unread) => {
    const outcome = await outcomeOf(guards, [edit("a.ts")], { commands: [declared(["npm", "test"])], runners: [{ path: "package.json", old: null, new: null, unread }] });
    expect([outcome.result, outcome.because]).toEqual(["unavailable", `what a declared command runs is not known: package.json: ${unread}`]);
  });

  test("a file of scripts that was not handed over", async () => {
    const outcome = await outcomeOf(guards, [edit("a.ts")], { commands: [declared(["npm", "test"])] });
    expect([outcome.result, outcome.because]).toEqual(["unavailable", "what a declared command runs is not known: package.json: it was not handed over"]);
  });
});

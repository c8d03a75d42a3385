import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { HostConfig, RepositoryConfig } from "../../proto/config.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { EMBEDDED_CONFIG, parseHostConfig, resolveHost } from "./host.ts";
import { mergeGateConfig } from "./merge.ts";
import { parseRepositoryConfig } from "./repository.ts";

const read = (text: string) => parseRepositoryConfig(utf8(`version: 1\n${text}`));

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code} ${error.detail}`;
    throw error;
  }
  return "taken";
}

const FULL = `commands:
  lint:
    run: [bun, x, eslint, --format, sarif, --output-file, /scratch/out.sarif]
    inputs: ["src/**", package.json]
    mounts: [node]
    env: {CI: "1"}
    cwd: packages/a
    output: {sarif: out.sarif}
    deadline_ms: 20000
    required: false
obligations:
  coverage.line: {from: {command: test, file: coverage/lcov.info}, format: lcov, metric: line, unit: percent, scale: 2, min: "80.00"}
  bundle.bytes: {from: {report: bundle}, format: json, pointer: /assets/0/size, unit: byte, max: "250000", accept_from_job: true}
  typecheck.ok: {from: {report: types}, format: json, pointer: /ok, kind: boolean, required: false}
`;

test.each(["./src/**", "/src/**", "src/", "../src", ".", "src//a", "src/../lib/**", "!./docs/**"])("attack: an input glob %s that no path of a change matches, so that the command never runs", (glob) => {
  expect(refusal(() => read(`commands: {lint: {run: [a], inputs: [${JSON.stringify(glob)}]}}`))).toContain("maestro.yaml:2: commands.lint.inputs: ");
  expect(refusal(() => read('commands: {lint: {run: [a], inputs: ["src/**", ".github", "a..b/*", "!docs/**"]}}'))).toBe("taken");
});

test("a full example is read as it stands", () => {
  const { commands, obligations } = read(FULL);
  expect(commands?.["lint"]).toEqual({ run: ["bun", "x", "eslint", "--format", "sarif", "--output-file", "/scratch/out.sarif"], inputs: ["src/**", "package.json"], mounts: ["node"], env: { CI: "1" }, cwd: "packages/a", output: { sarif: "out.sarif" }, deadline_ms: 20_000, required: false });
  expect(Object.keys(obligations ?? {})).toEqual(["coverage.line", "bundle.bytes", "typecheck.ok"]);
});

test("every example of docs/commands.md is read as it stands", () => {
  const page = readFileSync(new URL("../../docs/commands.md", import.meta.url), "utf8");
  const examples = [...page.matchAll(/```yaml\n([^`]+)```/g)].map((match) => match[1]!);
  expect(examples.length).toBeGreaterThan(4);
  for (const text of examples) {
    if (text.startsWith("mounts:")) expect(Object.keys(parseHostConfig(utf8(`version: 1\ntrust_domain: a\nmodes: [local]\n${text}`), "maestrod.yaml").mounts ?? {})).toEqual(["node", "eslint"]);
    else expect(Object.keys(text.startsWith("version") ? parseRepositoryConfig(utf8(text)) : read(text)).length).toBeGreaterThan(1);
  }
});

describe("what makes no sense is refused with its line", () => {
  const command = (rest: string) => `commands:\n  lint:\n    ${rest}\n`;
  const obligation = (rest: string) => `obligations:\n  a.b: {from: {report: r}, ${rest}}\n`;
  const cases: readonly (readonly [string, string, string])[] = [
    ["a shell string in place of argv", command("run: bun x eslint"), "commands.lint.run: expected array"],
    ["an unknown key", command("run: [a]\n    shell: true"), "config.unknown_key maestro.yaml:5: commands.lint.shell is not known"],
    ["a path of the host as mount", command("run: [a]\n    mounts: [/etc]"), "commands.lint.mounts.0: expected string to match"],
    ["a folder outside the tree", command("run: [a]\n    cwd: ../x"), "commands.lint.cwd: expected string to match"],
    ["a report outside scratch", command("run: [a]\n    output: {sarif: /etc/passwd}"), "commands.lint.output.sarif: expected string to match"],
    ["two kinds of output", command("run: [a]\n    output: {sarif: a, junit: b}"), "maestro.yaml:5: commands.lint.output: exactly one of sarif, junit is expected"],
    ["an output of no kind", command("run: [a]\n    output: {}"), "exactly one of sarif, junit"],
    ["no program", command("run: []"), "commands.lint.run"],
    ["a program without a name", command('run: ["", x]'), "the program has no name"],
    ["a name that fits no card", `commands:\n  Lint_It:\n    run: [a]\n`, "commands.Lint_It is not known"],
    ["an obligation from nowhere", 'obligations:\n  a: {from: {}, format: json, pointer: /x, max: "1"}\n', "obligations.a.from: either `command` and `file`, or `report` is expected"],
    ["a file of no command", 'obligations:\n  a: {from: {file: x}, format: json, pointer: /x, max: "1"}\n', "obligations.a.from: either"],
    ["a metric of another format", obligation('format: lcov, metric: score, min: "1"'), "obligations.a.b.metric: one of line, branch, function is expected for lcov"],
    ["no metric", obligation('format: junit, max: "0"'), "obligations.a.b.metric: one of failed"],
    ["a pointer into lcov", obligation('format: lcov, pointer: /a, min: "1"'), "obligations.a.b.pointer: only format json"],
    ["a broken pointer", obligation('format: json, pointer: a/b, min: "1"'), "obligations.a.b.pointer"],
    ["no bound", obligation("format: json, pointer: /a"), "obligations.a.b.kind: a numeric obligation needs"],
    ["a bound on true and false", obligation('format: json, pointer: /a, kind: boolean, min: "1"'), "a boolean obligation has neither"],
    ["a bound that is no decimal", obligation('format: json, pointer: /a, min: "80%"'), "obligations.a.b.min: a decimal with at most 0 digits"],
    ["a bound finer than its scale", obligation('format: json, pointer: /a, scale: 1, min: "80.05"'), "obligations.a.b.min: a decimal with at most 1 digits"],
    ["bounds that exclude each other", obligation('format: json, pointer: /a, min: "2", max: "1"'), "obligations.a.b.min: it is above `max`"],
  ];
  for (const [name, text, says] of cases) test(name, () => expect(refusal(() => read(text))).toContain(says));

  test("and so in the host's own file", () => {
    const text = 'version: 1\ntrust_domain: a\nmodes: [local]\nobligations:\n  a: {from: {report: r}, format: lcov, metric: line}\n';
    expect(refusal(() => parseHostConfig(utf8(text), "maestrod.yaml"))).toContain("maestrod.yaml:5: obligations.a.kind");
  });
});

describe("host and base together", () => {
  const host = (given: Partial<HostConfig> = {}) => resolveHost({ ...EMBEDDED_CONFIG, ...given });
  const base = (config: Partial<RepositoryConfig>) => ({ config: { version: 1 as const, ...config }, policy_path: null });
  const lint = { run: ["lint"], mounts: ["node"] };
  const coverage = { from: { report: "r" }, format: "lcov" as const, metric: "line" as const, min: "1" };

  test("the base adds, and what it adds is required unless it says otherwise", () => {
    const merged = mergeGateConfig(host({ commands: { scan: { run: ["scan"] } } }), base({ commands: { lint: { ...lint, required: false } }, obligations: { a: coverage } }), "");
    expect(Object.keys(merged.commands).sort()).toEqual(["lint", "scan"]);
    expect(merged.required).toContain("command.scan");
    expect(merged.required).toContain("obligations");
    expect(merged.required).not.toContain("command.lint");
  });

  test("attack: the base redeclares a command or an obligation of the host with a milder one", () => {
    expect(refusal(() => mergeGateConfig(host({ commands: { scan: { run: ["scan"] } } }), base({ commands: { scan: { run: ["true"] } } }), ""))).toContain("config.loosens commands.scan: the host declares it");
    expect(refusal(() => mergeGateConfig(host({ obligations: { a: { ...coverage, min: "80" } } }), base({ obligations: { a: coverage } }), ""))).toContain("config.loosens obligations.a");
  });

  test("attack: the base puts bounds of its own on a number that the host hides, to learn it bit by bit, or shows it", () => {
    const number = { from: { command: "test", file: "m.json" }, format: "json" as const, pointer: "/n", min: "1" };
    const hiding = host({ commands: { test: { run: ["test"] } }, obligations: { secret: { ...number, hide: true }, shown: { ...number, from: { command: "test", file: "open.json" } } } });
    const merged = (rule: Partial<typeof number> & { readonly hide?: boolean }) => mergeGateConfig(hiding, base({ obligations: { guess: { ...number, ...rule } } }), "");
    for (const rule of [{}, { min: "50", hide: true }, { pointer: "/other" }]) expect(refusal(() => merged(rule))).toContain("config.loosens obligations.guess: the host hides secret");
    expect(Object.keys(merged({ from: { command: "test", file: "open.json" } }).obligations)).toEqual(["guess", "secret", "shown"]);
  });

  test("the tool chains in a gate's configuration are those its commands use: the machine's own and the named ones", () => {
    const node = { folders: [{ host: "/opt/node", inside: "/opt/node" }] };
    const given = host({ mounts: { node, other: node } });
    expect(Object.keys(mergeGateConfig(given, base({ commands: { lint } }), "").mounts)).toEqual(["node", "system"]);
    expect(mergeGateConfig(given, null, "").mounts).toEqual({});
    expect(Object.keys(given.mounts).sort()).toEqual(["bun", "node", "other", "system"]);
  });

  test("a host may replace a tool chain that is offered by default", () => {
    const mine = { folders: [{ host: "/srv/root/usr", inside: "/usr" }] };
    expect(mergeGateConfig(host({ mounts: { system: mine } }), base({ commands: { lint } }), "").mounts["system"]).toEqual(mine);
  });
});

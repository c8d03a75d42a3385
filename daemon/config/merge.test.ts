import { describe, expect, test } from "bun:test";
import type { RepositoryConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { EMBEDDED_CONFIG, resolveHost, type Host } from "./host.ts";
import { mergeGateConfig } from "./merge.ts";

const host: Host = resolveHost({
  version: 1,
  trust_domain: "build.example",
  modes: ["host"],
  required: ["secrets", "ci"],
  rules: { "text.debugger": { human: "hold", agent: "refuse", mode: "enforce" }, "size.lines": { mode: "observe" } },
  repositories: [{ id: "github.com/a/b", required: ["tests"] }],
});

const merge = (config: Omit<RepositoryConfig, "version">, repo_id = "x") => mergeGateConfig(host, { config: { version: 1, ...config }, policy_path: null }, repo_id);

function loosened(config: Omit<RepositoryConfig, "version">): string {
  try {
    merge(config);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "config.loosens") return error.detail;
    throw error;
  }
  return "nothing";
}

test("without a maestro.yaml the host alone speaks", () => {
  const merged = mergeGateConfig(host, null, "x");
  expect(merged).toEqual({ mode: "local", rules: host.rules, base_rules: {}, required: ["ci", "secrets"], thresholds: host.thresholds, commands: {}, obligations: {}, mounts: {}, waivers_inline_denied: ["secret.*", "guard.*"], policy_path: null, source: "host" });
});

test("the host's and the base's words stay apart, required checks only grow", () => {
  const rules = { "text.debugger": { human: "refuse" }, "secrets.token": { bot: "hold" } } as const;
  const merged = merge({ rules, required: ["size", "ci"] }, "github.com/a/b");
  expect(merged.rules).toEqual(host.rules);
  expect(merged.base_rules).toEqual(rules);
  expect(merged.required).toEqual(["ci", "secrets", "size", "tests"]);
  expect(merge({ required: [] }).required).toEqual(["ci", "secrets"]);
  expect(merged.source).toBe("host+base");
});

test("attack: code that cannot be driven, a model that cannot be run; whoever declares either requires its check", () => {
  expect(merge({ invariants: { folder: "rules" } }).required).toEqual(["ci", "invariants", "secrets"]);
  expect(merge({ specs: [{ spec: "specs/Budget.tla", code: ["src/**"] }] }).required).toEqual(["ci", "modelcheck", "secrets"]);
  expect(merge({ specs: [] }).required).toEqual(["ci", "secrets"]);
});

test("thresholds go down", () => {
  expect(merge({ thresholds: { size_lines_max: 100 } }).thresholds.size_lines_max).toBe(100);
  expect(merge({ thresholds: { size_lines_max: 800 } }).thresholds.size_lines_max).toBe(800);
});

describe("a base that loosens is refused with all of what it loosens", () => {
  test("an effect below the host's", () => {
    expect(loosened({ rules: { "text.debugger": { human: "note", agent: "hold", bot: "pass" } } })).toBe(
      "rules.text.debugger.human: note is looser than the host's hold; rules.text.debugger.agent: hold is looser than the host's refuse",
    );
  });

  test("observe where the host enforces, not the other way round", () => {
    expect(loosened({ rules: { "text.debugger": { mode: "observe" } } })).toBe("rules.text.debugger.mode: observe is looser than the host's enforce");
    expect(loosened({ rules: { "size.lines": { mode: "enforce" } } })).toBe("nothing");
  });

  test("a threshold above the host's, also above a default the host never wrote", () => {
    expect(loosened({ thresholds: { size_lines_max: 801, tests_removed_max: 2 } })).toBe("thresholds.size_lines_max: 801 is above the host's 800");
  });

  test("a list too long for a message is cut and counted", () => {
    const rules = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`r.r${String.fromCharCode(97 + i)}`, { human: "hold" } as const]));
    const strict = resolveHost({ version: 1, trust_domain: "local", modes: ["local"], rules });
    const loose = Object.fromEntries(Object.keys(rules).map((rule) => [rule, { human: "pass" } as const]));
    expect(() => mergeGateConfig(strict, { config: { version: 1, rules: loose }, policy_path: null }, "x")).toThrow("; and 2 more");
  });
});

test("attack: a stranger's job hands in its own report, where the host takes the job's word; mode fork does not, and is another configuration", () => {
  const rule = { from: { report: "mutation" }, format: "stryker", metric: "score", min: "80", accept_from_job: true } as const;
  const of = (mode: "host" | "fork") => mergeGateConfig(resolveHost({ ...EMBEDDED_CONFIG, obligations: { "mutation.score": rule } }), { config: { version: 1, obligations: { "mutation.other": rule } }, policy_path: null }, "x", mode);
  expect(Object.values(of("host").obligations).map(({ accept_from_job }) => accept_from_job)).toEqual([true, true]);
  expect(Object.values(of("fork").obligations).map(({ accept_from_job }) => accept_from_job)).toEqual([undefined, undefined]);
  expect(of("fork").obligations["mutation.score"]).toMatchObject({ min: "80", from: { report: "mutation" } });
  expect([of("host").mode, of("fork").mode]).toEqual(["host", "fork"]);
});

import { describe, expect, test } from "bun:test";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { EMBEDDED_CONFIG, parseHostConfig, resolveHost } from "./host.ts";
import { parseRepositoryConfig } from "./repository.ts";

const MINIMAL = "version: 1\ntrust_domain: build.example\nmodes: [local]\n";
const host = (text: string) => parseHostConfig(utf8(text), "maestrod.yaml");
const repository = (text: string) => parseRepositoryConfig(utf8(text));

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code} ${error.detail}`;
    throw error;
  }
  return "taken";
}

describe("host configuration", () => {
  test("what the file leaves out has the default, what it says is kept", () => {
    const resolved = resolveHost(host(`${MINIMAL}limits:\n  server:\n    connections_max: 8\nthresholds: {size_lines_max: 100}\n`));
    expect(resolved.limits.server.connections_max).toBe(8);
    expect(resolved.limits.server.json_depth_max).toBe(32);
    expect(resolved.limits.store.commit_deadline_ms).toBe(5000);
    expect(resolved.thresholds).toEqual({ size_lines_max: 100, large_binary_bytes_max: 1 << 20, tests_removed_max: 2, assertions_removed_max: 4 });
    expect(resolved.required).toEqual(["secrets", "text", "paths", "dependencies", "ci", "guards", "waivers", "tests", "size"]);
    expect([resolved.idle_exit_ms, resolved.policy_bundle]).toEqual([0, null]);
  });

  test("the embedded default is mode local, domain local, and ends when idle", () => {
    const resolved = resolveHost(EMBEDDED_CONFIG);
    expect([resolved.trust_domain, resolved.modes, resolved.idle_exit_ms]).toEqual(["local", ["local"], 600_000]);
  });

  test("it is frozen to the leaves", () => {
    const resolved = resolveHost(host(MINIMAL));
    expect(() => Object.assign(resolved.limits.server, { connections_max: 1 })).toThrow(TypeError);
    expect(() => (resolved.required as string[]).push("x")).toThrow(TypeError);
  });

  test("an unknown key is refused with file, line, whole path and a guess", () => {
    const text = `${MINIMAL}limits:\n  server:\n    # a comment\n    conections_max: 8\n`;
    expect(refusal(() => host(text))).toBe("config.unknown_key maestrod.yaml:7: limits.server.conections_max is not known; did you mean connections_max?");
    expect(refusal(() => host(`${MINIMAL}repositories:\n- id: a\n  reqired: []\n`))).toContain("maestrod.yaml:6: repositories.0.reqired is not known; did you mean required?");
    expect(refusal(() => host(`${MINIMAL}__proto__: {}\n`))).toContain("config.unknown_key maestrod.yaml:4: __proto__ is not known");
  });

  test("a wrong value is refused with what is expected", () => {
    expect(refusal(() => host("version: 1\nmodes: [host]\n"))).toBe("config.malformed maestrod.yaml:1: trust_domain: is required");
    expect(refusal(() => host(`${MINIMAL}rules:\n  secrets.token:\n    agent: block\n`))).toBe(
      "config.malformed maestrod.yaml:6: rules.secrets.token.agent: one of refuse, hold, note, pass is expected",
    );
    expect(refusal(() => host(`${MINIMAL}idle_exit_ms: 0.5\n`))).toContain("maestrod.yaml:4");
    expect(refusal(() => host(`${MINIMAL}limits: {gate: {gates_max: 0}}\n`))).toContain("gates at once; more wait in line");
    expect(refusal(() => host("version: 1\ntrust_domain: a\nmodes: [local, sealed]\n"))).toBe("config.malformed maestrod.yaml:3: modes: sealed is not built yet; known here: host, fork, local");
    expect(refusal(() => host("version: 2\ntrust_domain: a\nmodes: [host]\n"))).toContain("maestrod.yaml:1: version");
  });
});

describe("YAML that two readers could see differently is refused", () => {
  const cases: readonly (readonly [name: string, yaml: string, says: string])[] = [
    ["a duplicate key", "version: 1\nversion: 1\n", ":2: the key version stands there twice"],
    ["an alias bomb", "version: 1\na: &a [x]\nb: [*a, *a]\n", "&name"],
    ["an alias to nothing", "version: 1\nrequired: *x\n", ":2: "],
    ["a tag that runs code elsewhere", 'version: 1\npolicy: !!js/function "x"\n', ":2: "],
    ["a harmless tag", "version: !!int 1\n", "tags"],
    ["a tagged key", "!!str version: 1\n", "tags"],
    ["a merge key", "version: 1\n<<: {required: []}\n", "merge keys"],
    ["a number as key", "1: 1\n", "a key is a string"],
    ["a list as key", "[a]: 1\n", "a key is a string"],
    ["a directive that changes what words mean", "%YAML 1.1\n---\nversion: 1\npolicy: no\n", "directives"],
    ["a second document", "version: 1\n---\nversion: 1\n", "second document"],
    ["a fraction", "version: 1.5\n", "numbers are whole"],
    ["infinity", "version: .inf\n", "numbers are whole"],
    ["a number beyond 2^53", "version: 9007199254740993\n", "numbers are whole"],
    ["an empty file", "", "is empty"],
    ["a tab as indentation", "version: 1\nrules:\n\ta: {}\n", ":3: "],
    ["a text that is no map", "just text\n", "the document"],
    ["deep nesting", `version: ${"[".repeat(60)}${"]".repeat(60)}\n`, "nested deeper"],
    ["very deep nesting", `version: ${"[".repeat(30_000)}`, "nested deeper"],
    ["a tag as long as the file", `version: ${"!".repeat(60_000)} 1`, ":1: "],
    ["a file without end", `version: 1\n#${"x".repeat(100_000)}`, "limit 65536"],
  ];
  for (const [name, yaml, says] of cases) {
    test(name, () => {
      const said = refusal(() => repository(yaml));
      expect(said).toStartWith("config.malformed maestro.yaml:");
      expect(said).toContain(says);
    });
  }

  test("the host's file may hold a fraction where a chance or a price stands, and nothing that is no number", () => {
    expect(refusal(() => host(`${MINIMAL}routers: [{id: r, baseline: a, context: [], arms: [{id: a, reward: 0.25}], reward: {name: n, version: 1, min: 0, max: 1.5}}]\n`))).toBe("taken");
    expect(refusal(() => host(`${MINIMAL}routers: .inf\n`))).toContain("numbers are finite and below 2^53");
    expect(refusal(() => host(`${MINIMAL}routers: .nan\n`))).toContain("numbers are finite and below 2^53");
    expect(refusal(() => host(`${MINIMAL}routers: 1e300\n`))).toContain("numbers are finite and below 2^53");
  });

  test("bytes that are not UTF-8", () => {
    expect(refusal(() => parseRepositoryConfig(Uint8Array.of(0x61, 0xff)))).toContain("not valid UTF-8");
  });

  test("`no`, `on` and `0o10` mean what YAML 1.2 says, so a word is never taken for a switch", () => {
    expect(refusal(() => repository("version: 1\npolicy: no\n"))).toBe("taken");
    expect(repository("version: 1\npolicy: no\n").policy).toBe("no");
    expect(repository("version: 1\nthresholds: {size_lines_max: 0o10}\n").thresholds?.size_lines_max).toBe(8);
  });
});

describe("maestro.yaml", () => {
  test("a full example is read", () => {
    const text = "version: 1\nrules:\n  ci.permission-raised: {agent: refuse, mode: enforce}\nrequired: [secrets]\nthresholds:\n  size_lines_max: 300\npolicy: policies/bundle.tar.gz\n";
    expect(repository(text)).toEqual({
      version: 1,
      rules: { "ci.permission-raised": { agent: "refuse", mode: "enforce" } },
      required: ["secrets"],
      thresholds: { size_lines_max: 300 },
      policy: "policies/bundle.tar.gz",
    });
  });

  test("a policy path that leaves the repository is refused", () => {
    for (const path of ["/etc/passwd", "../x", "a/../../x", "a//b", "./a", '"a\\\\b"', '"a\\0b"', '""']) {
      expect(refusal(() => repository(`version: 1\npolicy: ${path}\n`))).toContain("config.malformed maestro.yaml:2: policy: a path inside the repository is expected");
    }
  });

  test("it cannot hold what only a host decides", () => {
    for (const key of ["limits", "modes", "trust_domain", "repositories", "policy_bundle"]) {
      expect(refusal(() => repository(`version: 1\n${key}: {}\n`))).toContain(`config.unknown_key maestro.yaml:2: ${key} is not known`);
    }
  });
});

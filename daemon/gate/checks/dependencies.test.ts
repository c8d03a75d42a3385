import { describe, expect, test } from "bun:test";
import { adding, outcomeOf } from "../../testing/checks.ts";
import type { TextChange } from "../../testing/facts.ts";
import dependencies from "./dependencies.ts";

const change = (path: string, old: string | null, now: string): TextChange[] => [{ path, old, new: now }];
const HASH_A = `sha512-${"A".repeat(86)}==`;
const HASH_B = `sha512-${"B".repeat(86)}==`;

async function found(rule: string, changes: readonly TextChange[]) {
  const { findings } = await outcomeOf(dependencies, changes);
  return findings.filter((finding) => finding.rule === rule).map((finding) => finding.message);
}

/** One package of a lock, as each format writes it. `from` is a host, or an address of a repository. */
interface Pack {
  readonly name: string;
  readonly from?: string;
  readonly git?: string;
  readonly digest?: string;
}

const npm3 = (...packs: Pack[]) => JSON.stringify({
  lockfileVersion: 3,
  packages: Object.fromEntries(packs.map(({ name, from, git, digest = HASH_A }) => [`node_modules/${name}`, { version: "1.0.0", resolved: git === undefined ? `https://${from ?? "house.example"}/${name}/-/${name}-1.0.0.tgz` : `git+ssh://git@${git}.git#abc`, ...(git === undefined ? { integrity: digest } : {}) }])),
}, null, 2);
const npm1 = (...packs: Pack[]) => JSON.stringify({
  lockfileVersion: 1,
  dependencies: Object.fromEntries(packs.map(({ name, from, git, digest = HASH_A }) => [name, git === undefined ? { version: "1.0.0", resolved: `https://${from ?? "house.example"}/${name}/-/${name}-1.0.0.tgz`, integrity: digest } : { version: `git+https://${git}.git#abc` }])),
}, null, 2);
const yarn1 = (...packs: Pack[]) => `# yarn lockfile v1\n\n${packs.map(({ name, from, git, digest = HASH_A }) => `${name}@^1.0.0:\n  version "1.0.0"\n  resolved "${git === undefined ? `https://${from ?? "house.example"}/${name}/-/${name}-1.0.0.tgz#abc` : `git+https://${git}.git#abc`}"\n${git === undefined ? `  integrity ${digest}\n` : ""}\n`).join("")}`;
const berry = (...packs: Pack[]) => `__metadata:\n  version: 8\n\n${packs.map(({ name, from, git, digest = "10c0/aaaa" }) => `"${name}@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "${name}@${git !== undefined ? `https://${git}.git#commit=abc` : from === undefined ? "npm:1.0.0" : `npm:1.0.0::__archiveUrl=${encodeURIComponent(`https://${from}/${name}/-/${name}.tgz`)}`}"\n  checksum: ${digest}\n`).join("\n")}`;
const pnpm9 = (...packs: Pack[]) => `lockfileVersion: '9.0'\n\npackages:\n\n${packs.map(({ name, from, git, digest = HASH_A }) => `  ${name}@1.0.0:\n    resolution: {${git !== undefined ? `type: git, repo: https://${git}.git, commit: abc` : `integrity: ${digest}${from === undefined ? "" : `, tarball: https://${from}/${name}/-/${name}.tgz`}`}}\n`).join("\n")}`;
const bun = (...packs: Pack[]) => `{\n  "lockfileVersion": 1,\n  "packages": {\n${packs.map(({ name, from, git, digest = HASH_A }) => (git === undefined ? `    "${name}": ["${name}@1.0.0", "${from === undefined ? "" : `https://${from}/${name}/-/${name}-1.0.0.tgz`}", {}, "${digest}"],\n` : `    "${name}": ["${name}@git+https://${git}.git#abc", {}, "abc"],\n`)).join("")}  }\n}\n`;
const cargo = (...packs: Pack[]) => packs.map(({ name, from, git, digest = "a".repeat(64) }) => `[[package]]\nname = "${name}"\nversion = "1.0.0"\nsource = "${git === undefined ? `registry+https://${from ?? "index.house.example"}/index` : `git+https://${git}?rev=abc#abc`}"\n${git === undefined ? `checksum = "${digest}"\n` : ""}\n`).join("");
const uv = (...packs: Pack[]) => packs.map(({ name, from, git, digest = "a".repeat(64) }) => `[[package]]\nname = "${name}"\nversion = "1.0.0"\nsource = { ${git === undefined ? `registry = "https://${from ?? "house.example"}/simple"` : `git = "https://${git}?rev=abc#abc"`} }\nwheels = [\n    { url = "https://files.example/${name}.whl", hash = "sha256:${digest}", size = 1 },\n]\n\n`).join("");
const poetry = (...packs: Pack[]) => packs.map(({ name, from, git, digest = "a".repeat(64) }) => `[[package]]\nname = "${name}"\nversion = "1.0.0"\nfiles = [\n    {file = "${name}.whl", hash = "sha256:${digest}"},\n]\n\n${git !== undefined ? `[package.source]\ntype = "git"\nurl = "https://${git}"\n\n` : from !== undefined ? `[package.source]\ntype = "legacy"\nurl = "https://${from}/simple"\nreference = "x"\n\n` : ""}`).join("");

const FORMATS: [string, (...packs: Pack[]) => string, string][] = [
  ["package-lock.json", npm3, HASH_B], ["npm-shrinkwrap.json", npm1, HASH_B], ["yarn.lock", yarn1, HASH_B], ["sub/yarn.lock", berry, "10c0/bbbb"], ["pnpm-lock.yaml", pnpm9, HASH_B],
  ["bun.lock", bun, HASH_B], ["Cargo.lock", cargo, "b".repeat(64)], ["uv.lock", uv, "b".repeat(64)], ["poetry.lock", poetry, "b".repeat(64)],
];

const CRATES = "registry+https://github.com/usual/index";
const crate = (name: string, source: string): string => `[[package]]\nname = "${name}"\nversion = "1.0.0"\nsource = "${source}"\n`;

describe("attack: a package of a Cargo.lock passes unseen", () => {
  const git = "git+https://github.com/evil/e#abc";
  test.each([
    ["another owner's index on the host of the usual one", crate("e", "registry+https://github.com/evil/index")],
    ["the same, fetched without git", crate("e", "sparse+https://github.com/evil/index/raw/")],
    ["spaces in the header", crate("e", git).replace("[[package]]", "[[ package ]]")],
    ["a header in quotes", crate("e", git).replace("[[package]]", '[["package"]] # ')],
    ["strings that are literal", crate("e", git).replaceAll('"', "'")],
  ])("%s", async (_, evil) => {
    const old = crate("a", CRATES);
    const messages = await found("dep.foreign-source", change("Cargo.lock", old, `${old}${evil}`));
    expect([messages.length, messages[0]?.startsWith("e@1.0.0 from")]).toEqual([1, true]);
  });

  test("text in a string is no package, and a table below one says nothing of it", async () => {
    const old = crate("a", CRATES);
    expect(await found("dep.foreign-source", change("Cargo.lock", old, `${old}[package.metadata]\nsource = "${git}"\ntext = """\n${crate("e", git)}"""\n`))).toEqual([]);
  });
});

test.each([["package-lock.json", npm3, '"https://house.example/b/-/b-1.0.0.tgz"'], ["yarn.lock", yarn1, '"https://house.example/b/-/b-1.0.0.tgz#abc"']] as const)("attack: a package of %s whose address is none passes as the repository's own", async (path, write, address) => {
  const evil = write({ name: "a" }, { name: "b" }).replace(address, '"anything that is no address"');
  expect(await found("dep.foreign-source", change(path, write({ name: "a" }), evil))).toEqual(["b@1.0.0 from an address that cannot be read, which the base does not use"]);
});

describe.each(FORMATS)("dep.foreign-source in %s", (path, write, otherDigest) => {
  const old = write({ name: "a" });
  const messages = (...packs: Pack[]) => found("dep.foreign-source", change(path, old, write(...packs)));

  test("another package of the same source is fine", async () => {
    expect(await messages({ name: "a" }, { name: "b" })).toEqual([]);
  });

  test("a package from another host", async () => {
    const [message, ...rest] = await messages({ name: "a" }, { name: "b", from: "evil.example" });
    expect([message?.startsWith("b@1.0.0 from"), message?.includes("evil.example"), rest]).toEqual([true, true, []]);
  });

  test("a package from a repository; another owner on the same host is another source", async () => {
    expect((await messages({ name: "a" }, { name: "b", git: "github.com/evil/b" })).length).toBe(1);
    const withGit = write({ name: "a" }, { name: "g", git: "github.com/good/g" });
    expect(await found("dep.foreign-source", change(path, withGit, write({ name: "a" }, { name: "g", git: "github.com/good/g" }, { name: "h", git: "github.com/good/h" })))).toEqual([]);
    expect((await found("dep.foreign-source", change(path, withGit, write({ name: "a" }, { name: "g", git: "github.com/evil/g" })))).length).toBe(1);
  });

  test("other bytes under the same version", async () => {
    expect(await messages({ name: "a", digest: otherDigest })).toEqual(["a@1.0.0 has another digest than before under the same version"]);
  });

  test("CRLF line endings hide nothing", async () => {
    expect((await found("dep.foreign-source", change(path, old, write({ name: "a" }, { name: "b", from: "evil.example" }).replaceAll("\n", "\r\n")))).length).toBe(1);
  });
});

describe("dep.foreign-source: locks", () => {
  test("a new lock trusts its main source, says that nothing was compared, and reports the odd one out", async () => {
    const outcome = await outcomeOf(dependencies, adding("package-lock.json", npm3({ name: "a" }, { name: "b" }, { name: "c", from: "evil.example" })));
    expect([outcome.findings.length, outcome.gaps.map((gap) => gap.what)]).toEqual([1, ["the origin of package-lock.json"]]);
  });

  test("moving from one tool to another is no new source", async () => {
    expect(await found("dep.foreign-source", [{ path: "yarn.lock", old: yarn1({ name: "a" }), new: null }, { path: "package-lock.json", old: null, new: npm3({ name: "a" }) }])).toEqual([]);
  });

  test("a digest of another algorithm, a new cache version, and more files of one release are no swap", async () => {
    expect(await found("dep.foreign-source", change("package-lock.json", npm3({ name: "a", digest: "sha1-AAAA" }), npm3({ name: "a" })))).toEqual([]);
    expect(await found("dep.foreign-source", change("yarn.lock", berry({ name: "a", digest: "8/aaaa" }), berry({ name: "a", digest: "10c0/bbbb" })))).toEqual([]);
    const more = uv({ name: "a" }).replace("]\n", `    { url = "https://files.example/a2.whl", hash = "sha256:${"c".repeat(64)}" },\n]\n`);
    expect(await found("dep.foreign-source", change("uv.lock", uv({ name: "a" }), more))).toEqual([]);
  });

  test("a digest that is gone, and a whole lock's at once in one finding (sigstore-js 46c00b38)", async () => {
    expect(await found("dep.foreign-source", change("package-lock.json", npm3({ name: "a" }), npm3({ name: "a", digest: "" })))).toEqual(["a@1.0.0 lost its digest"]);
    const names = Array.from({ length: 8 }, (_, i) => `p${i}`);
    const [message] = await found("dep.foreign-source", change("package-lock.json", npm3(...names.map((name) => ({ name }))), npm3(...names.map((name) => ({ name, digest: "" })))));
    expect(message).toBe("p0@1.0.0, p1@1.0.0, p2@1.0.0, p3@1.0.0, p4@1.0.0 and 3 more lost their digests");
  });

  test("a copy that never had a digest beside one that has (sigstore-js, 80 bot bumps)", async () => {
    const lock = (version: string) => JSON.stringify({ packages: { "node_modules/a": { version: "1.0.0", resolved: "https://house.example/a/-/a.tgz", integrity: HASH_A }, "node_modules/b/node_modules/a": { version: "1.0.0" }, "node_modules/c": { version } } }, null, 1);
    const outcome = await outcomeOf(dependencies, change("package-lock.json", lock("1.0.0"), lock("1.0.1")));
    expect([outcome.result, outcome.gaps]).toEqual(["pass", []]);
  });

  test("a new lock whose bundled packages name no source (elysia a980e079)", async () => {
    const lock = JSON.stringify({ packages: { ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`node_modules/bundled${i}`, { version: "1.0.0" }])), "node_modules/a": { version: "1.0.0", resolved: "https://house.example/a/-/a.tgz" } } }, null, 1);
    expect(await found("dep.foreign-source", adding("test/cloudflare/package-lock.json", lock))).toEqual([]);
  });

  test("npm's own nested copies without a digest are none that was lost; a stripped one is", async () => {
    const nested = (first: boolean, second: boolean, more = "") => {
      const entry = (path: string, pinned: boolean) => `"${path}": {"version": "4.0.4"${pinned ? ', "resolved": "https://house.example/b/-/b-4.0.4.tgz", "integrity": "sha512-AAAA"' : ""}}`;
      return `{"lockfileVersion": 3, "packages": {\n${entry("node_modules/x/node_modules/b", first)},\n${entry("node_modules/y/node_modules/b", second)}${more}}}\n`;
    };
    const copy = ',\n"node_modules/z/node_modules/b": {"version": "4.0.4"}';
    expect(await found("dep.foreign-source", change("package-lock.json", nested(false, true), nested(false, true, ',\n"node_modules/c": {"version": "1.0.0"}')))).toEqual([]);
    expect(await found("dep.foreign-source", change("package-lock.json", nested(true, true), nested(true, true, copy)))).toEqual([]);
    expect(await found("dep.foreign-source", change("package-lock.json", nested(true, true), nested(false, true)))).toEqual(["b@4.0.4 lost its digest"]);
  });

  test("http instead of https is another source", async () => {
    expect((await found("dep.foreign-source", change("package-lock.json", npm3({ name: "a" }), npm3({ name: "a" }).replace("https://", "http://")))).length).toBe(1);
  });

  test("a known host spelled in capitals or with a user name is the same one", async () => {
    const now = npm3({ name: "a" }, { name: "b", from: "HOUSE.example" }, { name: "c", from: "user@house.example" });
    expect(await found("dep.foreign-source", change("package-lock.json", npm3({ name: "a" }), now))).toEqual([]);
  });

  test("go.sum: the same module and version with another hash", async () => {
    const sum = (digest: string) => `example.org/a v1.0.0 h1:${digest.repeat(43)}=\nexample.org/a v1.0.0/go.mod h1:${"C".repeat(43)}=\n`;
    expect(await found("dep.foreign-source", change("go.sum", sum("A"), sum("B")))).toEqual(["example.org/a@v1.0.0 has another digest than before under the same version"]);
    expect(await found("dep.foreign-source", change("go.sum", sum("A"), `${sum("A")}example.org/b v1.0.0 h1:${"D".repeat(43)}=\n`))).toEqual([]);
  });

  test("a renamed lock is compared with what it was", async () => {
    const changes = [{ path: "app/package-lock.json", old_path: "package-lock.json", old: npm3({ name: "a" }), new: npm3({ name: "a" }, { name: "b", from: "evil.example" }) }];
    expect((await found("dep.foreign-source", changes)).length).toBe(1);
  });

  test("the finding stands at the line that names the source", async () => {
    const now = npm3({ name: "a" }, { name: "b", from: "evil.example" });
    const { findings } = await outcomeOf(dependencies, change("package-lock.json", npm3({ name: "a" }), now));
    expect(now.split("\n")[(findings[0]?.range?.start_line ?? 0) - 1]).toContain("evil.example");
  });
});

describe("dep.foreign-source: manifests and settings", () => {
  const json = (fields: object) => JSON.stringify(fields, null, 2);

  test.each([
    ["github:evil/pkg"], ["evil/pkg"], ["git+https://evil.example/x/pkg.git"], ["https://evil.example/pkg.tgz"], ["git@evil.example:x/pkg.git"], ["git+ssh://git@github.com/evil/pkg.git#semver:^1"],
  ])("package.json: %s", async (spec) => {
    expect((await found("dep.foreign-source", change("package.json", json({ dependencies: { a: "^1.0.0" } }), json({ dependencies: { a: spec } })))).length).toBe(1);
    expect((await found("dep.foreign-source", change("package.json", json({}), json({ overrides: { x: { a: spec } } })))).length).toBe(1);
  });

  test.each(["^1.0.0", "latest", "*", "workspace:*", "file:../a", "npm:other@^1", "catalog:", ">=1 <2", "1.x || 2.x", "next-11"])("package.json: %s is no address", async (spec) => {
    expect(await found("dep.foreign-source", change("package.json", json({}), json({ dependencies: { a: spec } })))).toEqual([]);
  });

  test.each([
    [".npmrc", "registry=https://evil.example/\n"], [".npmrc", "@scope:registry = https://evil.example/\n"], [".yarnrc.yml", "npmRegistryServer: \"https://evil.example\"\n"], [".yarnrc", "registry \"https://evil.example\"\n"],
    ["requirements.txt", "--extra-index-url https://evil.example/simple\n"], ["requirements-dev.txt", "-i https://evil.example/simple\n"], ["requirements.txt", "pkg @ https://evil.example/pkg.whl\n"],
    ["requirements.txt", "-e git+https://evil.example/x/pkg#egg=pkg\n"], ["Cargo.toml", "[dependencies]\na = { git = \"https://evil.example/x/a\" }\n"], ["Cargo.toml", "[patch.crates-io]\na = { git = \"https://evil.example/x/a\" }\n"],
    ["pyproject.toml", "[project]\ndependencies = [\"a @ git+https://evil.example/x/a\"]\n"], ["pyproject.toml", "[tool.poetry.dependencies]\na = { git = \"https://evil.example/x/a\" }\n"],
    ["go.mod", "module m.example/m\nreplace a.example/a => evil.example/a v1.0.0\n"],
  ])("%s: %p", async (path, text) => {
    expect((await found("dep.foreign-source", adding(path, text))).length).toBe(1);
  });

  test("what the base already uses stays allowed", async () => {
    expect(await found("dep.foreign-source", change(".npmrc", "registry=https://house.example/\n", "registry=https://house.example/\n@x:registry=https://house.example/\n"))).toEqual([]);
    expect(await found("dep.foreign-source", change("go.mod", "require github.com/a/a v1.0.0\n", "require github.com/a/a v1.0.0\nreplace github.com/a/a => github.com/me/a v1.0.1\n"))).toEqual([]);
  });
});

describe("dep.install-script", () => {
  const scripts = (fields: object) => `${JSON.stringify(fields)}\n`;

  test.each(["preinstall", "install", "postinstall"])("%s, added and changed", async (name) => {
    expect((await found("dep.install-script", change("package.json", scripts({}), scripts({ scripts: { [name]: "node x.js" } })))).length).toBe(1);
    expect((await found("dep.install-script", change("package.json", scripts({ scripts: { [name]: "node x.js" } }), scripts({ scripts: { [name]: "node y.js" } })))).length).toBe(1);
  });

  test("kept, removed, and `prepare` for the repository's own hooks are no findings", async () => {
    expect(await found("dep.install-script", change("package.json", scripts({ scripts: { postinstall: "x" } }), scripts({ scripts: { postinstall: "x", build: "y" } })))).toEqual([]);
    expect(await found("dep.install-script", change("package.json", scripts({ scripts: { postinstall: "x" } }), scripts({})))).toEqual([]);
    expect(await found("dep.install-script", change("package.json", scripts({}), scripts({ scripts: { prepare: "husky" } })))).toEqual([]);
  });

  test("a package allowed to run its scripts", async () => {
    for (const fields of [{ trustedDependencies: ["x"] }, { pnpm: { onlyBuiltDependencies: ["x"] } }]) expect(await found("dep.install-script", change("package.json", scripts({}), scripts(fields)))).toEqual(["on install: scripts of x are allowed"]);
  });

  test("a lock that says a package runs one, unless a version of it did before", async () => {
    const lock = (name: string, version: string, runs: boolean) => `{"packages": {"node_modules/${name}": {"version": "${version}", "hasInstallScript": ${runs}}}}\n`;
    expect(await found("dep.install-script", change("package-lock.json", lock("a", "1.0.0", false), lock("a", "1.0.1", true)))).toEqual(["a@1.0.1 runs a script when it is installed"]);
    expect(await found("dep.install-script", change("package-lock.json", lock("a", "1.0.0", true), lock("a", "1.0.1", true)))).toEqual([]);
  });
});

describe("dep.new-runtime", () => {
  test.each([
    ["package.json", "{\"dependencies\": {\"a\": \"1\"}}\n", "{\"dependencies\": {\"a\": \"1\", \"b\": \"1\"}}\n"], ["package.json", "{\"devDependencies\": {\"b\": \"1\"}}\n", "{\"dependencies\": {\"b\": \"1\"}}\n"],
    ["Cargo.toml", "[dependencies]\na = \"1\"\n", "[dependencies]\na = \"1\"\nb = { version = \"1\" }\n"], ["go.mod", "module m\n", "module m\nrequire (\n\texample.org/b v1.0.0\n)\n"],
    ["requirements.txt", "a==1\n", "a==2\nb>=1 # new\n"], ["pyproject.toml", "[project]\ndependencies = []\n", "[project]\ndependencies = [\"b>=1\"]\n"],
  ])("%s", async (path, old, now) => {
    expect((await found("dep.new-runtime", change(path, old, now))).length).toBe(1);
  });

  test.each([
    ["package.json", "{}\n", "{\"devDependencies\": {\"b\": \"1\"}}\n", "development only"], ["package.json", "{}\n", "{\"peerDependencies\": {\"b\": \"1\"}}\n", "a peer"], ["package.json", "{}\n", "{\"dependencies\": {\"b\": \"workspace:*\"}}\n", "of the same repository"],
    ["test/fixtures/package.json", "{}\n", "{\"dependencies\": {\"b\": \"1\"}}\n", "test data"], ["examples/a/package.json", "{}\n", "{\"dependencies\": {\"b\": \"1\"}}\n", "an example"],
    ["go.mod", "module m\n", "module m\nrequire example.org/b v1.0.0 // indirect\n", "indirect"], ["requirements-dev.txt", "", "b==1\n", "development only"],
    ["Cargo.toml", "[dependencies]\n", "[dev-dependencies]\nb = \"1\"\n", "development only"], ["requirements.txt", "My_Pkg==1\n", "my-pkg==2\n", "the same name, spelled otherwise"],
  ])("%s: %s is %s", async (path, old, now) => {
    expect(await found("dep.new-runtime", change(path, old, now))).toEqual([]);
  });

  test("moved from one package of the repository to another is not new", async () => {
    expect(await found("dep.new-runtime", [{ path: "a/package.json", old: "{\"dependencies\": {\"x\": \"1\"}}\n", new: "{}\n" }, { path: "b/package.json", old: "{}\n", new: "{\"dependencies\": {\"x\": \"1\"}}\n" }])).toEqual([]);
  });
});

describe("what cannot be read is not passed", () => {
  test.each([
    ["package-lock.json", "{"], ["package.json", "[]"], ["pnpm-lock.yaml", "a: &x 1\nb: *x\n"], ["pnpm-lock.yaml", "packages:\n  a@1: {}\n  a@1: {}\n"], ["bun.lock", "{{"], ["yarn.lock", "garbage\n"], ["go.sum", "a b\n"], ["Cargo.toml", "[["],
    ["package-lock.json", `${"{\"dependencies\":{\"a\":".repeat(100)}{}${"}}".repeat(100)}`],
  ])("%s: %s", async (path, text) => {
    expect((await outcomeOf(dependencies, adding(path, text))).result).toBe("unavailable");
  });

  test("a broken manifest among test data is a gap", async () => {
    const outcome = await outcomeOf(dependencies, adding("test/fixtures/broken/package.json", "{"));
    expect([outcome.result, outcome.gaps.length]).toEqual(["pass", 1]);
  });

  test("a lock that was not handed over whole", async () => {
    expect((await outcomeOf(dependencies, adding("package-lock.json", "{}"), { wants: () => false })).result).toBe("unavailable");
  });
});

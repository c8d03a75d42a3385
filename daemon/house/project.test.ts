/** Rules of the project as a whole: dependencies, files, error codes, settings. */
import { describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import engines from "../models/engine/package.json";
import packageJson from "../../package.json";
import { HostConfig, Limits, Thresholds } from "../../proto/config.ts";
import { ERROR_CODES } from "../../proto/errors.ts";
import { skipWithout } from "../testing/skip.ts";
import { readOperations, withErrorTable } from "./error-table.ts";
import { importsOf } from "./imports.ts";
import { readSources, ROOT, trackedFiles } from "./sources.ts";

const BLOB_BYTES_MAX = 256 * 1024;

/** Files that may carry the executable bit. */
const EXECUTABLES = [".ci/run", "daemon/bootstrap/maestro.mjs", "daemon/bootstrap/tla2tools.mjs"];

/** Binary files larger than a reviewer can read, each with its reason. */
const LARGE_BLOBS: Readonly<Record<string, string>> = {
  "policies/default/bundle.tar.gz": "the default policy compiled to WASM; a test compares it with the digests of its sources, npm run accept with what opa makes of them",
};

const sources = readSources();
const production = sources.filter(({ test }) => !test);
/** Engines of local models have a lock of their own. */
const dependencies: Readonly<Record<string, string>> = { ...packageJson.dependencies, ...packageJson.devDependencies, ...engines.dependencies };

const inexact = (versions: Readonly<Record<string, string>>): string[] => Object.entries(versions).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)).map(([name]) => name);

/** Names without a line "- `name`: reason" of at least five words. */
function withoutReason(names: readonly string[], page: string): string[] {
  return names.filter((name) => {
    const line = page.split("\n").find((row) => row.startsWith(`- \`${name}\``));
    return line === undefined || line.split(/\s+/).length < 7;
  });
}

const unmentioned = (words: readonly string[], texts: readonly string[]): string[] => words.filter((word) => !texts.some((text) => text.includes(word)));

describe("dependencies", () => {
  const page = readFileSync(join(ROOT, "docs/decisions/dependencies.md"), "utf8");

  test("every version is exact", () => {
    expect(inexact(dependencies)).toEqual([]);
    expect(inexact({ a: "^1.0.0", b: "1.0.0", c: "latest", d: "git+ssh://x" })).toEqual(["a", "c", "d"]);
  });

  test("every dependency has its reason in docs/decisions/dependencies.md, and no reason outlives its dependency", () => {
    expect(withoutReason(Object.keys(dependencies), page)).toEqual([]);
    const named = [...page.matchAll(/^- `([^`]+)`/gm)].map((match) => match[1]!);
    expect(named.filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
    expect(withoutReason(["left-pad", "yaml"], "- `left-pad`: pads.\n- `yaml`: reads host files and maestro.yaml.")).toEqual(["left-pad"]);
  });

  test("every dependency of production is imported by production code", () => {
    const imported = production.flatMap((file) => importsOf(file).map(({ specifier }) => specifier));
    const unused = Object.keys(packageJson.dependencies).filter((name) => !imported.some((specifier) => specifier === name || specifier.startsWith(`${name}/`)));
    expect(unused).toEqual([]);
  });

  test("the locks hold the same versions and name no host", () => {
    const lock = readFileSync(join(ROOT, "bun.lock"), "utf8") + readFileSync(join(ROOT, "daemon/models/engine/bun.lock"), "utf8");
    expect(Object.entries(dependencies).filter(([name, version]) => !lock.includes(`"${name}": "${version}"`))).toEqual([]);
    expect(lock.match(/https?:\/\/[^\s"]+/g) ?? []).toEqual([]);
  });
});

const tracked = trackedFiles();
const untracked = skipWithout(tracked !== null, "this is no git checkout, so file modes and sizes were not compared");

describe.skipIf(untracked)("files", () => {
  test("exactly these are executable, and none is a link", () => {
    expect(tracked!.filter(({ mode }) => mode === "100755").map(({ path }) => path)).toEqual(EXECUTABLES);
    expect(tracked!.filter(({ mode }) => mode === "120000" || mode === "160000").map(({ path }) => path)).toEqual([]);
  });

  test(`no file is above ${BLOB_BYTES_MAX} bytes without a reason`, () => {
    const large = tracked!.filter(({ path }) => (statSync(join(ROOT, path), { throwIfNoEntry: false })?.size ?? 0) > BLOB_BYTES_MAX).map(({ path }) => path);
    expect(large.filter((path) => !Object.hasOwn(LARGE_BLOBS, path) && path !== "bun.lock")).toEqual([]);
  });

  test("nothing says which machine wrote it", () => {
    const paths = /(?:^|["'\s(=])\/(?:work|root|home\/[a-z]+)\//m;
    const own = tracked!.filter(({ path }) => /\.(?:ts|mjs|md|json|yaml|rego|toml|sh)$/.test(path) && !path.startsWith("daemon/house/"));
    expect(own.filter(({ path }) => paths.test(readFileSync(join(ROOT, path), "utf8"))).map(({ path }) => path)).toEqual([]);
    expect(paths.test('const a = "/root/x";')).toBe(true);
  });

  test("no file names the host of a public package registry: which registry is whose is the package managers' affair", () => {
    const hosts = /np[m]js\.|yarnp[k]g\.com|py[p]i\.org|python[h]osted|crates[.]io|proxy[.]golang|rubygem[s]\.org|maven[.]org|deb[.]debian/;
    const named = tracked!.filter(({ path }) => /\.(?:ts|mjs|js|py|md|json|yaml|yml|toml|sh|lock)$/.test(path) && hosts.test(readFileSync(join(ROOT, path), "utf8"))).map(({ path }) => path);
    expect([named, hosts.test(`https://registry.${"np"}mjs.org/a`)]).toEqual([[], true]);
  });
});

describe("the contract is used", () => {
  const texts = production.filter(({ path }) => path !== "proto/errors.ts" && path !== "proto/config.ts").map(({ code }) => code);

  test("every error code is raised or handled somewhere", () => {
    // Raised before there is a Bun to import the table; bootstrap.test.ts compares the two.
    const raised = ERROR_CODES.filter((code) => code !== "install.failed");
    expect(unmentioned(raised.map((code) => `"${code}"`), texts)).toEqual([]);
    expect(unmentioned(['"never.raised"'], texts)).toEqual(['"never.raised"']);
  });

  test("every setting is read somewhere: none is a dead option", () => {
    const limits = Object.values(Limits.properties).flatMap((section) => Object.keys(section.properties));
    const names = [...limits, ...Object.keys(Thresholds.properties), ...Object.keys(HostConfig.properties)];
    expect(unmentioned([...new Set(names)], texts)).toEqual([]);
  });
});

test("docs/operations.md has every error code with what to do", async () => {
  const document = await readOperations();
  expect(withErrorTable(document)).toBe(document);
  // A planted change is seen: the comparison above is of the table, not of its markers.
  expect(withErrorTable(document.replace("`store.no_space`", "`store.gone`"))).not.toBe(document.replace("`store.no_space`", "`store.gone`"));
});

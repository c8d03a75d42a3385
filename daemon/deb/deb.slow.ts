/** The Debian package: built, installed by the real dpkg into a root of its own, used from there, and removed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Source } from "../platform/git/testing/scratch.ts";
import { skipWithout } from "../testing/skip.ts";
import { buildPage } from "../ui/build.ts";
import { buildDeb } from "./build.ts";
import { Root } from "./testing/root.ts";

const EPOCH_S = 1_767_225_600;
const tools = ["dpkg", "dpkg-deb", "systemd-sysusers", "systemd-tmpfiles", "unshare"].filter((tool) => Bun.which(tool) === null);
const needs = skipWithout(tools.length === 0 && process.getuid?.() === 0, `the Debian package: needs root and ${tools.join(", ") || "nothing else"}`);

const CAP = "id: PAY.CAP\nscope: payments\nwhen: [{event: payment}]\nfields: {spent: int, budget: int}\nassert:\n  - expr: spent <= budget\n    message: too much\n";

describe.skipIf(needs)("the package", () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-deb-test-"));
  const deb = join(folder, "maestro.deb");
  let root: Root;
  const files = () => readdirSync(root.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.path.length));
  const ours = () => files().filter((path) => path.includes("maestro") && !path.startsWith("/var/lib/dpkg/"));

  beforeAll(async () => {
    root = new Root();
    await buildDeb({ out: deb, epoch_s: EPOCH_S, compression: "none" });
  }, 600_000);
  afterAll(() => {
    root.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test("installs: users, folders, units; a fresh installation has no configuration, so nothing starts", () => {
    const { code, stderr } = root.dpkg("--install", deb);
    expect([code, stderr.replace(/^dpkg: warning:.*\n?/gm, "").replace(/^ maestro depends on.*\n?|^dpkg: maestro: dependency problems.*\n?/gm, "").includes("error")]).toEqual([0, false]);
    expect(root.dpkg("--status", "maestro").stdout).toContain("Status: install ok installed");
    expect(readFileSync(join(root.path, "etc/passwd"), "utf8")).toMatch(/^maestro:.*nologin$/m);
    expect(readFileSync(join(root.path, "etc/group"), "utf8")).toMatch(/^maestro-ci:/m);
    expect(statSync(join(root.path, "var/lib/maestro")).mode & 0o777).toBe(0o700);
    expect(statSync(join(root.path, "run/maestro")).uid).toBe(0);
    expect(existsSync(join(root.path, "etc/maestro/maestrod.yaml"))).toBe(false);
    expect(ours()).toEqual(expect.arrayContaining(["/lib/systemd/system/maestrod.service", "/usr/bin/maestro", "/usr/lib/maestro/run/maestrod.js", "/usr/lib/maestro/run/maestrod.js.jsc", "/usr/share/man/man1/maestro.1.gz", "/usr/share/bash-completion/completions/maestro"]));
  }, 600_000);

  test("holds no test, no bench, no path of the machine that built it, and nothing others may write", () => {
    expect(ours().filter((path) => /\.test\.ts$|\/testing\/|\/house\/|\/kernels\/[^/]+\/vectors\//.test(path) && !path.includes("/node_modules/"))).toEqual([]);
    expect(existsSync(join(root.path, "usr/lib/maestro/node_modules/typescript"))).toBe(false);
    const texts = ours().filter((path) => /\.(?:ts|json|yaml|service|socket)$|\/s?bin\//.test(path) && !path.includes("/node_modules/"));
    expect(texts.filter((path) => readFileSync(join(root.path, path), "utf8").includes(folder) || readFileSync(join(root.path, path), "utf8").includes(join(import.meta.dir, "../..")))).toEqual([]);
    expect(ours().filter((path) => (statSync(join(root.path, path)).mode & 0o022) !== 0)).toEqual([]);
  });

  test("brings the verifier page, and makes the same one anew", async () => {
    const made = join(folder, "verifier.html");
    const { code, stderr } = root.installed(`maestro verifier-page --out ${made}`, { HOME: join(folder, "page-home") });
    expect([code, stderr]).toEqual([0, expect.stringContaining("no network")]);
    const page = await buildPage("verifier");
    expect([readFileSync(join(root.path, "usr/share/maestro/verifier.html")).equals(page), readFileSync(made).equals(page)]).toEqual([true, true]);
  });

  test("makes the pages of maestro ui anew from what it brings, and serves them", async () => {
    const home = { HOME: join(folder, "ui-home") };
    for (const name of ["cards", "studio"] as const) {
      const made = join(folder, `${name}.html`);
      const { code, stderr } = root.installed(`maestro ui ${name} --out ${made}`, home);
      expect([name, code, stderr]).toEqual([name, 0, expect.stringContaining("no network")]);
      expect([name, readFileSync(made).equals(await buildPage(name))]).toEqual([name, true]);
    }
    // Ended as by Ctrl-C, with the link on its first line.
    const served = await root.interrupted("maestro ui studio", home);
    expect([served.code, served.stdout]).toEqual([0, expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/studio#[\w-]{43}\n$/)]);
  }, 600_000);

  test("brings the bill of materials of what it holds of others: what runs, and the Bun beside it, and no tool of development", () => {
    const { components } = JSON.parse(readFileSync(join(root.path, "usr/share/doc/maestro/maestro.cdx.json"), "utf8")) as { readonly components: readonly { readonly purl: string }[] };
    const purls = components.map(({ purl }) => purl.replace(/@[^@]*$/, ""));
    expect([purls, purls.filter((purl) => /typescript|puppeteer|merkletreejs/.test(purl))]).toEqual([expect.arrayContaining(["pkg:npm/lmdb", "pkg:npm/elysia", "pkg:npm/%40noble/hashes", "pkg:github/oven-sh/bun"]), []]);
  });

  test("the installed program gates a change from anywhere, with the installed Bun, modules and solver, and verifies it", async () => {
    const source = new Source(join(folder, "repository"));
    Bun.spawnSync(["git", "init", "-q", "--template=", "-b", "main", source.path]);
    await source.commit({ "a.ts": "export const a = 1;\n", "maestro.yaml": "version: 1\ninvariants: {folder: rules}\n", "rules/cap.yaml": CAP }, "first");
    source.git("switch", "-qc", "change");
    // Asks more: only a solver can say so, here the one that the package brings, and without one the change would be held.
    await source.commit({ "b.ts": "export const b = 1;\n", "rules/cap.yaml": CAP.replace("<=", "<") }, "second");
    const home = join(folder, "home");
    const { code, stdout, stderr } = root.installed(`cd ${source.path} && maestro gate --embedded --json && maestro status && maestro stop`, { HOME: home });
    expect([code, stderr]).toEqual([0, expect.stringContaining("evidence in")]);
    expect(JSON.parse(stdout.split("\n")[0] ?? "")).toMatchObject({ verdict: "admit", verified: "verified" });
    expect(stdout).toContain(`state    ${home}/.local/state/maestro`);
  }, 600_000);

  test("is removed whole; evidence and keys stay, also after a purge", () => {
    writeFileSync(join(root.path, "var/lib/maestro/evidence"), "x");
    expect(root.dpkg("--remove", "maestro").code).toBe(0);
    const purged = root.dpkg("--purge", "maestro");
    expect(purged.code).toBe(0);
    expect(ours()).toEqual(["/var/lib/maestro/evidence"]);
  }, 600_000);
});

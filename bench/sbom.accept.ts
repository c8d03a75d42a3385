/** Our bills of materials before other people's tools: CycloneDX's own strict validator, and npm's and cargo's own word on what their locks pin. */
import { afterAll, expect } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockReader } from "../daemon/gate/checks/lock/read.ts";
import { unreadLock } from "../daemon/gate/checks/lock/unread.ts";
import { ownSbom } from "../daemon/own-sbom.ts";
import { makeSbom } from "../daemon/sbom/index.ts";
import { accepts, output } from "./rig/accepts.ts";
import { cyclonedx, onPath } from "./rig/tools.ts";

const ROOT = join(import.meta.dir, "..");
const [validator, npm, cargo] = await Promise.all([cyclonedx(), onPath("npm", "install Node with npm"), onPath("cargo", "install Rust")]);
const work = mkdtempSync(join(tmpdir(), "maestro-accept-sbom-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Listed {
  readonly components?: readonly { readonly purl?: string }[];
}

async function sbomFile(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<{ readonly path: string; readonly purls: readonly string[] }> {
  const leaves = Object.keys(files).map((path) => ({ path: { u: path }, mode: "100644", oid: path }));
  const { document } = await makeSbom(leaves, { readerOf: lockReader, unread: unreadLock, content: (oid) => Promise.resolve(files[oid] ?? new Uint8Array()) }, { name, version: "0".repeat(40) });
  const path = join(work, `${name}.cdx.json`);
  writeFileSync(path, document ?? "");
  const { components = [] } = JSON.parse(readFileSync(path, "utf8")) as Listed;
  return { path, purls: components.flatMap(({ purl }) => purl ?? []).sort() };
}

async function verdicts(paths: readonly string[]): Promise<string[]> {
  return (await output(["python3", join(ROOT, "bench/peers/cyclonedxcheck.py"), validator.path(), ...paths])).trim().split("\n");
}

/** npm's tree as it prints it; versions below are pinned, what they bring is the registry's of the day, and so is npm's own word. */
interface NpmTree {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, NpmTree>>;
}

function npmPurls(tree: NpmTree, found = new Set<string>()): Set<string> {
  for (const [name, one] of Object.entries(tree.dependencies ?? {})) {
    if (one.version !== undefined) found.add(`pkg:npm/${name.replace("@", "%40")}@${one.version}`);
    npmPurls(one, found);
  }
  return found;
}

async function npmLock(dependencies: Readonly<Record<string, string>>): Promise<{ readonly folder: string; readonly lock: Uint8Array }> {
  const folder = mkdtempSync(join(work, "npm-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "app", version: "1.0.0", dependencies }));
  await output([npm.path(), "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  return { folder, lock: readFileSync(join(folder, "package-lock.json")) };
}

accepts(validator, "our own release, and locks of four ecosystems with hostile names, are strictly valid CycloneDX 1.6", async () => {
  const own = join(work, "own.cdx.json");
  writeFileSync(own, ownSbom(ROOT, join(ROOT, "node_modules")));
  const hostile = { lockfileVersion: 3, packages: { 'node_modules/x"},{"a\u202e': { version: "1\n2" }, "node_modules/git": { version: "1.0.0", resolved: "git+ssh://git@github.com/o/git.git#abc" }, "node_modules/b": { version: "2.0.0", integrity: "sha512-AAAA sha1-AAAA" } } };
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  const mixed = await sbomFile("mixed", {
    "package-lock.json": text(JSON.stringify(hostile)),
    "Cargo.lock": text(`[[package]]\nname = "rand"\nversion = "0.8.5"\nsource = "registry+https://code.example/usual/index"\nchecksum = "${"a".repeat(64)}"\n`),
    "uv.lock": text(`[[package]]\nname = "flask"\nversion = "3.0.0"\nsource = { registry = "https://registry.example/simple" }\n`),
    "go.sum": text(`example.com/M v1.0.0+incompatible h1:${"A".repeat(43)}=\n`),
    "bad/bun.lock": text("{"),
  });
  expect(await verdicts([own, mixed.path])).toEqual(["valid", "valid"]);
  // The judge can say no.
  const broken = join(work, "broken.cdx.json");
  writeFileSync(broken, readFileSync(mixed.path, "utf8").replace('"type":"library"', '"type":"librarian"'));
  expect((await verdicts([broken]))[0]).toStartWith("invalid");
});

for (const dependencies of [{ fastify: "5.6.1" }, { "@sigstore/verify": "3.0.0", axios: "1.12.2" }]) {
  accepts(npm, `npm ls says the same packages of a lock of ${Object.keys(dependencies).join(" and ")}`, async () => {
    const { folder, lock } = await npmLock(dependencies);
    const tree = JSON.parse(await output([npm.path(), "ls", "--all", "--package-lock-only", "--json"], { cwd: folder })) as NpmTree;
    const { path, purls } = await sbomFile(`npm-${Object.keys(dependencies).length}`, { "package-lock.json": lock });
    expect(purls).toEqual([...npmPurls(tree)].sort());
    expect([purls.length > 10, await verdicts([path])]).toEqual([true, ["valid"]]);
  });
}

accepts(cargo, "cargo metadata says the same packages of a lock of axum", async () => {
  const folder = mkdtempSync(join(work, "cargo-"));
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "src/lib.rs"), "");
  writeFileSync(join(folder, "Cargo.toml"), '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\naxum = "=0.8.4"\n');
  await output([cargo.path(), "generate-lockfile"], { cwd: folder });
  const { packages } = JSON.parse(await output([cargo.path(), "metadata", "--format-version", "1", "--locked", "--quiet"], { cwd: folder })) as { readonly packages: readonly { readonly name: string; readonly version: string; readonly source: string | null }[] };
  const told = packages.filter(({ source }) => source !== null).map(({ name, version }) => `pkg:cargo/${name}@${version.replaceAll("+", "%2B")}`).sort();
  const { path, purls } = await sbomFile("cargo", { "Cargo.lock": readFileSync(join(folder, "Cargo.lock")) });
  expect(purls).toEqual(told);
  expect([purls.length > 20, await verdicts([path])]).toEqual([true, ["valid"]]);
});

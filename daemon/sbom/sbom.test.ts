/** Bills of materials: names by the purl specification, digests as the lock states them, the same bytes every time, and nothing that a lock can do to it. */
import { expect, test } from "bun:test";
import { Contrib } from "@cyclonedx/cyclonedx-library";
import { fromUtf8Lossy, utf8 } from "../../proto/encoding.ts";
import { lockReader } from "../gate/checks/lock/read.ts";
import { unreadLock } from "../gate/checks/lock/unread.ts";
import { hashOf } from "./hashes.ts";
import { makeSbom, type Leaf, type MadeSbom } from "./index.ts";
import { purlOf } from "./purl.ts";

const REGISTRY = "the default registry";
/** What the locks of a case are taken to be of. */
const OWN = "registry.example";
/** npm's own, as the library has it: no registry is named here. */
const OF_NPM = Contrib.FromNodePackageJson.Utils.defaultRegistryMatcher.source.replace(/^.*?\\\/\\\/|\(.*$/g, "").replaceAll("\\", "");

test.each([
  ["npm", "foobar", "12.3.1", REGISTRY, "pkg:npm/foobar@12.3.1"],
  ["npm", "@angular/animation", "12.3.1", OF_NPM, "pkg:npm/%40angular/animation@12.3.1"],
  ["npm", "JSONStream", "1.3.5", REGISTRY, "pkg:npm/JSONStream@1.3.5"],
  ["npm", "mypackage", "12.4.5", `http://${OF_NPM}`, `pkg:npm/mypackage@12.4.5?repository_url=http:%2F%2F${OF_NPM}`],
  ["npm", "mypackage", "12.4.5", "npm.example.org", "pkg:npm/mypackage@12.4.5?repository_url=npm.example.org"],
  ["cargo", "clap", "2.33.0", "code.example/index", "pkg:cargo/clap@2.33.0?repository_url=code.example%2Findex"],
  ["cargo", "clap", "2.33.0", OWN, "pkg:cargo/clap@2.33.0"],
  ["python", "Django.Allauth_x", "12.23", OWN, "pkg:pypi/django-allauth-x@12.23"],
  ["go", "google.golang.org/genproto", "v0.0.1", REGISTRY, "pkg:golang/google.golang.org/genproto@v0.0.1"],
  ["go", "github.com/Azure/go-autorest", "v14.2.0+incompatible", REGISTRY, "pkg:golang/github.com/azure/go-autorest@v14.2.0%2Bincompatible"],
  ["npm", "a", "1.0.0", "git github/owner", null],
  ["npm", "../../etc/passwd", "1.0.0", REGISTRY, null],
  ["npm", "a", "1.0.0?x=y#z", REGISTRY, null],
  ["cargo", "a b", "1", REGISTRY, null],
  ["npm", "a", "", REGISTRY, null],
] as const)("purl of %s %s %s from %s: %s", (ecosystem, name, version, source, purl) => {
  expect(purlOf(ecosystem, { name, version, source }, OWN)).toBe(purl);
});

test("a digest is one of a file only where it says so and has the length", () => {
  const sri = `sha512-${Buffer.alloc(64, 1).toString("base64")}`;
  expect([hashOf(sri), hashOf(`sha256:${"ab".repeat(32)}`)]).toEqual([{ algorithm: "SHA-512", hex: "01".repeat(64) }, { algorithm: "SHA-256", hex: "ab".repeat(32) }]);
  expect(["h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "10c0/abcd", "sha256:abcd", "sha512-AAAA", "md9:00", "constructor-AAAA", ""].map(hashOf)).toEqual([null, null, null, null, null, null, null]);
});

function made(files: Readonly<Record<string, string | Uint8Array>>, name = "demo"): Promise<MadeSbom> {
  const leaves: Leaf[] = Object.keys(files).map((path) => ({ path: { u: path }, mode: "100644", oid: path }));
  const content = (oid: string): Promise<Uint8Array> => Promise.resolve(typeof files[oid] === "string" ? utf8(files[oid]) : (files[oid] ?? new Uint8Array()));
  return makeSbom(leaves, { readerOf: lockReader, unread: unreadLock, content }, { name, version: "tree" });
}

interface Shown {
  readonly serialNumber: string;
  readonly metadata: { readonly properties: readonly { readonly name: string; readonly value: string }[] };
  readonly components?: readonly { readonly group?: string; readonly name: string; readonly version: string; readonly purl?: string; readonly hashes?: readonly { readonly alg: string; readonly content?: string }[]; readonly properties?: readonly { readonly name: string; readonly value: string }[] }[];
}
const shown = ({ document }: MadeSbom): Shown => JSON.parse(fromUtf8Lossy(document ?? new Uint8Array()));
const said = (one: Shown, name: string): string[] => one.metadata.properties.filter((property) => property.name === `maestro:${name}`).map(({ value }) => value);

const npm = (...packages: readonly (readonly [path: string, fields: object])[]): string => JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(packages) });
const NPM = npm(["", { name: "app" }], ["node_modules/@s/a", { version: "1.0.0", integrity: `sha512-${Buffer.alloc(64, 7).toString("base64")}` }], ["node_modules/b", { version: "2.0.0", resolved: "git+https://github.com/o/b.git#abc" }], ["node_modules/c", { link: true }]);
const UV = `[[package]]\nname = "Flask"\nversion = "3.0.0"\nsource = { registry = "https://registry.example/simple" }\nsdist = { url = "x", hash = "sha256:${"1".repeat(64)}" }\nwheels = [\n  { url = "y", hash = "sha256:${"2".repeat(64)}" },\n]\n\n[[package]]\nname = "app"\nversion = "0.1.0"\nsource = { editable = "." }\n`;

const crate = (name: string, owner: string, digit = "1"): string => `[[package]]\nname = "${name}"\nversion = "1.0.0"\nsource = "registry+https://github.com/${owner}/index"\nchecksum = "${digit.repeat(64)}"\n\n`;

test("packages of several ecosystems stand in one document, each with what its lock says of it; what is the repository's own is counted", async () => {
  const one = shown(await made({ "web/package-lock.json": NPM, "uv.lock": UV, "README.md": "x", "go.sum": `example.com/m v1.0.0 h1:${"A".repeat(43)}=\nexample.com/m v1.0.0/go.mod h1:${"B".repeat(43)}=\n` }));
  expect(one.components?.map(({ purl, group, name }) => purl ?? `${group ?? ""}${name}`).sort()).toEqual(["b", "pkg:golang/example.com/m@v1.0.0", "pkg:npm/%40s/a@1.0.0", "pkg:pypi/flask@3.0.0"]);
  const of = (name: string) => one.components?.find((component) => component.name === name);
  expect([of("a")?.hashes?.map(({ alg }) => alg), of("a")?.group, of("Flask")?.hashes, of("b")?.properties?.map(({ name, value }) => `${name} ${value}`)]).toEqual([["SHA-512"], "@s", undefined, ["maestro:lock web/package-lock.json", "maestro:source git github.com/o"]]);
  // Two files of one release: which of them a user has, the lock does not say.
  expect(of("Flask")?.properties?.filter(({ name }) => name === "maestro:stated")).toHaveLength(2);
  expect([said(one, "read"), said(one, "local-packages"), said(one, "gap")]).toEqual([["go.sum", "uv.lock", "web/package-lock.json"], ["1"], []]);
});

test("the same locks give the same bytes in whatever order they come, and other locks another serial number", async () => {
  const [a, b, c] = await Promise.all([made({ "uv.lock": UV, "package-lock.json": NPM }), made({ "package-lock.json": NPM, "uv.lock": UV }), made({ "package-lock.json": NPM })]);
  expect(Buffer.compare(a.document ?? new Uint8Array(), b.document ?? new Uint8Array())).toBe(0);
  expect(shown(a).serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(shown(c).serialNumber).not.toBe(shown(a).serialNumber);
  expect(fromUtf8Lossy(a.document ?? new Uint8Array())).not.toContain("timestamp");
});

test("what cannot be read or is too much is said in the document, and never left out in silence", async () => {
  const many = npm(...Array.from({ length: 20_003 }, (_, at) => [`node_modules/p${at}`, { version: "1.0.0" }] as const));
  const one = await made({ "package-lock.json": many, "b/package-lock.json": "{", "c/uv.lock": new Uint8Array([0xff]), ...Object.fromEntries(Array.from({ length: 62 }, (_, at) => [`z${at}/go.sum`, ""])) });
  expect([one.packages, said(shown(one), "gap")]).toEqual([20_000, ["1 lock files: more than 64", "3 packages: more than 20000", "b/package-lock.json: it is not JSON", "c/uv.lock: it is not UTF-8"]]);
});

test("attack: names of a lock that would be another's package, a path, or a second property stay text of that one component", async () => {
  const name = 'x"},{"type":"library","name":"evil\u202e';
  const one = shown(await made({ "package-lock.json": npm([`node_modules/${name}`, { version: "1.0.0\n2" }], ["node_modules/__proto__", { version: "1.0.0" }]) }));
  expect(one.components?.map((component) => [component.name, component.purl === undefined])).toEqual(expect.arrayContaining([[name, true]]));
  expect(one.components?.length).toBeLessThanOrEqual(2);
});

test("attack: what lets somebody in stands in an address of a lock, and in no bill of materials", async () => {
  const secret = "s3cr3t-Pa55";
  const at = `https://user:${secret}@host.example`;
  const one = fromUtf8Lossy((await made({
    "package-lock.json": JSON.stringify({ dependencies: { a: { version: `git+${at}/o/a.git#abc` }, b: { version: `${at}/b.tgz?token=${secret}` }, c: { version: `https://${secret}@host.example/c.tgz` } } }),
    "bun.lock": `{"packages":{"a":["a@git+${at}/o/a.git#abc",{},"abc"],"c":["c@1.0.0","${at}/",{},"sha512-${secret}"]}}`,
    "yarn.lock": `"b@${at}/b.tgz":\n  version "${at}"\n  resolved "${at}/b.tgz"\n`,
    "pnpm-lock.yaml": `packages:\n  'b@${at}/b.tgz':\n    resolution: {tarball: '${at}/b.tgz'}\n`,
    "uv.lock": `[[package]]\nname = "g"\nversion = "${at}"\nsource = { git = "${at}/o/g?token=${secret}#abc" }\n`,
  })).document ?? new Uint8Array()).replaceAll(`sha512-${secret}`, "");
  expect([one.includes("host.example/b.tgz"), one.includes(secret), one.includes("user:")]).toEqual([true, false, false]);
});

test("attack: a package goes by another package's name: it is listed under its own", async () => {
  const of = async (path: string, text: string): Promise<(string | undefined)[]> => (shown(await made({ [path]: text })).components ?? []).map(({ purl, name }) => purl ?? name);
  expect(await of("yarn.lock", 'left@npm:@s/right@^1.0.0, left@npm:@s/right@~1.0.0:\n  version "1.0.1"\n  resolved "https://registry.example/@s/right/-/right-1.0.1.tgz#x"\n')).toEqual(["pkg:npm/%40s/right@1.0.1"]);
  expect(await of("package-lock.json", JSON.stringify({ dependencies: { left: { version: "npm:@s/right@1.0.1" } } }))).toEqual(["pkg:npm/%40s/right@1.0.1"]);
  expect(await of("pnpm-lock.yaml", "lockfileVersion: 5.4\npackages:\n  /@s/right/1.0.1_left@2.0.0:\n    resolution: {integrity: sha512-AA}\n")).toEqual(["pkg:npm/%40s/right@1.0.1"]);
  expect(await of("Cargo.lock", ["usual", "usual", "evil"].map((owner, at) => crate(`p${at}`, owner)).join(""))).toEqual(["pkg:cargo/p0@1.0.0", "pkg:cargo/p1@1.0.0", "pkg:cargo/p2@1.0.0?repository_url=github.com%2Fevil"]);
  expect(await of("poetry.lock", '[[package]]\nname = "right"\nversion = "1.0"\n\n[package.dependencies]\nname = "*"\nversion = ">=9"\n')).toEqual(["pkg:pypi/right@1.0"]);
});

test("which registry purls are of is said where most packages tell it, and no purl leaves it out where they do not", async () => {
  const of = async (files: Readonly<Record<string, string>>) => {
    const one = shown(await made(files));
    return [said(one, "registry"), (one.components ?? []).map(({ purl }) => purl)];
  };
  expect(await of({ "Cargo.lock": crate("a", "usual") + crate("b", "usual") })).toEqual([["cargo: github.com/usual"], ["pkg:cargo/a@1.0.0", "pkg:cargo/b@1.0.0"]]);
  const [usual, evil] = ["usual", "evil"].map((owner) => `?repository_url=github.com%2F${owner}`);
  expect(await of({ "Cargo.lock": crate("a", "usual") + crate("b", "evil") })).toEqual([[], [`pkg:cargo/a@1.0.0${usual}`, `pkg:cargo/b@1.0.0${evil}`]]);
  expect(await of({ "uv.lock": UV, "poetry.lock": '[[package]]\nname = "a"\nversion = "1.0"\n' })).toEqual([[], ["pkg:pypi/a@1.0", "pkg:pypi/flask@3.0.0?repository_url=registry.example"]]);
  // npm writes its own registry down, and which that is, is known: nobody else's becomes it by being used most.
  expect(await of({ "package-lock.json": npm(["node_modules/a", { version: "1.0.0", resolved: "https://house.example/a/-/a-1.0.0.tgz" }]) })).toEqual([[], ["pkg:npm/a@1.0.0?repository_url=house.example"]]);
});

test("attack: two locks of one tool, each of a registry of its own: a package of one never stands for the other's of the same name", async () => {
  const locks = { "a/Cargo.lock": crate("x", "usual", "1") + crate("y", "usual"), "b/Cargo.lock": crate("x", "evil", "2") };
  const { components = [] } = shown(await made(locks));
  expect(components.filter(({ name }) => name === "x").map(({ purl, hashes }) => [purl, hashes?.length])).toEqual([["pkg:cargo/x@1.0.0", 1], ["pkg:cargo/x@1.0.0?repository_url=github.com%2Fevil", 1]]);
});

test("a package whose address cannot be read is listed without a purl, and is no package of the repository's own", async () => {
  const one = shown(await made({ "package-lock.json": npm(["node_modules/a", { version: "1.0.0", resolved: "neither here nor there" }], ["node_modules/b", { version: "1.0.0", resolved: "file:../b.tgz" }]), "yarn.lock": 'c@^1.0.0:\n  version "1.0.0"\n  resolved "latest"\n' }));
  expect([said(one, "local-packages"), one.components?.map(({ name, purl }) => [name, purl])]).toEqual([["1"], [["a", undefined], ["c", undefined]]]);
  expect(one.components?.[0]?.properties).toContainEqual({ name: "maestro:source", value: "an address that cannot be read" });
});

test("the first version of Cargo.lock states its checksums in one table", async () => {
  const of = (source: string): string => `[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "${source}"\n\n`;
  const at = "registry+https://code.example/usual/index";
  const [registry] = shown(await made({ "Cargo.lock": `${of(at)}[metadata]\n"checksum a 1.0.0 (${at})" = "${"3".repeat(64)}"\n` })).components ?? [];
  expect(registry?.hashes).toEqual([{ alg: "SHA-256", content: "3".repeat(64) }]);
  const git = "git+https://code.example/o/a#abc";
  const [none] = shown(await made({ "Cargo.lock": `${of(git)}[metadata]\n"checksum a 1.0.0 (${git})" = "<none>"\n` })).components ?? [];
  expect([none?.name, none?.hashes]).toEqual(["a", undefined]);
});

test("attack: packages in a lock file of a tool that is not read, or in more files than are listed, are missing in silence", async () => {
  expect(said(shown(await made({ "a/Gemfile.lock": "GEM", "go.sum": "" })), "gap")).toEqual(["a/Gemfile.lock: lock files of that tool are not read"]);
  const only = await made({ "bun.lockb": new Uint8Array([0]) });
  expect([only.packages, only.gaps.map(({ what }) => what)]).toEqual([0, ["bun.lockb"]]);
  expect((await made({ "README.md": "x" })).document).toBeNull();
  const many = await made(Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`d${at}/composer.lock`, "{}"])));
  expect([many.gaps.length, many.gaps.at(-1)?.what]).toEqual([200, "101 more"]);
});

test("attack: a lock whose packages make more than can be kept: what fits is kept, and the rest is counted", async () => {
  const integrity = Array.from({ length: 16 }, (_, at) => `h${at}-${"z".repeat(290)}`).join(" ");
  const one = await made({ "package-lock.json": npm(...Array.from({ length: 2_500 }, (_, at) => [`node_modules/p${at}`, { version: "1.0.0", integrity }] as const)) });
  expect([(one.document?.length ?? 0) <= 8 * 1024 * 1024, one.packages > 1000]).toEqual([true, true]);
  expect(said(shown(one), "gap")).toEqual([`${2_500 - one.packages} packages: the document would not fit where it is kept`]);
});

test("more digests than are listed are counted", async () => {
  const wheels = Array.from({ length: 20 }, (_, at) => `{ url = "w", hash = "sha256:${String(at).padStart(64, "0")}" }`).join(", ");
  const [package_] = shown(await made({ "uv.lock": `[[package]]\nname = "numpy"\nversion = "2.0"\nsource = { registry = "https://registry.example/simple" }\nwheels = [${wheels}]\n` })).components ?? [];
  const stated = package_?.properties?.filter(({ name }) => name === "maestro:stated").map(({ value }) => value) ?? [];
  expect([stated.length, stated.filter((value) => value.startsWith("and"))]).toEqual([17, ["and 4 more"]]);
});

/** Bills of materials: names by the purl specification, digests as the lock states them, the same bytes every time, and nothing that a lock can do to it. */
import { expect, test } from "bun:test";
import { fromUtf8Lossy, utf8 } from "../../proto/encoding.ts";
import { lockReader } from "../gate/checks/lock/read.ts";
import { hashOf } from "./hashes.ts";
import { makeSbom, type Leaf, type MadeSbom } from "./index.ts";
import { purlOf } from "./purl.ts";

const REGISTRY = "the default registry";

test.each([
  ["npm", "foobar", "12.3.1", REGISTRY, "pkg:npm/foobar@12.3.1"],
  ["npm", "@angular/animation", "12.3.1", "registry.npmjs.org", "pkg:npm/%40angular/animation@12.3.1"],
  ["npm", "JSONStream", "1.3.5", REGISTRY, "pkg:npm/JSONStream@1.3.5"],
  ["npm", "mypackage", "12.4.5", "npm.example.org", "pkg:npm/mypackage@12.4.5?repository_url=npm.example.org"],
  ["cargo", "clap", "2.33.0", "github.com", "pkg:cargo/clap@2.33.0"],
  ["python", "Django.Allauth_x", "12.23", "pypi.org", "pkg:pypi/django-allauth-x@12.23"],
  ["go", "google.golang.org/genproto", "v0.0.1", REGISTRY, "pkg:golang/google.golang.org/genproto@v0.0.1"],
  ["go", "github.com/Azure/go-autorest", "v14.2.0+incompatible", REGISTRY, "pkg:golang/github.com/azure/go-autorest@v14.2.0%2Bincompatible"],
  ["npm", "a", "1.0.0", "git github/owner", null],
  ["npm", "../../etc/passwd", "1.0.0", REGISTRY, null],
  ["npm", "a", "1.0.0?x=y#z", REGISTRY, null],
  ["cargo", "a b", "1", REGISTRY, null],
  ["npm", "a", "", REGISTRY, null],
] as const)("purl of %s %s %s from %s: %s", (ecosystem, name, version, source, purl) => {
  expect(purlOf(ecosystem, { name, version, source })).toBe(purl);
});

test("a digest is one of a file only where it says so and has the length", () => {
  const sri = `sha512-${Buffer.alloc(64, 1).toString("base64")}`;
  expect([hashOf(sri), hashOf(`sha256:${"ab".repeat(32)}`)]).toEqual([{ algorithm: "SHA-512", hex: "01".repeat(64) }, { algorithm: "SHA-256", hex: "ab".repeat(32) }]);
  expect(["h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "10c0/abcd", "sha256:abcd", "sha512-AAAA", "md9:00", "constructor-AAAA", ""].map(hashOf)).toEqual([null, null, null, null, null, null, null]);
});

function made(files: Readonly<Record<string, string | Uint8Array>>, name = "demo"): Promise<MadeSbom> {
  const leaves: Leaf[] = Object.keys(files).map((path) => ({ path: { u: path }, mode: "100644", oid: path }));
  const content = (oid: string): Promise<Uint8Array> => Promise.resolve(typeof files[oid] === "string" ? utf8(files[oid]) : (files[oid] ?? new Uint8Array()));
  return makeSbom(leaves, { readerOf: lockReader, content }, { name, version: "tree" });
}

interface Shown {
  readonly serialNumber: string;
  readonly metadata: { readonly properties: readonly { readonly name: string; readonly value: string }[] };
  readonly components?: readonly { readonly group?: string; readonly name: string; readonly version: string; readonly purl?: string; readonly hashes?: readonly { readonly alg: string }[]; readonly properties?: readonly { readonly name: string; readonly value: string }[] }[];
}
const shown = ({ document }: MadeSbom): Shown => JSON.parse(fromUtf8Lossy(document ?? new Uint8Array()));
const said = (one: Shown, name: string): string[] => one.metadata.properties.filter((property) => property.name === `maestro:${name}`).map(({ value }) => value);

const npm = (...packages: readonly (readonly [path: string, fields: object])[]): string => JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(packages) });
const NPM = npm(["", { name: "app" }], ["node_modules/@s/a", { version: "1.0.0", integrity: `sha512-${Buffer.alloc(64, 7).toString("base64")}` }], ["node_modules/b", { version: "2.0.0", resolved: "git+https://github.com/o/b.git#abc" }], ["node_modules/c", { link: true }]);
const UV = `[[package]]\nname = "Flask"\nversion = "3.0.0"\nsource = { registry = "https://pypi.org/simple" }\nsdist = { url = "x", hash = "sha256:${"1".repeat(64)}" }\nwheels = [\n  { url = "y", hash = "sha256:${"2".repeat(64)}" },\n]\n\n[[package]]\nname = "app"\nversion = "0.1.0"\nsource = { editable = "." }\n`;

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

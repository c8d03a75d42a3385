import { describe, expect, test } from "bun:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { utf8 } from "../../proto/encoding.ts";
import { ERRORS, MaestroError } from "../../proto/errors.ts";
import { recordIdPattern } from "../../proto/record.ts";
import { BUNDLE_LIMITS, bundleDigest, policyId, readBundle } from "./bundle.ts";
import { readTar } from "../platform/archive/tar.ts";
import { tar, tarGz, type Entry } from "../platform/archive/testing/tar.ts";

const DEFAULT = await Bun.file(new URL("../../policies/default/bundle.tar.gz", import.meta.url)).bytes();

const manifest = JSON.stringify({ revision: "mine@3", wasm: [{ entrypoint: "maestro/gate/answer", module: "/policy.wasm" }] });
const honest: readonly Entry[] = [
  { name: "/data.json", content: "{}" },
  { name: "/policy.wasm", content: "\0asm" },
  { name: "/.manifest", content: manifest },
];
const but = (name: string, change: Partial<Entry>) => honest.map((entry) => (entry.name === name ? { ...entry, ...change } : entry));

function refusal(bytes: Uint8Array): string {
  try {
    readBundle(bytes, "/etc/policy.tar.gz");
  } catch (error) {
    if (error instanceof MaestroError && error.code === "policy.load") return error.detail;
    throw error;
  }
  return "was read";
}

describe("the default bundle", () => {
  test("reads, names itself and holds a table of every rule's effects", () => {
    const bundle = readBundle(DEFAULT, "default");
    expect(bundle.name).toBe("default@1");
    expect(bundle.wasm.subarray(0, 4)).toEqual(utf8("\0asm"));
    expect(bundle.data).toMatchObject({ maestro: { table: { rules: { "ci.changed": { effects: { human: "pass", agent: "hold" } } } } } });
  });

  test("an archive that opa wrote reads as tar(1) reads it", () => {
    const files = readTar(gunzipSync(DEFAULT), { entries_max: 8, one_leading_slash: true });
    expect([...files.keys()]).toEqual(["data.json", "maestro/gate.rego", "policy.wasm", ".manifest"]);
    const listed = Bun.spawnSync(["tar", "-xzPOf", "-", "/policy.wasm"], { stdin: DEFAULT });
    expect(Bun.SHA256.hash(files.get("policy.wasm")!, "hex")).toBe(Bun.SHA256.hash(listed.stdout, "hex"));
  });
});

describe("a bundle is refused, by name and with what to do", () => {
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["not gzip", utf8("hello"), /not a whole gzip file/],
    ["cut gzip", DEFAULT.subarray(0, 30_000), /not a whole gzip file/],
    ["empty", new Uint8Array(), /not a whole gzip file/],
    ["gzip bomb", tarGz([{ name: "/data.json", content: new Uint8Array(16 * 1024 * 1024) }]), /unpacks to more than \d+ bytes/],
    ["file over the limit", new Uint8Array(BUNDLE_LIMITS.packed_bytes_max + 1), /limit 8388608/],
    ["too many entries", tarGz(Array.from({ length: 65 }, (_, i) => ({ name: `/${i}.rego`, content: "" }))), /more than 64 entries/],
    ["cut tar", gzipSync(tar(honest).subarray(0, 513)), /ends inside an entry/],
    ["tar without an end mark", gzipSync(tar(honest).subarray(0, 1024)), /without its end mark/],
    ["size past the end", tarGz(but("/data.json", { stated_size: 1 << 20 })), /ends inside an entry/],
    ["broken checksum", tarGz(but("/data.json", { broken_checksum: true })), /checksum does not match/],
    ["symbolic link", tarGz([...honest, { name: "/x.rego", content: "", kind: "2" }]), /a symbolic link .* not a regular file/],
    ["pax header", tarGz([{ name: "/x", content: "30 path=/etc/passwd\n", kind: "x" }, ...honest]), /a pax header/],
    ["path out of the archive", tarGz([...honest, { name: "../../etc/cron.d/x", content: "" }]), /could lead out/],
    ["same name twice", tarGz([...honest, { name: "/data.json", content: "{}" }]), /twice/],
    ["same name with and without slash", tarGz([...honest, { name: "data.json", content: "{}" }]), /twice/],
    ["unexpected member", tarGz([...honest, { name: "/.signatures.json", content: "{}" }]), /does not belong/],
    ["no wasm", tarGz(honest.filter(({ name }) => name !== "/policy.wasm")), /no policy.wasm/],
    ["no data", tarGz(honest.filter(({ name }) => name !== "/data.json")), /no data.json/],
    ["no manifest", tarGz(honest.filter(({ name }) => name !== "/.manifest")), /no .manifest/],
    ["data is not JSON", tarGz(but("/data.json", { content: "{" })), /data.json is not JSON/],
    ["data is not an object", tarGz(but("/data.json", { content: "[]" })), /data.json is not an object/],
    ["data is not UTF-8", tarGz(but("/data.json", { content: new Uint8Array([0xff]) })), /not UTF-8/],
    ["other entry point", tarGz(but("/.manifest", { content: manifest.replace("answer", "allow") })), /entry point maestro\/gate\/answer/],
    ["Rego only", tarGz(but("/.manifest", { content: "{}" })), /not compiled to WebAssembly/],
  ];
  test.each(cases)("%s", (_name, bytes, why) => {
    const detail = refusal(bytes);
    expect(detail).toMatch(why);
    expect(detail).toStartWith("/etc/policy.tar.gz: ");
    expect(detail).toContain("opa build -t wasm -e maestro/gate/answer");
  });

  test("exits as a hold does, never as an admit", () => {
    expect(ERRORS["policy.load"].exit).toBe(3);
  });

  test("the honest one beside them reads", () => {
    expect(readBundle(tarGz(honest), "x").name).toBe("mine@3");
  });
});

const idOf = (...files: readonly Uint8Array[]): string => policyId(files.map((bytes) => bundleDigest(bytes, "a test's bundle")));

describe("policy id", () => {
  test("is over contents, not over how they were packed", () => {
    const repacked = gzipSync(gunzipSync(DEFAULT), { level: 1 });
    expect(repacked).not.toEqual(Buffer.from(DEFAULT));
    expect(idOf(repacked)).toBe(idOf(DEFAULT));
    expect(idOf(DEFAULT)).toMatch(new RegExp(recordIdPattern("policy")));
  });

  test("changes with one byte of code or of data, and with the order", () => {
    const ids = [
      tarGz(honest),
      tarGz(but("/policy.wasm", { content: "\0asn" })),
      tarGz(but("/data.json", { content: '{"a":1}' })),
    ].map((bytes) => idOf(bytes));
    ids.push(idOf(DEFAULT, tarGz(honest)), idOf(tarGz(honest), DEFAULT));
    expect(new Set(ids).size).toBe(5);
  });

  test("a bundle that does not read still has one: the gate it holds needs it", () => {
    expect(idOf(utf8("hello"))).not.toBe(idOf(utf8("world")));
  });
});

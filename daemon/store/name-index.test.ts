/** More names than `index.json` holds by itself. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLE_MEDIA_TYPE } from "../../proto/bundle.ts";
import { utf8 } from "../../proto/encoding.ts";
import type { Descriptor } from "../../proto/oci.ts";
import { skipWithout } from "../testing/skip.ts";
import { openArtifacts, type Artifacts } from "./artifacts.ts";
import { openIncoming } from "./files.ts";
import { NameIndex } from "./name-index.ts";

const limits = { value_bytes_max: 2048, blob_bytes_max: 1_000_000, commit_deadline_ms: 5000, free_bytes_min: 1 };
const NAMES = Array.from({ length: 600 }, (_, i) => `gate-${i}`);
const IN_PART = 256;
let dir: string;
let store: Artifacts;
let index: NameIndex;
let manifest: Descriptor;

const reopen = async (): Promise<NameIndex> => NameIndex.load({ layout: store.layout, incoming: await openIncoming(join(dir, "incoming")), blobs: store.blobs });
const blobPath = (digest: string) => join(store.layout, "blobs", "sha256", digest.slice("sha256:".length));
const onDisk = (path = join(store.layout, "index.json")): Descriptor[] => JSON.parse(readFileSync(path, "utf8")).manifests;
const parts = () => onDisk().filter(({ mediaType }) => mediaType.includes("index"));
const named = (path?: string) => onDisk(path).flatMap(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] ?? []);
const everywhere = () => [...parts().flatMap(({ digest }) => named(blobPath(digest))), ...named()];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "maestro-names-"));
  store = await openArtifacts({ state_dir: dir, limits });
  manifest = await store.putArtifact("first", BUNDLE_MEDIA_TYPE, [{ mediaType: BUNDLE_MEDIA_TYPE, bytes: utf8("the bundle") }]);
  index = await reopen();
  await Promise.all(NAMES.map((name) => index.set(name, manifest)));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("the oldest stand in a part, every one once, before and after a reopen, in the order they came", async () => {
  for (let round = 0; round < 2; round++) {
    expect([parts().length, named()[0], everywhere()]).toEqual([1, `gate-${IN_PART - 1}`, ["first", ...NAMES]]);
    expect([index.names(), index.get("gate-3")?.digest, index.get("gate-none")]).toEqual([["first", ...NAMES], manifest.digest, undefined]);
    index = await reopen();
  }
});

test("what a new name writes does not grow with the names that are there", async () => {
  const bytes = () => statSync(join(store.layout, "index.json")).size;
  const before = bytes();
  await Promise.all(Array.from({ length: 5_000 }, (_, i) => index.set(`more-${i}`, manifest)));
  expect(parts().length).toBeGreaterThan(15);
  expect(bytes()).toBeLessThan(2 * before);
});

test("a part counts as referred to, so nothing that cleans up takes it", async () => {
  store = await openArtifacts({ state_dir: dir, limits });
  expect((await store.references()).has(parts()[0]?.digest ?? "")).toBe(true);
});

test("a name that moves leaves its part", async () => {
  const before = parts()[0]?.digest;
  const other = { ...manifest, size: manifest.size + 1 };
  await index.set("gate-3", other);
  expect([everywhere().filter((name) => name === "gate-3").length, named().at(-1), parts()[0]?.digest === before]).toEqual([1, "gate-3", false]);
  index = await reopen();
  expect([index.get("gate-3")?.size, index.names().length, index.names().at(-1)]).toEqual([other.size, NAMES.length + 1, "gate-3"]);
});

test("an index from before there were parts is read, and its oldest names move into parts with the next one", async () => {
  const flat = onDisk().flatMap((entry) => (entry.mediaType.includes("index") ? onDisk(blobPath(entry.digest)) : [entry]));
  writeFileSync(join(store.layout, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: flat }));
  index = await reopen();
  expect([index.names().length, parts().length]).toEqual([601, 0]);
  await index.set("last", manifest);
  expect([everywhere(), parts().length]).toEqual([["first", ...NAMES, "last"], 1]);
});

describe("what is damaged is corruption, not fewer names", () => {
  const code = (): Promise<unknown> => reopen().then(() => "read", (error: unknown) => (error as { code?: unknown }).code);

  test("a part that is others, and one that is gone", async () => {
    const path = blobPath(parts()[0]?.digest ?? "");
    writeFileSync(path, readFileSync(path).subarray(1));
    expect(await code()).toBe("store.corrupt");
    rmSync(path);
    expect(await code()).toBe("store.corrupt");
  });

  test("a part that is some other blob", async () => {
    const { digest, size } = await store.blobs.put(utf8('{"manifests":[]}'));
    const path = join(store.layout, "index.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(/^\{"manifests":\[\{[^}]*\}/, JSON.stringify({ manifests: [{ digest, mediaType: "application/vnd.oci.image.index.v1+json", size }] }).slice(0, -2)));
    expect(await code()).toBe("store.corrupt");
  });
});

const skopeo = Bun.which("skopeo");
const noSkopeo = skipWithout(skopeo !== null, "skopeo is not installed, so no foreign tool read an old name");
test.skipIf(noSkopeo)("skopeo reads a new name in the layout and an old one in its part's own, which is made anew where somebody deleted it", async () => {
  rmSync(join(store.layout, "older"), { recursive: true });
  index = await reopen();
  const [older = ""] = readdirSync(join(store.layout, "older"));
  for (const [layout, name] of [[join(store.layout, "older", older), "gate-0"], [store.layout, "gate-599"]] as const) {
    const out = join(dir, `copy-${name}`);
    const copy = Bun.spawnSync([skopeo!, "--insecure-policy", "copy", "--quiet", `oci:${layout}:${name}`, `dir:${out}`]);
    expect([copy.stderr.toString(), copy.exitCode, readdirSync(out).filter((file) => readFileSync(join(out, file), "utf8") === "the bundle").length]).toEqual(["", 0, 1]);
  }
});

test("a part's folder that a killed daemon left half made is made anew, and one of a part that is no more goes", async () => {
  const folder = join(store.layout, "older");
  const [kept = ""] = readdirSync(folder);
  const [half, stale] = [join(folder, "new-0123456789abcdef"), join(folder, "0123456789abcdef")];
  for (const path of [half, stale]) Bun.spawnSync(["mkdir", path]);
  index = await reopen();
  expect([existsSync(half), existsSync(stale), readdirSync(folder)]).toEqual([false, false, [kept]]);
});

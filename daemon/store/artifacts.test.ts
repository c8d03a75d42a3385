import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLE_MEDIA_TYPE } from "../../proto/bundle.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { skipWithout } from "../testing/skip.ts";
import { openArtifacts, type Artifacts } from "./artifacts.ts";
import { sha256Digest } from "./blobs.ts";

const limits = { value_bytes_max: 2048, blob_bytes_max: 100_000, commit_deadline_ms: 5000, free_bytes_min: 1 };
let dir: string;
let store: Artifacts;

const blobPath = (digest: string) => join(store.layout, "blobs", "sha256", digest.slice("sha256:".length));
const code = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
  return "none";
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "maestro-blobs-"));
  store = await openArtifacts({ state_dir: dir, limits });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function* chunks(...parts: string[]) {
  for (const part of parts) yield utf8(part);
}

describe("blobs", () => {
  test("bytes come back under the digest of their content", async () => {
    const ref = await store.blobs.put(utf8("hello"));
    // Known answer: SHA-256 of "hello".
    expect(ref).toEqual({ digest: "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", size: 5 });
    expect([...(await store.blobs.get(ref.digest))!]).toEqual([...utf8("hello")]);
    expect(await store.blobs.putStream(chunks("hel", "", "lo"))).toEqual(ref);
    expect(statSync(blobPath(ref.digest)).mode & 0o777).toBe(0o600);
  });

  test("an absent blob is undefined, a name that is no digest a bug", async () => {
    expect(await store.blobs.get(sha256Digest(utf8("nowhere")))).toBeUndefined();
    expect(await store.blobs.has(sha256Digest(utf8("nowhere")))).toBe(false);
    expect(await code(store.blobs.get("sha256:../../../etc/passwd"))).toBe("internal.bug");
  });

  test("a flipped bit, a cut and an appended byte are refused, and writing the bytes again repairs them", async () => {
    const bytes = utf8("evidence".repeat(20));
    const { digest } = await store.blobs.put(bytes);
    const damaged = [bytes.slice(1), Uint8Array.of(...bytes, 0), new Uint8Array(0)];
    for (let bit = 0; bit < bytes.length * 8; bit += 97) {
      const copy = bytes.slice();
      copy[bit >> 3]! ^= 1 << (bit & 7);
      damaged.push(copy);
    }
    for (const wrong of damaged) {
      writeFileSync(blobPath(digest), wrong);
      expect(await code(store.blobs.get(digest))).toBe("store.corrupt");
    }
    await store.blobs.put(bytes);
    expect(await store.blobs.get(digest)).toHaveLength(bytes.length);
  });

  test("a stream above the limit, or one that breaks off, leaves nothing behind", async () => {
    async function* endless() {
      for (;;) yield new Uint8Array(10_000);
    }
    async function* broken() {
      yield utf8("half");
      throw new Error("the client went away");
    }
    expect(await code(store.blobs.putStream(endless()))).toBe("request.too_large");
    await expect(store.blobs.putStream(broken())).rejects.toThrow("the client went away");
    expect(readdirSync(join(dir, "incoming"))).toEqual([]);
    expect(readdirSync(join(store.layout, "blobs", "sha256"))).toEqual([sha256Digest(utf8("{}")).slice(7)]);
  });

  test("what a killed daemon left half-written is removed at the next start", async () => {
    writeFileSync(join(dir, "incoming", "0"), "half");
    store = await openArtifacts({ state_dir: dir, limits });
    expect(readdirSync(join(dir, "incoming"))).toEqual([]);
  });
});

describe("artifacts", () => {
  const put = (name: string, text: string) => store.putArtifact(name, BUNDLE_MEDIA_TYPE, [{ mediaType: BUNDLE_MEDIA_TYPE, bytes: utf8(text) }]);

  test("names survive a reopen and a name moves to its newest artifact", async () => {
    await put("gate-a.1", "one");
    await put("gate-b.1", "two");
    const moved = await put("gate-a.1", "three");
    store = await openArtifacts({ state_dir: dir, limits });
    expect(store.names()).toEqual(["gate-b.1", "gate-a.1"]);
    const artifact = await store.getArtifact("gate-a.1");
    expect(artifact?.descriptor.digest).toBe(moved.digest);
    expect(artifact?.manifest.layers[0]?.digest).toBe(sha256Digest(utf8("three")));
    expect(await store.getArtifact("gate-c.1")).toBeUndefined();
  });

  test("artifacts named at once all stand in index.json when their promises resolve", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `gate-${i}`);
    await Promise.all(names.map((name) => put(name, name)));
    const index = JSON.parse(readFileSync(join(store.layout, "index.json"), "utf8"));
    const written = index.manifests.map((entry: { annotations: Record<string, string> }) => entry.annotations["org.opencontainers.image.ref.name"]);
    expect(written.sort()).toEqual(names.sort());
  });

  test("a manifest that is gone or an index that is damaged is corruption, not an empty store", async () => {
    const { digest } = await put("gate-a", "one");
    rmSync(blobPath(digest));
    expect(await code(store.getArtifact("gate-a"))).toBe("store.corrupt");
    writeFileSync(join(store.layout, "index.json"), '{"schemaVersion":2}');
    expect(await code(openArtifacts({ state_dir: dir, limits }))).toBe("store.corrupt");
  });

  test("a name that would leave the layout is refused", async () => {
    for (const name of ["", "../x", "a/b", "-a", "a\n"]) expect(await code(put(name, "x"))).toBe("internal.bug");
  });

  const skopeo = Bun.which("skopeo");
  const noSkopeo = skipWithout(skopeo !== null, "skopeo is not installed, so no foreign tool read the layout");
  test.skipIf(noSkopeo)("skopeo reads the layout and copies the same bytes out of it", async () => {
    await put("gate-a.1", "the bundle");
    const out = join(dir, "copy");
    const copy = Bun.spawnSync([skopeo!, "--insecure-policy", "copy", "--quiet", `oci:${store.layout}:gate-a.1`, `dir:${out}`]);
    expect(copy.stderr.toString()).toBe("");
    expect(copy.exitCode).toBe(0);
    const layer = join(out, sha256Digest(utf8("the bundle")).slice(7));
    expect(existsSync(layer) && readFileSync(layer, "utf8")).toBe("the bundle");
  });
});

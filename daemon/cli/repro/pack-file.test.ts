/** Repro packs from strangers: each is refused with its reason before anything of it runs. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { utf8 } from "../../../proto/encoding.ts";
import type { EvidenceBundle } from "../../../proto/evidence-bundle.ts";
import { REPRO_MAGIC, type ReproHeader } from "../../../proto/repro.ts";
import { readBundle } from "../../policy/index.ts";
import { makeBundle, newRing } from "../../testing/evidence.ts";
import { readPack, spool, writePack } from "./pack-file.ts";
import { policyArchive } from "./policy-archive.ts";

const OBJECTS = new Uint8Array(Buffer.from("what an intake takes\nwith line feeds\n"));
const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

let folder: string;
let header: ReproHeader;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-repro-test-"));
  const gate = { bundle: JSON.parse(new TextDecoder().decode(makeBundle(newRing()))) as EvidenceBundle["gate"]["bundle"] };
  header = {
    type: "maestro.repro", v: 1, command: "maestro repro --run FILE", check: null,
    evidence: { type: "maestro.evidence-bundle", v: 1, readme: "", trust_sha256: "0".repeat(64), gate, earlier: [], releases: [], provenance: [], files: [], left_out: [] },
    findings: null,
    change: { target_ref: "refs/heads/main", target: "1".repeat(40), head: "2".repeat(40) },
    intake: { object_format: "sha1", cuts: [], tips: ["2".repeat(40)] },
    objects: { bytes: OBJECTS.length, sha256: sha(OBJECTS) },
    reports: [], tools: [], seeds: [], environment: { maestro: "0", bun: "1", git: "2", platform: "linux", arch: "x64" }, left_out: [],
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, ...parts: readonly (string | Uint8Array)[]): string => {
  writeFileSync(join(folder, name), Buffer.concat(parts.map((part) => Buffer.from(part))));
  return join(folder, name);
};
const because = async (path: string): Promise<string> => readPack(path).then(() => "read", (error: unknown) => (error instanceof Error && "detail" in error ? String(error.detail).replace(path, "FILE") : String(error)));

test("what is written is read again, byte for byte, and twice", async () => {
  const [objects, out] = [join(folder, "objects"), join(folder, "out.maestro")];
  expect(await spool(new Blob([OBJECTS]).stream(), objects)).toEqual({ bytes: OBJECTS.length, sha256: sha(OBJECTS) });
  await writePack(out, header, objects);
  const read = await readPack(out);
  expect(read.header).toEqual(header);
  for (let i = 0; i < 2; i += 1) expect(new Uint8Array(await new Response(read.objects!()).arrayBuffer())).toEqual(new Uint8Array(OBJECTS));
  expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  expect(readFileSync(out).subarray(0, REPRO_MAGIC.length).toString()).toBe(REPRO_MAGIC);
});

test("attack: other files, a header without an end, another form, and paths where there are none", async () => {
  const line = canonicalBytes(header);
  expect(await because(file("tar", "../../etc/passwd\0"))).toContain("it does not begin with");
  expect(await because(file("endless", REPRO_MAGIC, "{".repeat(3_000_000)))).toContain("its header does not end");
  expect(await because(file("none", REPRO_MAGIC, "\n"))).toStartWith("FILE is no repro pack");
  expect(await because(file("more", REPRO_MAGIC, canonicalBytes({ ...header, path: "../../etc" }), "\n", OBJECTS))).toContain("is no repro pack: ");
  expect(await because(file("spaced", REPRO_MAGIC, ` ${new TextDecoder().decode(line)}`, "\n", OBJECTS))).toContain("is no repro pack: ");
  expect(await because(file("seeded", REPRO_MAGIC, canonicalBytes({ ...header, seeds: ["1"] }), "\n", OBJECTS))).toContain("is no repro pack: ");
  expect(await because(join(folder, "nothing"))).toContain("is not there");
});

test("attack: objects that are longer, shorter or others than the header says, and a length that no disk holds", async () => {
  const line = canonicalBytes(header);
  expect(await because(file("longer", REPRO_MAGIC, line, "\n", OBJECTS, "x"))).toContain(`behind the header are ${OBJECTS.length + 1} bytes, it says ${OBJECTS.length}`);
  expect(await because(file("shorter", REPRO_MAGIC, line, "\n"))).toContain("behind the header are 0 bytes");
  expect(await because(file("others", REPRO_MAGIC, line, "\n", OBJECTS.toReversed()))).toContain("its objects are not the ones that the header names");
  expect(await because(file("huge", REPRO_MAGIC, canonicalBytes({ ...header, objects: { bytes: Number.MAX_SAFE_INTEGER, sha256: sha(OBJECTS) } }), "\n", OBJECTS))).toContain("it says 9007199254740991");
  expect(await because(file("smuggled", REPRO_MAGIC, canonicalBytes({ ...header, objects: null }), "\n", OBJECTS))).toContain("it says 0");
  expect(existsSync(join(folder, "others"))).toBe(true);
});

test("a policy's code and data are read by a daemon as they were", () => {
  const archive = policyArchive(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), utf8('{"a":1}'));
  expect(gunzipSync(archive).length % 512).toBe(0);
  expect(readBundle(archive, "packed")).toMatchObject({ wasm_sha256: sha(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])), data_sha256: sha(utf8('{"a":1}')) });
});

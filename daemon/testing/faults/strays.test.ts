/** The audit of a faulted folder names every file that nobody will remove. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { straysIn } from "./strays.ts";

const root = mkdtempSync(join(tmpdir(), "maestro-strays-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("half-written and forgotten files are strays, what is kept or swept is none", () => {
  const repository = `repositories/${"a".repeat(64)}`;
  const known = ["lock", "db/data.mdb", "keys/gate.pem", "log/tile/0/000.p/2", `oci/blobs/sha256/${"b".repeat(64)}`, `${repository}/sha1.git/objects/pack/pack-${"c".repeat(40)}.idx`, `${repository}/quarantine-aB3dE6/objects/pack/tmp_pack_x`, "scratch/gate-1/facts.json"];
  const strays = ["db.next/data.mdb", "keys.new/gate.pem", "log/checkpoint.new", `oci/blobs/sha256/${"b".repeat(64)}.new`, "oci/index.json.new", `${repository}/sha1.git/objects/pack/tmp_pack_x`];
  for (const path of [...known, ...strays]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
  expect(straysIn(root)).toEqual([...strays, "db.next", "keys.new"].sort());
});

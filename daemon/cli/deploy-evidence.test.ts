import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundlesAt } from "./deploy-evidence.ts";
import { besideRelease } from "./shipped/beside.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-beside-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("attack: a folder of evidence that somebody else packed holds folders, links to nothing and in a circle, a pipe and a device without an end: only plain files are read", () => {
  mkdirSync(join(folder, "a.json"));
  symlinkSync("nowhere", join(folder, "b.json"));
  symlinkSync("c.json", join(folder, "c.json"));
  expect(Bun.spawnSync(["mkfifo", join(folder, "d.json")]).exitCode).toBe(0);
  symlinkSync("/dev/zero", join(folder, "e.json"));
  writeFileSync(join(folder, "f.json"), "{}");
  symlinkSync("f.json", join(folder, "g.json"));
  expect(Array.from(bundlesAt(folder), ({ path }) => path)).toEqual(["f.json", "g.json"].map((name) => join(folder, name)));
});

test("attack: beside a release's statement a folder, a device and a pipe have the names of what is looked for: none is waited for", async () => {
  mkdirSync(join(folder, "app.tar"));
  symlinkSync("/dev/zero", join(folder, "app.tar.provenance.sigstore.json"));
  expect(Bun.spawnSync(["mkfifo", join(folder, "app.tar.release.sigstore.json")]).exitCode).toBe(0);
  const found = await besideRelease(join(folder, "app.tar.shipment.sigstore.json"), new TextEncoder().encode("{}"), undefined);
  expect(found).toMatchObject({ artifact_sha256: null, parts: { provenance: null, package_release: null } });
});

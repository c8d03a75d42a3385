import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newRing } from "../testing/evidence.ts";

const MAIN = join(import.meta.dir, "main.ts");
const folder = mkdtempSync(join(tmpdir(), "maestro-page-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function maestro(...args: readonly string[]): { code: number; stdout: string; stderr: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, MAIN, ...args], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...Bun.env, HOME: folder } });
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test("verifier-page writes the page once, says its digest, and over no other file that is there unless --force is said", () => {
  const out = join(folder, "page.html");
  const { code, stdout } = maestro("verifier-page", "--out", out, "--json");
  const digest = new Bun.CryptoHasher("sha256").update(readFileSync(out)).digest("hex");
  expect([code, JSON.parse(stdout)]).toEqual([0, { path: out, bytes: readFileSync(out).length, sha256: digest }]);
  writeFileSync(out, "mine");
  const again = maestro("verifier-page", "--out", out);
  expect([again.code, again.stderr.includes("is there already"), again.stderr.includes("--force"), readFileSync(out, "utf8")]).toEqual([2, true, true, "mine"]);
  // The same bytes are there by then, so there is nothing to write over.
  for (const more of [["--force"], []]) expect([maestro("verifier-page", "--out", out, ...more).code, new Bun.CryptoHasher("sha256").update(readFileSync(out)).digest("hex")]).toEqual([0, digest]);
  expect(maestro("verifier-page").code).toBe(2);
});

test("trust export hands the page out beside the keys, the same bytes", () => {
  const [trust, out, page] = [join(folder, "trust.json"), join(folder, "export"), join(folder, "same.html")];
  writeFileSync(trust, newRing().trust);
  expect(maestro("trust", "export", "--out", out, trust).code).toBe(0);
  expect(readdirSync(out)).toContain("verifier.html");
  maestro("verifier-page", "--out", page);
  expect(readFileSync(join(out, "verifier.html")).equals(readFileSync(page))).toBe(true);
});

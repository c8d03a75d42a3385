/** Other people's test data, by the tests that read it in every run; here an absent folder is a failure and not a skip. */
import { afterAll, expect } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accepts, run } from "./rig/accepts.ts";

const ROOT = join(import.meta.dir, "..");
const VECTORS = join(Bun.env["MAESTRO_CORPORA"] ?? join(ROOT, "../shared"), "vectors");
const work = mkdtempSync(join(tmpdir(), "maestro-accept-vectors-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Folder of vectors, the test file that decides them, and its tests that do. */
const SUITES = [
  { folder: "rfc6962-merkle", file: "kernels/merkle/vectors.test.ts", named: "transparency-dev/merkle", tests: 5 },
  { folder: "tlog-tiles", file: "daemon/verifier/note.test.ts", named: "a real log of Tessera", tests: 2 },
  { folder: "wycheproof", file: "daemon/verifier/signature.test.ts", named: "Wycheproof", tests: 3 },
  { folder: "cctv-ed25519", file: "daemon/verifier/signature.test.ts", named: "CCTV", tests: 2 },
  { folder: "yaml-test-suite", file: "daemon/config/yaml.test.ts", named: "each case is refused, or means what the suite says", tests: 1 },
] as const;

/** `owner/name @commit` of a folder, as the list beside the vectors says. */
function sourceOf(folder: string): string {
  const list = join(VECTORS, "README.md");
  const row = existsSync(list) ? readFileSync(list, "utf8").split("\n").find((line) => line.startsWith(`| ${folder} |`)) : undefined;
  return /([\w.-]+\/[\w.-]+ @[0-9a-f]+)/.exec(row ?? "")?.[1] ?? "of an unknown commit";
}

for (const { folder, file, named, tests } of SUITES) {
  accepts({ name: folder, version: sourceOf(folder) }, `decided by ${file}`, async () => {
    expect(existsSync(join(VECTORS, folder))).toBe(true);
    const report = join(work, `${folder}.xml`);
    const { code, stderr } = await run([process.execPath, "test", file, "-t", named, "--reporter=junit", `--reporter-outfile=${report}`], { cwd: ROOT });
    const cases = [...readFileSync(report, "utf8").matchAll(/<testcase\b[^>]*?(?:\/>|>[^]*?<\/testcase>)/g)].map(([text]) => text).filter((text) => !text.includes("<skipped"));
    expect([code, stderr.includes("SKIPPED")]).toEqual([0, false]);
    expect(cases.filter((text) => text.includes("<failure"))).toEqual([]);
    expect(cases).toHaveLength(tests);
  });
}

/** The Debian package as it is handed out: twice the same bytes, and no error of lintian's that is not meant so. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accepts, output, run } from "./rig/accepts.ts";
import { onPath } from "./rig/tools.ts";

const EPOCH_S = 1_767_225_600;
const BYTES_MAX = 100 * 1024 * 1024;
const work = mkdtempSync(join(tmpdir(), "maestro-accept-deb-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function build(name: string, compression: string): Promise<string> {
  const out = join(work, name);
  await output([process.execPath, join(import.meta.dir, "../daemon/deb/build.ts"), "--out", out, "--compression", compression, "--epoch", String(EPOCH_S)], { timeout_ms: 900_000 });
  return out;
}

const dpkg = await onPath("dpkg-deb", "the package of the distribution");
const lintian = await onPath("lintian", "apt-get install lintian");

accepts(dpkg, "the same source makes the same bytes, and they are no more than 100 MB", async () => {
  // gzip, which is not the default: xz takes minutes and shows nothing more.
  const [first, second] = [await build("a.deb", "gzip"), await build("b.deb", "gzip")];
  expect((await run(["cmp", first, second])).code).toBe(0);
  expect(statSync(first).size).toBeLessThan(BYTES_MAX);
  expect(await output(["dpkg-deb", "--field", first, "Package"])).toBe("maestro\n");
});

accepts(lintian, "no error", async () => {
  const deb = await build("c.deb", "gzip");
  const { stdout, stderr } = await run([lintian.path(), "--allow-root", "--no-cfg", "--fail-on", "none", deb], { timeout_ms: 900_000 });
  expect(`${stdout}${stderr}`.split("\n").filter((line) => line.startsWith("E:"))).toEqual([]);
});

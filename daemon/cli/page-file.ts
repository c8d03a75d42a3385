/** The verifier page, built from the source beside this program: a page that a node hands out is of the same release as its verifier. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MaestroError } from "../../proto/errors.ts";

const BYTES_SAID_MAX = 2_000;
const BUILD_DEADLINE_MS = 60_000;

/** Bytes of the one-file page. Throws `install.failed`. In a process of its own, for the bundler is no part of the command line. */
export function verifierPage(): Uint8Array {
  const builder = new URL("../ui/build.ts", import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), "maestro-page-"));
  try {
    const out = join(folder, "page.html");
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, fileURLToPath(builder), "--page", "verifier", "--out", out], { cwd: fileURLToPath(new URL("../..", builder)), stdin: "ignore", stdout: "ignore", stderr: "pipe", timeout: BUILD_DEADLINE_MS });
    if (exitCode !== 0) throw new MaestroError("install.failed", `the verifier page could not be built: ${stderr.toString().slice(-BYTES_SAID_MAX)}`);
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

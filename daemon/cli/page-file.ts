/** The pages, built from the source beside this program: a page that a node hands out is of the same release as its verifier. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MaestroError } from "../../proto/errors.ts";

const BYTES_SAID_MAX = 2_000;
const BUILD_DEADLINE_MS = 60_000;

export type PageName = "cards" | "studio" | "verifier";

/** In a process of its own, for the bundler is no part of the command line. */
const builder = new URL("../ui/build.ts", import.meta.url);
const argv = (page: PageName, out: string, served: boolean): string[] => [process.execPath, fileURLToPath(builder), "--page", page, ...(served ? ["--served"] : []), "--out", out];
const SPAWNED = { cwd: fileURLToPath(new URL("../..", builder)), stdin: "ignore", stdout: "ignore", stderr: "pipe", timeout: BUILD_DEADLINE_MS } as const;

const failed = (page: PageName, said: string): MaestroError => new MaestroError("install.failed", `the page ${page} could not be built: ${said.slice(-BYTES_SAID_MAX)}`);

/** Bytes of a one-file page that opens from disk. Throws `install.failed`. */
export function pageFile(page: PageName): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "maestro-page-"));
  try {
    const out = join(folder, "page.html");
    const { exitCode, stderr } = Bun.spawnSync(argv(page, out, false), SPAWNED);
    if (exitCode !== 0) throw failed(page, stderr.toString());
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same for one that `maestro ui` serves, which goes on answering meanwhile. */
export async function servedPage(page: PageName): Promise<Uint8Array<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), "maestro-page-"));
  try {
    const out = join(folder, "page.html");
    const child = Bun.spawn(argv(page, out, true), SPAWNED);
    const said = await new Response(child.stderr).text();
    if ((await child.exited) !== 0) throw failed(page, said);
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

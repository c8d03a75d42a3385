/** Writes the generated parts of both client packages: `bun daemon/client/contract/build.ts`. It asks a daemon of its own for the OpenAPI document. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION, API_VERSION_HEADER, ROUTES } from "../../../proto/routes.ts";
import { MaestroClient } from "../maestro.ts";
import { Names } from "./names.ts";
import { operationsOf } from "./operations.ts";
import { pythonModule } from "./python.ts";
import { typescriptFiles } from "./typescript.ts";

const CLIENT = join(import.meta.dir, "..");
const MAESTROD = join(CLIENT, "../main.ts");
const START_DEADLINE_MS = 20_000;
const PROBE_INTERVAL_MS = 20;

/** Every generated file by its path from `daemon/client`. */
export async function generated(document: unknown): Promise<Record<string, string>> {
  const operations = operationsOf(document);
  const names = await Names.read();
  const module = join("python", "maestro_client.py");
  const types = Object.entries(typescriptFiles(operations, names)).map(([name, text]) => [join("typescript/src/contract", name), text]);
  return { ...(Object.fromEntries(types) as Record<string, string>), [module]: pythonModule(readFileSync(join(CLIENT, module), "utf8"), operations, names) };
}

/** What a daemon on that socket says of itself. */
export async function openApiOf(socket_path: string): Promise<unknown> {
  const response = await fetch(`http://maestro${ROUTES.openapi.path}`, { unix: socket_path, headers: { [API_VERSION_HEADER]: API_VERSION } });
  return response.json();
}

async function ownDocument(): Promise<unknown> {
  const home = mkdtempSync(join(tmpdir(), "mc-"));
  const socket = join(home, "s");
  const daemon = Bun.spawn([process.execPath, MAESTROD, "--embedded", "--state", join(home, "state"), "--socket", socket], { env: { HOME: home, PATH: "/usr/local/bin:/usr/bin:/bin" }, stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  try {
    mkdirSync(join(home, "state"), { mode: 0o700 });
    const client = new MaestroClient(socket);
    for (let left_ms = START_DEADLINE_MS; left_ms > 0 && !(await client.answers()); left_ms -= PROBE_INTERVAL_MS) await Bun.sleep(PROBE_INTERVAL_MS);
    return await openApiOf(socket);
  } finally {
    daemon.kill("SIGTERM");
    await daemon.exited;
    rmSync(home, { recursive: true, force: true });
  }
}

if (import.meta.main) for (const [path, text] of Object.entries(await generated(await ownDocument()))) await Bun.write(join(CLIENT, path), text);

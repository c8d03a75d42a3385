/**
 * Other people's programs that have to be built or fetched first. Each stands in the user's own cache folder under its name and version, is
 * made once, and appears whole or not at all, so that runs beside each other share it and no network is asked for twice.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { output, type RunOptions, type Tool } from "./accepts.ts";

/** Cosign takes five minutes of processor time, and more wall time where others build too. */
const BUILD_DEADLINE_MS = 1_800_000;
const CACHE_FILE_CHARS = 12;

/** A tool at hand, or the reason why it is not; an item that needs it fails with that reason. */
export interface Found extends Tool {
  readonly path: () => string;
}

/** What makes a tool: `make` fills an empty folder, in which `program` (a path) then stands. */
export interface Recipe extends Tool {
  readonly program: string;
  readonly make: (folder: string) => Promise<void>;
}

export const missing = (name: string, because: string): Found => ({
  name,
  version: "missing",
  path() {
    throw new Error(`${name} is needed: ${because}`);
  },
});

export const found = (name: string, version: string, path: string): Found => ({ name, version, path: () => path });

/** Where built tools are kept: outside the project, where a fresh clone finds them again. */
function cacheFolder(): string {
  const base = Bun.env["XDG_CACHE_HOME"] ?? "";
  return join(base.startsWith("/") ? base : join(homedir(), ".cache"), "maestro", "tools");
}

const fileName = ({ name, version }: Tool): string => `${name}-${version}`.replaceAll(/[^A-Za-z0-9._-]+/g, "_");

/** What the package clients (go, cargo, pip) say where nobody answered, or one who answered could not serve. */
const NO_ANSWER = /no such host|dial tcp|i\/o timeout|connection (?:refused|reset|timed out)|network is unreachable|TLS handshake|unexpected EOF|(?:could not|couldn't|temporary failure in name) resol|timed out|NewConnectionError|ReadTimeoutError|max retries exceeded|spurious network error|\b(?:429|50[0234])\b/i;
const SAID_CHARS_MAX = 300;
const ASK_AGAIN_MS = 5_000;

/** A registry that did not answer is asked once more, and then said to be the cause, where a reader of the run's last lines sees it. */
async function answered(tool: Tool, make: () => Promise<void>, pause_ms: number): Promise<void> {
  for (let last = false; ; last = true) {
    try {
      return await make();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (!NO_ANSWER.test(words)) throw error;
      if (last) {
        process.stderr.write(`maestro: no answer from a registry: ${tool.name} ${tool.version} could not be had, so what needs it failed: ${words.replace(/\s+/g, " ").slice(-SAID_CHARS_MAX)}\n`);
        throw new Error(`a registry did not answer: ${words}`, { cause: error });
      }
      await Bun.sleep(pause_ms);
    }
  }
}

/** The tool from the cache, made now where it is not there. Whoever was faster wins; a failed build leaves nothing. */
export async function built({ program, make, ...tool }: Recipe, cache = cacheFolder(), pause_ms = ASK_AGAIN_MS): Promise<Found> {
  const folder = join(cache, fileName(tool));
  const path = join(folder, program);
  if (existsSync(path)) return found(tool.name, tool.version, path);
  mkdirSync(cache, { recursive: true });
  const next = mkdtempSync(`${folder}.making-`);
  try {
    await answered(tool, async () => {
      for (const left of readdirSync(next)) rmSync(join(next, left), { recursive: true, force: true });
      await make(next);
    }, pause_ms);
    if (!existsSync(join(next, program))) return missing(tool.name, `making it left no ${program}`);
    if (!existsSync(folder)) renameSync(next, folder);
    return found(tool.name, tool.version, path);
  } catch (error) {
    if (existsSync(path)) return found(tool.name, tool.version, path);
    return missing(tool.name, error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

const building = (options: RunOptions): RunOptions => ({ timeout_ms: BUILD_DEADLINE_MS, ...options });

/** `go install` of a published program. */
export const goInstalled = (name: string, version: string, pkg: string): Promise<Found> =>
  built({ name, version, program: name, make: async (folder) => void (await output(["go", "install", `${pkg}@${version}`], building({ cwd: tmpdir(), env: { GOBIN: folder } }))) });

/** A program of a module that `go install` refuses, built inside a copy of the module. */
export const goOfModule = (name: string, version: string, module: string, pkg: string): Promise<Found> =>
  built({
    name,
    version,
    program: name,
    async make(folder) {
      const told = await output(["go", "mod", "download", "-json", `${module}@${version}`], building({ cwd: tmpdir() }));
      const source = join(folder, "source");
      await output(["cp", "-r", (JSON.parse(told) as { readonly Dir: string }).Dir, source]);
      await output(["chmod", "-R", "u+w", source]);
      await output(["go", "build", "-mod=mod", "-o", join(folder, name), pkg], building({ cwd: source }));
      rmSync(source, { recursive: true });
    },
  });

const versionOf = (parts: readonly string[]): string => createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, CACHE_FILE_CHARS);

/** Our own few lines of Go around other people's modules (`requires`: `module version`); `version` names the modules' in reports. */
export const goProgram = async (name: string, version: string, source: string, requires: readonly string[]): Promise<Found> => {
  const text = await Bun.file(source).text();
  const made = await built({
    name,
    version: `${version}-${versionOf([text, ...requires])}`,
    program: name,
    async make(folder) {
      writeFileSync(join(folder, "main.go"), text);
      writeFileSync(join(folder, "go.mod"), `module ${name}\n\ngo 1.24\n\n${requires.map((line) => `require ${line}\n`).join("")}`);
      await output(["go", "build", "-mod=mod", "-o", join(folder, name), "."], building({ cwd: folder }));
    },
  });
  return { ...made, version };
};

/** Our own few lines of Rust around other people's crates (`dependencies`: lines of Cargo.toml). */
export const cargoProgram = async (name: string, version: string, source: string, dependencies: readonly string[]): Promise<Found> => {
  const text = await Bun.file(source).text();
  const made = await built({
    name,
    version: `${version}-${versionOf([text, ...dependencies])}`,
    program: name,
    async make(folder) {
      mkdirSync(join(folder, "src"));
      writeFileSync(join(folder, "src/main.rs"), text);
      writeFileSync(join(folder, "Cargo.toml"), `[package]\nname = "${name}"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n${dependencies.join("\n")}\n`);
      await output(["cargo", "build", "--release", "--quiet"], building({ cwd: folder }));
      renameSync(join(folder, "target/release", name), join(folder, name));
      rmSync(join(folder, "target"), { recursive: true });
    },
  });
  return { ...made, version };
};

interface PythonParts {
  /** Parts of it that are not installed by themselves, as `[crypto]`. */
  readonly extra?: string;
  /** The package itself, of Python alone, is published in no other form. */
  readonly source?: boolean;
  /** Installed instead of what the package says it needs, and whatever Python it says. */
  readonly instead?: readonly string[];
}

/** A folder for PYTHONPATH that holds one package and what it needs. */
export const pythonPackage = async (name: string, version: string, module: string, { extra = "", source = false, instead }: PythonParts = {}): Promise<Found> => {
  const python = Bun.which("python3");
  if (python === null) return missing(name, "there is no python3");
  const edition = (await output([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])).trim();
  const install = (folder: string, ...more: readonly string[]): Promise<string> => output([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", ...(source ? [`--no-binary=${name}`] : []), "--target", folder, ...more], building({}));
  const make = async (folder: string): Promise<void> => {
    if (instead !== undefined) await install(folder, ...instead);
    await install(folder, ...(instead === undefined ? [] : ["--no-deps", "--ignore-requires-python"]), `${name}${extra}==${version}`);
  };
  const made = await built({ name, version: `${version}${extra}-python${edition}`, program: module, make });
  return { ...made, version, path: () => join(made.path(), "..") };
};

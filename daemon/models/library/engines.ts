/** Which engines `maestro models setup` has put where this daemon looks for them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import wanted from "../engine/package.json";

export const ENGINES = ["node-llama-cpp", "@huggingface/transformers", "usearch"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineFolder {
  readonly folder: string;
  /** Null where it is not installed. */
  version(name: EngineName): string | null;
  wanted(name: EngineName): string;
  /** What of node-llama-cpp's compiled parts for GPUs is installed; the first is the faster. */
  gpus(): readonly ("cuda" | "vulkan")[];
  /** The package's folder. Throws `models.missing` where it is not installed, or in another version than this daemon was made for. */
  require(name: EngineName): string;
}

const VERSION = /^[0-9A-Za-z.+-]{1,64}$/;

function versionIn(folder: string): string | null {
  try {
    const { version }: { readonly version?: unknown } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof version === "string" && VERSION.test(version) ? version : null;
  } catch {
    // Absent, unreadable and half written are the same to whoever wants to load it: it is not installed.
    return null;
  }
}

/** Looked at anew with each question: setup may run beside the daemon. */
export function engines(folder: string): EngineFolder {
  const at = (name: EngineName): string => join(folder, "node_modules", name);
  return {
    folder,
    version: (name) => versionIn(at(name)),
    wanted: (name) => wanted.dependencies[name],
    gpus: () => (["cuda", "vulkan"] as const).filter((api) => versionIn(join(folder, "node_modules/@node-llama-cpp", `${process.platform}-${process.arch}-${api}`)) === wanted.dependencies["node-llama-cpp"]),
    require(name) {
      const [found, version] = [versionIn(at(name)), wanted.dependencies[name]];
      if (found === version) return at(name);
      throw new MaestroError("models.missing", found === null ? `${name} is not installed in ${folder}; maestro models setup --engines-only installs it` : `${name} ${found} stands in ${folder}, this daemon needs ${version}; maestro models setup --engines-only installs it`);
    },
  };
}

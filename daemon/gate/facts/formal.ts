/** Models and invariants of the trusted base, and the files they stand in where the change may bear on them. */
import type { FactsLimits } from "../../../proto/config.ts";
import type { FileChange, FormalFacts, TreeEntry } from "../../../proto/facts.ts";
import type { InvariantsEntry, SpecEntry } from "../../../proto/formal.ts";
import type { FactsReply } from "../../../proto/worker.ts";
import { pathText, type PathBytes } from "../../../proto/scalar.ts";
import { matchesPath } from "../../checking/globs.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { drivesTargets, folderOfPath } from "../checks/formal/places.ts";
import { runnerFile, type Sides } from "./runners.ts";

const FILES_MAX = 512;
const FILE_BYTES_MAX = 256 * 1024;
const ALL_BYTES_MAX = 16 * 1024 * 1024;

type Named = Pick<TreeEntry, "path">;

/** Every name that a changed file has or had. */
function changedPaths(files: readonly Pick<FileChange, "path" | "old_path">[]): string[] {
  return files.flatMap(({ path, old_path }) => [path, ...(old_path === null ? [] : [old_path])].map((one: PathBytes) => pathText(one)));
}

/** Whether the change bears on a model: its folder, its configuration or the code it mirrors. */
function touchesSpec({ spec, cfg, code }: SpecEntry, changed: readonly string[]): boolean {
  const folder = folderOfPath(spec);
  return changed.some((path) => path === cfg || folderOfPath(path) === folder || matchesPath(code, path));
}

const extensionOf = (path: string): string => /\.[a-z]+$/.exec(path)?.[0] ?? "";

/** Which files are looked at, of those that stand there now or stood there before. */
function wanted(specs: readonly SpecEntry[], invariants: InvariantsEntry | null, changed: readonly string[], tree: readonly Named[]): string[] {
  const touched = specs.filter((spec) => touchesSpec(spec, changed));
  const folders = new Set(touched.map(({ spec }) => folderOfPath(spec)));
  const rules = invariants !== null && changed.some((path) => folderOfPath(path) === invariants.folder || drivesTargets(invariants, path)) ? invariants.folder : null;
  const asked = (path: string): boolean => {
    const [folder, extension] = [folderOfPath(path), extensionOf(path)];
    return (extension === ".tla" && folders.has(folder)) || (rules !== null && folder === rules && (extension === ".yaml" || extension === ".yml"));
  };
  const named = touched.flatMap(({ spec, cfg }) => [spec, cfg ?? spec.replace(/\.tla$/, ".cfg")]);
  return [...new Set([...named, ...[...tree.map(({ path }) => pathText(path)), ...changed].filter(asked)])].sort();
}

/** Beyond the limits a file is listed as unread, and the check that needs it says so. */
export async function formalFacts(reader: GitReader, trees: Sides, base: FactsReply["config"], files: readonly FileChange[], tree: readonly Named[], limits: FactsLimits): Promise<FormalFacts> {
  const read = base.state === "read" ? base.config : null;
  const specs = [...(read?.specs ?? [])];
  const invariants = read?.invariants ?? null;
  if (specs.length === 0 && invariants === null) return { specs, invariants, files: [] };
  const formal: FormalFacts = { specs, invariants, files: [] };
  let left = ALL_BYTES_MAX;
  for (const path of wanted(specs, invariants, changedPaths(files), tree).slice(0, FILES_MAX + 1)) {
    const over = formal.files.length === FILES_MAX ? `more than ${FILES_MAX} files` : left <= 0 ? `more than ${ALL_BYTES_MAX} bytes` : null;
    const file = over === null ? await runnerFile(reader, trees, path, Math.min(FILE_BYTES_MAX, limits.content_bytes_max)) : { path, old: null, new: null, unread: over };
    left -= (file.old?.length ?? 0) + (file.new?.length ?? 0);
    formal.files.push(file);
  }
  return formal;
}

/** Models and invariants of the trusted base, and the files they stand in where the change may bear on them. */
import type { FactsLimits } from "../../../proto/config.ts";
import type { FileChange, FormalAfter, FormalFacts, TreeEntry } from "../../../proto/facts.ts";
import type { InvariantsEntry, SpecEntry } from "../../../proto/formal.ts";
import type { FactsReply } from "../../../proto/worker.ts";
import { pathText, type PathBytes } from "../../../proto/scalar.ts";
import { matchesPath } from "../../checking/globs.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { cfgOf, folderOfPath, sameSpec } from "../checks/formal/places.ts";
import { configAfter, type Compared } from "./config-after.ts";
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

/** Documents of a folder, and modules of another's with what is asked of them. */
function filesOf(rules: InvariantsEntry | null, specs: readonly SpecEntry[], standing: readonly string[]): string[] {
  const folders = new Set(specs.map(({ spec }) => folderOfPath(spec)));
  const models = standing.filter((path) => extensionOf(path) === ".tla" && folders.has(folderOfPath(path)));
  const documents = standing.filter((path) => rules !== null && folderOfPath(path) === rules.folder && /\.ya?ml$/.test(path));
  return [...documents.sort(), ...[...models, ...specs.flatMap((entry) => [entry.spec, cfgOf(entry)])].sort()];
}

/**
 * Which files are looked at, of those that stand there now or stood there before. What the change declares anew may be what
 * was moved there; it comes last, so that no file of the base is pushed over a limit by it, and documents come first, so that
 * no model among them cuts their list unseen.
 */
function wanted({ specs, invariants, after }: FormalFacts, changed: readonly string[], tree: readonly Named[]): string[] {
  const then = after === undefined || "broken" in after ? { specs, invariants } : after;
  const anew = then.specs.filter((one) => !specs.some((old) => sameSpec(old, one)));
  const kept = (old: SpecEntry): boolean => then.specs.some((one) => sameSpec(old, one));
  const touched = specs.filter((spec) => touchesSpec(spec, changed) || !kept(spec));
  const standing = [...tree.map(({ path }) => pathText(path)), ...changed];
  // Whatever the change touches may be what a target is driven by, and only targets.yaml says so.
  return [...new Set([...filesOf(invariants, touched, standing), ...filesOf(then.invariants, anew, standing)])];
}

/** Undefined where the file is the base's own to the letter. */
async function declaredAfter(reader: GitReader, change: Compared): Promise<FormalAfter | undefined> {
  const then = await configAfter(reader, change);
  return then === undefined || "broken" in then ? then : { specs: [...(then.config?.specs ?? [])], invariants: then.config?.invariants ?? null };
}

/** Beyond the limits a file is listed as unread, and the check that needs it says so. */
export async function formalFacts(reader: GitReader, change: Compared, base: FactsReply["config"], files: readonly FileChange[], tree: readonly Named[], limits: FactsLimits): Promise<FormalFacts> {
  const read = base.state === "read" ? base.config : null;
  const specs = [...(read?.specs ?? [])];
  const invariants = read?.invariants ?? null;
  if (specs.length === 0 && invariants === null) return { specs, invariants, files: [] };
  const after = await declaredAfter(reader, change);
  const formal: FormalFacts = { specs, invariants, ...(after === undefined ? {} : { after }), files: [] };
  const trees: Sides = { old: change.old_tree, new: change.new_tree };
  let left = ALL_BYTES_MAX;
  for (const path of wanted(formal, changedPaths(files), tree).slice(0, FILES_MAX + 1)) {
    const over = formal.files.length === FILES_MAX ? `more than ${FILES_MAX} files` : left <= 0 ? `more than ${ALL_BYTES_MAX} bytes` : null;
    const file = over === null ? await runnerFile(reader, trees, path, Math.min(FILE_BYTES_MAX, limits.content_bytes_max)) : { path, old: null, new: null, unread: over };
    left -= (file.old?.length ?? 0) + (file.new?.length ?? 0);
    formal.files.push(file);
  }
  return formal;
}

import type { ApprovalRule } from "../../../proto/people.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { TreeEntry } from "../../../proto/facts.ts";
import type { FolderFile } from "../../../proto/config.ts";
import { pathText } from "../../../proto/scalar.ts";
import type { FactsReply } from "../../../proto/worker.ts";
import { plainGlob } from "../../checking/globs.ts";
import { parseFolderConfig, REPOSITORY_CONFIG_NAME } from "../../config/repository.ts";
import { FOLDER_FILES_MAX } from "../../config/folders.ts";
import type { Oid } from "../../platform/git/object-format.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { blobAt, standsAt } from "../../platform/git/tree-entry.ts";

const BYTES_MAX = 64 * 1024;
/** One by one, where the tree does not say which have a file. */
const FOLDERS_LOOKED_INTO_MAX = 10_000;
/** As many as one file may ask for. */
const APPROVALS_MAX = 64;
const ENDING = `/${REPOSITORY_CONFIG_NAME}`;

type Read = Extract<FactsReply["config"], { state: "read" }>;

/** The merged tree, and every path that the change touches on either side. */
export interface Listed {
  readonly tree: readonly Pick<TreeEntry, "path">[];
  readonly tree_truncated: boolean;
  readonly touched: readonly string[];
}

/** A file in each folder above these. */
function above(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let end = path.lastIndexOf("/"); end > 0 && !folders.has(path.slice(0, end)); end = path.lastIndexOf("/", end - 1)) folders.add(path.slice(0, end));
  }
  return [...folders].map((folder) => `${folder}${ENDING}`);
}

/** Where a file may stand at the base: where one stands in the merged tree, or where the change takes one away. A tree that was not listed whole may hide one above any file of the change. */
function candidates({ tree, tree_truncated, touched }: Listed): string[] {
  const hidden = tree_truncated ? above(touched) : [];
  if (hidden.length > FOLDERS_LOOKED_INTO_MAX) throw new MaestroError("config.malformed", `the merged tree was not listed whole, and the change touches more than ${FOLDERS_LOOKED_INTO_MAX} folders, any of which may have a ${REPOSITORY_CONFIG_NAME}`);
  return [...new Set([...[...tree.map(({ path }) => pathText(path)), ...touched].filter((path) => path.endsWith(ENDING)), ...hidden])].sort();
}

async function readFolder(reader: GitReader, tree: Oid, path: string): Promise<FolderFile | null> {
  const oid = await blobAt(reader.objects, tree, path);
  if (oid === null) {
    if (!(await standsAt(reader.objects, tree, path))) return null;
    throw new MaestroError("config.malformed", `${path} is a link, a folder or a submodule, which is not followed`);
  }
  const read = await reader.objects.read(oid, BYTES_MAX);
  if (read.result !== "read") throw new MaestroError("config.malformed", `${path} ${read.result === "missing" ? "is missing" : `has ${read.info.size} bytes, the limit is ${BYTES_MAX}`}`);
  const folder = path.slice(0, -ENDING.length);
  return { path: folder, config: parseFolderConfig(read.content, folder) };
}

const SPECIAL = /[*?[\]{}!\\]/g;

/** A folder's globs as the root would have written them. */
function below(folder: string, globs: readonly string[]): string[] {
  return globs.map(plainGlob).map((glob) => (glob.search(SPECIAL) < 0 ? `${folder}/${glob}` : `${folder.replace(SPECIAL, "\\$&")}/${glob}`));
}

function approvalsBelow({ path, config }: FolderFile): ApprovalRule[] {
  return (config.approvals ?? []).map((rule) => ({ ...rule, paths: below(path, rule.paths) }));
}

/**
 * The base's configuration together with the `maestro.yaml` of folders at the trusted base; whose approval they ask for joins what the root asks.
 * What stands in head is never read. One that cannot be used makes the whole configuration broken, as the root's own does.
 */
export async function withFolders(reader: GitReader, commit: Oid | null, listed: Listed, config: FactsReply["config"]): Promise<FactsReply["config"]> {
  const tree = config.state === "broken" || commit === null ? null : ((await reader.history.commit(commit))?.tree ?? null);
  if (tree === null || config.state === "broken") return config;
  const folders: FolderFile[] = [];
  try {
    for (const path of candidates(listed)) {
      const file = await readFolder(reader, tree, path);
      if (file !== null) folders.push(file);
      if (folders.length > FOLDER_FILES_MAX) throw new MaestroError("config.malformed", `more than ${FOLDER_FILES_MAX} folders have a ${REPOSITORY_CONFIG_NAME}`);
    }
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return { state: "broken", because: `${error.row.sentence} (${error.detail})`.slice(0, 2000).toWellFormed() };
  }
  if (folders.length === 0) return config;
  const root: Read = config.state === "read" ? config : { state: "read", config: { version: 1 }, policy: null };
  const approvals = [...(root.config.approvals ?? []), ...folders.flatMap(approvalsBelow)];
  if (approvals.length > APPROVALS_MAX) return { state: "broken", because: `the root and its folders ask for more than ${APPROVALS_MAX} kinds of approval` };
  return { ...root, config: { ...root.config, ...(approvals.length === 0 ? {} : { approvals }) }, folders };
}

import type { ApprovalRule } from "../../../proto/people.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Facts } from "../../../proto/facts.ts";
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
/** As many as one file may ask for. */
const APPROVALS_MAX = 64;
const ENDING = `/${REPOSITORY_CONFIG_NAME}`;

type Read = Extract<FactsReply["config"], { state: "read" }>;

/** Where a file may stand at the base: where one stands in the merged tree, or where the change takes one away. */
function candidates({ tree, files }: Pick<Facts, "tree" | "files">): string[] {
  const paths = [...tree.map(({ path }) => path), ...files.flatMap(({ path, old_path }) => (old_path === null ? [path] : [path, old_path]))];
  return [...new Set(paths.map(pathText).filter((path) => path.endsWith(ENDING)))].sort();
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
export async function withFolders(reader: GitReader, commit: Oid | null, facts: Pick<Facts, "tree" | "files">, config: FactsReply["config"]): Promise<FactsReply["config"]> {
  const paths = config.state === "broken" ? [] : candidates(facts);
  const tree = paths.length === 0 || commit === null ? null : ((await reader.history.commit(commit))?.tree ?? null);
  if (tree === null || config.state === "broken") return config;
  const folders: FolderFile[] = [];
  try {
    for (const path of paths) {
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

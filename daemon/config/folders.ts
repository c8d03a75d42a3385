/**
 * `maestro.yaml` below the root: the deepest one above a file speaks of it, joined with all above that. Each may only
 * tighten, so moving a file's rules nearer to the file never lets anybody do more. Pure.
 */
import type { FolderFile, GateConfig, RepositoryConfig, RuleSetting, Thresholds } from "../../proto/config.ts";
import type { Host } from "./host.ts";
import { inside } from "./folder-of.ts";
import { REPOSITORY_CONFIG_NAME } from "./repository.ts";
import { looserRules, looserThresholds } from "./tighten.ts";

export const FOLDER_FILES_MAX = 64;
/** Folders one in another that a file may lie in. */
const FOLDER_DEPTH_MAX = 8;

type Rules = Readonly<Record<string, RuleSetting>>;
type Folder = NonNullable<GateConfig["folders"]>[number];

interface Base {
  readonly config: RepositoryConfig;
  readonly folders?: readonly FolderFile[];
}

/** What a folder's rules come to below those of the folder above. */
function joined(above: Rules, below: Rules): Record<string, RuleSetting> {
  const names = [...new Set([...Object.keys(above), ...Object.keys(below)])].sort();
  return Object.fromEntries(names.map((name) => [name, { ...(Object.hasOwn(above, name) ? above[name] : {}), ...(Object.hasOwn(below, name) ? below[name] : {}) }]));
}

const depth = (path: string): number => path.split("/").length;

interface Walked {
  readonly folders: Folder[];
  readonly looser: string[];
}

/** Shallow files first, so that whatever is above a file is known when it is met. */
function walk(host: Pick<Host, "rules" | "thresholds">, base: Base): Walked {
  const folders: Folder[] = [];
  const looser: string[] = [];
  for (const { path, config } of [...(base.folders ?? [])].sort((a, b) => depth(a.path) - depth(b.path) || (a.path < b.path ? -1 : 1))) {
    const above = folders.findLast((folder) => inside(path, folder.path));
    const rules: Rules = above?.rules ?? base.config.rules ?? {};
    const thresholds: Thresholds = above?.thresholds ?? { ...host.thresholds, ...base.config.thresholds };
    const said = { rules: config.rules ?? {}, thresholds: config.thresholds ?? {} };
    const whose = above === undefined ? "the root's" : `${above.path}'s`;
    const problems = [...looserRules(host.rules, said.rules), ...looserRules(rules, said.rules, whose), ...looserThresholds(thresholds, said.thresholds, whose)];
    looser.push(...problems.map((problem) => `${path}/${REPOSITORY_CONFIG_NAME}: ${problem}`));
    folders.push({ path, rules: joined(rules, said.rules), thresholds: { ...thresholds, ...said.thresholds } });
  }
  return { folders, looser };
}

/** What files of folders would loosen, each with its path. More of them than are looked at, or deeper ones, could say anything. */
export function looserFolders(host: Pick<Host, "rules" | "thresholds">, base: Base | null): string[] {
  const files = base?.folders ?? [];
  if (files.length > FOLDER_FILES_MAX) return [`more than ${FOLDER_FILES_MAX} folders have a ${REPOSITORY_CONFIG_NAME}`];
  const deep = files.find(({ path }) => depth(path) > FOLDER_DEPTH_MAX);
  if (deep !== undefined) return [`${deep.path}/${REPOSITORY_CONFIG_NAME} lies more than ${FOLDER_DEPTH_MAX} folders deep`];
  return base === null ? [] : walk(host, base).looser;
}

/** For `GateConfig`; deepest first, so that the first that a path lies in is the one that speaks of it. */
export function foldersOf(host: Pick<Host, "rules" | "thresholds">, base: Base | null): Pick<GateConfig, "folders"> {
  const folders = base === null ? [] : walk(host, base).folders;
  return folders.length === 0 ? {} : { folders: folders.reverse() };
}

/** Every waiver of the root and of folders, each with the folder whose files it may speak of. */
export function waiversOf(base: Base | null): Pick<GateConfig, "waivers"> {
  const files = base === null ? [] : [{ path: "", config: base.config }, ...(base.folders ?? [])];
  const waivers = files.flatMap(({ path, config }) => (config.waivers ?? []).map((entry) => ({ ...entry, folder: path })));
  return waivers.length === 0 ? {} : { waivers };
}

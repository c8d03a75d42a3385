/** What stands in a repository when it is pushed from: branch, commit, and every setting that says what a push moves. Two processes of git, side by side. */
import { disk } from "../../client/builtin.ts";
import { ClientGit, type ClientEnvironment } from "../../client/git.ts";
import { lyingAtOrNull } from "../../client/lie.ts";

const ANSWER_BYTES_MAX = 1024 * 1024;
const FILE_BYTES_MAX = 64 * 1024;
const READ = "^(push\\.(default|followtags|recursesubmodules)|submodule\\.recurse|remote\\.pushdefault|remote\\..*\\.(url|push|mirror)|branch\\..*\\.(remote|pushremote|merge))$";
const READS = new RegExp(READ, "i");

export type Settings = ReadonlyMap<string, readonly string[]>;

export interface Standing {
  readonly settings: Settings;
  /** Name of the current branch; null where HEAD is none. */
  readonly branch: string | null;
  /** Of the commit that was asked about; null where git knows none by that name. */
  readonly head: string | null;
  /** Full name of what was asked about; null for a commit that no ref names. */
  readonly full: string | null;
  readonly common_dir: string | null;
}

export const last = (settings: Settings, key: string): string | undefined => settings.get(key)?.at(-1);

export async function said(git: ClientGit, command: "rev-parse" | "config" | "for-each-ref", args: readonly string[]): Promise<string> {
  const { code, stdout } = await git.run(command, args, { stdout_bytes_max: ANSWER_BYTES_MAX });
  return code === 0 ? Buffer.from(stdout).toString("utf8") : "";
}

/** `given`: what the call itself sets by `-c`, which comes last and wins. */
async function settingsOf(git: ClientGit, given: readonly (readonly [key: string, value: string])[]): Promise<Settings> {
  const settings = new Map<string, string[]>();
  const add = (key: string, value: string): void => void settings.set(key, [...(settings.get(key) ?? []), value]);
  for (const entry of (await said(git, "config", ["--null", "--includes", "--get-regexp", READ])).split("\0").slice(0, -1)) {
    // A key without a value is true.
    const [key = "", value = "true"] = entry.split(/\n(.*)/s, 2);
    add(key, value);
  }
  for (const [key, value] of given) if (READS.test(key)) add(spelt(key), value);
  return settings;
}

/** As git prints it: the first and the last part in small letters, what stands between them as it is. */
function spelt(key: string): string {
  const [first, end] = [key.indexOf("."), key.lastIndexOf(".")];
  return key.slice(0, first).toLowerCase() + key.slice(first, end) + key.slice(end).toLowerCase();
}

/**
 * The commit first and the folder last: a folder's name may hold a line that looks like a commit, and nothing that follows a path can be told from it.
 * `source` is no option. Where git knows no such commit, all is null and whoever needs it asks again for the reason.
 */
async function placeOf(git: ClientGit, source: string): Promise<Omit<Standing, "settings">> {
  const names = source === "HEAD" ? ["HEAD"] : ["HEAD", source];
  const text = await said(git, "rev-parse", [`${source}^{commit}`, "--symbolic-full-name", ...names, "--path-format=absolute", "--git-common-dir"]);
  const [head = "", current = "", ...rest] = text.split("\n").slice(0, -1);
  if (!/^[0-9a-f]{40,64}$/.test(head)) return { branch: null, head: null, full: null, common_dir: null };
  const named = rest[0]?.startsWith("refs/") === true ? rest[0] : null;
  const folder = (named === null ? rest : rest.slice(1)).join("\n");
  const branch = current.startsWith("refs/heads/") ? current.slice("refs/heads/".length) : null;
  return { branch, head, full: source === "HEAD" && current.startsWith("refs/") ? current : named, common_dir: folder.startsWith("/") ? folder : null };
}

/** Throws what git throws. */
export async function standingOf(git: ClientGit, source: string, given: readonly (readonly [string, string])[] = []): Promise<Standing> {
  const [settings, place] = await Promise.all([settingsOf(git, given), placeOf(git, source)]);
  return { settings, ...place };
}

function fileOf(path: string): string | null {
  if (lyingAtOrNull(path) === null) return null;
  return disk().statSync(path, { throwIfNoEntry: false })?.isFile() === true ? disk().readFileSync(path, "utf8").slice(0, FILE_BYTES_MAX) : null;
}

/**
 * Refspecs of a remote: `remote.NAME.push`, or, where no URL is configured for it, the old files that git still reads (gitrepository-layout(5)):
 * lines `Push:` of `remotes/NAME`, or what follows the `#` in `branches/NAME`, which means HEAD into that branch.
 */
export function refspecsOf({ settings, common_dir }: Pick<Standing, "settings" | "common_dir">, remote: string): readonly string[] {
  const standing = settings.get(`remote.${remote}.push`) ?? [];
  if (common_dir === null || settings.has(`remote.${remote}.url`) || remote.includes("/") || remote === "." || remote === "..") return standing;
  const remotes = fileOf(`${common_dir}/remotes/${remote}`);
  if (remotes !== null) return [...standing, ...[...remotes.matchAll(/^Push:[ \t]*(.*?)[ \t\r]*$/gm)].map(([, refspec = ""]) => refspec)];
  const branches = fileOf(`${common_dir}/branches/${remote}`);
  if (branches === null) return standing;
  return [...standing, `HEAD:refs/heads/${/#(.*)/.exec(branches.trim())?.[1] ?? "master"}`];
}

const CONFIG_OF_ENVIRONMENT = /^GIT_CONFIG_(?:COUNT|PARAMETERS|GLOBAL|SYSTEM|NOSYSTEM|(?:KEY|VALUE)_[0-9]+)$/;
const ELSEWHERE = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY"];

/** What of the agent's own environment its pushes will be made under, or the variable that leads them elsewhere. */
export function pushEnvironment(env: Readonly<Record<string, string | undefined>>): ClientEnvironment | string {
  const elsewhere = ELSEWHERE.find((name) => env[name] !== undefined);
  if (elsewhere !== undefined) return elsewhere;
  const config = Object.entries(env).flatMap(([name, value]) => (value !== undefined && CONFIG_OF_ENVIRONMENT.test(name) ? [[name, value] as const] : []));
  return { ...(env["HOME"] === undefined ? {} : { HOME: env["HOME"] }), XDG_CONFIG_HOME: env["XDG_CONFIG_HOME"], ...(config.length === 0 ? {} : { config: Object.fromEntries(config) }) };
}

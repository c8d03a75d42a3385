/** The operator table: what the schema cannot say of repositories and modes. */
import type { HostConfig, RepositoryEntry } from "../../proto/config.ts";
import { isTargetPattern, parseRemote } from "../../proto/remote.ts";
import type { Problem } from "./problem.ts";

/** A row whose target's tip the daemon itself finds. */
export interface RemoteEntry extends RepositoryEntry {
  readonly remote: string;
  readonly target_refs: readonly string[] & string[];
}

export const hasRemote = (entry: RepositoryEntry): entry is RemoteEntry => entry.remote !== undefined && entry.target_refs !== undefined;

/** Names in mode `local` start so; a row of that name would share the store of whoever chose it. */
export const LOCAL_PREFIX = "local:";

function remoteProblem(entry: RepositoryEntry): readonly [field: string, because: string] | null {
  const { remote, target_refs, mode, credential_file, known_hosts_file, ca_file, statuses } = entry;
  if (remote === undefined) {
    const [field] = Object.entries({ target_refs, mode, credential_file, known_hosts_file, ca_file, statuses }).find(([, value]) => value !== undefined) ?? [];
    return field === undefined ? null : [field, "needs a remote beside it"];
  }
  const parsed = parseRemote(remote);
  if (typeof parsed === "string") return ["remote", parsed];
  if (target_refs === undefined) return ["remote", "needs target_refs beside it: the branches a change may be merged into"];
  const wrong = target_refs.find((pattern) => !isTargetPattern(pattern));
  if (wrong !== undefined) return ["target_refs", `${JSON.stringify(wrong)} is not the full name of a branch, such as refs/heads/main or refs/heads/release/*`];
  if (parsed.scheme === "ssh" && (credential_file === undefined || known_hosts_file === undefined)) return ["remote", "an ssh remote needs credential_file (a private key) and known_hosts_file beside it"];
  if (known_hosts_file !== undefined && parsed.scheme !== "ssh") return ["known_hosts_file", "is for ssh remotes"];
  if (ca_file !== undefined && parsed.scheme !== "https") return ["ca_file", "is for https remotes"];
  // A password over plain http, or handed to a protocol that has none, helps nobody.
  if (credential_file !== undefined && parsed.scheme !== "ssh" && parsed.scheme !== "https") return ["credential_file", "is for https and ssh remotes"];
  if (statuses !== undefined && !isPrivateWay(statuses.api)) return ["statuses", "api must be https, or http on this machine: a token is sent there"];
  if (statuses?.host === "github" && !/^[^/]+\/[^/]+$/.test(statuses.project)) return ["statuses", "project is owner/name at GitHub"];
  return null;
}

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** https, or http that does not leave this machine. */
export function isPrivateWay(api: string): boolean {
  const url = URL.parse(api);
  return url !== null && url.username === "" && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname)));
}

/** The first thing wrong with the table, or null. */
export function repositoryProblem({ modes, repositories = [], trust_file, egress_socket, witnesses = [] }: HostConfig): Problem | null {
  for (const [i, entry] of repositories.entries()) {
    const at = (field: string, because: string): Problem => ({ path: ["repositories", String(i), field], because });
    if (entry.id.startsWith(LOCAL_PREFIX)) return at("id", `${LOCAL_PREFIX}… names repositories of mode local`);
    if (repositories.findIndex(({ id }) => id === entry.id) < i) return at("id", `${entry.id} stands there twice`);
    const wrong = remoteProblem(entry);
    if (wrong !== null) return at(...wrong);
    const mode = entry.mode ?? "host";
    if (entry.remote !== undefined && !modes.includes(mode)) return at("mode", `${mode} is not among modes`);
  }
  const remote_modes = modes.filter((mode) => mode === "host" || mode === "fork");
  const [first] = remote_modes;
  if (first === undefined) return egress_socket === undefined || witnesses.length > 0 ? null : { path: ["egress_socket"], because: "is of use in modes host and fork only" };
  if (!repositories.some(hasRemote)) return { path: ["modes"], because: `${first} needs a repository with a remote under repositories` };
  return trust_file === undefined ? { path: ["modes"], because: `${first} needs trust_file: a trust file that the operator's own root signed (see \`maestro trust --help\`)` } : null;
}

/** Which request to comment on, with which token, at which host: all of it from the job's environment. Pure. */
import { MaestroError } from "../../../../proto/errors.ts";
import type { CiChange } from "../ci/event.ts";
import type { ApiClock } from "./api.ts";
import { githubHost } from "./github.ts";
import { gitlabHost } from "./gitlab.ts";
import type { CommentHost } from "./host.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** A URL the token may be sent to: TLS, no user in it, and the host that the job's server names. Throws `cli.usage`. */
export function apiUrl(text: string, server: string, env_name: string): string {
  const url = URL.parse(text);
  const home = URL.parse(server);
  if (url === null || home === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") throw new MaestroError("cli.usage", `${env_name} is no plain URL`);
  const secure = url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (!secure) throw new MaestroError("cli.usage", `${env_name} is not https`);
  if (url.host !== home.host && url.host !== `api.${home.host}`) throw new MaestroError("cli.usage", `${env_name} names the host ${url.host}, and the job's server is ${home.host}: the token is not sent there`);
  return url.href.replace(/\/+$/, "");
}

export interface Where {
  readonly host: CommentHost;
  /** For the marker. */
  readonly repository: string;
  readonly head: string;
}

/** Null where the job has no token at all. */
function github(env: Environment, { head, request }: CiChange & { readonly request: NonNullable<CiChange["request"]> }, clock: ApiClock): Where | null {
  const token = env["GITHUB_TOKEN"] || env["GH_TOKEN"];
  if (token === undefined || token === "") return null;
  const server = env["GITHUB_SERVER_URL"] || "https://github.com";
  const api = apiUrl(env["GITHUB_API_URL"] || "https://api.github.com", server, "GITHUB_API_URL");
  const graphql = apiUrl(env["GITHUB_GRAPHQL_URL"] || `${api}/graphql`, server, "GITHUB_GRAPHQL_URL");
  return { host: githubHost({ api, graphql, token, ...request }, clock), repository: `${new URL(server).host}/${request.repository}`, head };
}

function gitlab(env: Environment, { head, request }: CiChange & { readonly request: NonNullable<CiChange["request"]> }, clock: ApiClock): Where | null {
  const own = env["GITLAB_TOKEN"] ?? "";
  const token = own || env["CI_JOB_TOKEN"];
  if (token === undefined || token === "") return null;
  const server = env["CI_SERVER_URL"] || "https://gitlab.com";
  const api = apiUrl(env["CI_API_V4_URL"] || `${server}/api/v4`, server, "CI_API_V4_URL");
  const { repository: project, number } = request;
  return { host: gitlabHost({ api, project, number, token, job_token: own === "" }, clock), repository: `${new URL(server).host}/${project}`, head };
}

export function whereOf(env: Environment, change: CiChange & { readonly request: NonNullable<CiChange["request"]> }, clock: ApiClock): Where | null {
  return change.host === "github" ? github(env, change, clock) : gitlab(env, change, clock);
}

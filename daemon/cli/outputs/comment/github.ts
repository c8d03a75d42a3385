/** Comments of a pull request through GitHub's REST API. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { CommentTrouble, HostApi, type ApiClock } from "./api.ts";
import { everyPage, PER_PAGE, type Comment, type CommentHost } from "./host.ts";

// Open objects: these are the fields that count of what the host sends.
const Viewer = Type.Object({ data: Type.Object({ viewer: Type.Object({ login: Type.String(), databaseId: Type.Optional(Type.Union([Type.Integer(), Type.Null()])) }) }) });
const Pull = Type.Object({ head: Type.Object({ sha: Type.String() }) });
const Created = Type.Object({ id: Type.Integer() });
const Listed = Type.Array(Type.Object({ id: Type.Integer(), body: Type.Optional(Type.Union([Type.String(), Type.Null()])), user: Type.Union([Type.Object({ id: Type.Integer(), login: Type.String() }), Type.Null()]) }));

/** Throws `CommentTrouble` for a reply of another shape. */
export function shaped<S extends TSchema>(schema: S, value: unknown, what: string): Static<S> {
  if (!Value.Check(schema, value)) throw new CommentTrouble("failed", `the host's answer to ${what} has another shape than its documentation says`);
  return value;
}

export interface GithubPlace {
  /** `https://api.github.com`, or a server's `/api/v3`. */
  readonly api: string;
  readonly graphql: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly number: number;
  readonly token: string;
}

/** `GET /user` is closed to a job's own token, and GraphQL's `viewer` is not. */
async function viewer(api: HostApi, graphql: string): Promise<{ readonly id: number | null; readonly login: string }> {
  const { data } = shaped(Viewer, await api.ask("POST", "", { query: "{viewer{login databaseId}}" }, graphql), "viewer");
  return { id: data.viewer.databaseId ?? null, login: data.viewer.login };
}

export function githubHost({ api: base, graphql, repository, number, token }: GithubPlace, clock: ApiClock): CommentHost {
  const api = new HostApi(base, { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" }, clock);
  const repo = `/repos/${repository.split("/").map(encodeURIComponent).join("/")}`;
  let by_id = true;

  async function page(at: number): Promise<readonly Comment[]> {
    const listed = shaped(Listed, await api.ask("GET", `${repo}/issues/${number}/comments?per_page=${PER_PAGE}&page=${at}`), "comments");
    return listed.map(({ id, body, user }) => ({ id, body: body ?? "", author: user === null ? "" : by_id ? `id:${user.id}` : `login:${user.login}` }));
  }

  return {
    body_characters_max: 60_000,
    async whoami() {
      const { id, login } = await viewer(api, graphql);
      by_id = id !== null;
      return id === null ? `login:${login}` : `id:${id}`;
    },
    head: async () => shaped(Pull, await api.ask("GET", `${repo}/pulls/${number}`), "the pull request").head.sha,
    async list() {
      const all = await everyPage(page);
      if (all === null) throw new CommentTrouble("failed", "the pull request has more comments than are read");
      return all.toSorted((a, b) => a.id - b.id);
    },
    create: async (body) => shaped(Created, await api.ask("POST", `${repo}/issues/${number}/comments`, { body }), "a new comment").id,
    update: async (id, body) => void (await api.ask("PATCH", `${repo}/issues/comments/${id}`, { body })),
    remove: async (id) => void (await api.ask("DELETE", `${repo}/issues/comments/${id}`)),
  };
}

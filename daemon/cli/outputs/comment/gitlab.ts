/** Notes of a merge request through GitLab's REST API, version 4. */
import { Type } from "@sinclair/typebox";
import { CommentTrouble, HostApi, type ApiClock } from "./api.ts";
import { shaped } from "./github.ts";
import { everyPage, PER_PAGE, type Comment, type CommentHost } from "./host.ts";

const User = Type.Object({ id: Type.Integer() });
const Job = Type.Object({ user: User });
const MergeRequest = Type.Object({ sha: Type.String() });
const Created = Type.Object({ id: Type.Integer() });
const Listed = Type.Array(Type.Object({ id: Type.Integer(), body: Type.String(), author: User }));

export interface GitlabPlace {
  /** `https://gitlab.com/api/v4`. */
  readonly api: string;
  /** The project's number, or its path. */
  readonly project: string;
  readonly number: number;
  readonly token: string;
  /** A job's own token goes by another header and may do less; GitLab keeps notes closed to it unless told otherwise. */
  readonly job_token: boolean;
}

export function gitlabHost({ api: base, project, number, token, job_token }: GitlabPlace, clock: ApiClock): CommentHost {
  const api = new HostApi(base, job_token ? { "job-token": token } : { "private-token": token }, clock);
  const request = `/projects/${encodeURIComponent(project)}/merge_requests/${number}`;

  async function page(at: number): Promise<readonly Comment[]> {
    const listed = shaped(Listed, await api.ask("GET", `${request}/notes?per_page=${PER_PAGE}&page=${at}&sort=asc&order_by=created_at`), "notes");
    return listed.map(({ id, body, author }) => ({ id, body, author: String(author.id) }));
  }

  return {
    body_characters_max: 900_000,
    whoami: async () => String(job_token ? shaped(Job, await api.ask("GET", "/job"), "the job").user.id : shaped(User, await api.ask("GET", "/user"), "the user").id),
    head: async () => shaped(MergeRequest, await api.ask("GET", request), "the merge request").sha,
    async list() {
      const all = await everyPage(page);
      if (all === null) throw new CommentTrouble("failed", "the merge request has more notes than are read");
      return all.toSorted((a, b) => a.id - b.id);
    },
    create: async (body) => shaped(Created, await api.ask("POST", `${request}/notes`, { body }), "a new note").id,
    update: async (id, body) => void (await api.ask("PUT", `${request}/notes/${id}`, { body })),
    remove: async (id) => void (await api.ask("DELETE", `${request}/notes/${id}`)),
  };
}

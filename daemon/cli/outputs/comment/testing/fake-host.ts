/**
 * Fakes of the comment APIs of GitHub and GitLab: real HTTP servers on loopback that keep comments in memory. They are written
 * after the two hosts' documentation and are no proof that the hosts behave so; they say what they are in every reply's `server` header.
 */

export interface FakeComment {
  readonly id: number;
  readonly author: number;
  body: string;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly token: string | null;
}

/** Decides a reply before the fake does; `undefined` lets it through. */
export type Fault = (request: Request, path: string, count: number) => Response | undefined | Promise<Response | undefined>;

const USERS: Readonly<Record<string, number>> = { "token-bot": 41898282, "token-other": 7 };
export const BOT = 41898282;
export const HEAD = "c".repeat(40);

export class FakeHost implements Disposable {
  readonly comments: FakeComment[] = [];
  readonly seen: Seen[] = [];
  head = HEAD;
  /** GitHub's `viewer` may come without its number. */
  viewer_id = true;
  may_write = true;
  fault: Fault = () => undefined;
  private next = 1_000;
  private readonly server: Bun.Server<undefined>;

  constructor(readonly kind: "github" | "gitlab") {
    this.server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.answer(request) });
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  /** Environment of a job about request 12. */
  get env(): Record<string, string> {
    if (this.kind === "github") return { GITHUB_TOKEN: "token-bot", GITHUB_SERVER_URL: this.url, GITHUB_API_URL: `${this.url}/api/v3`, GITHUB_GRAPHQL_URL: `${this.url}/api/graphql` };
    return { GITLAB_TOKEN: "token-bot", CI_SERVER_URL: this.url, CI_API_V4_URL: `${this.url}/api/v4` };
  }

  add(author: number, body: string): FakeComment {
    const comment = { id: this.next++, author, body };
    this.comments.push(comment);
    return comment;
  }

  writes(): string[] {
    return this.seen.filter(({ method, path }) => method !== "GET" && !path.endsWith("graphql")).map(({ method }) => method);
  }

  [Symbol.dispose](): void {
    void this.server.stop(true);
  }

  private async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const token = request.headers.get("authorization")?.replace("Bearer ", "") ?? request.headers.get("private-token") ?? request.headers.get("job-token");
    this.seen.push({ method: request.method, path: url.pathname, token });
    const fault = await this.fault(request, url.pathname, this.seen.length);
    if (fault !== undefined) return fault;
    const author = token === null ? undefined : USERS[token];
    if (author === undefined) return this.json({ message: "Bad credentials" }, 401);
    return this.kind === "github" ? this.github(request, url, author) : this.gitlab(request, url, author);
  }

  json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
    return new Response(value === null ? null : JSON.stringify(value), { status, headers: { "content-type": "application/json", server: "fake, for tests", ...headers } });
  }

  private page(url: URL): FakeComment[] {
    const [size, number] = [Number(url.searchParams.get("per_page") ?? "30"), Number(url.searchParams.get("page") ?? "1")];
    return this.comments.slice((number - 1) * size, number * size);
  }

  private async github(request: Request, url: URL, author: number): Promise<Response> {
    const login = (id: number) => (id === BOT ? "github-actions[bot]" : `user-${id}`);
    const show = ({ id, author: by, body }: FakeComment) => ({ id, body, user: { id: by, login: login(by), type: by === BOT ? "Bot" : "User" }, created_at: "2026-11-22T10:00:00Z" });
    if (url.pathname === "/api/graphql") return this.json({ data: { viewer: { login: login(author), ...(this.viewer_id ? { databaseId: author } : {}) } } });
    if (url.pathname === "/api/v3/repos/acme/app/pulls/12") return this.json({ number: 12, head: { sha: this.head, ref: "topic" } });
    const one = /^\/api\/v3\/repos\/acme\/app\/issues\/comments\/(\d+)$/.exec(url.pathname)?.[1];
    const all = url.pathname === "/api/v3/repos/acme/app/issues/12/comments";
    return this.comment(request, url, author, { one: one === undefined ? null : Number(one), all, update: "PATCH", show });
  }

  private async gitlab(request: Request, url: URL, author: number): Promise<Response> {
    const show = ({ id, author: by, body }: FakeComment) => ({ id, body, author: { id: by, username: `user-${by}` }, system: false });
    const by_job = request.headers.has("job-token");
    if (url.pathname === "/api/v4/user" && !by_job) return this.json({ id: author, username: "bot" });
    if (url.pathname === "/api/v4/job" && by_job) return this.json({ id: 1, user: { id: author } });
    if (url.pathname === "/api/v4/projects/34/merge_requests/12") return this.json({ iid: 12, sha: this.head });
    const one = /^\/api\/v4\/projects\/34\/merge_requests\/12\/notes\/(\d+)$/.exec(url.pathname)?.[1];
    const all = url.pathname === "/api/v4/projects/34/merge_requests/12/notes";
    return this.comment(request, url, author, { one: one === undefined ? null : Number(one), all, update: "PUT", show });
  }

  private async comment(request: Request, url: URL, author: number, { one, all, update, show }: { one: number | null; all: boolean; update: string; show: (comment: FakeComment) => unknown }): Promise<Response> {
    const { method } = request;
    if (all && method === "GET") return this.json(this.page(url).map(show));
    if (!this.may_write) return this.json({ message: "Resource not accessible by integration" }, 403, { "x-ratelimit-remaining": "4999" });
    const sent = method === "POST" || method === update ? ((await request.json()) as { body: string }).body : "";
    if (all && method === "POST") return this.json(show(this.add(author, sent)), 201);
    const found = this.comments.find(({ id }) => id === one);
    if (found === undefined) return this.json({ message: "Not Found" }, 404);
    if (method === update) {
      found.body = sent;
      return this.json(show(found));
    }
    this.comments.splice(this.comments.indexOf(found), 1);
    return this.json(null, 204);
  }
}


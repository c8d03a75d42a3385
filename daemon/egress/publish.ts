/** Says one verdict to one code host: GitHub's and GitLab's commit statuses. One host, no redirect, bounded in bytes and time. */
import { open } from "node:fs/promises";
import { MaestroError } from "../../proto/errors.ts";
import type { StatusHost, StatusJob, StatusState } from "../../proto/status.ts";
import { checkPrivate } from "./remote-git.ts";

const DEFAULT_CONTEXT = "maestro";
const TOKEN_BYTES_MAX = 4_096;
const REPLY_BYTES_MAX = 256 * 1024;
const RETRY_AFTER_S_MAX = 3_600;

/** GitLab knows no `error`, and fails what is not to be merged. */
const GITLAB_STATES: Readonly<Record<StatusState, string>> = { success: "success", failure: "failed", pending: "pending", error: "failed" };

/** Where a row has one branch, its required status is the plain name; else each branch has its own, so that no verdict for one speaks for another. */
export function contextOf({ context = DEFAULT_CONTEXT }: StatusHost, target_refs: readonly string[], ref: string): string {
  const [only, second] = target_refs;
  return second === undefined && only === ref ? context : `${context} (${ref.replace(/^refs\/heads\//, "")})`;
}

/** The one line of a private file. Throws `egress.denied`. */
export async function tokenOf(path: string, what = "token_file"): Promise<string> {
  await checkPrivate(path, what);
  await using file = await open(path, "r");
  const buffer = new Uint8Array(TOKEN_BYTES_MAX + 1);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  const token = Buffer.from(buffer.subarray(0, bytesRead)).toString("latin1").trim();
  if (bytesRead > TOKEN_BYTES_MAX || !/^[\x21-\x7e]+$/.test(token)) throw new MaestroError("egress.denied", `${what} ${path} holds no token of one line`);
  return token;
}

interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function questionOf({ host, api, project }: StatusHost, { head, state, description }: StatusJob, context: string, token: string): Question {
  const base = api.replace(/\/+$/, "");
  if (host === "github") {
    const headers = { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" };
    return { url: `${base}/repos/${project}/statuses/${head}`, headers, body: { state, context, description } };
  }
  return { url: `${base}/projects/${encodeURIComponent(project)}/statuses/${head}`, headers: { "private-token": token }, body: { state: GITLAB_STATES[state], name: context, description } };
}

/** Seconds that the other side asks to be left alone; null where it does not say. */
export function retryAfter(headers: Headers, now_ms: number): number | null {
  const after = headers.get("retry-after");
  const reset = headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset");
  const date = after === null || /^\d{1,9}$/.test(after) ? null : Date.parse(after);
  const seconds = after !== null && date === null ? Number(after) : date !== null && !Number.isNaN(date) ? (date - now_ms) / 1000 : reset !== null && /^\d{1,12}$/.test(reset) ? Number(reset) - now_ms / 1000 : null;
  return seconds === null ? null : Math.min(RETRY_AFTER_S_MAX, Math.max(0, Math.ceil(seconds)));
}

async function saidBy(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > REPLY_BYTES_MAX) break;
      chunks.push(chunk);
    }
  } catch (error) {
    // The status line has said what counts; words that stop coming take nothing from it.
    chunks.push(Buffer.from(error instanceof Error ? ` (then ${error.name})` : " (then nothing)"));
  }
  return Buffer.concat(chunks).toString("utf8").replace(/[^\x20-\x7e]/g, " ").slice(0, 200);
}

/** Resolves with the name of the status once the host has it. Throws `egress.denied`, `egress.failed`, `egress.timeout`, `request.not_found`. */
export async function publishStatus(where: StatusHost, job: StatusJob, context: string, now_ms: number): Promise<string> {
  const { url, headers, body } = questionOf(where, job, context, await tokenOf(where.token_file));
  let response: Response;
  try {
    // A redirect would carry the token to wherever it points.
    response = await fetch(url, { method: "POST", redirect: "manual", headers: { "content-type": "application/json", "user-agent": "maestro", ...headers }, body: JSON.stringify(body), signal: AbortSignal.timeout(job.deadline_ms) });
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new MaestroError(late ? "egress.timeout" : "egress.failed", `${new URL(where.api).host} ${late ? "did not answer in time" : "cannot be reached"}`, { cause });
  }
  const { status } = response;
  if (status >= 200 && status < 300) {
    await response.body?.cancel();
    return context;
  }
  const said = await saidBy(response);
  // GitLab answers so where the status stands there already, in just this state.
  if (where.host === "gitlab" && status === 400 && /cannot transition status/i.test(said)) return context;
  const limited = status === 429 || (status === 403 && (response.headers.has("retry-after") || response.headers.get("x-ratelimit-remaining") === "0"));
  const because = `${new URL(where.api).host} answered ${status} ${said}`;
  if (limited || status >= 500) {
    const retry_after_s = retryAfter(response.headers, now_ms);
    throw new MaestroError("egress.failed", because, retry_after_s === null ? {} : { retry_after_s });
  }
  throw new MaestroError(status === 404 || status === 422 ? "request.not_found" : "egress.denied", because);
}

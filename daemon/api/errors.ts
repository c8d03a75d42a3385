/** The one place where a failure becomes an answer. */
import type { Problem } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { diskCode } from "../platform/disk.ts";
import { problem, PROBLEM_TYPE } from "../../proto/problem.ts";
import { API_VERSION, API_VERSION_HEADER, REQUEST_ID_HEADER } from "../../proto/routes.ts";

/** Seconds after which it makes sense to come again, where the failure itself does not say. */
const RETRY_AFTER_S = 1;

/** What was thrown, as a failure of the table: a full, read-only or broken disk may be met by any call to the file system. Anything else unknown is a bug, and its words stay in the log. */
export function failureOf(thrown: unknown): MaestroError {
  if (thrown instanceof MaestroError) return thrown;
  const disk = thrown instanceof Error && "syscall" in thrown && "code" in thrown ? diskCode(String(thrown.code)) : null;
  return disk === null ? new MaestroError("internal.bug", "see the daemon's log", { cause: thrown }) : new MaestroError(disk, `the state folder: ${String(thrown)}`, { cause: thrown });
}

export function problemOf(thrown: unknown, id: string): Problem {
  const { code, detail } = failureOf(thrown);
  return problem(code, detail, id);
}

export function problemResponse(thrown: unknown, id: string, extra: Readonly<Record<string, string>> = {}): Response {
  const body = problemOf(thrown, id);
  const headers = new Headers({ "content-type": PROBLEM_TYPE, [REQUEST_ID_HEADER]: id, [API_VERSION_HEADER]: API_VERSION, ...extra });
  const wait_s = retryAfter(failureOf(thrown), body.status);
  if (wait_s !== null) headers.set("retry-after", String(wait_s));
  return new Response(JSON.stringify(body), { status: body.status, headers });
}

/** Seconds; null where coming again is not what helps. */
export function retryAfter({ retry_after_s }: Pick<MaestroError, "retry_after_s">, status: number): number | null {
  return status === 503 || status === 429 ? (retry_after_s ?? RETRY_AFTER_S) : null;
}

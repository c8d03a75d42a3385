/** What is said under `/openai/` in OpenAI's words: failures, and keys in place of tokens. */
import { ERRORS, type ErrorCode, type MaestroError } from "../../proto/errors.ts";
import { NO_KEY, type OpenAiError } from "../../proto/openai.ts";
import { API_VERSION, API_VERSION_HEADER, JSON_TYPE, OPENAI_PATH, REQUEST_ID_HEADER, type RouteShape } from "../../proto/routes.ts";
import { BEARER_HEADER, CAPABILITY_HEADER, CAPABILITY_PREFIX } from "../../proto/token.ts";
import { failureOf, problemResponse, retryAfter } from "./errors.ts";

type ErrorType = OpenAiError["error"]["type"];

const TYPES: Readonly<Record<number, ErrorType>> = { 401: "authentication_error", 403: "permission_error", 429: "rate_limit_error" };

function typeOf(code: ErrorCode, status: number): ErrorType {
  if (code === "tenant.budget") return "insufficient_quota";
  return TYPES[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
}

/** The checker says where in a body it met what is wrong; clients of this interface look for the field alone. */
const FIELD = /^body\/([A-Za-z0-9_]{1,64})/;

export function openAiError({ code, detail }: Pick<MaestroError, "code" | "detail">): OpenAiError {
  const { status, sentence } = ERRORS[code];
  return { error: { message: detail === "" ? sentence : `${detail}. ${sentence}`, type: typeOf(code, status), param: FIELD.exec(detail)?.[1] ?? null, code } };
}

/** Longer, and a client that comes again by itself would only wait. */
const WAIT_S_MAX = 60;

/** A failure in the form of whoever is asked: a problem document, or OpenAI's. */
export function failureResponse(request: Pick<Request, "url">, thrown: unknown, id: string, extra: Readonly<Record<string, string>> = {}): Response {
  if (!new URL(request.url).pathname.startsWith(OPENAI_PATH)) return problemResponse(thrown, id, extra);
  const failure = failureOf(thrown);
  const { status, retry } = ERRORS[failure.code];
  const wait_s = retryAfter(failure, status);
  // The official clients come again after every 429 and 5xx unless they are told. A spent budget is not there again in a moment.
  const soon = failure.code === "tenant.budget" ? failure.retry_after_s : (wait_s ?? 0);
  const again = retry && soon !== null && soon <= WAIT_S_MAX;
  const headers = { "content-type": JSON_TYPE, [REQUEST_ID_HEADER]: id, "x-request-id": id, [API_VERSION_HEADER]: API_VERSION, "x-should-retry": String(again), ...(wait_s === null ? {} : { "retry-after": String(wait_s) }), ...extra };
  return new Response(JSON.stringify(openAiError(failure)), { status, headers });
}

const BEARER = /^Bearer (.*)$/;

/** Clients of OpenAI's interface bring one key: a capability, a CI job's token, or the word that stands for none. */
export function dialectHeaders({ dialect }: Pick<RouteShape, "dialect">, headers: Headers): Headers {
  const key = dialect === undefined ? undefined : BEARER.exec(headers.get(BEARER_HEADER) ?? "")?.[1];
  if (key === undefined || (key !== NO_KEY && !key.startsWith(CAPABILITY_PREFIX))) return headers;
  const read = new Headers(headers);
  read.delete(BEARER_HEADER);
  // Beside a capability in its own header it is one token too many, which whoever reads them says.
  if (key !== NO_KEY) read.append(CAPABILITY_HEADER, key);
  return read;
}

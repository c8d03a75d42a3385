/** The socket's routes as one Elysia app: checks, dispatch, errors and the access log; no route's own work. */
import { Elysia } from "elysia";
import { ERRORS, MaestroError } from "../../proto/errors.ts";
import { NO_ROUTE } from "../../proto/routes.ts";
import type { Clock } from "../platform/clock.ts";
import type { Call, Handler } from "../platform/socket/index.ts";
import { ownUserOnly, type Tenants } from "../tenants/index.ts";
import type { SocketRole } from "../../proto/tenant.ts";
import { authorise } from "./access.ts";
import { failureOf } from "./errors.ts";
import { dialectHeaders, failureResponse } from "./openai-dialect.ts";
import { accessLine, type Log } from "./log.ts";
import { answerLogFile, LOG_PATH, type LogFiles } from "./log-files.ts";
import { type Ending, reply } from "./reply.ts";
import { bounded, checkHead, checkVersion, type JsonLimits, jsonOf } from "./request.ts";
import type { Route } from "./route.ts";
import { askedGuard, type RouteGuard } from "./route-guard.ts";

export interface ApiOptions {
  readonly routes: readonly Route[];
  readonly limits: JsonLimits;
  readonly log: Log;
  readonly clock: Pick<Clock, "monotonic_ms">;
  /** The user the daemon runs as; beside root the only operator. */
  readonly own_uid: number;
  /** Who else may ask; absent: nobody. */
  readonly tenants?: Pick<Tenants, "admit"> & Partial<Pick<Tenants, "isPerson">>;
  /** The log as files; absent where there is none. */
  readonly log_files?: LogFiles;
  /** What the socket is for; absent: everything. */
  readonly role?: SocketRole;
  /** Asked of every request and answer; absent: nobody. */
  readonly guard?: RouteGuard | undefined;
}

/** Answers every request, failures included. */
export function createApi(options: ApiOptions): Handler {
  const calls = new WeakMap<Request, Call>();
  const door: Door = { tenants: options.tenants ?? ownUserOnly(options.own_uid), role: options.role ?? "admin" };
  const callOf = (request: Request): Call => {
    const call = calls.get(request);
    if (call === undefined) throw new MaestroError("auth.peer_unknown", "the request did not come through the socket");
    return call;
  };
  // standardHostname: Elysia would answer 404 to hosts of fewer than four characters, as in `curl --unix-socket … http://d/`.
  const app = new Elysia({ handler: { standardHostname: false }, strictPath: true });
  for (const route of options.routes) {
    // parse "none": Elysia's own parser drops unknown fields and never sees a duplicate key.
    app.route(route.shape.method, route.shape.path, ({ request, params }) => answer(options, door, route, request, params, callOf(request)), { parse: "none" });
  }
  const files = options.log_files;
  if (files !== undefined) app.get(`${LOG_PATH}*`, ({ request }) => answerLogFile(options, door, files, request, callOf(request)));
  app.onError(({ request, code, error }) => unrouted(options, request, code === "NOT_FOUND" ? null : error, callOf(request)));
  app.compile();
  return (request, call) => {
    calls.set(request, call);
    return app.fetch(request);
  };
}

/** Shared by all requests that have none. */
const NO_STREAM = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });

interface Door {
  readonly tenants: Pick<Tenants, "admit">;
  readonly role: SocketRole;
}

async function answer(options: ApiOptions, { tenants, role }: Door, route: Route, request: Request, params: unknown, call: Call): Promise<Response> {
  const started_ms = options.clock.monotonic_ms();
  let tenant: string | null = null;
  const ended = (ending: Ending, status = 200): void => accessLine(options.log, route.name, request.method, status, { ...call, tenant }, options.clock.monotonic_ms() - started_ms, ending);
  try {
    checkHead(route, request);
    const headers = dialectHeaders(route.shape, request.headers);
    const principal = await authorise(tenants, route.access, role, { headers }, call);
    tenant = principal.tenant;
    const body = await jsonOf(route, request, options.limits);
    const stream = route.shape.body === "stream" ? bounded(route, request) : NO_STREAM;
    const authorised = { ...call, principal, headers };
    return await reply(call.id, await route.run(authorised, params ?? {}, body, stream, askedGuard(options.guard, route, role, authorised)), ended);
  } catch (cause) {
    ended({ how: "failed", cause }, ERRORS[failureOf(cause).code].status);
    return failureResponse(request, cause, call.id);
  }
}

/** A path or method no route has, or a failure of the framework itself. */
function unrouted(options: ApiOptions, request: Request, error: unknown, call: Call): Response {
  const allowed = methodsAt(options.routes, new URL(request.url).pathname);
  const cause = error ?? missing(request, allowed);
  accessLine(options.log, null, request.method, ERRORS[failureOf(cause).code].status, call, 0, { how: "failed", cause });
  return failureResponse(request, cause, call.id, allowed.length > 0 && error === null ? { allow: allowed.join(", ") } : {});
}

function missing(request: Request, allowed: readonly string[]): unknown {
  try {
    checkVersion(request);
  } catch (thrown) {
    // A client of another version asks for routes this one never had: that is the useful answer.
    return thrown;
  }
  return allowed.length > 0 ? new MaestroError("request.method", `allowed: ${allowed.join(", ")}`) : new MaestroError("request.not_found", `${NO_ROUTE}; see GET /openapi.json`);
}

function methodsAt(routes: readonly Route[], pathname: string): string[] {
  const segments = pathname.split("/");
  const fits = (path: string): boolean => {
    const wanted = path.split("/");
    return wanted.length === segments.length && wanted.every((part, i) => part === segments[i] || (part.startsWith(":") && segments[i] !== ""));
  };
  return routes.filter(({ shape }) => fits(shape.path)).map(({ shape }) => shape.method);
}

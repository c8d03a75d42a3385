/** The access log: one structured line per request, never a body. */
import type { ErrorCode } from "../../proto/errors.ts";
import type { RouteName } from "../../proto/routes.ts";
import { maskPersonal } from "../checking/personal.ts";
import type { Call, ServerEvent } from "../platform/socket/index.ts";
import { failureOf } from "./errors.ts";
import type { Ending } from "./reply.ts";

/** What this room needs of pino. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Hears of the same events as numbers. */
  readonly count?: {
    request(route: RouteName | null, status: number, code: ErrorCode | null, duration_us: number): void;
    refused(code: ErrorCode): void;
  };
}

/** A call, and the tenant it was found to come from: on a shared user the uid alone says nothing. */
type Logged = Call & { readonly tenant?: string | null };

/** `route` is `null` where none matched; what the client asked for is then not repeated, as it could be anything. */
export function accessLine(log: Log, route: RouteName | null, method: string, status: number, { id, peer, tenant = null }: Logged, duration_ms: number, ending: Ending): void {
  const duration_us = Math.round(duration_ms * 1000);
  const fields = { request_id: id, route, method, status, uid: peer.uid, pid: peer.pid, ...(tenant === null ? {} : { tenant }), duration_us, ended: ending.how };
  log.count?.request(route, status, ending.how === "failed" ? failureOf(ending.cause).code : null, duration_us);
  if (ending.how !== "failed") return log.info(fields, "request");
  const failure = failureOf(ending.cause);
  // It may name what the client sent: a field that nobody knows, a key that stands there twice.
  const failed = { ...fields, code: failure.code, detail: maskPersonal(failure.detail) };
  if (failure.row.status < 500) log.info(failed, "request");
  else if (failure.code !== "internal.bug") log.warn(failed, "request");
  else log.error({ ...failed, err: failure.cause ?? failure }, "request");
}

/** What the socket server did without asking a route. */
export function serverLine(log: Log, event: ServerEvent): void {
  if (event.kind === "lowered") return log.warn({ detail: event.detail }, "fewer connections than configured");
  const { id, cause } = event;
  if (event.kind === "broken") return log.error({ request_id: id, err: cause }, "reply broken off");
  log.count?.refused(event.code);
  if (!event.repeated) log.warn({ request_id: id, code: event.code, detail: event.detail, err: cause }, "connection refused");
}

/**
 * The log as a static site under `/log/`: what C2SP tlog-tiles asks of one, so that other people's log clients read it as it is. No route
 * of the interface: paths, types and caching are the specification's.
 */
import { ERRORS } from "../../proto/errors.ts";
import { BYTES_TYPE, JSON_TYPE } from "../../proto/routes.ts";
import type { SiteFile } from "../evidence/log/site.ts";
import type { Call } from "../platform/socket/index.ts";
import type { SocketRole } from "../../proto/tenant.ts";
import { authorise, type AuthorisedCall } from "./access.ts";
import type { ApiOptions } from "./app.ts";
import { failureOf, problemResponse } from "./errors.ts";
import { accessLine } from "./log.ts";
import { type Ending, replyHeaders } from "./reply.ts";
import { checkVersion } from "./request.ts";
import { askedGuard, LOG_FILES } from "./route-guard.ts";

export const LOG_PATH = "/log/";
/** A week: tiles never change, and whoever keeps one for ever loses nothing either. */
const IMMUTABLE = "public, max-age=604800, immutable";
const TYPES: Readonly<Record<SiteFile["type"], string>> = { text: "text/plain; charset=utf-8", bytes: BYTES_TYPE, json: JSON_TYPE };

export interface LogFiles {
  /** Throws `request.not_found`. */
  file(path: string): SiteFile;
}

interface Door {
  readonly tenants: Parameters<typeof authorise>[0];
  readonly role: SocketRole;
}

/** Every tenant of the host may read the log: it holds signatures and digests, and no word of what was signed. */
export async function answerLogFile(options: ApiOptions, { tenants, role }: Door, files: LogFiles, request: Request, call: Call): Promise<Response> {
  const started_ms = options.clock.monotonic_ms();
  let known: Pick<AuthorisedCall, "principal"> | null = null;
  const ended = (ending: Ending, status: number): void => accessLine(options.log, null, request.method, status, { ...call, tenant: known?.principal.tenant ?? null }, options.clock.monotonic_ms() - started_ms, ending);
  try {
    checkVersion(request);
    known = { principal: await authorise(tenants, "any", role, request, call) };
    askedGuard(options.guard, { name: LOG_FILES, access: "any", shape: {} }, role, { ...call, ...known }).before({}, undefined);
    const { bytes, type, immutable } = files.file(new URL(request.url).pathname.slice(LOG_PATH.length));
    const response = new Response(new Uint8Array(bytes), { headers: { ...replyHeaders(call.id, TYPES[type]), "cache-control": immutable ? IMMUTABLE : "no-cache" } });
    ended({ how: "sent" }, response.status);
    return response;
  } catch (cause) {
    ended({ how: "failed", cause }, ERRORS[failureOf(cause).code].status);
    return problemResponse(cause, call.id);
  }
}

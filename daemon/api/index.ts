import type { ServerLimits } from "../../proto/config.ts";
import type { Random } from "../platform/random.ts";
import { SocketServer, type ServerOptions } from "../platform/socket/index.ts";
import { type ApiOptions, createApi } from "./app.ts";
import { serverLine } from "./log.ts";
import { requestIds } from "./request-ids.ts";

export { baseRoutes, type BaseDeps, withOpenApi } from "./base.ts";
export { createApi, type ApiOptions } from "./app.ts";
export type { Log } from "./log.ts";
export { route, type Route, type RouteCall } from "./route.ts";

export interface ServeOptions extends Omit<ApiOptions, "limits"> {
  readonly listen: ServerOptions["listen"];
  readonly limits: ServerLimits;
  readonly random: Random;
}

/** Serves the routes on the socket; see `SocketServer.start` for what it throws. */
export function serveApi(options: ServeOptions): Promise<SocketServer> {
  return SocketServer.start({
    listen: options.listen,
    limits: options.limits,
    handler: createApi(options),
    requestId: requestIds(options.random),
    report: (event) => serverLine(options.log, event),
  });
}

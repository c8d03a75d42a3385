/** Client of the Maestro daemon over its Unix socket, for Node 20 or newer and Bun. */
export { Maestro, type ChangeOptions, type MaestroOptions } from "./client.ts";
export { MaestroError } from "./error.ts";
export { socketPath, type Environment } from "./location.ts";
export type { Body, Events, Options, TransportOptions } from "./request.ts";
export { ERRORS, type ErrorCode } from "./contract/error-table.ts";
export { API_VERSION } from "./contract/routes.ts";
export type * from "./contract/types.ts";

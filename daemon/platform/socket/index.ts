export { takeLock, type StateLock } from "./lock.ts";
export { checkSocketPath, SOCKET_PATH_BYTES_MAX } from "./path.ts";
export { type Call, type Handler, type ServerEvent, type ServerOptions, SocketServer } from "./server.ts";
export { NDJSON } from "./response.ts";
export type { Peer } from "./peer.ts";

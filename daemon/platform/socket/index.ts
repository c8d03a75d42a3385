export { takeLock, type StateLock } from "./lock.ts";
export { type Call, type Handler, type ServerEvent, type ServerOptions, SocketServer } from "./server.ts";
export type { Peer } from "./peer.ts";

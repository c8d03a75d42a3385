export { takeLock, type StateLock } from "./lock.ts";
export { checkSocketPath } from "./path.ts";
export { type Call, type Handler, type ServerEvent, type ServerOptions, SocketServer } from "./server.ts";
export type { Peer } from "./peer.ts";
export { onStopSignals } from "./signals.ts";

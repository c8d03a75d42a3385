/**
 * HTTP/1.1 over the daemon's Unix socket. A `node:net` server accepts (it alone
 * honours an inherited descriptor and shows its own), the kernel is asked who
 * connected, and only then Node's HTTP parser gets to see a byte.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ServerLimits } from "../../../proto/config.ts";
import { type ErrorCode, MaestroError } from "../../../proto/errors.ts";
import { Connection, type Exchange } from "./connection.ts";
import { connectionBudget, type ConnectionBudget } from "./descriptors.ts";
import { listen, type ListenOptions, type Listening } from "./listen.ts";
import { assertUnixListenersOnly } from "./listeners.ts";
import { peerOf, type Peer } from "./peer.ts";
import { refusalText, refuse } from "./refuse.ts";
import { toRequest } from "./request.ts";
import { sendResponse } from "./response.ts";

/** What a handler knows of a request beyond the request. */
export interface Call {
  readonly id: string;
  readonly peer: Peer;
  /** Aborts when the client leaves or a stop runs out of patience; hand it to every child. */
  readonly signal: AbortSignal;
}

/** Must answer every request; what it throws is a bug, reported and answered with 500. */
export type Handler = (request: Request, call: Call) => Response | Promise<Response>;

/** Something an operator may want to know that no handler saw. */
export type ServerEvent =
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly detail: string; readonly id: string; readonly cause?: unknown; /** One of many within a second, of which the first was reported in full. */ readonly repeated: boolean }
  | { readonly kind: "lowered"; readonly detail: string }
  | { readonly kind: "broken"; readonly id: string; readonly cause: unknown };

export interface ServerOptions {
  readonly listen: ListenOptions;
  readonly limits: ServerLimits;
  readonly handler: Handler;
  readonly requestId: () => string;
  readonly report: (event: ServerEvent) => void;
}

/** A flood must not fill the log: of refusals for load one in this time is told in full. */
const REPORT_INTERVAL_MS = 1_000;

export class SocketServer {
  private readonly options: ServerOptions;
  private readonly http: http.Server;
  private readonly budget: ConnectionBudget;
  private readonly connections = new Map<Socket, Connection>();
  private readonly per_uid = new Map<number, number>();
  private listening: Listening | null = null;
  private lingering = 0;
  private reported_ms = -Infinity;
  private draining = false;
  /** Set by `stop` while it waits for the last exchange. */
  private quiet: (() => void) | null = null;

  private constructor(options: ServerOptions) {
    this.options = options;
    this.budget = connectionBudget(options.limits);
    this.http = http.createServer({ maxHeaderSize: options.limits.header_bytes_max, keepAliveTimeout: options.limits.keep_alive_timeout_ms });
    this.http.on("request", (req, res) => void this.exchange(req, res));
    this.http.on("checkContinue", (req, res) => void this.exchange(req, res));
    this.http.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.unreadable(error, socket));
  }

  /** Binds, checks that nothing else of this process listens, and serves. */
  static async start(options: ServerOptions): Promise<SocketServer> {
    const server = new SocketServer(options);
    const { lowered_because } = server.budget;
    if (lowered_because !== null) options.report({ kind: "lowered", detail: lowered_because });
    server.listening = await listen(options.listen, (socket) => server.accept(socket));
    try {
      assertUnixListenersOnly();
    } catch (thrown) {
      await server.stop(0);
      throw thrown;
    }
    return server;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /**
   * Stops accepting, lets requests in flight finish for `drain_ms`, then
   * aborts what is left. Calling it again with 0 cuts the first call short.
   */
  async stop(drain_ms: number): Promise<void> {
    this.draining = true;
    this.listening?.close();
    this.listening = null;
    // Replies already written are flushed first; only unfinished requests are cut.
    for (const connection of this.connections.values()) if (connection.idle) connection.socket.destroySoon();
    if (drain_ms > 0 && this.inFlight() > 0) await this.drained(drain_ms);
    for (const connection of this.connections.values()) {
      if (connection.idle) continue;
      for (const exchange of connection.open) exchange.abort.abort(new MaestroError("daemon.draining", "the drain deadline passed"));
      connection.socket.destroy();
    }
    this.quiet?.();
    await this.allClosed(this.options.limits.linger_ms);
  }

  /** A client that does not read its last reply is not waited for longer than this. */
  private async allClosed(linger_ms: number): Promise<void> {
    const open = [...this.connections.keys()];
    const timer = setTimeout(() => open.forEach((socket) => socket.destroy()), linger_ms);
    await Promise.all(open.map((socket) => (socket.closed ? null : new Promise((resolve) => socket.once("close", resolve)))));
    clearTimeout(timer);
  }

  private inFlight(): number {
    let open = 0;
    for (const connection of this.connections.values()) open += connection.open.size;
    return open;
  }

  private drained(drain_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, drain_ms);
      this.quiet = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private accept(socket: Socket): void {
    const { budget } = this;
    const { limits } = this.options;
    // Errors of a connection end that connection; without a listener they would end the process.
    socket.on("error", () => socket.destroy());
    let peer: Peer;
    try {
      peer = peerOf(socket);
    } catch (cause) {
      return this.turnAway(socket, "auth.peer_unknown", "no peer credentials", cause);
    }
    const of_uid = this.per_uid.get(peer.uid) ?? 0;
    if (this.connections.size >= budget.connections_max) return this.turnAway(socket, "request.busy", `${budget.connections_max} connections`);
    if (of_uid >= budget.connections_per_uid_max) return this.turnAway(socket, "request.busy", `${of_uid} connections of uid ${peer.uid}`);
    this.per_uid.set(peer.uid, of_uid + 1);
    this.connections.set(socket, new Connection(socket, peer, limits, (connection, slow) => this.expire(connection, slow)));
    socket.once("close", () => this.forget(socket, peer.uid));
    this.http.emit("connection", socket);
  }

  private forget(socket: Socket, uid: number): void {
    this.connections.delete(socket);
    const left = (this.per_uid.get(uid) ?? 1) - 1;
    if (left > 0) this.per_uid.set(uid, left);
    else this.per_uid.delete(uid);
  }

  private expire({ socket }: Connection, slow: boolean): void {
    if (slow) this.turnAway(socket, "request.slow", "the headers did not arrive in time");
    else socket.destroy();
  }

  private turnAway(socket: Socket, code: ErrorCode, detail: string, cause?: unknown): void {
    const id = this.options.requestId();
    const now_ms = performance.now();
    const repeated = code === "request.busy" && now_ms < this.reported_ms + REPORT_INTERVAL_MS;
    if (code === "request.busy" && !repeated) this.reported_ms = now_ms;
    this.options.report({ kind: "refused", code, detail, id, cause, repeated });
    if (socket.destroyed) return;
    if (this.lingering >= this.budget.lingering_max) {
      // Said all the same: a client that has sent nothing yet reads it.
      socket.write(refusalText(code, detail, id), () => socket.destroy());
      return;
    }
    this.lingering += 1;
    socket.once("close", () => (this.lingering -= 1));
    refuse(socket, refusalText(code, detail, id), this.options.limits.linger_ms);
  }

  /** Bytes that are not HTTP, or a connection that broke. */
  private unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    const known = this.connections.get(socket);
    if (error.code?.startsWith("HPE_") !== true || known === undefined || !known.idle || !socket.writable) {
      socket.destroy();
      return;
    }
    const tooLarge = error.code === "HPE_HEADER_OVERFLOW";
    const { header_bytes_max } = this.options.limits;
    if (tooLarge) this.turnAway(socket, "request.headers_too_large", `limit ${header_bytes_max} bytes`);
    else this.turnAway(socket, "request.malformed", `not HTTP/1.1 (${error.code})`);
  }

  private async exchange(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { limits, handler, requestId, report } = this.options;
    const connection = this.connections.get(req.socket);
    if (connection === undefined || connection.open.size >= limits.pipelined_max) {
      req.socket.destroy();
      return;
    }
    const exchange: Exchange = { id: requestId(), abort: new AbortController() };
    const { id, abort } = exchange;
    connection.begin(exchange);
    const last = connection.served >= limits.requests_per_connection_max;
    try {
      const request = toRequest(req, res, abort.signal, limits);
      const response = await handler(request, { id, peer: connection.peer, signal: abort.signal });
      await sendResponse(req, res, response, last || this.draining, abort.signal, limits);
    } catch (cause) {
      if (!abort.signal.aborted) report({ kind: "broken", id, cause });
      this.breakOff(req, res, id, cause);
    } finally {
      connection.end(exchange);
      if (this.draining && this.inFlight() === 0) this.quiet?.();
    }
  }

  /** A reply that has begun cannot be turned into an error; cutting it short is the only honest end. */
  private breakOff(req: IncomingMessage, res: ServerResponse, id: string, cause: unknown): void {
    if (res.headersSent) {
      req.socket.destroy();
      return;
    }
    const code = cause instanceof MaestroError ? cause.code : "internal.bug";
    req.socket.end(refusalText(code, cause instanceof MaestroError ? cause.detail : "see the daemon's log", id));
  }
}

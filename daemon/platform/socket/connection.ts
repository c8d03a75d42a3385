import type { Socket } from "node:net";
import type { ServerLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Peer } from "./peer.ts";

/** One request being answered. */
export interface Exchange {
  readonly id: string;
  readonly abort: AbortController;
}

type Waits = Pick<ServerLimits, "header_timeout_ms" | "keep_alive_timeout_ms">;

/**
 * What the server knows about one connection. Its only timer runs while the
 * client owes us something, so a daemon without connections never wakes up.
 */
export class Connection {
  readonly socket: Socket;
  readonly peer: Peer;
  /** Requests in flight; more than one only when the client pipelines. */
  readonly open = new Set<Exchange>();
  /** Requests begun so far. */
  served = 0;
  private readonly limits: Waits;
  private readonly expired: (connection: Connection, slow: boolean) => void;
  /** Monotonic milliseconds; moving it is cheaper than re-arming a timer for each request. */
  private deadline_ms: number;
  /** Bytes received when the last reply ended: more than that means the next request has begun. */
  private quiet_bytes = -1;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private timer_due_ms = 0;

  /** `expired` is called once: `slow` when a request has begun to arrive, else the connection was only idle. */
  constructor(socket: Socket, peer: Peer, limits: Waits, expired: (connection: Connection, slow: boolean) => void) {
    this.socket = socket;
    this.peer = peer;
    this.limits = limits;
    this.expired = expired;
    this.deadline_ms = performance.now() + limits.header_timeout_ms;
    this.arm(limits.header_timeout_ms);
    socket.once("close", () => this.closed());
  }

  get idle(): boolean {
    return this.open.size === 0;
  }

  begin(exchange: Exchange): void {
    this.served += 1;
    this.open.add(exchange);
  }

  end(exchange: Exchange): void {
    this.open.delete(exchange);
    if (!this.idle || this.socket.destroyed) return;
    this.quiet_bytes = this.socket.bytesRead;
    this.deadline_ms = performance.now() + this.limits.keep_alive_timeout_ms;
    // A timer that fires too early looks at the deadline and goes on; one that would fire too late is replaced.
    if (this.timer === null || this.timer_due_ms > this.deadline_ms) this.arm(this.limits.keep_alive_timeout_ms);
  }

  private arm(after_ms: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer_due_ms = performance.now() + after_ms;
    this.timer = setTimeout(() => this.due(), after_ms);
  }

  private due(): void {
    this.timer = null;
    if (!this.idle) return;
    const left_ms = this.deadline_ms - performance.now();
    if (left_ms > 0) return this.arm(left_ms);
    const begun = this.socket.bytesRead > Math.max(this.quiet_bytes, 0);
    if (begun && this.quiet_bytes >= 0) {
      // The next request began in the last moment of the idle wait: it gets the header wait, once.
      this.quiet_bytes = -1;
      this.deadline_ms += this.limits.header_timeout_ms;
      return this.arm(this.limits.header_timeout_ms);
    }
    this.expired(this, begun);
  }

  private closed(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const exchange of this.open) exchange.abort.abort(new MaestroError("request.cancelled", "the client closed the connection"));
  }
}

import type { IncomingMessage } from "node:http";
import type { ServerLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";

export type BodyWaits = Pick<ServerLimits, "body_idle_timeout_ms" | "body_deadline_ms">;

/**
 * A request body that flows only while it is read, so that a handler's pace is
 * the client's pace and memory stays flat.
 * Fails with `request.slow` when no byte came for the idle time or the whole
 * took too long, and with `request.cancelled` when the client left.
 */
export function bodyOf(req: IncomingMessage, waits: BodyWaits, firstPull: () => void): ReadableStream<Uint8Array> {
  const puller = new Puller(req, waits, firstPull);
  return new ReadableStream<Uint8Array>({ pull: (controller) => puller.pull(controller), cancel: () => puller.drop() }, { highWaterMark: 0 });
}

/**
 * Bytes held before the client is stopped. A resumed socket reads on past the
 * moment it is paused again, about as much as the kernel holds for it (208 KiB
 * by default): pausing after every chunk let a fast client's bytes pile up
 * without bound (measured: 216 MB of a 300 MB upload).
 */
const HELD_BYTES_MAX = 512 * 1024;

type Controller = ReadableStreamDefaultController<Uint8Array>;

class Puller {
  private readonly req: IncomingMessage;
  private readonly waits: BodyWaits;
  private readonly firstPull: () => void;
  private ends_ms: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private held: Uint8Array[] = [];
  private held_bytes = 0;
  /** How the stream ends once everything held was read. */
  private last: ((controller: Controller) => void) | null = null;
  /** The pull under way. */
  private waiting: { readonly controller: Controller; readonly resolve: () => void } | null = null;

  constructor(req: IncomingMessage, waits: BodyWaits, firstPull: () => void) {
    this.req = req;
    this.waits = waits;
    this.firstPull = firstPull;
  }

  pull(controller: Controller): Promise<void> {
    const now = performance.now();
    if (this.ends_ms === null) {
      this.ends_ms = now + this.waits.body_deadline_ms;
      this.attach();
      this.firstPull();
    }
    const wait_ms = Math.min(this.waits.body_idle_timeout_ms, this.ends_ms - now);
    return new Promise((resolve) => {
      this.waiting = { controller, resolve };
      if (this.deliver()) return;
      this.timer = setTimeout(() => this.fail(new MaestroError("request.slow", "the body stopped arriving")), Math.max(wait_ms, 0));
      this.req.socket.resume();
    });
  }

  private attach(): void {
    const { req } = this;
    req.on("data", (chunk: Uint8Array) => {
      this.held.push(chunk);
      this.held_bytes += chunk.length;
      // Pausing the request would not do: Bun's parser does not stop the socket for it.
      if (!this.deliver() && this.held_bytes >= HELD_BYTES_MAX) req.socket.pause();
    });
    req.once("end", () => this.end((controller) => controller.close()));
    req.once("close", () => this.fail(new MaestroError("request.cancelled", "the client left before its body was complete")));
    if (req.destroyed) this.fail(new MaestroError("request.cancelled", "the client left before its body was read"));
  }

  /** The handler wants no more; what still arrives is dropped by `discard`. */
  drop(): void {
    this.end(() => undefined);
  }

  private fail(reason: MaestroError): void {
    if (this.last === null) this.held = [];
    this.end((controller) => controller.error(reason));
  }

  private end(last: (controller: Controller) => void): void {
    this.last ??= last;
    // Paused here, the connection would never hear of its next request.
    this.req.socket.resume();
    this.deliver();
  }

  /** Gives the pull under way what there is; `false` where nobody waits or nothing is there. */
  private deliver(): boolean {
    const { waiting } = this;
    const chunk = waiting === null ? undefined : this.held.shift();
    if (waiting === null || (chunk === undefined && this.last === null)) return false;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = null;
    if (chunk === undefined) this.last?.(waiting.controller);
    else {
      this.held_bytes -= chunk.length;
      waiting.controller.enqueue(chunk);
    }
    waiting.resolve();
    return true;
  }
}

/** Reads and drops the rest of a request that was answered early; see `refuse`. */
export function discard(req: IncomingMessage, signal: AbortSignal, linger_ms: number): Promise<void> {
  if (signal.aborted || req.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, linger_ms);
    req.once("end", done);
    req.once("close", done);
    // A body half read still has the listener that keeps what arrives.
    req.removeAllListeners("data");
    req.on("data", () => undefined);
    req.resume();
    req.socket.resume();
  });
}

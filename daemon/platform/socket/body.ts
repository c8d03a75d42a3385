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

type Controller = ReadableStreamDefaultController<Uint8Array>;

class Puller {
  private readonly req: IncomingMessage;
  private readonly waits: BodyWaits;
  private readonly firstPull: () => void;
  private ends_ms: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** Resolves the pull under way. */
  private wake: (() => void) | null = null;
  private controller: Controller | null = null;

  constructor(req: IncomingMessage, waits: BodyWaits, firstPull: () => void) {
    this.req = req;
    this.waits = waits;
    this.firstPull = firstPull;
  }

  pull(controller: Controller): Promise<void> {
    const now = performance.now();
    if (this.ends_ms === null) {
      this.ends_ms = now + this.waits.body_deadline_ms;
      this.controller = controller;
      this.attach();
      this.firstPull();
    }
    return new Promise((resolve) => {
      this.wake = resolve;
      const wait_ms = Math.min(this.waits.body_idle_timeout_ms, (this.ends_ms ?? now) - now);
      this.timer = setTimeout(() => this.fail(new MaestroError("request.slow", "the body stopped arriving")), Math.max(wait_ms, 0));
      this.req.resume();
    });
  }

  private attach(): void {
    const { req } = this;
    req.on("data", (chunk: Uint8Array) => {
      req.pause();
      this.settle((controller) => controller.enqueue(chunk));
    });
    req.once("end", () => this.finish((controller) => controller.close()));
    req.once("close", () => this.fail(new MaestroError("request.cancelled", "the client left before its body was complete")));
    if (req.destroyed) this.fail(new MaestroError("request.cancelled", "the client left before its body was read"));
  }

  /** The handler wants no more; what still arrives is dropped by `discard`. */
  drop(): void {
    this.finish(() => undefined);
  }

  private fail(reason: MaestroError): void {
    this.finish((controller) => controller.error(reason));
  }

  private finish(last: (controller: Controller) => void): void {
    this.settle(last);
    this.controller = null;
  }

  private settle(step: (controller: Controller) => void): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.controller !== null) step(this.controller);
    this.wake?.();
    this.wake = null;
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
    // A body half read still has the listener that pauses after each chunk.
    req.removeAllListeners("data");
    req.on("data", () => undefined);
    req.resume();
  });
}

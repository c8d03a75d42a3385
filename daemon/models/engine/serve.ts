/** The life of a process that answers several requests at once. */
import { answerOf, frameOf } from "../../platform/process/child.ts";
import type { Validator } from "../../platform/process/envelope.ts";
import { FRAME_DEPTH_MAX, FRAME_VALUES_MAX, FrameDecoder } from "../../platform/process/frames.ts";
import { settle } from "../../platform/process/wire.ts";
import { ORDER_BYTES_MAX, orderOf } from "./orders.ts";

export interface RequestContext {
  /** Tells the core how far the request is: it takes a process that says nothing for a hung one. */
  progress(value: unknown): void;
  /** The core wants this request to end; it is answered all the same. */
  readonly signal: AbortSignal;
}

export interface ServeEngineOptions<Job> {
  /** Runs on every request; a throw is that request's failure. */
  readonly validate: Validator<Job>;
  /** Must leave the loop free while native code works: a cancel and the end of the input are heard there. */
  readonly handle: (job: Job, context: RequestContext) => Promise<unknown>;
  /** Gives native things back before the process ends: some engines crash when they are ended with sessions open. */
  readonly close: () => Promise<void>;
}

/** Ties itself to its parent, says `ready`, answers requests side by side and ends with its input. Call it once; never returns. */
export async function serveEngine<Job>(options: ServeEngineOptions<Job>): Promise<never> {
  const wire = settle();
  const decoder = new FrameDecoder({ frame_bytes_max: ORDER_BYTES_MAX, depth_max: FRAME_DEPTH_MAX, values_max: FRAME_VALUES_MAX });
  const running = new Map<number, AbortController>();
  const answer = async (id: number, job: unknown): Promise<void> => {
    const stop = new AbortController();
    running.set(id, stop);
    const { validate } = options;
    const frame = await answerOf({ validate, handle: (job: Job, { progress }) => options.handle(job, { progress, signal: stop.signal }) }, job, id, wire.write);
    running.delete(id);
    wire.write(frame);
  };
  wire.write(frameOf({ kind: "ready" }));
  for await (const chunk of Bun.file(wire.input_fd).stream()) {
    for (const frame of decoder.push(chunk)) {
      const order = orderOf(frame);
      // A cancel of what was answered meanwhile crossed the answer on its way.
      if ("cancel" in order) running.get(order.id)?.abort();
      else void answer(order.id, order.job);
    }
  }
  await options.close();
  process.exit(0);
}

import { MaestroError } from "../../../proto/errors.ts";
import { FAILURE_CHARACTERS_MAX, type Message, requestOf, type Validator } from "./envelope.ts";
import { encodeFrame, FRAME_DEPTH_MAX, FRAME_VALUES_MAX, FrameDecoder } from "./frames.ts";
import { printError, settle } from "./wire.ts";

/** Both directions. The parent enforces its own, lower limit on what it reads; this one only catches a runaway answer before it is written. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export interface JobContext {
  /** Tells the parent how far the job is; only for jobs whose caller asked for progress. */
  progress(value: unknown): void;
}

export interface ServeOptions<Job> {
  /** Runs on every job; a throw is that job's failure. */
  readonly validate: Validator<Job>;
  readonly handle: (job: Job, context: JobContext) => Promise<unknown> | unknown;
}

/**
 * The life of a check process: ties itself to its parent, takes the pipe for itself, says `ready`, does jobs one after the other
 * and ends with its input. Call it once, before any work on untrusted bytes; never returns.
 */
export async function serve<Job>(options: ServeOptions<Job>): Promise<never> {
  const wire = settle();
  const decoder = new FrameDecoder({ frame_bytes_max: FRAME_BYTES_MAX, depth_max: FRAME_DEPTH_MAX, values_max: FRAME_VALUES_MAX });
  let busy = false;
  const work = async (frame: unknown): Promise<void> => {
    if (busy) throw new Error("a job was sent while another one runs");
    busy = true;
    const { id, job } = requestOf(frame);
    const answer = await answerOf(options, job, id, wire.write);
    // Free before the answer leaves: the parent may send the next job at once.
    busy = false;
    wire.write(answer);
  };
  wire.write(frameOf({ kind: "ready" }));
  // The loop is never blocked by a waiting job, so the end of the input ends the process at once even then. A job that blocks the loop is the kernel's to end, see wire.ts.
  for await (const chunk of Bun.file(wire.input_fd).stream()) {
    for (const frame of decoder.push(chunk)) void work(frame);
  }
  process.exit(0);
}

/** The frame that answers one job; what was thrown is its failure, and printed. */
export async function answerOf<Job>(options: ServeOptions<Job>, job: unknown, id: number, write: (frame: Uint8Array) => void): Promise<Uint8Array> {
  try {
    const value = await options.handle(options.validate(job), { progress: (value) => write(frameOf({ kind: "progress", id, value })) });
    return frameOf({ kind: "reply", id, value: value ?? null });
  } catch (error) {
    printError(error);
    const [code, detail] = error instanceof MaestroError ? [error.code, error.detail] : ["internal.bug", String(error)];
    return frameOf({ kind: "failure", id, code, detail: detail.slice(0, FAILURE_CHARACTERS_MAX) });
  }
}

export function frameOf(message: Message): Uint8Array {
  return encodeFrame(message, FRAME_BYTES_MAX);
}

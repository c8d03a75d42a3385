import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { environmentOf } from "../../config/environment.ts";
import { dieWithParent, noNewPrivileges } from "../kernel/process.ts";
import { duplicateDescriptor, replaceDescriptor } from "../kernel/descriptor.ts";
import { FAILURE_CHARACTERS_MAX, type Message, requestOf, type Validator } from "./envelope.ts";
import { encodeFrame, FRAME_DEPTH_MAX, FRAME_VALUES_MAX, FrameDecoder } from "./frames.ts";
import { MARK_VARIABLE, setMark } from "./mark.ts";

/** Both directions. The parent enforces its own, lower limit on what it reads; this one only catches a runaway answer before it is written. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;
/** Of -1000 to 1000 (proc_pid_oom_score_adj(5)): when the machine runs out of memory a check goes before the daemon does. */
const OOM_SCORE_ADJ = "800";

export interface JobContext {
  /** Tells the parent how far the job is; only for jobs whose caller asked for progress. */
  progress(value: unknown): void;
}

export interface ServeOptions<Job> {
  /** Runs on every job; a throw is that job's failure. */
  readonly validate: Validator<Job>;
  readonly handle: (job: Job, context: JobContext) => Promise<unknown> | unknown;
}

const STDERR_FD = 2;

/** The two ends of the protocol, out of reach of `console.log`, of native libraries and of programs started from here. */
interface Wire {
  readonly input_fd: number;
  readonly output_fd: number;
}

/**
 * The life of a check process: ties itself to its parent, takes the pipe for itself, says `ready`, does jobs one after the other
 * and ends with its input. Call it once, before any work on untrusted bytes; never returns.
 */
export async function serve<Job>(options: ServeOptions<Job>): Promise<never> {
  const wire = settle();
  // While a module still awaits at its top level Bun prints an uncaught error and goes on (1.4.5); then the job would hang until its deadline.
  for (const event of ["uncaughtException", "unhandledRejection"]) process.on(event, die);
  const write = (frame: Uint8Array) => writeWhole(wire.output_fd, frame);
  const decoder = new FrameDecoder({ frame_bytes_max: FRAME_BYTES_MAX, depth_max: FRAME_DEPTH_MAX, values_max: FRAME_VALUES_MAX });
  let busy = false;
  const work = async (frame: unknown): Promise<void> => {
    if (busy) throw new Error("a job was sent while another one runs");
    busy = true;
    const { id, job } = requestOf(frame);
    const answer = await answerOf(options, job, id, write);
    // Free before the answer leaves: the parent may send the next job at once.
    busy = false;
    write(answer);
  };
  write(frameOf({ kind: "ready" }));
  // The loop is never blocked by a waiting job, so the end of the input ends the process at once even then. A job that blocks the loop is the kernel's to end, see `settle`.
  for await (const chunk of Bun.file(wire.input_fd).stream()) {
    for (const frame of decoder.push(chunk)) void work(frame);
  }
  process.exit(0);
}

function printError(error: unknown): void {
  writeSync(STDERR_FD, `${Bun.inspect(error)}\n`);
}

function die(error: unknown): never {
  printError(error);
  process.exit(EXIT.internal);
}

/** Order matters: once `ready` is said the kernel already kills this process with its parent, so a job can never start in an orphan. */
function settle(): Wire {
  dieWithParent();
  noNewPrivileges();
  const mark = environmentOf(MARK_VARIABLE);
  if (mark !== null) setMark(mark);
  writeFileSync("/proc/self/oom_score_adj", OOM_SCORE_ADJ);
  const wire = { input_fd: duplicateDescriptor(0), output_fd: duplicateDescriptor(1) };
  const nothing = openSync("/dev/null", "r");
  replaceDescriptor(nothing, 0);
  closeSync(nothing);
  replaceDescriptor(2, 1);
  return wire;
}

async function answerOf<Job>(options: ServeOptions<Job>, job: unknown, id: number, write: (frame: Uint8Array) => void): Promise<Uint8Array> {
  try {
    const value = await options.handle(options.validate(job), { progress: (value) => write(frameOf({ kind: "progress", id, value })) });
    return frameOf({ kind: "reply", id, value: value ?? null });
  } catch (error) {
    printError(error);
    const [code, detail] = error instanceof MaestroError ? [error.code, error.detail] : ["internal.bug", String(error)];
    return frameOf({ kind: "failure", id, code, detail: detail.slice(0, FAILURE_CHARACTERS_MAX) });
  }
}

function frameOf(message: Message): Uint8Array {
  return encodeFrame(message, FRAME_BYTES_MAX);
}

/** The pipe blocks until the parent has read, so a long answer needs no queue here. */
function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

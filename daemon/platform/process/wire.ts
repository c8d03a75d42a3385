/** What every supervised process does before anything else: it ties itself to its parent and takes the pipe for itself. */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { EXIT } from "../../../proto/errors.ts";
import { environmentOf } from "../../config/environment.ts";
import { duplicateDescriptor, replaceDescriptor } from "../kernel/descriptor.ts";
import { dieWithParent, noNewPrivileges } from "../kernel/process.ts";
import { MARK_VARIABLE, setMark } from "./mark.ts";

/** Of -1000 to 1000 (proc_pid_oom_score_adj(5)): when the machine runs out of memory a check goes before the daemon does. */
const OOM_SCORE_ADJ = "800";
const STDERR_FD = 2;

/** The two ends of the protocol, out of reach of `console.log`, of native libraries and of programs started from here. */
export interface Wire {
  readonly input_fd: number;
  /** The pipe blocks until the parent has read, so a long answer needs no queue here. */
  write(bytes: Uint8Array): void;
}

/** Order matters: once `ready` is said the kernel already kills this process with its parent, so a job can never start in an orphan. */
export function settle(): Wire {
  dieWithParent();
  noNewPrivileges();
  const mark = environmentOf(MARK_VARIABLE);
  if (mark !== null) setMark(mark);
  writeFileSync("/proc/self/oom_score_adj", OOM_SCORE_ADJ);
  const [input_fd, output_fd] = [duplicateDescriptor(0), duplicateDescriptor(1)];
  const nothing = openSync("/dev/null", "r");
  replaceDescriptor(nothing, 0);
  closeSync(nothing);
  replaceDescriptor(2, 1);
  // While a module still awaits at its top level Bun prints an uncaught error and goes on (1.4.5); then a job would hang until its deadline.
  for (const event of ["uncaughtException", "unhandledRejection"]) process.on(event, die);
  return { input_fd, write: (bytes) => writeWhole(output_fd, bytes) };
}

export function printError(error: unknown): void {
  writeSync(STDERR_FD, `${Bun.inspect(error)}\n`);
}

function die(error: unknown): never {
  printError(error);
  process.exit(EXIT.internal);
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

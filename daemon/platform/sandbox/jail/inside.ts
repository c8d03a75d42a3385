/** What is there inside a jail, seen from outside and before the job could change anything. */
import { closeSync, fstatSync, readSync } from "node:fs";
import { posix } from "node:path";
import { O, openBeneath, RESOLVE } from "../../kernel/descriptor.ts";
import { errno } from "../../kernel/errno.ts";
import { SyscallError } from "../../kernel/libc.ts";
import { interpreterOf } from "./interpreter.ts";

/** The kernel reads 256 of a script; a linker puts the loader's name into the first page. */
const HEAD_BYTES = 4_096;
/** execvp(3) without a PATH. */
const DEFAULT_PATH = "/bin:/usr/bin";

/** null where it is not there, or not for us yet. */
export function orNothing(open: () => number): number | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof SyscallError || errno(error) !== undefined) return null;
    throw error;
  }
}

/** What is missing for execvp(3) to run the program: itself, the interpreter its first line names, or the loader it was linked for. null where nothing is. */
export function missingFor(root_fd: number, argv0: string, cwd: string, path: string | undefined): string | null {
  const candidates = argv0.includes("/") ? [posix.resolve(cwd, argv0)] : (path ?? DEFAULT_PATH).split(":").map((folder) => posix.resolve(cwd, folder, argv0));
  const found = candidates.find((candidate) => isProgram(root_fd, candidate));
  if (found === undefined) return `the program ${argv0}`;
  const interpreter = interpreterOf(headOf(root_fd, found));
  if (interpreter === null) return null;
  const [program = "", argument] = interpreter;
  if (!isProgram(root_fd, posix.resolve(cwd, program))) return `${program}, which runs ${argv0},`;
  // The usual way to have an interpreter looked for in PATH.
  const looked_for = posix.basename(program) === "env" && argument !== undefined && !/^-|=/.test(argument) ? argument : null;
  const missing = looked_for === null ? null : missingFor(root_fd, looked_for, cwd, path);
  return missing === null ? null : `${looked_for}, which runs ${argv0},`;
}

function isProgram(root_fd: number, path: string): boolean {
  const fd = orNothing(() => openBeneath(root_fd, path, O.path, RESOLVE.in_root));
  if (fd === null) return false;
  const found = fstatSync(fd);
  closeSync(fd);
  return found.isFile() && (found.mode & 0o111) !== 0;
}

/** Nothing for a file that may be run but not read. */
function headOf(root_fd: number, path: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = orNothing(() => openBeneath(root_fd, path, O.nonblock | O.noctty, RESOLVE.in_root));
  if (fd === null) return head.subarray(0, 0);
  try {
    return head.subarray(0, readSync(fd, head, 0, head.length, 0));
  } finally {
    closeSync(fd);
  }
}

export function isFolder(root_fd: number, path: string): boolean {
  const fd = orNothing(() => openBeneath(root_fd, path, O.path | O.directory, RESOLVE.in_root));
  if (fd !== null) closeSync(fd);
  return fd !== null;
}

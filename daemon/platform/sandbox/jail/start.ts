/** How bubblewrap is started: at once, or from a shell that stood by in the job's control group. */
import { existsSync, writeSync } from "node:fs";
import { pipe, type Pipe } from "../../kernel/descriptor.ts";
import { markedEnvironment } from "../../process/mark.ts";
import type { Descriptors } from "./descriptors.ts";

const SHELL = "/bin/sh";
/** The shell reads byte by byte and adds word by word; more than this is quicker started at once. */
const ORDER_BYTES_MAX = 4_096;
const ORDER_WORDS_MAX = 64;

/**
 * Reads how many words there are, then so many lines, and becomes the program they name. They are read as data: nothing in them is
 * ever the shell's to interpret. An input that ends too early, as when the launcher is killed, ends the shell.
 */
const SCRIPT = `
read -r words || exit 1
set --
while [ "$#" -lt "$words" ]; do IFS= read -r word || exit 1; set -- "$@" "$word"; done
exec "$@" </dev/null
`;

/** What bubblewrap is handed, beside the pipes made here. */
export interface Parts {
  readonly arguments: number;
  readonly seccomp: number | null;
  /** Become descriptors `FIRST_FILE_FD` and up. */
  readonly files: readonly number[];
}

const FD = { arguments: 3, info: 4, block: 5, seccomp: 6 } as const;
export const FIRST_FILE_FD = 7;

/** A bubblewrap, or what will become one. */
export interface Started {
  readonly process: Bun.Subprocess;
  readonly stdout_fd: number;
  readonly stderr_fd: number;
  /** Where it names its first process. */
  readonly info_fd: number;
  /** What it waits for before the job's first instruction. */
  readonly gate_fd: number;
}

export interface Standing extends Started {
  /** What it reads. */
  readonly order_fd: number;
  /** Makes it bubblewrap. */
  begin(command: readonly string[]): void;
}

/** `bwrap`, the descriptors it is given, and the job. */
export function commandOf(bwrap: string, { seccomp }: Pick<Parts, "seccomp">, argv: readonly string[]): string[] {
  const filter = seccomp === null ? [] : ["--seccomp", String(FD.seccomp)];
  return [bwrap, "--args", String(FD.arguments), "--info-fd", String(FD.info), "--block-fd", String(FD.block), ...filter, "--", ...argv];
}

export function startNow(command: readonly string[], stdin: number, parts: Parts, fds: Descriptors): Started {
  return spawn(command, stdin, parts, fds);
}

/** Starts the shell; null where there is none. */
export function standBy(parts: Parts, fds: Descriptors): Standing | null {
  if (!existsSync(SHELL)) return null;
  const order = owned(pipe(), fds);
  // The word after the script is the name a process list shows.
  const started = spawn([SHELL, "-c", SCRIPT, "maestro-standby"], order.read, parts, fds);
  fds.close(order.read);
  // What waits for work keeps nobody waiting for it.
  started.process.unref();
  return {
    ...started,
    order_fd: order.write,
    begin(command) {
      started.process.ref();
      writeSync(order.write, `${[command.length, ...command].join("\n")}\n`);
      fds.close(order.write);
    },
  };
}

/** Whether the shell can be told: a line holds no line's end. */
export function canBeTold(command: readonly string[]): boolean {
  return command.length <= ORDER_WORDS_MAX && command.every((word) => !word.includes("\n")) && Buffer.byteLength(command.join("\n")) <= ORDER_BYTES_MAX;
}

function spawn(command: readonly string[], stdin: number, { arguments: words, seccomp, files }: Parts, fds: Descriptors): Started {
  const [out, err, info, block] = [owned(pipe(), fds), owned(pipe(), fds), owned(pipe(), fds), owned(pipe(), fds)];
  const child = Bun.spawn({
    cmd: [...command],
    // The job's environment is among bubblewrap's arguments, because one of its names might work on bubblewrap itself. By the mark a leftover is found.
    env: markedEnvironment(),
    stdio: [stdin, out.write, err.write, words, info.write, block.read, seccomp ?? "ignore", ...files],
  });
  for (const fd of [out.write, err.write, info.write, block.read]) fds.close(fd);
  return { process: child, stdout_fd: out.read, stderr_fd: err.read, info_fd: info.read, gate_fd: block.write };
}

const owned = ({ read, write }: Pipe, fds: Descriptors): Pipe => ({ read: fds.own(read), write: fds.own(write) });

/** Which processes opened which kind of socket, read from strace's own record. */

/** strace options that `readSockets` understands; the record goes to `path`. */
export const straceSockets = (path: string): string[] => ["strace", "-f", "-qq", "-s", "200", "-e", "trace=execve,clone,clone3,fork,vfork,socket,socketpair", "-e", "signal=none", "-o", path];

export interface SocketCall {
  /** What the process was running: `maestrod`, or the name of the program it was started as. */
  readonly program: string;
  /** For example `AF_UNIX`. */
  readonly family: string;
  readonly line: string;
}

const STARTED = /^(\d+) +(?:clone|clone3|fork|vfork)\(.*= (\d+)$/;
const RESUMED = /^(\d+) +<\.\.\. (?:clone|clone3|fork|vfork) resumed>.*= (\d+)$/;
const EXECUTED = /^(\d+) +execve\("([^"]*)", (\[.*)/;
const OPENED = /^(\d+) +socket(?:pair)?\((\w+)/;

function programOf(path: string, argv: string): string {
  if (argv.includes("daemon/main.ts")) return "maestrod";
  const script = /([\w-]+)\/([\w-]+)\.ts"/.exec(argv);
  return script === null ? (path.split("/").at(-1) ?? path) : `${script[1]}/${script[2]}`;
}

/** Every socket of the record, attempts that failed included. A thread or a fork counts as the program it came from. */
export function readSockets(record: string): SocketCall[] {
  const programs = new Map<string, string>();
  const calls: SocketCall[] = [];
  for (const line of record.split("\n")) {
    const [, executed, path = "", argv = ""] = EXECUTED.exec(line) ?? [];
    if (executed !== undefined) programs.set(executed, programOf(path, argv));
    const [, parent, child] = STARTED.exec(line) ?? RESUMED.exec(line) ?? [];
    // A child may have run a program already by the time its parent's call returns.
    if (parent !== undefined && child !== undefined && !programs.has(child)) programs.set(child, programs.get(parent) ?? "?");
    const [, pid, family] = OPENED.exec(line) ?? [];
    if (pid !== undefined && family !== undefined) calls.push({ program: programs.get(pid) ?? "?", family, line });
  }
  return calls;
}

/** How many sockets of each family each program opened. */
export function countSockets(calls: readonly SocketCall[]): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const { program, family } of calls) {
    const of = (counts[program] ??= {});
    of[family] = (of[family] ?? 0) + 1;
  }
  return counts;
}

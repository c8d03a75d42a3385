/**
 * A process whose only work is to outlive the daemon by a moment: when the daemon is gone, however it went, everything
 * it started is killed. A shell, because it holds less than 1 MB and sleeps in read(2) until then.
 */
import { existsSync } from "node:fs";
import { MARK_VARIABLE } from "./mark.ts";

const SHELL = "/bin/sh";

/**
 * Arguments: mark, folder of the control groups or nothing. Waits for the end of its input, which is the end of the daemon;
 * then kills what is in the control groups or carries the mark, until two looks in a row found nothing.
 * Signals are ignored: a Ctrl-C meant for the daemon must not end its guard first. What is dead and only not yet waited for takes a signal
 * too, for as long as its parent lets it lie there; it is none that was found.
 */
const SCRIPT = `
trap '' HUP INT TERM QUIT
end() {
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
  case "\${stat##*) }" in Z*|X*) return 1;; esac
  kill -9 "$1" 2>/dev/null
}
while read -r line; do :; done
rounds=0 quiet=0
while [ "$rounds" -lt 200 ] && [ "$quiet" -lt 2 ]; do
  rounds=$((rounds + 1)) found=
  if [ -n "$2" ]; then
    for procs in "$2"/*/cgroup.procs; do
      [ -f "$procs" ] || continue
      while read -r pid; do end "$pid" && found=1; done < "$procs"
    done
  fi
  for file in $(grep -lz "^${MARK_VARIABLE}=$1" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    end "\${pid%/environ}" && found=1
  done
  if [ -n "$found" ]; then quiet=0; else quiet=$((quiet + 1)); sleep 0.02; fi
done
[ -n "$2" ] && rmdir "$2"/* "$2" 2>/dev/null
exit 0
`;

export interface GuardOptions {
  readonly mark: string;
  /** Folder whose control groups are emptied; absent where there are none. */
  readonly cgroups?: string | undefined;
  /** The guard ended while this process lives; nothing watches over its children until there is another. */
  readonly lost: () => void;
}

/** The first argument after the script is the name a process list shows. */
export const guardArgv = (mark: string, cgroups?: string): string[] => [SHELL, "-c", SCRIPT, "maestro-guard", mark, cgroups ?? ""];

/** Starts the guard of this process. `false` where the machine has no shell to run it. */
export function startGuard({ mark, cgroups, lost }: GuardOptions): boolean {
  if (!existsSync(SHELL)) return false;
  const guard = Bun.spawn({
    cmd: guardArgv(mark, cgroups),
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    // A session of its own: what kills the daemon's group or terminal leaves it alone.
    detached: true,
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    onExit: lost,
  });
  // It must not keep a daemon alive that has nothing left to do.
  guard.unref();
  return true;
}

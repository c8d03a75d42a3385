/** Stands in for systemd's socket unit: holds a listening socket that nobody here accepts from, and starts maestrod with it as descriptor 3. */
import { dlopen } from "bun:ffi";
import { join } from "node:path";
import { AF_UNIX, SOCK_STREAM } from "../../platform/kernel/socket.ts";

const SOCK_CLOEXEC = 0o2_000_000;
/** systemd's own default is the most the kernel allows; this is that maximum on a machine as it comes. */
const BACKLOG = 4096;
const MAESTROD = join(import.meta.dir, "../../main.ts");

const { symbols: libc } = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
});

export class SocketHolder {
  private readonly fd: number;

  constructor(readonly path: string) {
    this.fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const at = Uint8Array.of(AF_UNIX, 0, ...new TextEncoder().encode(`${path}\0`));
    if (this.fd < 0 || libc.bind(this.fd, at, at.length) !== 0 || libc.listen(this.fd, BACKLOG) !== 0) throw new Error(`cannot listen on ${path}`);
  }

  /** Its own pid goes into LISTEN_PID, which only the process itself knows in time: `exec` keeps it. */
  start(args: readonly string[], env: Readonly<Record<string, string>>, program = MAESTROD): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const script = 'LISTEN_PID=$$ exec "$0" "$@"';
    return Bun.spawn(["/bin/sh", "-c", script, process.execPath, program, ...args], {
      cwd: "/",
      env: { ...env, LISTEN_FDS: "1", LISTEN_FDNAMES: "gate" },
      stdio: ["ignore", "pipe", "pipe", this.fd],
    });
  }

  close(): void {
    libc.close(this.fd);
  }
}

/** What `maestro-sandbox.socket` is in an installation: a socket that starts a launcher for each connection. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LAUNCHER = join(import.meta.dir, "../launcher.ts");
export const NOBODY = "65534";

/** The program as root's systemd would start it for another user. */
export const asNobody = (...more: readonly string[]): string[] => ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, ...(more.length === 0 ? ["--clear-groups"] : more), "--"];

/** The file is there from bind(2) on, and refuses until listen(2): the kernel's table tells the two apart (__SO_ACCEPTCON). */
export const listens = (path: string): boolean => readFileSync("/proc/net/unix", "latin1").split("\n").some((line) => line.split(" ")[3] === "00010000" && line.endsWith(` ${path}`));

export class Behind implements AsyncDisposable {
  private readonly child: Bun.Subprocess;

  private constructor(
    readonly path: string,
    prefix: readonly string[],
    argv: readonly string[],
  ) {
    this.child = Bun.spawn([...prefix, "systemd-socket-activate", "--accept", "--inetd", "-l", path, ...argv], { env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, cwd: "/", detached: true, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  }

  /** `prefix` starts the one who listens, `argv` is what each connection gets. */
  static async listen(path: string, { prefix = [], argv = [process.execPath, LAUNCHER] }: { readonly prefix?: readonly string[]; readonly argv?: readonly string[] } = {}): Promise<Behind> {
    const behind = new Behind(path, prefix, argv);
    for (let tries = 0; tries < 500; tries++) {
      if (listens(path)) {
        chmodSync(path, 0o666);
        return behind;
      }
      await Bun.sleep(10);
    }
    await behind[Symbol.asyncDispose]();
    throw new Error(`nobody listens on ${path}`);
  }

  /** Pids of the launchers that connections of this socket have got and that still run; other tests have theirs. */
  launchers(): number[] {
    return readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, "latin1").trim().split(" ").filter((pid) => pid !== "").map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.kill(-this.child.pid, "SIGKILL");
    await this.child.exited;
  }
}

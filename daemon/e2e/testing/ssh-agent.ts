/** A real ssh-agent of another user of this machine; nothing of the one that runs the tests reaches it. */
import { existsSync } from "node:fs";
import { until } from "./world.ts";

const PATH = "/usr/local/bin:/usr/bin:/bin";

export class SshAgent implements AsyncDisposable {
  private constructor(
    private readonly child: Bun.Subprocess,
    private readonly uid: number,
    readonly socket: string,
  ) {}

  /** `env` is the agent's own: what it asks with is said there, not by who wants a signature. */
  static async start(uid: number, socket: string, env: Readonly<Record<string, string>>): Promise<SshAgent> {
    const child = Bun.spawn([...as(uid), "ssh-agent", "-D", "-a", socket], { env: { PATH, HOME: "/nonexistent", ...env }, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    await using started = new AsyncDisposableStack();
    const agent = started.use(new SshAgent(child, uid, socket));
    await until(() => existsSync(socket));
    started.move();
    return agent;
  }

  add(key: string, ...flags: string[]): void {
    const ran = Bun.spawnSync([...as(this.uid), "ssh-add", "-q", ...flags, key], { env: { PATH, HOME: "/nonexistent", SSH_AUTH_SOCK: this.socket }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    if (ran.exitCode !== 0) throw new Error(`ssh-add: ${ran.stderr.toString()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }
}

const as = (uid: number): string[] => ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];

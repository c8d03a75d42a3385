/** The command line as other users of this machine: the kernel's word on who asks, which no test can make up. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLI } from "../../testing/programs.ts";
import { HAS_SSH_AGENT, HAS_SSH_KEYGEN } from "../../testing/ssh.ts";
import { skipWithout } from "../../testing/skip.ts";
import type { Ran, World } from "./world.ts";

const ROOT = join(import.meta.dir, "../../..");
/** A user that exists: ssh-keygen signs for no other. */
export const CI_USER = 65_534;

export const PASSPHRASE = "only its owner knows";

/** The command line reads its own sources, so they have to be readable to others. */
const readable = (): boolean => Bun.spawnSync(["setpriv", `--reuid=${CI_USER}`, `--regid=${CI_USER}`, "--clear-groups", process.execPath, CLI, "--help"], { cwd: "/", env: { HOME: "/nonexistent", PATH: "/usr/bin:/bin" }, stdout: "ignore", stderr: "ignore" }).exitCode === 0;

export const skippedWithoutUsers = (): boolean => {
  const able = process.getuid?.() === 0 && Bun.which("setpriv") !== null && HAS_SSH_KEYGEN && HAS_SSH_AGENT && readable();
  return skipWithout(able, `needs root, setpriv, ssh-keygen, ssh-agent, ssh-add, and sources under ${ROOT.split("/").length} folders that other users can read`);
};

export class Users {
  /** A socket that every user may open, in a folder that every user may enter. */
  readonly socket_path: string;

  constructor(
    private readonly world: World,
    uids: readonly number[],
  ) {
    chmodSync(world.home, 0o755);
    mkdirSync(world.path("run"), { mode: 0o755 });
    this.socket_path = world.path("run/gate.sock");
    for (const uid of uids) {
      mkdirSync(this.home(uid));
      chownSync(this.home(uid), uid, uid);
    }
  }

  home(uid: number): string {
    return this.world.path(`home-${uid}`);
  }

  /** What ssh asks its questions with: a program of these lines. */
  asking(name: string, body: string): string {
    const path = this.world.path(`asking-${name}`);
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  }

  /** `wrap` stands before the command. A detached start has no agent above it, whoever runs the tests. */
  async run(uid: number, args: readonly string[], wrap: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const child = this.start(uid, args, wrap, env);
    const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    return { code, stdout, stderr };
  }

  start(uid: number, args: readonly string[], wrap: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const asked = { SSH_ASKPASS: this.asking("passphrase", `echo '${PASSPHRASE}'`), SSH_ASKPASS_REQUIRE: "force" };
    return Bun.spawn(this.argv(uid, args, wrap), { cwd: this.home(uid), env: { ...this.environment(uid), ...asked, ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  }

  /** In a terminal, where a passphrase is typed as a person types it; `heard` is all that it showed so far. */
  atTerminal(uid: number, args: readonly string[]): { readonly child: Bun.Subprocess; readonly heard: () => string; readonly type: (text: string) => void } {
    let heard = "";
    const decoder = new TextDecoder();
    const terminal = new Bun.Terminal({ data: (_terminal, data) => void (heard += decoder.decode(data, { stream: true })) });
    // A session of its own, whose terminal this is: ssh asks there, whatever else is read from.
    const child = Bun.spawn(["setsid", "--ctty", "--wait", ...this.argv(uid, args, [])], { cwd: this.home(uid), env: { ...this.environment(uid), TERM: "dumb" }, terminal });
    void child.exited.then(() => terminal.close());
    return { child, heard: () => heard, type: (text) => void terminal.write(text) };
  }

  private argv(uid: number, args: readonly string[], wrap: readonly string[]): string[] {
    return ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", ...wrap, process.execPath, CLI, ...args, "--socket", this.socket_path];
  }

  private environment(uid: number): Record<string, string> {
    const home = this.home(uid);
    return { HOME: home, XDG_STATE_HOME: join(home, "state"), PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", MAESTRO_CONFIG: "/nonexistent" };
  }

  /** Copies a key with its public half into a user's home, and returns its path there. Its passphrase is known to whom `run` asks, unless it is to lie bare. */
  async give(uid: number, folder: string, name: string, passphrase = PASSPHRASE): Promise<string> {
    const own = join(this.home(uid), name);
    for (const suffix of ["", ".pub"]) {
      await Bun.write(`${own}${suffix}`, Bun.file(join(folder, `${name}${suffix}`)));
      chmodSync(`${own}${suffix}`, 0o600);
      if (suffix === "" && passphrase !== "" && Bun.spawnSync(["ssh-keygen", "-q", "-p", "-N", passphrase, "-f", own]).exitCode !== 0) throw new Error(`${own} was given no passphrase`);
      chownSync(`${own}${suffix}`, uid, uid);
    }
    return own;
  }
}

/** Hands a folder with all that is in it to a user. */
export function giveToUser(path: string, uid: number): void {
  const ran = Bun.spawnSync(["chown", "-R", `${uid}:${uid}`, path]);
  if (ran.exitCode !== 0) throw new Error(`chown ${path}: ${ran.stderr.toString()}`);
}

/** A machine's root folder of its own, into which packages are installed by the real dpkg. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = (more: Readonly<Record<string, string>>): Record<string, string> => ({ PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8", ...more });

export class Root {
  readonly path = mkdtempSync(join(tmpdir(), "maestro-root-"));

  constructor() {
    for (const folder of ["etc", "run", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"]) mkdirSync(join(this.path, folder), { recursive: true });
    writeFileSync(join(this.path, "var/lib/dpkg/status"), "");
    writeFileSync(join(this.path, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    writeFileSync(join(this.path, "etc/group"), "root:x:0:\n");
  }

  run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
    const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { cwd: "/", stdin: "ignore", stdout: "pipe", stderr: "pipe", env: environment(env) });
    return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  /** Maintainer scripts run outside, with DPKG_ROOT, because nothing else lies in this root. */
  dpkg(...args: readonly string[]): Ended {
    return this.run(["dpkg", `--root=${this.path}`, "--force-script-chrootless", "--force-depends", "--force-unsafe-io", "--log=/dev/null", ...args]);
  }

  /** A command as on a machine where the package lies under the real `/usr`. */
  installed(command: string, env: Readonly<Record<string, string>> = {}): Ended {
    return this.run(this.usual(command), env);
  }

  /** A program of the package that goes on until it is told to end: by SIGINT, as soon as its first line stands. */
  async interrupted(program: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    // Each of these becomes the next, so the signal reaches the program itself.
    const child = Bun.spawn(this.usual(`exec ${program}`), { cwd: "/", stdin: "ignore", stdout: "pipe", stderr: "pipe", env: environment(env) });
    const stderr = child.stderr.text();
    const decoder = new TextDecoder();
    let stdout = "";
    for await (const chunk of child.stdout) {
      stdout += decoder.decode(chunk, { stream: true });
      if (stdout.includes("\n")) child.kill("SIGINT");
    }
    return { code: await child.exited, stdout, stderr: await stderr };
  }

  private usual(command: string): string[] {
    const script = `mount -t overlay overlay -o "lowerdir=${this.path}/usr:/usr" /usr && exec sh -c "$0"`;
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, command];
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

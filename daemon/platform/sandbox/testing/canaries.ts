/** Things a job must not reach, owned by the test, each of which tells when it was reached. */
import dgram from "node:dgram";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Canaries {
  readonly dir = mkdtempSync(join(tmpdir(), "ms-canary-"));
  readonly state_dir = join(this.dir, "state");
  readonly key = join(this.state_dir, "keys", "gate.key");
  readonly socket = join(this.state_dir, "s");
  readonly abstract = `maestro-canary-${process.pid}`;
  readonly tree_dir = join(this.dir, "tree");
  readonly tools_dir = join(this.dir, "tools");
  /** Datagrams that arrived. */
  heard: string[] = [];
  tcp_port = 0;
  udp_port = 0;
  /** Number of a System V segment (shmget(2)). */
  shared_memory = "none";
  private readonly servers: net.Server[] = [];
  private readonly udp = dgram.createSocket("udp4");
  private sleeper: Bun.Subprocess | null = null;

  static async set(): Promise<Canaries> {
    const canaries = new Canaries();
    for (const folder of [join(canaries.state_dir, "keys"), canaries.tree_dir, canaries.tools_dir]) mkdirSync(folder, { recursive: true });
    writeFileSync(canaries.key, "CANARY-KEY");
    canaries.tcp_port = await canaries.listen({ host: "127.0.0.1", port: 0 });
    await canaries.listen({ path: canaries.socket });
    await canaries.listen({ path: `\0${canaries.abstract}` });
    canaries.udp.on("message", (bytes) => canaries.heard.push(bytes.toString("latin1")));
    await new Promise<void>((resolve) => canaries.udp.bind(0, "127.0.0.1", resolve));
    canaries.udp_port = canaries.udp.address().port;
    if (Bun.which("ipcmk") !== null) canaries.shared_memory = /(\d+)\s*$/.exec(Bun.spawnSync(["ipcmk", "-M", "4096"]).stdout.toString())?.[1] ?? "none";
    return canaries;
  }

  /** As before any attempt. */
  reset(): void {
    this.heard = [];
    for (const path of [this.written_in_tree, this.written_in_tools]) rmSync(path, { force: true });
    this.sleeper?.kill("SIGKILL");
    // Its name and its environment are canaries too.
    this.sleeper = Bun.spawn(["/bin/sleep", "60"], { argv0: "CANARY-NAME", stdin: "ignore", stdout: "ignore", stderr: "ignore", env: { SECRET: "CANARY-ENVIRON" } });
  }

  get written_in_tree(): string {
    return join(this.tree_dir, "written");
  }

  get written_in_tools(): string {
    return join(this.tools_dir, "written");
  }

  get sleeper_pid(): number {
    return this.sleeper?.pid ?? -1;
  }

  get sleeper_killed(): boolean {
    // Gone, dead, or with a signal that it has yet to wake up for: on a busy machine it dies later than the attempt ends.
    return !existsSync(`/proc/${this.sleeper_pid}`) || /^State:\t[ZX]|^(?:Sig|Shd)Pnd:\t0*[1-9a-f]/m.test(readFileSync(`/proc/${this.sleeper_pid}/status`, "utf8"));
  }

  async remove(): Promise<void> {
    this.sleeper?.kill("SIGKILL");
    await this.sleeper?.exited;
    if (this.shared_memory !== "none") Bun.spawnSync(["ipcrm", "-m", this.shared_memory]);
    for (const server of this.servers) server.close();
    this.udp.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async listen(where: net.ListenOptions): Promise<number> {
    const server = net.createServer((socket) => socket.on("error", () => undefined).end("CANARY-SOCKET"));
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(where, resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }
}

/** A build host as an operator runs it: a code host, an offline root, a table, and a daemon that asks the remote itself. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Source } from "../../platform/git/testing/scratch.ts";
import { gitDaemon, type Server } from "../../testing/remotes.ts";
import { World } from "./world.ts";

export const ROW = "acme/app";
const HEAD = "version: 1\ntrust_domain: ci.example.org\n";

export interface OperatedOptions {
  readonly modes?: string;
  /** Lines added to the row, each with its comma-free YAML. */
  readonly row?: Readonly<Record<string, string>>;
  /** Lines of the configuration; a function where they name files of the world. */
  readonly more?: string | ((world: World) => string);
  /** Further arguments of `maestro trust sign`, once the node has its keys. */
  readonly sign?: (world: World) => Promise<readonly string[]>;
}

export class Operated implements AsyncDisposable {
  private constructor(
    readonly world: World,
    readonly server: Server,
    /** What the code host keeps. */
    readonly bare: string,
    /** A maintainer's clone, to move the target with. */
    readonly upstream: Source,
  ) {}

  static async start(options: OperatedOptions = {}): Promise<Operated> {
    const world = new World();
    const served = world.path("served");
    mkdirSync(served);
    const upstream = await world.repository({ "src/a.ts": "export const a = 1;\n" }, "upstream");
    const bare = join(served, "app.git");
    upstream.git("clone", "-q", "--bare", ".", bare);
    upstream.git("remote", "add", "origin", bare);
    const operated = new Operated(world, await gitDaemon(served), bare, upstream);
    try {
      await operated.trusted(options.sign);
      await operated.daemon(options);
    } catch (error) {
      await operated[Symbol.asyncDispose]();
      throw error;
    }
    return operated;
  }

  get remote(): string {
    return `${this.server.url}/app.git`;
  }

  /** The first start makes the node's keys; the operator's root then signs them. */
  private async trusted(sign: OperatedOptions["sign"] = () => Promise.resolve([])): Promise<void> {
    const { world } = this;
    const config = world.path("first.yaml");
    writeFileSync(config, `${HEAD}modes: [local]\n`);
    const daemon = await world.daemon(["--config", config]);
    daemon.kill("SIGTERM");
    await daemon.exited;
    for (const args of [["init"], ["sign", join(world.state_dir, "trust.json"), "--out", world.path("trust.json"), ...(await sign(world))]]) {
      const ran = await world.run(["trust", ...args, "--root", world.path("root.pem")]);
      if (ran.code !== 0) throw new Error(`trust ${args[0]}: ${ran.stderr}`);
    }
  }

  async daemon({ modes = "[host, fork, local]", row = {}, more = "" }: OperatedOptions = {}): Promise<void> {
    const config = this.world.path("maestrod.yaml");
    const fields = { id: ROW, remote: this.remote, target_refs: "[refs/heads/main]", ...row };
    const lines = Object.entries(fields).map(([key, value]) => `  ${key}: ${value}\n`).join("");
    writeFileSync(config, `${HEAD}modes: ${modes}\ntrust_file: ${this.world.path("trust.json")}\nrepositories:\n-${lines.slice(1)}limits:\n  egress: {tip_ttl_ms: 1, tip_deadline_ms: 5000}\n${typeof more === "string" ? more : more(this.world)}`);
    await this.world.daemon(["--config", config]);
  }

  async stop(): Promise<void> {
    await this.world.stop();
  }

  /** A contributor's clone with one commit on a branch of its own. */
  async clone(name: string, change: Record<string, string | null> = { "src/b.ts": "export const b = 2;\n" }): Promise<Source> {
    this.upstream.git("clone", "-q", this.remote, this.world.path(name));
    const source = new Source(this.world.path(name));
    source.git("switch", "-qc", "change");
    await source.commit(change, "a change\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
    return source;
  }

  /** Moves the code host's `main` on. */
  async land(files: Record<string, string>, message = "upstream"): Promise<string> {
    const oid = await this.upstream.commit(files, message);
    this.upstream.git("push", "-q", "--force", "origin", "HEAD:main");
    return oid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.world.dispose();
  }
}

/** `maestro reassess` as a process whose words can be read while it runs, and what stands between it and its daemon. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import type { DeployPolicy } from "../../../proto/deploy.ts";
import { SAMPLE_IDENTITY } from "../../testing/evidence.ts";
import type { World } from "./world.ts";

const CLI = join(import.meta.dir, "../../cli/main.ts");
const POLICY: DeployPolicy = { version: 1, repositories: [SAMPLE_IDENTITY.repo_id], modes: ["local"], self_made_trust: true, checks: [{ check: "secrets" }] };

/** What stands between a command and its daemon: it stops before the `held`-th bundle until it is let go, and from the `swapped`-th on gives the first one for each. */
export class Turnpike implements Disposable {
  asked: string[] = [];
  private under_way = 0;
  most_at_once = 0;
  readonly reached: Promise<void>;
  private readonly go = Promise.withResolvers<void>();
  private readonly server: ReturnType<typeof createServer>;

  constructor(
    readonly socket_path: string,
    daemon: string,
    held: number,
    swapped = Number.POSITIVE_INFINITY,
  ) {
    const reached = Promise.withResolvers<void>();
    this.reached = reached.promise;
    let bundles = 0;
    let first = "";
    this.server = createServer((incoming, outgoing) => {
      const path = incoming.url ?? "/";
      this.asked.push(path);
      this.most_at_once = Math.max(this.most_at_once, ++this.under_way);
      outgoing.on("finish", () => (this.under_way -= 1));
      const is_bundle = path.endsWith("/bundle");
      if (is_bundle) bundles += 1;
      if (is_bundle && first === "") first = path;
      const onto = is_bundle && bundles >= swapped ? first : path;
      const forward = (): void => {
        const onward = request({ socketPath: daemon, path: onto, method: incoming.method ?? "GET", headers: incoming.headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        });
        onward.on("error", () => outgoing.writeHead(502).end());
        incoming.pipe(onward);
      };
      if (!is_bundle || bundles !== held) return forward();
      reached.resolve();
      void this.go.promise.then(forward);
    });
  }

  listening(): Promise<void> {
    return new Promise((done) => this.server.listen(this.socket_path, done));
  }

  letGo(): void {
    this.go.resolve();
  }

  [Symbol.dispose](): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export interface Reassessing {
  readonly pid: number;
  readonly exited: Promise<number>;
  /** Everything on stdout so far. */
  said(): string;
}

/** `maestro reassess` of a node with its own trust file, as a process whose words can be read while it runs. */
export function reassess(world: World, socket_path: string, policy = POLICY): Reassessing {
  const [rules, out] = [world.path("deploy.json"), world.path("reassessed")];
  writeFileSync(rules, JSON.stringify(policy));
  const child = Bun.spawn([process.execPath, CLI, "reassess", "--socket", socket_path, "--policy", rules, "--trust", join(world.state_dir, "trust.json")], { cwd: world.home, env: { HOME: world.home, PATH: "/usr/local/bin:/usr/bin:/bin", MAESTRO_CONFIG: world.path("no-host-config.yaml") }, stdin: "ignore", stdout: Bun.file(out), stderr: "inherit" });
  return { pid: child.pid, exited: child.exited, said: () => (existsSync(out) ? readFileSync(out, "utf8") : "") };
}

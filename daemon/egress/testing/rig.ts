/** An egress helper over an operator table of one row, and a store for what it brings. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { HostConfig, RepositoryEntry } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { resolveHost, type Host } from "../../config/host.ts";
import type { RemoteEntry } from "../../config/operator-table.ts";
import { receivePack } from "../../platform/git/intake.ts";
import type { Repository } from "../../platform/git/repository-store.ts";
import { Scratch, Source } from "../../platform/git/testing/scratch.ts";
import { FakeClock } from "../../testing/clock.ts";
import { createEgress, type Egress, type Missing } from "../index.ts";

export const MAIN = "refs/heads/main";
export const HOST_REPO = "acme/app";

/** A fetch that nobody pays for. */
export const FREE: Pick<Missing, "tenant" | "bill"> = { tenant: "nobody", bill: (work) => work(() => undefined) };

type Limits = NonNullable<HostConfig["limits"]>["egress"];

export function tableOf(row: Partial<RepositoryEntry> & { remote: string }, limits: Limits = {}, modes: HostConfig["modes"] = ["host"]): Host {
  return resolveHost({ version: 1, trust_domain: "ci.example.org", modes, trust_file: "/nonexistent/trust.json", repositories: [{ id: HOST_REPO, target_refs: [MAIN, "refs/heads/release/*"], ...row }], limits: { egress: { tip_deadline_ms: 10_000, fetch_deadline_ms: 20_000, ...limits } } });
}

export class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly #opened: Egress[] = [];

  private constructor(readonly scratch: Scratch) {}

  static async create(): Promise<Rig> {
    return new Rig(await Scratch.create());
  }

  /** A repository as a code host keeps it: bare, with the branch `main`; its work tree stands beside it. */
  async remote(name: string, files: Record<string, string> = { "a.txt": "one\n" }): Promise<{ bare: string; work: Source; push: () => void }> {
    const work = this.scratch.source(`${name}-work`);
    await work.commit(files, "first");
    mkdirSync(this.served, { recursive: true });
    const bare = join(this.served, `${name}.git`);
    work.git("clone", "-q", "--bare", ".", bare);
    work.git("remote", "add", "origin", bare);
    return { bare, work, push: () => void work.git("push", "-q", "--force", "origin", "HEAD:main") };
  }

  get served(): string {
    return join(this.scratch.root, "served");
  }

  get state_dir(): string {
    return join(this.scratch.root, "state");
  }

  egress(row: Partial<RepositoryEntry> & { remote: string }, limits: Limits = {}, more: Partial<Host> = {}): { egress: Egress; entry: RemoteEntry } {
    const host = { ...tableOf(row, limits), ...more };
    const egress = createEgress({ host, state_dir: this.state_dir, git_folder: dirname(this.scratch.tools.git), clock: this.clock });
    this.#opened.push(egress);
    return { egress, entry: { ...host.repositories[0]!, remote: row.remote, target_refs: host.repositories[0]!.target_refs! } };
  }

  /** Takes in what the helper brings, as the daemon does. */
  receive(repository: Repository): (body: ReadableStream<Uint8Array>, tips: readonly string[]) => Promise<void> {
    const limits = { pack_bytes_max: 64 * 1024 * 1024, objects_max: 100_000, object_bytes_max: 8 * 1024 * 1024, commits_max: 5_000, intake_deadline_ms: 30_000 };
    return async (body, tips) => void (await receivePack(this.scratch.git, repository, { cuts: [], tips }, body, { limits }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((egress) => egress.close()));
    this.scratch.dispose();
  }
}

/** The code it fails with, and its words. */
export async function failureOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly detail: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MaestroError) return { code: error.code, detail: error.detail };
    throw error;
  }
  return { code: "none", detail: "" };
}

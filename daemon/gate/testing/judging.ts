/** A judge over faulty check processes, for tests: real processes, and no git behind them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostConfig } from "../../../proto/config.ts";
import { EMBEDDED_CONFIG, resolveHost, type Host } from "../../config/host.ts";
import { type Clock, systemClock } from "../../platform/clock.ts";
import type { Repository } from "../../platform/git/repository-store.ts";
import { WorkerPool } from "../../platform/pool/pool.ts";
import { Judge, type Judgement, type Subject } from "../judge.ts";
import type { Faults } from "./faulty-worker.ts";
import { noSandbox } from "../../testing/sandbox.ts";

const WORKER = new URL("./faulty-worker.ts", import.meta.url).pathname;
export const TARGET = "a".repeat(40);
export const HEAD = "b".repeat(40);

type Limits = NonNullable<HostConfig["limits"]>;

export function faultyPool(faults: Faults, { worker }: Host["limits"]): WorkerPool {
  return new WorkerPool({ argv: [process.execPath, "--smol", WORKER, JSON.stringify(faults)], cwd: "/", env: {}, limits: worker, size: worker.pool_size, backoff: worker });
}

export interface Settings {
  readonly limits?: Limits;
  readonly clock?: Clock;
  readonly host?: Partial<HostConfig>;
}

/** Holds the pool and the folder; dispose it. */
export class Judging implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "maestro-judge-"));
  readonly diary = join(this.folder, "diary");
  readonly host: Host;
  readonly pool: WorkerPool;
  readonly judge: Judge;
  readonly repository: Repository = { repo_id: "local:7:demo", object_format: "sha1", folder: this.folder, git_dir: this.folder };

  constructor(faults: Faults = {}, { limits = {}, clock = systemClock, host = {} }: Settings = {}) {
    const worker = { check_deadline_ms: 5_000, restart_backoff_ms: 1, ...limits.worker };
    this.host = resolveHost({ ...EMBEDDED_CONFIG, ...host, limits: { ...limits, worker } });
    this.pool = faultyPool({ diary: this.diary, ...faults }, this.host.limits);
    const git = { git: "/nonexistent/git", version: "2.40.0", prlimit: null };
    this.judge = new Judge({ host: this.host, git, pool: this.pool, sandbox: noSandbox, clock, scratch_dir: this.scratch, trees_dir: this.scratch, host_policy: { path: "/nonexistent/policy", name: "none" } });
  }

  get scratch(): string {
    return join(this.folder, "scratch");
  }

  /** Lines `<pid> <job>` in the order the jobs began. */
  get jobs(): string[] {
    return readFileSync(this.diary, "utf8").trim().split("\n");
  }

  get leftovers(): string[] {
    return readdirSync(this.scratch);
  }

  async judged(change: Partial<Subject> = {}, watch: (check: string) => void = () => undefined, signal = new AbortController().signal): Promise<Judgement> {
    await using lane = this.judge.lane(signal, "test");
    const subject: Subject = { repository: this.repository, mode: "local", target_ref: "refs/heads/main", target: TARGET, head: HEAD, want_tree_sha256: false, fresh: false, ...change };
    return await this.judge.judge(subject, lane, { stage: () => undefined, check: ({ outcome }) => watch(outcome.check) }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.drain(0);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

import { commandCheck } from "../../proto/command.ts";
import { MaestroError } from "../../proto/errors.ts";
import { reportCheck } from "../../proto/report.ts";
import { WorkerReply, type WorkerJob } from "../../proto/worker.ts";
import { validatorOf } from "../platform/process/envelope.ts";
import type { Lease, WorkerPool } from "../platform/pool/pool.ts";
import { NO_USAGE, type Usage } from "../platform/process/usage.ts";
import { published } from "./redact.ts";

type ReplyTo<Job extends WorkerJob> = Extract<WorkerReply, { kind: Job["kind"] }>;

const replyOf = validatorOf(WorkerReply);

/** A check process of one gate or replay, replaced by a fresh one after it was lost. */
export class Lane implements AsyncDisposable {
  private lease: Lease | null = null;
  /** Of processes that are gone. */
  private past: Usage = NO_USAGE;

  constructor(
    private readonly pool: Pick<WorkerPool, "lease">,
    private readonly signal: AbortSignal,
    /** Whose work it is: processes are shared out by it. */
    readonly tenant: string,
  ) {}

  /** Takes a process now instead of at the first job. */
  async open(): Promise<void> {
    this.lease ??= await this.pool.lease(this.signal, this.tenant);
  }

  /** One job. Throws what `Child.run` throws; the process that failed is gone by then. */
  async run<Job extends WorkerJob>(job: Job, deadline_ms: number): Promise<ReplyTo<Job>> {
    await this.open();
    const { lease } = this;
    if (lease === null) throw new MaestroError("internal.bug", "a lane without a process");
    try {
      const reply = await lease.run(job, { validate: replyOf, deadline_ms, signal: this.signal });
      if (!answers(job, reply)) throw new MaestroError("worker.protocol", `answered ${said(reply)} to ${said(job)}`);
      return reply;
    } catch (error) {
      await this.end();
      throw masked(error);
    }
  }

  /** What its processes used so far, and what was charged to it. */
  get usage(): Usage {
    return this.lease === null ? this.past : together(this.past, this.lease.usage());
  }

  /** Another lane of the same gate has ended: what it used is this one's. */
  absorb(other: Lane): void {
    this.past = together(this.past, other.usage);
  }

  /** Processor time of a sandbox, used for the same gate. */
  charge(cpu_us: number): void {
    this.past = together(this.past, { cpu_us, max_rss_bytes: 0 });
  }

  /** Gives its process back before a long wait; the next job takes another. */
  rest(): Promise<void> {
    return this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  private async end(): Promise<void> {
    const { lease } = this;
    if (lease === null) return;
    this.lease = null;
    await lease.release();
    this.past = together(this.past, lease.usage());
  }
}

const together = (a: Usage, b: Usage): Usage => ({ cpu_us: a.cpu_us + b.cpu_us, max_rss_bytes: Math.max(a.max_rss_bytes, b.max_rss_bytes) });

/** The last words of a process may quote the change it died of, and they go onto the card and into the daemon's log. */
function masked(error: unknown): unknown {
  return error instanceof MaestroError ? new MaestroError(error.code, published(error.detail), { cause: masked(error.cause) }) : error;
}

/** An answer for another check is none: whoever gave it is not asked again. */
function answers<Job extends WorkerJob>(job: Job, reply: WorkerReply): reply is ReplyTo<Job> {
  return said(reply) === said(job);
}

function said(message: WorkerJob | WorkerReply): string {
  if (message.kind === "command") return `command ${"outcome" in message ? message.outcome.check : commandCheck(message.command)}`;
  if (message.kind === "report") return `report ${"outcome" in message ? message.outcome.check : reportCheck(message.name)}`;
  if (message.kind !== "check") return message.kind;
  return `check ${"outcome" in message ? message.outcome.check : message.check}`;
}

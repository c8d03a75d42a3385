/** Launcher processes: started when first needed, used again and again, let go when idle. */
import { MaestroError } from "../../../proto/errors.ts";
import type { JobOptions } from "../process/conversation.ts";

/** A process that does one job at a time: a child, or one behind a socket. */
export interface Launcher {
  /** Rejects with the reason why it never will be. */
  readonly ready: Promise<void>;
  readonly idle: boolean;
  run<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply>;
  kill(): Promise<void>;
}

interface Waiting {
  readonly go: () => void;
}

export interface LaunchersOptions {
  readonly start: () => Launcher;
  /** At once; more callers wait in line. */
  readonly launchers_max: number;
  readonly idle_ms: number;
}

export class Launchers {
  private readonly idle: Launcher[] = [];
  private readonly busy = new Set<Launcher>();
  private readonly line: Waiting[] = [];
  private taken = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly options: LaunchersOptions) {}

  /** Lends a launcher to `work`; one that failed there is not used again. */
  async lend<T>(signal: AbortSignal, work: (child: Launcher) => Promise<T>): Promise<T> {
    await this.turn(signal);
    try {
      // Closed while it waited: whoever is let in now must not start what nobody would end.
      if (this.closed) throw draining();
      const child = this.warm() ?? this.options.start();
      this.busy.add(child);
      try {
        await child.ready;
        return await work(child);
      } finally {
        this.busy.delete(child);
        if (child.idle && !this.closed) this.idle.push(child);
        else void child.kill();
      }
    } finally {
      this.taken--;
      this.line.shift()?.go();
      this.rest();
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await Promise.all([...this.idle.splice(0), ...this.busy].map((child) => child.kill()));
  }

  private warm(): Launcher | undefined {
    clearTimeout(this.timer);
    for (;;) {
      const child = this.idle.pop();
      if (child === undefined || child.idle) return child;
    }
  }

  private async turn(signal: AbortSignal): Promise<void> {
    if (this.closed) throw draining();
    signal.throwIfAborted();
    this.taken++;
    if (this.taken <= this.options.launchers_max) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { go: resolve };
    const leave = (): void => {
      const at = this.line.indexOf(waiting);
      if (at < 0) return;
      this.line.splice(at, 1);
      this.taken--;
      reject(signal.reason);
    };
    this.line.push(waiting);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** One timer after the last job, so that an idle daemon holds no launcher and is woken once for it. */
  private rest(): void {
    clearTimeout(this.timer);
    if (this.idle.length === 0) return;
    this.timer = setTimeout(() => void Promise.all(this.idle.splice(0).map((child) => child.kill())), this.options.idle_ms);
    this.timer.unref();
  }
}

const draining = (): MaestroError => new MaestroError("daemon.draining", "no more jobs for the sandbox");

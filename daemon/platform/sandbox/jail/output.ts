import { closeSync } from "node:fs";

export interface OutputLimits {
  /** What comes after so many bytes is read and dropped. */
  readonly bytes_max: number;
  /** Of those that came before. */
  readonly tail_bytes_max: number;
}

/** Reads a pipe to its end and keeps the tail of what may be printed; `over` is called once when there is more. */
export class Output {
  readonly ended: Promise<void>;
  private readonly kept: Uint8Array;
  private kept_bytes = 0;
  private seen_bytes = 0;
  private readonly reader;

  /** Takes the descriptor over. */
  constructor(
    private readonly fd: number,
    private readonly limits: OutputLimits,
    private readonly over: () => void,
  ) {
    this.kept = new Uint8Array(limits.tail_bytes_max);
    this.reader = Bun.file(fd).stream().getReader();
    this.ended = this.run();
  }

  tail(): Uint8Array {
    return this.kept.slice(0, this.kept_bytes);
  }

  async cancel(): Promise<void> {
    await this.reader.cancel();
    await this.ended;
  }

  private async run(): Promise<void> {
    let passed = false;
    try {
      for (;;) {
        const { done, value } = await this.reader.read();
        if (done) return;
        const room = this.limits.bytes_max - this.seen_bytes;
        this.keep(value.subarray(0, room));
        this.seen_bytes += Math.min(room, value.length);
        if (value.length <= room || passed) continue;
        passed = true;
        this.over();
      }
    } finally {
      closeSync(this.fd);
    }
  }

  private keep(bytes: Uint8Array): void {
    const last = bytes.subarray(Math.max(0, bytes.length - this.kept.length));
    const drop = Math.max(0, this.kept_bytes + last.length - this.kept.length);
    this.kept.copyWithin(0, drop, this.kept_bytes);
    this.kept.set(last, this.kept_bytes - drop);
    this.kept_bytes += last.length - drop;
  }
}

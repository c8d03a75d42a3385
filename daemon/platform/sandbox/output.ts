import { closeSync } from "node:fs";

/** Reads a pipe to its end and keeps the first `bytes_max` bytes; `over` is called once when there are more, which are read and dropped. */
export class Output {
  readonly ended: Promise<void>;
  private readonly kept: Uint8Array[] = [];
  private kept_bytes = 0;
  private readonly reader;

  /** Takes the descriptor over. */
  constructor(
    private readonly fd: number,
    private readonly bytes_max: number,
    private readonly over: () => void,
  ) {
    this.reader = Bun.file(fd).stream().getReader();
    this.ended = this.run();
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.kept);
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
        const keep = value.subarray(0, this.bytes_max - this.kept_bytes);
        if (keep.length > 0) this.kept.push(keep.slice());
        this.kept_bytes += keep.length;
        if (keep.length === value.length || passed) continue;
        passed = true;
        this.over();
      }
    } finally {
      closeSync(this.fd);
    }
  }
}

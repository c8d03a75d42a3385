/** What a launcher sends of a job's result, on its way through the core: two tails in memory, files written as they come. The launcher is not believed: what is more than was asked for is a breach. */
import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import { MaestroError } from "../../../proto/errors.ts";
import { diskCode } from "../disk.ts";
import type { Collected, SandboxJob, Wanted } from "./job.ts";
import { type Ended, type Piece, PIECE_BYTES_MAX } from "./wire.ts";

/** Never an existing file, never through a link. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const MODE = 0o600;

export interface Parts {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly files: ReadonlyMap<string, Collected>;
}

/** Of one job. Disposed of before it gave its parts, it takes the files away again. */
export class Received implements Disposable {
  private readonly stdout: Tail;
  private readonly stderr: Tail;
  private readonly files: Incoming[];
  private at = 0;
  /** One for all pieces: a buffer for each would lie about until it is collected. */
  private readonly piece = Buffer.allocUnsafe(PIECE_BYTES_MAX);
  private failure: MaestroError | undefined;
  private complete = false;

  constructor({ wanted, tail_bytes_max }: Pick<SandboxJob, "wanted" | "tail_bytes_max">) {
    [this.stdout, this.stderr] = [new Tail(tail_bytes_max), new Tail(tail_bytes_max)];
    this.files = wanted.map((file) => new Incoming(file));
  }

  /** Throws `worker.protocol` for what was not asked for. A disk that takes nothing is told by `parts`, because it is no fault of the launcher. */
  take({ of, base64 }: Piece): void {
    if (Buffer.byteLength(base64, "base64") > PIECE_BYTES_MAX) throw new MaestroError("worker.protocol", `a piece of more than ${PIECE_BYTES_MAX} bytes`);
    const bytes = this.piece.subarray(0, this.piece.write(base64, "base64"));
    if (of === "stdout" || of === "stderr") return this[of].add(bytes);
    const file = this.files[of];
    if (file === undefined || of < this.at) throw new MaestroError("worker.protocol", `a piece of wanted file ${of} of ${this.files.length}, after ${this.at}`);
    file.checkRoom(bytes.length);
    if (this.failure !== undefined) return;
    this.onDisk(() => {
      if (of > this.at) this.files[this.at]?.close();
      this.at = of;
      file.write(bytes);
    });
  }

  /** Throws `sandbox.failed`, or what is wrong with the disk. */
  parts(states: Ended["files"]): Parts {
    if (states.length !== this.files.length) throw new MaestroError("sandbox.failed", `${states.length} files of ${this.files.length}`);
    const collected = this.files.map((file, index): readonly [string, Collected] => {
      const state = states[index] ?? { state: "absent" };
      if (state.state === "read") return [file.wanted.path, this.onDisk(() => file.whole()) ?? { state: "absent" }];
      if (file.begun) throw new MaestroError("sandbox.failed", `bytes of a file that is ${state.state}`);
      return [file.wanted.path, state];
    });
    if (this.failure !== undefined) throw this.failure;
    this.complete = true;
    return { stdout: this.stdout.bytes(), stderr: this.stderr.bytes(), files: new Map(collected) };
  }

  [Symbol.dispose](): void {
    for (const file of this.files) {
      file.close();
      if (!this.complete) file.remove();
    }
  }

  private onDisk<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.failure ??= new MaestroError(diskCode(String(error)) ?? "sandbox.failed", `what a job left could not be kept: ${String(error)}`, { cause: error });
      return undefined;
    }
  }
}

class Tail {
  private readonly kept: Uint8Array;
  private length = 0;

  constructor(bytes_max: number) {
    this.kept = new Uint8Array(bytes_max);
  }

  add(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.kept.length) throw new MaestroError("worker.protocol", `more than the last ${this.kept.length} bytes of a stream`);
    this.kept.set(bytes, this.length);
    this.length += bytes.length;
  }

  bytes(): Uint8Array {
    return this.kept.subarray(0, this.length);
  }
}

class Incoming {
  private readonly digest = new Bun.CryptoHasher("sha256");
  private fd: number | null = null;
  private made = false;
  private length = 0;

  constructor(readonly wanted: Wanted) {}

  get begun(): boolean {
    return this.made;
  }

  checkRoom(bytes: number): void {
    const { path, bytes_max } = this.wanted;
    if (this.length + bytes > bytes_max) throw new MaestroError("worker.protocol", `more than the ${bytes_max} bytes that were asked for of ${path}`);
  }

  write(bytes: Uint8Array): void {
    const fd = this.open();
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    this.digest.update(bytes);
    this.length += bytes.length;
  }

  /** A file without content comes without a piece. */
  whole(): Collected {
    if (!this.made) this.open();
    this.close();
    return { state: "kept", path: this.wanted.into, bytes: this.length, sha256: this.digest.digest("hex") };
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }

  /** Only what was made here: what stood there before is somebody else's. */
  remove(): void {
    if (this.made) rmSync(this.wanted.into, { force: true });
  }

  private open(): number {
    if (this.fd !== null) return this.fd;
    this.fd = openSync(this.wanted.into, CREATE, MODE);
    this.made = true;
    return this.fd;
  }
}

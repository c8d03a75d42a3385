import { closeSync } from "node:fs";
import { fill, memoryFile, reopened } from "../../kernel/descriptor.ts";

/** Descriptors of one run, closed together. */
export class Descriptors implements Disposable {
  private readonly held = new Set<number>();

  own(fd: number): number {
    this.held.add(fd);
    return fd;
  }

  /** Hands the descriptor to somebody who closes it. */
  give(fd: number): number {
    this.held.delete(fd);
    return fd;
  }

  close(fd: number): void {
    if (this.held.delete(fd)) closeSync(fd);
  }

  [Symbol.dispose](): void {
    for (const fd of [...this.held]) this.close(fd);
  }
}

/** Bytes that are handed in: written through one descriptor, sealed, and read through another, from the beginning. */
export class Sealed {
  /** For whoever reads; it cannot be written through. */
  readonly read_fd: number;
  private readonly write_fd: number;

  constructor(
    fds: Descriptors,
    private readonly seal: boolean,
  ) {
    this.write_fd = fds.own(memoryFile());
    this.read_fd = fds.own(reopened(this.write_fd));
  }

  fill(bytes: Uint8Array): this {
    fill(this.write_fd, bytes, this.seal);
    return this;
  }
}

/** Rows from the core to the check process that writes them: a bounded text at a time, the next only once the last is taken, and read while that is written. */
import { type ErrorCode, MaestroError } from "../../../proto/errors.ts";
import type { ExportRow, PartitionReply } from "../../../proto/partition.ts";
import type { Lane } from "../../checking/lane.ts";
import type { Declared } from "./columns.ts";

/** A hundred rows or so: some milliseconds of the core's time, and as much as is held here. */
const JOB_CHARACTERS_MAX = 128 * 1024;
const DISK: readonly ErrorCode[] = ["store.no_space", "store.read_only", "store.commit"];

export interface PartitionPlace {
  readonly router: string;
  /** As its folder is called, `2026-11-22T23`. */
  readonly hour: string;
}

export interface Written {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export class PartitionSink {
  private lines: string[] = [];
  private characters = 0;
  /** The last that was sent. */
  private taken: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly lane: Pick<Lane, "run">,
    private readonly path: string,
    private readonly place: PartitionPlace,
    private readonly declared: Declared,
    private readonly deadline_ms: number,
  ) {}

  /** Throws what `Lane.run` throws, and what the disk says. */
  async add(row: ExportRow): Promise<void> {
    const line = JSON.stringify(row);
    this.lines.push(line);
    this.characters += line.length;
    if (this.characters >= JOB_CHARACTERS_MAX) await this.begin(false);
  }

  /** The file is whole, and on the disk. */
  async end(): Promise<Written> {
    const { rows, bytes, sha256 } = await (await this.begin(true)).taken;
    if (sha256 === null) throw new MaestroError("worker.protocol", "the file was not ended");
    return { rows, bytes, sha256 };
  }

  /** Nothing is written any more. */
  async settled(): Promise<void> {
    await this.taken.catch(() => undefined);
  }

  /** Throws what the last failed of. */
  private async begin(end: boolean): Promise<{ readonly taken: Promise<PartitionReply> }> {
    const rows = this.lines.join("\n");
    this.lines = [];
    this.characters = 0;
    await this.taken;
    const taken = this.send(rows, end);
    // Whoever sends the next hears of it.
    taken.catch(() => undefined);
    this.taken = taken;
    return { taken };
  }

  private async send(rows: string, end: boolean): Promise<PartitionReply> {
    try {
      return await this.lane.run({ kind: "partition", path: this.path, ...this.place, context: [...this.declared.context], constraints: [...this.declared.constraints], rows, end }, this.deadline_ms);
    } catch (error) {
      // What the process says of the disk is no word of a change, and no crash.
      throw error instanceof MaestroError && error.cause instanceof MaestroError && DISK.includes(error.cause.code) ? error.cause : error;
    }
  }
}

/** One Parquet file, made row group by row group in a check process: what is held is one group, however many rows come. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { VERSION } from "../../../proto/version.ts";
import type { ExportRow } from "../../../proto/partition.ts";
import { type Column, columnsOf, type Declared, schemaOf } from "./columns.ts";

/** Measured over 300,000 rows: 2,048 take a sixth longer, 32,768 twice the time and twice the memory. */
const GROUP_ROWS_MAX = 4_096;
/** Long contexts make a group full before its rows do. */
const GROUP_CHARACTERS_MAX = 16 * 1024 * 1024;
/** Rows come in the order of time, so its bounds let a reader skip groups; those of every other column take a fifth of the whole and skip none. */
const BOUNDED = "decided_at";
/** Of this list of columns, in the file's own metadata. Raised when a column goes or changes its meaning. */
const COLUMNS_VERSION = "1";

export interface PartitionOf {
  readonly router: string;
  readonly hour: string;
}

/** What was written so far, as the format's writer knows it. */
interface Sink {
  readonly writer: ByteWriter;
  readonly hash: Bun.CryptoHasher;
}

function sinkOf(fd: number): Sink {
  const writer = new ByteWriter();
  const hash = new Bun.CryptoHasher("sha256");
  const flush = (): void => {
    const bytes = writer.getBytes();
    hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    writer.index = 0;
  };
  return { writer: Object.assign(writer, { flush, finish: flush }), hash };
}

export class PartitionFile {
  rows = 0;
  private readonly fd: number;
  private readonly columns: readonly Column[];
  private readonly sink: Sink;
  private readonly parquet: ParquetWriter;
  private group: ExportRow[] = [];
  private characters = 0;

  /** Throws what the file system says, and where the path is taken. */
  constructor(path: string, { router, hour }: PartitionOf, declared: Declared) {
    this.fd = openSync(path, "wx", 0o600);
    this.columns = columnsOf(declared);
    this.sink = sinkOf(this.fd);
    const kvMetadata = Object.entries({ columns: COLUMNS_VERSION, router, hour }).map(([name, value]) => ({ key: `maestro.${name}`, value }));
    this.parquet = new ParquetWriter({ writer: this.sink.writer, schema: schemaOf(this.columns), createdBy: `maestro ${VERSION}`, kvMetadata });
  }

  /** `lines`: rows as JSON, one on each line, all of them checked where they were read. */
  add(lines: string): void {
    for (const line of lines.split("\n")) {
      if (line === "") continue;
      this.group.push(JSON.parse(line) as ExportRow);
      this.characters += line.length;
      if (this.group.length >= GROUP_ROWS_MAX || this.characters >= GROUP_CHARACTERS_MAX) this.writeGroup();
    }
  }

  /** The file is whole, and on the disk. */
  end(): { readonly bytes: number; readonly sha256: string } {
    if (this.group.length > 0) this.writeGroup();
    this.parquet.finish();
    fsyncSync(this.fd);
    closeSync(this.fd);
    return { bytes: this.sink.writer.offset, sha256: this.sink.hash.digest("hex") };
  }

  get bytes(): number {
    return this.sink.writer.offset;
  }

  private writeGroup(): void {
    const rows = this.group;
    this.group = [];
    this.characters = 0;
    this.rows += rows.length;
    this.parquet.write({ columnData: this.columns.map(({ name, cell }) => ({ name, data: rows.map(cell), statistics: name === BOUNDED })), rowGroupSize: rows.length });
  }
}

/** In a check process: rows of one file, as many at a time as a frame holds, one file after another. */
import { MaestroError } from "../../../proto/errors.ts";
import type { PartitionJob, PartitionReply } from "../../../proto/partition.ts";
import { diskCode } from "../../platform/disk.ts";
import { PartitionFile } from "./partition-file.ts";

/** A full disk is no fault of this process, and no reason to give its owner none any more. */
function failureOf(error: unknown): unknown {
  const code = error instanceof MaestroError ? null : diskCode(String(error));
  return code === null ? error : new MaestroError(code, `a Parquet file could not be written: ${String(error)}`, { cause: error });
}

/** Whoever asks dies with its process, and a file that was begun with the scratch folder. */
export function partitionWriter(): (job: PartitionJob) => PartitionReply {
  let current: { readonly path: string; readonly file: PartitionFile } | null = null;
  function written({ path, rows, end, ...of }: PartitionJob): PartitionReply {
    if (current !== null && current.path !== path) throw new MaestroError("internal.bug", "another file is begun");
    current ??= { path, file: new PartitionFile(path, of, of) };
    const { file } = current;
    file.add(rows);
    if (!end) return { kind: "partition", rows: file.rows, bytes: file.bytes, sha256: null };
    current = null;
    const { bytes, sha256 } = file.end();
    return { kind: "partition", rows: file.rows, bytes, sha256 };
  }
  return (job) => {
    try {
      return written(job);
    } catch (error) {
      throw failureOf(error);
    }
  };
}

export const partitionJob = partitionWriter();

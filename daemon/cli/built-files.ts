/** What a build left, fetched piece by piece and compared with its record before it has its name. */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BuildRow, BuiltFile } from "../../proto/build.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { MaestroClient } from "../client/maestro.ts";
import { writeFile } from "./write-file.ts";

export interface ReceivedBuild {
  readonly row: BuildRow;
  readonly folder: string;
  readonly provenance_path: string;
  readonly provenance: Uint8Array;
}

const PART = ".part";

class Incoming {
  private readonly hash = new Bun.CryptoHasher("sha256");
  private readonly fd: number;

  constructor(
    private readonly path: string,
    private readonly file: BuiltFile,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(`${path}${PART}`, { force: true });
    this.fd = openSync(`${path}${PART}`, "wx", 0o644);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
    this.hash.update(bytes);
  }

  /** Throws `worker.protocol` where it is not the file of the record. */
  whole(): void {
    closeSync(this.fd);
    const same = this.hash.digest("hex") === this.file.sha256;
    if (!same) rmSync(`${this.path}${PART}`, { force: true });
    if (!same) throw new MaestroError("worker.protocol", `${this.file.path} came with other bytes than its record names`);
    renameSync(`${this.path}${PART}`, this.path);
  }
}

/** The files in their order: one is whole before the next begins, and one without bytes is begun and whole at once. */
class Sequence {
  private current: Incoming | null = null;
  private index = -1;

  at(received: ReceivedBuild | undefined, wanted: number): Incoming | null {
    for (; received !== undefined && this.index < wanted; ) {
      this.current?.whole();
      const file = received.row.files[++this.index];
      this.current = file === undefined ? null : new Incoming(join(received.folder, file.path), file);
    }
    return this.current;
  }
}

const bytesOf = (base64: string): Uint8Array => {
  const bytes = fromBase64(base64);
  if (bytes === null) throw new MaestroError("worker.protocol", "the daemon's reply carries no strict base64");
  return bytes;
};

/** Into `out`, or a folder named like the build. Paths come from trusted configuration and are checked by their schema. */
export async function receiveBuild(client: Pick<MaestroClient, "buildFiles">, build_id: string, out: string | undefined): Promise<ReceivedBuild> {
  let received: ReceivedBuild | undefined;
  let ended = false;
  const files = new Sequence();
  for await (const event of client.buildFiles(build_id)) {
    if (event.event === "record") {
      const folder = out ?? event.row.build;
      mkdirSync(folder, { recursive: true });
      received = { row: event.row, folder, provenance_path: join(folder, `${event.row.build}.provenance.sigstore.json`), provenance: bytesOf(event.bundle) };
    } else if (event.event === "piece") {
      files.at(received, event.file)?.write(bytesOf(event.bytes));
    } else {
      files.at(received, received?.row.files.length ?? 0);
      ended = true;
    }
  }
  if (received === undefined || !ended) throw new MaestroError("worker.protocol", "the daemon's reply ended before the build did");
  writeFile(received.provenance_path, received.provenance, 0o644, "the daemon keeps it: fetch it again by its id");
  return received;
}

/** What a build left, fetched piece by piece and compared with its record before it has its name. */
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { provenanceName, type BuildRow, type BuiltFile } from "../../proto/build.ts";
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

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const elsewhere = (path: string, is: string): MaestroError => new MaestroError("cli.usage", `${path} ${is}; name another folder with --out`);

/** Makes what is missing of the folders between `folder` and a file below it. The working tree may be of a stranger's commit, and a link in it leads wherever the stranger wants. */
function makeWay(folder: string, below: string): void {
  let at = folder;
  for (const name of below.split("/").slice(0, -1)) {
    at = join(at, name);
    if (!isThere(at)) mkdirSync(at);
    else if (!lstatSync(at).isDirectory()) throw elsewhere(at, "is no folder");
  }
}

/** Where nobody names a folder: one that an earlier build of this name made, an empty one, or a new one. Throws `cli.usage` for any other. */
export function requireOwnFolder(build: string): string {
  if (!isThere(build)) return build;
  if (!lstatSync(build).isDirectory()) throw elsewhere(build, "is no folder");
  if (readdirSync(build).length > 0 && !isThere(join(build, provenanceName(build)))) throw elsewhere(build, "holds files that are no build's");
  return build;
}

class Incoming {
  private readonly hash = new Bun.CryptoHasher("sha256");
  private readonly fd: number;

  /** `part` is where it lies until it is whole. */
  constructor(
    private readonly folder: string,
    private readonly part: string,
    private readonly file: BuiltFile,
  ) {
    makeWay(folder, file.path);
    rmSync(part, { force: true });
    this.fd = openSync(part, "wx", 0o644);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
    this.hash.update(bytes);
  }

  /** Throws `worker.protocol` where it is not the file of the record. */
  whole(): void {
    closeSync(this.fd);
    const same = this.hash.digest("hex") === this.file.sha256;
    if (!same) rmSync(this.part, { force: true });
    if (!same) throw new MaestroError("worker.protocol", `${this.file.path} came with other bytes than its record names`);
    const path = join(this.folder, this.file.path);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw elsewhere(path, "is a folder");
    renameSync(this.part, path);
  }
}

/** Of this process alone: two may fetch into one folder at once. No output may be called so. */
const partOf = ({ provenance_path }: Pick<ReceivedBuild, "provenance_path">): string => `${provenance_path}.${process.pid}.part`;

/** The files in their order: one is whole before the next begins, and one without bytes is begun and whole at once. */
class Sequence {
  private current: Incoming | null = null;
  private index = -1;

  at(received: ReceivedBuild | undefined, wanted: number): Incoming | null {
    for (; received !== undefined && this.index < wanted; ) {
      this.current?.whole();
      const file = received.row.files[++this.index];
      this.current = file === undefined ? null : new Incoming(received.folder, partOf(received), file);
    }
    return this.current;
  }
}

const bytesOf = (base64: string): Uint8Array => {
  const bytes = fromBase64(base64);
  if (bytes === null) throw new MaestroError("worker.protocol", "the daemon's reply carries no strict base64");
  return bytes;
};

/** Into `out`, or a folder named like the build. Paths come from trusted configuration and are checked by their schema. Throws `cli.usage` for a place that is somebody else's. */
export async function receiveBuild(client: Pick<MaestroClient, "buildFiles">, build_id: string, out: string | undefined): Promise<ReceivedBuild> {
  let received: ReceivedBuild | undefined;
  let ended = false;
  const files = new Sequence();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => {
    if (received !== undefined) rmSync(partOf(received), { force: true });
  });
  for await (const event of client.buildFiles(build_id)) {
    if (event.event === "record") {
      const folder = out ?? requireOwnFolder(event.row.build);
      mkdirSync(folder, { recursive: true });
      received = { row: event.row, folder, provenance_path: join(folder, provenanceName(event.row.build)), provenance: bytesOf(event.bundle) };
    } else if (event.event === "piece") {
      files.at(received, event.file)?.write(bytesOf(event.bytes));
    } else {
      files.at(received, received?.row.files.length ?? 0);
      ended = true;
    }
  }
  if (received === undefined || !ended) throw new MaestroError("worker.protocol", "the daemon's reply ended before the build did");
  const part = partOf(received);
  rmSync(part, { force: true });
  writeFile(part, received.provenance, 0o644, "the daemon keeps it: fetch it again by its id");
  renameSync(part, received.provenance_path);
  return received;
}

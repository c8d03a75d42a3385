/** The file of a repro pack: written as it comes, read with a limit on each part, and no byte of it believed before its digest was. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, fstatSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { REPRO_HEADER_BYTES_MAX, REPRO_MAGIC, REPRO_OBJECTS_BYTES_MAX, ReproHeader } from "../../../proto/repro.ts";
import { EVIDENCE_LIMITS } from "../../verifier/whole/index.ts";
import { readDocument } from "../../verifier/schema.ts";

const LIMITS = { bytes_max: REPRO_HEADER_BYTES_MAX, depth_max: EVIDENCE_LIMITS.depth_max + 4 } as const;
const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

const refuse = (path: string, because: string): MaestroError => new MaestroError("bundle.malformed", `${path} is no repro pack: ${because}`);

/** Git objects into a file of their own, with their length and digest. */
export async function spool(stream: ReadableStream<Uint8Array>, path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const file = openSync(path, "wx", 0o600);
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const piece of stream) {
      bytes += piece.length;
      if (bytes > REPRO_OBJECTS_BYTES_MAX) throw new MaestroError("request.too_large", `the objects have more than ${REPRO_OBJECTS_BYTES_MAX} bytes`);
      hash.update(piece);
      writeAll(file, piece);
    }
  } finally {
    closeSync(file);
  }
  return { bytes, sha256: hash.digest("hex") };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** Header, then the spooled objects; there under its name only once it is whole. */
export async function writePack(path: string, header: ReproHeader, objects: string | null): Promise<void> {
  const part = `${path}.part`;
  rmSync(part, { force: true });
  const file = openSync(part, "wx", 0o600);
  try {
    writeAll(file, Buffer.from(REPRO_MAGIC));
    writeAll(file, canonicalBytes(header));
    writeAll(file, Buffer.from("\n"));
    if (objects !== null) for await (const piece of createReadStream(objects, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) writeAll(file, piece);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
}

export interface ReadPack {
  readonly header: ReproHeader;
  /** A body for an intake, made anew by each call; `null` where the objects were left out. */
  readonly objects: (() => ReadableStream<Uint8Array>) | null;
}

function headerBytes(file: number, path: string): Buffer {
  const start = Buffer.alloc(REPRO_MAGIC.length);
  readSync(file, start, 0, start.length, 0);
  if (start.toString("latin1") !== REPRO_MAGIC) throw refuse(path, `it does not begin with ${JSON.stringify(REPRO_MAGIC.trim())}`);
  const chunks: Buffer[] = [];
  for (let at = start.length; at - start.length <= REPRO_HEADER_BYTES_MAX; ) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const read = readSync(file, chunk, 0, chunk.length, at);
    if (read === 0) throw refuse(path, "its header does not end");
    const end = chunk.subarray(0, read).indexOf(LINE_FEED);
    chunks.push(chunk.subarray(0, end < 0 ? read : end));
    if (end >= 0) return Buffer.concat(chunks);
    at += read;
  }
  throw refuse(path, `its header has more than ${REPRO_HEADER_BYTES_MAX} bytes`);
}

async function digestFrom(path: string, start: number): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { start, highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest("hex");
}

/** Throws `cli.usage` where there is no file, `bundle.malformed` for what is no pack: another form, a length or digest that is not its objects'. */
export async function readPack(path: string): Promise<ReadPack> {
  if (!existsSync(path)) throw new MaestroError("cli.usage", `${path} is not there`);
  const file = openSync(path, "r");
  let bytes: Buffer;
  let size: number;
  try {
    ({ size } = fstatSync(file));
    bytes = headerBytes(file, path);
  } finally {
    closeSync(file);
  }
  const read = readDocument(ReproHeader, bytes, LIMITS);
  if ("because" in read) throw refuse(path, read.because);
  const header = read.value;
  const start = REPRO_MAGIC.length + bytes.length + 1;
  const { objects } = header;
  if (size - start !== (objects?.bytes ?? 0)) throw refuse(path, `behind the header are ${size - start} bytes, it says ${objects?.bytes ?? 0}`);
  if (objects === null) return { header, objects: null };
  if (objects.bytes > REPRO_OBJECTS_BYTES_MAX) throw refuse(path, `its objects have more than ${REPRO_OBJECTS_BYTES_MAX} bytes`);
  if ((await digestFrom(path, start)) !== objects.sha256) throw refuse(path, "its objects are not the ones that the header names");
  return { header, objects: () => Bun.file(path).slice(start).stream() };
}

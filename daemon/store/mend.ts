/** One flipped bit in a meta of LMDB is put back where the mark proves which one it was. */
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { digestOf, type Mark, markFor } from "./mark.ts";
import { META_REGION_BYTES, PAGE_BYTES, type Place, PLACES, regionAt, withData } from "./metas.ts";

export interface Flipped {
  readonly place: Place;
  /** Offset in `data.mdb`, in bytes. */
  readonly byte: number;
  readonly bit: number;
}

interface Damaged {
  readonly place: Place;
  readonly at: number;
  readonly region: Buffer;
}

/** The one place that is not what the mark says; `null` where there is none, or more than one. The size of a page is itself in one of them. */
function damagedIn(fd: number, { digests }: Mark): Damaged | null {
  for (const page_size of PAGE_BYTES) {
    const damaged: Damaged[] = [];
    for (const place of PLACES) {
      const [at, region] = [regionAt(place, page_size), Buffer.alloc(META_REGION_BYTES)];
      readSync(fd, region, 0, META_REGION_BYTES, at);
      if (digestOf(region) !== digests[place]) damaged.push({ place, at, region });
    }
    const [first] = damaged;
    if (first !== undefined && damaged.length === 1) return first;
  }
  return null;
}

/** Which bit it is; `null` where there is none, or nothing that proves it. */
export function flippedBit(folder: string): Flipped | null {
  const mark = markFor(folder);
  if (mark === null || mark === "absent") return null;
  const damaged = withData(folder, (fd) => damagedIn(fd, mark));
  if (damaged === null) return null;
  const { place, at, region } = damaged;
  for (let bit = 0; bit < region.length * 8; bit++) {
    const byte = bit >> 3;
    const found = region.readUInt8(byte);
    region.writeUInt8(found ^ (1 << (bit & 7)), byte);
    if (digestOf(region) === mark.digests[place]) return { place, byte: at + byte, bit: bit & 7 };
    region.writeUInt8(found, byte);
  }
  return null;
}

/** Changes the database in `folder`, which nobody has open. */
export function flipBack(folder: string, { byte, bit }: Flipped): void {
  const fd = openSync(join(folder, "data.mdb"), "r+");
  try {
    const found = Buffer.alloc(1);
    readSync(fd, found, 0, 1, byte);
    writeSync(fd, Buffer.of(found.readUInt8(0) ^ (1 << bit)), 0, 1, byte);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

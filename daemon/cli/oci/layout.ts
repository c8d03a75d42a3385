/** An OCI image layout (image-spec 1.1) on disk: blobs by digest, and an index that is replaced as one. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type, type Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { IMAGE_INDEX_TYPE, IMAGE_LAYOUT_VERSION, OciDigest } from "../../../proto/oci.ts";

/** As others write it: what we do not know stays as it is. */
const Entry = Type.Object({ mediaType: Type.String(), digest: Type.String(), size: Type.Integer(), artifactType: Type.Optional(Type.String()), annotations: Type.Optional(Type.Record(Type.String(), Type.String())) }, { additionalProperties: true });
export type Entry = Static<typeof Entry>;
const Index = Type.Object({ schemaVersion: Type.Literal(2), manifests: Type.Array(Entry, { maxItems: 100_000 }) }, { additionalProperties: true });
const INDEX_BYTES_MAX = 32 * 1024 * 1024;

export interface Blob {
  readonly digest: string;
  readonly size: number;
}

const isDigest = (text: string): boolean => Value.Check(OciDigest, text);

export class Layout {
  private readonly index: Static<typeof Index>;

  private constructor(private readonly folder: string) {
    const path = join(folder, "index.json");
    const text = existsSync(path) && statSync(path).size <= INDEX_BYTES_MAX ? fromUtf8(readFileSync(path)) : null;
    const read: unknown = existsSync(path) ? parsed(text, path) : { schemaVersion: 2, mediaType: IMAGE_INDEX_TYPE, manifests: [] };
    if (!Value.Check(Index, read)) throw new MaestroError("cli.usage", `${path} is no OCI index`);
    this.index = read;
  }

  /** A folder that is none yet is made one. Throws `cli.usage` for a folder that holds something else. */
  static open(folder: string): Layout {
    const marker = join(folder, "oci-layout");
    if (existsSync(folder) && !existsSync(marker) && existsSync(join(folder, "index.json"))) throw new MaestroError("cli.usage", `${folder} has an index.json and is no OCI image layout`);
    mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
    if (!existsSync(marker)) writeFileSync(marker, canonicalBytes({ imageLayoutVersion: IMAGE_LAYOUT_VERSION }));
    return new Layout(folder);
  }

  put(bytes: Uint8Array): Blob {
    const hex = createHash("sha256").update(bytes).digest("hex");
    const path = join(this.folder, "blobs", "sha256", hex);
    if (!existsSync(path)) {
      writeFileSync(`${path}.new`, bytes, { flush: true });
      renameSync(`${path}.new`, path);
    }
    return { digest: `sha256:${hex}`, size: bytes.length };
  }

  /** Checked against its digest; `null` where it is not there. */
  get(digest: string, bytes_max: number): Uint8Array | null {
    const path = join(this.folder, "blobs", "sha256", digest.slice("sha256:".length));
    if (!isDigest(digest) || !existsSync(path) || statSync(path).size > bytes_max) return null;
    const bytes = readFileSync(path);
    return `sha256:${createHash("sha256").update(bytes).digest("hex")}` === digest ? bytes : null;
  }

  entries(): readonly Entry[] {
    return this.index.manifests;
  }

  /** Adds an entry, or puts it in the place of what `replaces` says. */
  add(entry: Entry, replaces: (other: Entry) => boolean): void {
    const kept = this.index.manifests.filter((other) => !replaces(other));
    this.index.manifests = [...kept, entry];
  }

  /** The index is what makes anything of it be found, so it is written last. */
  commit(): void {
    const path = join(this.folder, "index.json");
    writeFileSync(`${path}.new`, canonicalBytes(this.index), { flush: true });
    renameSync(`${path}.new`, path);
  }
}

function parsed(text: string | null, path: string): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch (error) {
    throw new MaestroError("cli.usage", `${path} is not JSON`, { cause: error });
  }
}

/** Builds as they are kept: an artifact each, which holds the signed provenance, a row that says whose it is, what was printed, and the outputs. */
import { createHash } from "node:crypto";
import type { Artifacts, Layer } from "./artifacts.ts";
import type { BlobRef } from "./blobs.ts";
import { BUILD_FILE_MEDIA_TYPE, BUILD_FILE_NONCE_BYTES, BUILD_MEDIA_TYPE, BUILD_ROW_MEDIA_TYPE, BuildRow, type BuiltFile } from "../../proto/build.ts";
import { SIGSTORE_BUNDLE_TYPE } from "../../proto/attestation.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import type { Provenance, ProvenanceStatement } from "../../proto/predicates/provenance.ts";
import { MaestroError } from "../../proto/errors.ts";
import { lazyCheck } from "../platform/lazy-check.ts";

/** A build that ended well, as whoever ran it saw it. */
export interface RanBuild extends Omit<Provenance["buildDefinition"], "buildType"> {
  readonly subject: ProvenanceStatement["subject"];
  readonly version: Provenance["runDetails"]["builder"]["version"];
  readonly invocation: string;
  /** Log time in seconds. */
  readonly started_s: number;
  readonly byproducts: Provenance["runDetails"]["byproducts"];
}

export interface LoggedProvenance {
  readonly statement_sha256: string;
  /** A Sigstore bundle v0.3 in canonical form. */
  readonly bundle: Uint8Array;
  readonly log_index: number;
}

const IS_BUILD = /^build-[0-9a-f]{32}$/;
export const isBuildName = (name: string): boolean => IS_BUILD.test(name);
const ROW_LIMITS = { bytes_max: 256 * 1024, depth_max: 6 };
const TITLE = "org.opencontainers.image.title";
const isRow = lazyCheck(BuildRow);

/** Throws `store.corrupt` for bytes that are no row. */
export function buildRowIn(bytes: Uint8Array): BuildRow {
  const value: unknown = parseCanonical(bytes, ROW_LIMITS);
  if (!isRow().Check(value)) throw new MaestroError("store.corrupt", "the row of a build is not in the form it was written in");
  return value;
}

const blobSize = ({ bytes }: BuiltFile): number => bytes + BUILD_FILE_NONCE_BYTES;

/** Of everything that is kept of it beside provenance and row. */
export const keptBytes = ({ log, files }: Pick<BuildRow, "log" | "files">): number => files.reduce((sum, file) => sum + blobSize(file), log.size);

/** Stores what a build left; `sha256` is of its own bytes. See `BUILD_FILE_MEDIA_TYPE`. */
export async function keepBuildFile({ blobs }: Pick<Artifacts, "blobs">, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<BlobRef & { readonly sha256: string }> {
  const hash = createHash("sha256");
  async function* salted(): AsyncGenerator<Uint8Array, void> {
    yield crypto.getRandomValues(new Uint8Array(BUILD_FILE_NONCE_BYTES));
    for await (const piece of content) {
      hash.update(piece);
      yield piece;
    }
  }
  const { digest, size } = await blobs.putStream(salted());
  return { digest, size, sha256: hash.digest("hex") };
}

/** Its own bytes in pieces. Throws `store.*`. */
export async function* buildFilePieces({ blobs }: Pick<Artifacts, "blobs">, digest: string, piece_bytes: number): AsyncGenerator<Uint8Array, void> {
  let skip = BUILD_FILE_NONCE_BYTES;
  for await (const piece of blobs.pieces(digest, piece_bytes)) {
    if (piece.length > skip) yield piece.subarray(skip);
    skip = Math.max(0, skip - piece.length);
  }
}

/** Whether the promise was a build's; then its artifact has its name when this resolves. Log and outputs are blobs already. Done twice, it changes nothing. */
export async function keepBuild(artifacts: Pick<Artifacts, "putArtifact">, name: string, blobs: readonly Uint8Array[]): Promise<boolean> {
  const [provenance, row_bytes] = blobs;
  if (!isBuildName(name) || provenance === undefined || row_bytes === undefined) return false;
  const { log, files } = buildRowIn(row_bytes);
  const layers: Layer[] = [
    { mediaType: SIGSTORE_BUNDLE_TYPE, bytes: provenance },
    { mediaType: BUILD_ROW_MEDIA_TYPE, bytes: row_bytes },
    { mediaType: BUILD_FILE_MEDIA_TYPE, stored: log, annotations: { [TITLE]: "build.log" } },
    ...files.map((file): Layer => ({ mediaType: BUILD_FILE_MEDIA_TYPE, stored: { digest: file.blob, size: blobSize(file) }, annotations: { [TITLE]: file.path } })),
  ];
  await artifacts.putArtifact(name, BUILD_MEDIA_TYPE, layers);
  return true;
}

export interface KeptBuild {
  readonly row: BuildRow;
  readonly provenance: Uint8Array;
}

/** `null` where there is none of that name. Throws `store.corrupt`. */
export async function readBuild(artifacts: Pick<Artifacts, "getArtifact" | "blobs">, build_id: string): Promise<KeptBuild | null> {
  if (!isBuildName(build_id)) return null;
  const found = await artifacts.getArtifact(build_id);
  if (found === undefined) return null;
  const [provenance, row] = await Promise.all(found.manifest.layers.slice(0, 2).map(({ digest }) => artifacts.blobs.get(digest)));
  if (provenance === undefined || row === undefined) throw new MaestroError("store.corrupt", `what is kept of ${build_id} is gone`);
  return { row: buildRowIn(row), provenance };
}

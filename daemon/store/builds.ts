/** Builds as they are kept: an artifact each, which holds the signed provenance, a row that says whose it is, what was printed, and the outputs. */
import type { Artifacts, Layer } from "./artifacts.ts";
import { BUILD_FILE_MEDIA_TYPE, BUILD_MEDIA_TYPE, BUILD_ROW_MEDIA_TYPE, BuildRow } from "../../proto/build.ts";
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

/** Of everything that is kept of it beside provenance and row. */
export const keptBytes = ({ log, files }: Pick<BuildRow, "log" | "files">): number => files.reduce((sum, { bytes }) => sum + bytes, log.size);

/** Whether the promise was a build's; then its artifact has its name when this resolves. Log and outputs are blobs already. Done twice, it changes nothing. */
export async function keepBuild(artifacts: Pick<Artifacts, "putArtifact">, name: string, blobs: readonly Uint8Array[]): Promise<boolean> {
  const [provenance, row_bytes] = blobs;
  if (!isBuildName(name) || provenance === undefined || row_bytes === undefined) return false;
  const { log, files } = buildRowIn(row_bytes);
  const layers: Layer[] = [
    { mediaType: SIGSTORE_BUNDLE_TYPE, bytes: provenance },
    { mediaType: BUILD_ROW_MEDIA_TYPE, bytes: row_bytes },
    { mediaType: BUILD_FILE_MEDIA_TYPE, stored: log, annotations: { [TITLE]: "build.log" } },
    ...files.map(({ path, bytes, sha256 }): Layer => ({ mediaType: BUILD_FILE_MEDIA_TYPE, stored: { digest: `sha256:${sha256}`, size: bytes }, annotations: { [TITLE]: path } })),
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

/** The part of the OCI image specification 1.1 that the node's blob store writes. */
import { Type, type Static } from "@sinclair/typebox";
import { Closed, Count } from "./scalar.ts";

/** image-spec `descriptor.md`, "Digests"; SHA-256 alone is written and read. */
export const OciDigest = Type.String({ pattern: "^sha256:[0-9a-f]{64}$" });

export const IMAGE_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
export const IMAGE_INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
/** image-spec `manifest.md`, "Guidance for an empty descriptor": the bytes `{}`. */
export const EMPTY_MEDIA_TYPE = "application/vnd.oci.empty.v1+json";
/** image-spec `image-layout.md`, "oci-layout file". */
export const IMAGE_LAYOUT_VERSION = "1.0.0";
/** image-spec `annotations.md`: the name under which tools find an artifact in a layout. */
export const REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name";

export const MediaType = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$" });
const Annotations = Type.Record(Type.String(), Type.String());

export const Descriptor = Closed({
  mediaType: MediaType,
  digest: OciDigest,
  size: Count,
  artifactType: Type.Optional(MediaType),
  annotations: Type.Optional(Annotations),
});
export type Descriptor = Static<typeof Descriptor>;

/** A blob that stands already, by digest and size. */
export const StoredBlob = Closed({ digest: OciDigest, size: Count });

export const ImageManifest = Closed({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Literal(IMAGE_MANIFEST_TYPE),
  artifactType: MediaType,
  config: Descriptor,
  layers: Type.Array(Descriptor, { minItems: 1, maxItems: 64 }),
  annotations: Type.Optional(Annotations),
});
export type ImageManifest = Static<typeof ImageManifest>;

export const ImageIndex = Closed({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Literal(IMAGE_INDEX_TYPE),
  manifests: Type.Array(Descriptor),
});
export type ImageIndex = Static<typeof ImageIndex>;

/**
 * The evidence as OCI artifacts that refer to a subject (image-spec 1.1, "Guidelines for Artifact Usage"): an image by its digest, or a
 * manifest that follows from the commit alone. For registries without the referrers API the index `sha256-<hex>` goes along
 * (distribution-spec 1.1, "Referrers Tag Schema").
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { Type, type Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { SIGSTORE_BUNDLE_TYPE, type SigstoreBundle } from "../../../proto/attestation.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { EVIDENCE_BUNDLE_MEDIA_TYPE } from "../../../proto/evidence-bundle.ts";
import type { Identity } from "../../../proto/change.ts";
import { EMPTY_MEDIA_TYPE, IMAGE_INDEX_TYPE, IMAGE_MANIFEST_TYPE, REF_NAME_ANNOTATION } from "../../../proto/oci.ts";
import { SHIPMENT_BUNDLE_MEDIA_TYPE, type ShipmentBundle, type ShippedVerification } from "../../../proto/shipment-bundle.ts";
import type { JudgedEvidence } from "../verified/evidence.ts";
import { isVerified } from "../verified/screen.ts";
import { Layout, type Blob, type Entry } from "./layout.ts";

const TITLE = "org.opencontainers.image.title";
const PREDICATE = "dev.sigstore.bundle.predicateType";
const CONTENT = "dev.sigstore.bundle.content";
/** What a manifest may have at most, as registries take it. */
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
const CHANGE_ARTIFACT = "application/vnd.maestro.change.v1";
const RELEASED_ARTIFACT = "application/vnd.maestro.released.v1";

const ManifestHead = Type.Object({ schemaVersion: Type.Literal(2), mediaType: Type.Optional(Type.String()) }, { additionalProperties: true });
/** Of an entry of the fallback index, which other tools may have written, too. */
const Referrers = Type.Object({ schemaVersion: Type.Literal(2), manifests: Type.Array(Type.Object({ digest: Type.String() }, { additionalProperties: true })) }, { additionalProperties: true });

export interface Attached {
  /** Of the artifact with the whole file. */
  readonly digest: string;
  readonly subject: string;
  /** Of artifacts with one attestation each, as cosign attaches them. */
  readonly attestations: readonly string[];
}

type Target = Static<typeof Target>;
const Target = Type.Object({ mediaType: Type.String(), digest: Type.String(), size: Type.Integer() });

function mediaTypeOf(bytes: Uint8Array, where: string): string {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (Value.Check(ManifestHead, value)) return value.mediaType ?? IMAGE_MANIFEST_TYPE;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new MaestroError("cli.usage", `${where} is no image manifest`);
}

function isManifest(bytes: Uint8Array): boolean {
  try {
    return Value.Check(ManifestHead, JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Empty config and layer, and annotations: whoever knows those can compute its digest. */
function emptyManifest(layout: Layout, artifactType: string, annotations: Readonly<Record<string, string>>, tag: string): Target {
  const empty = { mediaType: EMPTY_MEDIA_TYPE, ...layout.put(utf8("{}")) };
  const put = layout.put(canonicalBytes({ schemaVersion: 2, mediaType: IMAGE_MANIFEST_TYPE, artifactType, config: empty, layers: [empty], annotations }));
  layout.add({ mediaType: IMAGE_MANIFEST_TYPE, ...put, annotations: { [REF_NAME_ANNOTATION]: tag } }, ({ digest }) => digest === put.digest);
  return { mediaType: IMAGE_MANIFEST_TYPE, ...put };
}

const changeManifest = (layout: Layout, { head, object_format }: Identity): Target => emptyManifest(layout, CHANGE_ARTIFACT, { "org.opencontainers.image.revision": head, "org.maestro.object-format": object_format }, `commit-${head}`);

/** An image of the layout by digest, a file with an image's manifest, or what stands for the thing itself. */
function subjectOf(layout: Layout, wanted: string | undefined, itself: () => Target): Target {
  if (wanted === undefined) return itself();
  const file = existsSync(wanted);
  if (file && statSync(wanted).size > MANIFEST_BYTES_MAX) throw new MaestroError("cli.usage", `${wanted} has more than ${MANIFEST_BYTES_MAX} bytes, which is no image manifest`);
  const bytes = file ? readFileSync(wanted) : layout.get(wanted, MANIFEST_BYTES_MAX);
  if (bytes === null) throw new MaestroError("cli.usage", `the layout holds no ${wanted}: copy the image into it first, or name a file with its manifest`);
  const mediaType = mediaTypeOf(bytes, wanted);
  return { mediaType, ...layout.put(bytes) };
}

interface Part {
  readonly artifactType: string;
  readonly bytes: Uint8Array;
  readonly layer: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

function attach(layout: Layout, subject: Target, { artifactType, bytes, layer, annotations }: Part): Entry {
  const config = { mediaType: EMPTY_MEDIA_TYPE, ...layout.put(utf8("{}")) };
  const layers = [{ mediaType: artifactType, ...layout.put(bytes), annotations: layer }];
  const manifest = layout.put(canonicalBytes({ schemaVersion: 2, mediaType: IMAGE_MANIFEST_TYPE, artifactType, config, layers, subject, annotations }));
  return { mediaType: IMAGE_MANIFEST_TYPE, ...manifest, artifactType, annotations: { ...annotations } };
}

/** The index under the tag that stands for "what refers to this digest", with what it held before. */
function fallback(layout: Layout, subject: Target, referrers: readonly Entry[]): void {
  const tag = subject.digest.replace(":", "-");
  const isTag = ({ annotations }: Entry): boolean => annotations?.[REF_NAME_ANNOTATION] === tag;
  const old = layout.entries().find(isTag);
  const bytes = old === undefined ? null : layout.get(old.digest, MANIFEST_BYTES_MAX);
  const read: unknown = bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes));
  const before = Value.Check(Referrers, read) ? read.manifests.filter(({ digest }) => !referrers.some((one) => one.digest === digest)) : [];
  const index: Blob = layout.put(canonicalBytes({ schemaVersion: 2, mediaType: IMAGE_INDEX_TYPE, manifests: [...before, ...referrers] }));
  layout.add({ mediaType: IMAGE_INDEX_TYPE, ...index, annotations: { [REF_NAME_ANNOTATION]: tag } }, isTag);
}

/** What is attached to one subject. */
interface Attaching {
  readonly whole: Pick<Part, "artifactType" | "bytes"> & { readonly title: string };
  readonly attestations: readonly SigstoreBundle[];
  /** Tag of the whole file. */
  readonly tag: string;
  readonly annotations: Readonly<Record<string, string>>;
}

function attachAll(layout: Layout, subject: Target, { whole: { title, ...file }, attestations, tag, annotations }: Attaching): Attached {
  const whole = attach(layout, subject, { ...file, layer: { [TITLE]: title }, annotations });
  // One attestation each, under the type and annotations by which cosign finds them.
  const single = attestations.map((attestation) => {
    const { predicateType } = JSON.parse(Buffer.from(attestation.dsseEnvelope.payload, "base64").toString("utf8")) as { predicateType: string };
    return attach(layout, subject, { artifactType: SIGSTORE_BUNDLE_TYPE, bytes: canonicalBytes(attestation), layer: {}, annotations: { ...annotations, [PREDICATE]: predicateType, [CONTENT]: "dsse-envelope" } });
  });
  layout.add({ ...whole, annotations: { ...whole.annotations, [REF_NAME_ANNOTATION]: tag } }, (other) => other.digest === whole.digest || other.annotations?.[REF_NAME_ANNOTATION] === tag);
  for (const entry of single) layout.add(entry, ({ digest }) => digest === entry.digest);
  fallback(layout, subject, [whole, ...single]);
  layout.commit();
  return { digest: whole.digest, subject: subject.digest, attestations: single.map(({ digest }) => digest) };
}

/** Writes into a layout, new or with images in it. Requires evidence that verified. Throws `cli.usage`. */
export function writeArtifact(folder: string, wanted: string | undefined, bytes: Uint8Array, { verification, opened }: JudgedEvidence): Attached {
  if (!isVerified(verification) || opened === null) throw new MaestroError("internal.bug", "only what verified becomes an artifact");
  const { identity, gate_id, attempt } = verification.statement.predicate;
  const layout = Layout.open(folder);
  return attachAll(layout, subjectOf(layout, wanted, () => changeManifest(layout, identity)), {
    whole: { artifactType: EVIDENCE_BUNDLE_MEDIA_TYPE, bytes, title: "evidence.json" },
    attestations: [...opened.gate.bundle.attestations, ...opened.provenance.map(({ bundle }) => bundle)],
    tag: `evidence-${gate_id.slice("gate:".length, "gate:".length + 16)}-${attempt.attempt}`,
    annotations: { "org.opencontainers.image.created": attempt.issued_at, "org.opencontainers.image.revision": identity.head },
  });
}

/** A released image of the layout itself; of any other file a manifest that follows from its digest alone. */
function releasedManifest(layout: Layout, sha256: string): Target {
  const image = layout.get(`sha256:${sha256}`, MANIFEST_BYTES_MAX);
  if (image !== null && isManifest(image)) return { mediaType: mediaTypeOf(image, "the released image"), ...layout.put(image) };
  return emptyManifest(layout, RELEASED_ARTIFACT, { "org.maestro.artifact-sha256": sha256 }, `artifact-${sha256}`);
}

/** As `writeArtifact`, of a release: the whole file, both of its statements, and the provenance that it names. */
export function writeShipment(folder: string, wanted: string | undefined, bytes: Uint8Array, { result, statement }: ShippedVerification, { shipment, package_release, provenance }: ShipmentBundle): Attached {
  const [subject] = statement?.subject ?? [];
  if (result !== "verified" || statement === null || subject === undefined) throw new MaestroError("internal.bug", "only what verified becomes an artifact");
  const { sha256 } = subject.digest;
  const { range, at } = statement.predicate;
  const layout = Layout.open(folder);
  return attachAll(layout, subjectOf(layout, wanted, () => releasedManifest(layout, sha256)), {
    whole: { artifactType: SHIPMENT_BUNDLE_MEDIA_TYPE, bytes, title: "release.json" },
    attestations: [shipment, package_release, ...(provenance === null ? [] : [provenance])].map(({ bundle }) => bundle),
    tag: `release-${sha256.slice(0, 16)}-${range.to.slice(0, 12)}`,
    annotations: { "org.opencontainers.image.created": at, "org.opencontainers.image.revision": range.to },
  });
}

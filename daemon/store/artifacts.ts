/** Named artifacts over the blobs: OCI manifests, which the layout's index names. */
import { join } from "node:path";
import type { Static, TSchema } from "@sinclair/typebox";
import { canonicalBytes, parseStrict } from "../../proto/canonical.ts";
import type { StoreLimits } from "../../proto/config.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import {
  EMPTY_MEDIA_TYPE, IMAGE_LAYOUT_VERSION, IMAGE_MANIFEST_TYPE, ImageManifest,
  type Descriptor,
} from "../../proto/oci.ts";
import { openBlobs, type BlobRef, type Blobs } from "./blobs.ts";
import { openIncoming, type Incoming } from "./files.ts";
import { NameIndex } from "./name-index.ts";

/** Bytes, or a blob that is stored already. */
export type Layer = ({ readonly bytes: Uint8Array } | { readonly stored: BlobRef }) & {
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

export interface Artifact {
  readonly manifest: ImageManifest;
  readonly descriptor: Descriptor;
}

/** What an audit and a repair ask of the artifacts. */
export interface ArtifactCare {
  /** What is wrong with a named artifact, manifest and layers alike, or `null`. Layers' bytes are not read. */
  checkArtifact(name: string): Promise<string | null>;
  /** For a repair: names a manifest that lies among the blobs, unless the name stands for it already. `false` where there was nothing to do. */
  restoreName(name: string, digest: string): Promise<boolean>;
  /** Digests that the artifacts name, manifests and layers and config. Throws `store.corrupt` where a manifest cannot be read. */
  references(): Promise<Set<string>>;
}

export interface Artifacts extends ArtifactCare {
  readonly blobs: Blobs;
  /** Folder that `skopeo inspect oci:FOLDER:NAME` reads. */
  readonly layout: string;
  /** Stores layers and manifest and names it; durable when it resolves. A name that stands moves to the new artifact. */
  putArtifact(name: string, artifactType: string, layers: readonly Layer[]): Promise<Descriptor>;
  /** `undefined` where no artifact has that name; throws `store.corrupt` where its blobs are gone or others. */
  getArtifact(name: string): Promise<Artifact | undefined>;
  /** The names go; durable when it resolves. Blobs stay until somebody removes them. */
  removeNames(names: readonly string[]): Promise<void>;
  names(): readonly string[];
}

// A manifest is ours and flat; the bound keeps a damaged file from being read without end.
const JSON_LIMITS = { bytes_max: 256 * 1024 * 1024, depth_max: 8 };
const EMPTY_CONFIG = utf8("{}");
// image-spec annotations.md gives this grammar for ref.name; a path separator is left out, so that tools agree on it.
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._:@+-]{0,250}[A-Za-z0-9])?$/;

const checkManifest = lazyCheck(ImageManifest);

function parse<S extends TSchema>(bytes: Uint8Array, checker: { Check(value: unknown): value is Static<S> }, what: string): Static<S> {
  try {
    const value: unknown = parseStrict(bytes, JSON_LIMITS);
    if (checker.Check(value)) return value;
  } catch (error) {
    throw new MaestroError("store.corrupt", `${what} cannot be read`, { cause: error });
  }
  throw new MaestroError("store.corrupt", `${what} is not in the form it was written in`);
}

async function writeLayoutFile(layout: string, incoming: Incoming): Promise<void> {
  const path = join(layout, "oci-layout");
  const bytes = canonicalBytes({ imageLayoutVersion: IMAGE_LAYOUT_VERSION });
  await incoming.publish(await incoming.write([bytes], bytes.length, () => undefined), path);
}

/** The image layout stands in `oci` under the state folder, half-written files in `incoming` beside it. */
export async function openArtifacts(deps: { readonly state_dir: string; readonly limits: StoreLimits }): Promise<Artifacts> {
  const layout = join(deps.state_dir, "oci");
  const incoming = await openIncoming(join(deps.state_dir, "incoming"));
  const blobs = await openBlobs(layout, incoming, deps.limits);
  await writeLayoutFile(layout, incoming);
  const index = await NameIndex.load({ layout, incoming, blobs });
  const empty = { mediaType: EMPTY_MEDIA_TYPE, ...(await blobs.put(EMPTY_CONFIG)) };

  async function readManifest(descriptor: Descriptor, name: string): Promise<ImageManifest> {
    const bytes = await blobs.get(descriptor.digest);
    if (bytes === undefined) throw new MaestroError("store.corrupt", `the manifest of ${name} is gone`);
    return parse<typeof ImageManifest>(bytes, checkManifest(), `the manifest of ${name}`);
  }

  return {
    blobs,
    layout,
    async putArtifact(name, artifactType, layers) {
      if (!NAME.test(name)) throw new MaestroError("internal.bug", `not a name for an artifact: ${JSON.stringify(name)}`);
      const stored = await Promise.all(
        layers.map(async ({ mediaType, annotations, ...layer }): Promise<Descriptor> => ({
          mediaType,
          ...("bytes" in layer ? await blobs.put(layer.bytes) : layer.stored),
          ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
        })),
      );
      const manifest: ImageManifest = { schemaVersion: 2, mediaType: IMAGE_MANIFEST_TYPE, artifactType, config: empty, layers: stored };
      if (!checkManifest().Check(manifest)) throw new MaestroError("internal.bug", `artifact ${name}: ${checkManifest().Errors(manifest).First()?.path ?? "?"}`);
      const entry: Descriptor = { mediaType: IMAGE_MANIFEST_TYPE, artifactType, ...(await blobs.put(canonicalBytes(manifest))) };
      await index.set(name, entry);
      return entry;
    },
    async getArtifact(name) {
      const descriptor = index.get(name);
      return descriptor === undefined ? undefined : { descriptor, manifest: await readManifest(descriptor, name) };
    },
    removeNames: (names) => index.remove(names),
    names: () => index.names(),
    ...care({ index, blobs, readManifest, empty_digest: empty.digest }),
  };
}

interface CareDeps {
  readonly index: NameIndex;
  readonly blobs: Blobs;
  readonly readManifest: (descriptor: Descriptor, name: string) => Promise<ImageManifest>;
  readonly empty_digest: string;
}

function care({ index, blobs, readManifest, empty_digest }: CareDeps): ArtifactCare {
  return {
    async checkArtifact(name) {
      const descriptor = index.get(name);
      if (descriptor === undefined) return "it has no entry in index.json";
      try {
        const manifest = await readManifest(descriptor, name);
        if (descriptor.mediaType !== IMAGE_MANIFEST_TYPE || descriptor.artifactType !== manifest.artifactType || descriptor.size !== canonicalBytes(manifest).length) return "its entry in index.json does not describe its manifest";
        for (const { digest } of [manifest.config, ...manifest.layers]) if (!(await blobs.has(digest))) return `blob ${digest} is missing`;
        return null;
      } catch (error) {
        if (error instanceof MaestroError) return error.detail;
        throw error;
      }
    },
    async restoreName(name, digest) {
      if (index.get(name)?.digest === digest) return false;
      const bytes = await blobs.get(digest);
      if (bytes === undefined) return false;
      const { artifactType } = parse<typeof ImageManifest>(bytes, checkManifest(), `the manifest of ${name}`);
      await index.set(name, { mediaType: IMAGE_MANIFEST_TYPE, artifactType, digest, size: bytes.length });
      return true;
    },
    async references() {
      const found = new Set<string>([empty_digest, ...index.blobs()]);
      for (const name of index.names()) {
        const descriptor = index.get(name);
        if (descriptor === undefined) continue;
        found.add(descriptor.digest);
        const { config, layers } = await readManifest(descriptor, name);
        for (const { digest } of [config, ...layers]) found.add(digest);
      }
      return found;
    },
  };
}

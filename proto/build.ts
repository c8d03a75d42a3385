/** Builds as trusted configuration declares them, and what is kept of one. Argv only: no shell reads any of this. */
import { Type, type Static } from "@sinclair/typebox";
import { Command, CommandName, InnerPath } from "./command.ts";
import { OciDigest } from "./oci.ts";
import { Closed, Count, GitOid, RepositoryId, Sha256Hex } from "./scalar.ts";
import { TenantId } from "./tenant.ts";

export const PROVENANCE_PREDICATE = "https://slsa.dev/provenance/v1";

/** Fewer than an artifact has layers. */
export const BUILD_OUTPUTS_MAX = 56;

/** As they are printed, compared and written to anybody's disk: nothing that ends a line, turns a line round or cannot be seen. */
const OutputPath = Type.String({ ...InnerPath, description: "a relative path without . or .. in it, and without characters that cannot be seen", pattern: `^(?![^]*[\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069])${String(InnerPath.pattern).slice(1)}` });

/** Beside the outputs, wherever they are written. */
export const provenanceName = (build: string): string => `${build}.provenance.sigstore.json`;

const { run, inputs, mounts, env, cwd, deadline_ms } = Command.properties;

export const Build = Closed({
  run: { ...run, description: "the program and its arguments, as they are; the commit's tree lies in /change, read-only, /scratch is writable" },
  inputs: Type.Optional({ ...inputs, description: "globs; the build sees these files of the tree and no others; absent: the whole tree" }),
  mounts,
  env,
  cwd,
  deadline_ms: Type.Optional({ ...deadline_ms, description: "never more than limits.build.wall_ms" }),
  outputs: Type.Array(OutputPath, { minItems: 1, maxItems: BUILD_OUTPUTS_MAX, uniqueItems: true, description: "files below /scratch that the build must leave; each is a subject of the provenance under this name" }),
});
export type Build = Static<typeof Build>;

export const Builds = Type.Record(CommandName, Build, { additionalProperties: false, maxProperties: 32, description: "what maestro build may run over a commit's tree; docs/build.md" });
export type Builds = Static<typeof Builds>;

/** Names what is kept of a build: the start of the SHA-256 of its signed statement. */
export const BuildId = Type.String({ pattern: "^build-[0-9a-f]{32}$" });
export const buildId = (statement_sha256: string): string => `build-${statement_sha256.slice(0, 32)}`;

/** `blob` is where it is kept, see `BUILD_FILE_MEDIA_TYPE`. */
export const BuiltFile = Closed({ path: InnerPath, bytes: Count, sha256: Sha256Hex, blob: OciDigest });
export type BuiltFile = Static<typeof BuiltFile>;

/** Beside the provenance in a build's artifact: whose it is, and the bytes it consists of. */
export const BuildRow = Closed({
  build_id: BuildId,
  build: CommandName,
  repo_id: RepositoryId,
  commit: GitOid,
  owner_uid: Count,
  owner_tenant: Type.Optional(TenantId),
  log_index: Count,
  provenance: OciDigest,
  log: Closed({ digest: OciDigest, size: Count }),
  files: Type.Array(BuiltFile, { minItems: 1, maxItems: BUILD_OUTPUTS_MAX }),
});
export type BuildRow = Static<typeof BuildRow>;

export const BUILD_MEDIA_TYPE = "application/vnd.maestro.build.v1+json";
/**
 * Its log and its outputs, each after 16 random bytes: what a build leaves are bytes of its own choice, and a blob that begins as one of the
 * node's own records would be taken for one by a repair, or keep one from going when its time is over.
 */
export const BUILD_FILE_MEDIA_TYPE = "application/vnd.maestro.build-file.v1";
export const BUILD_FILE_NONCE_BYTES = 16;
export const BUILD_ROW_MEDIA_TYPE = "application/vnd.maestro.build-row.v1+json";

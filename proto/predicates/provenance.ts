/**
 * SLSA provenance v1 of a build that this node ran itself (slsa.dev/spec/v1.1/provenance). The fields below `externalParameters` and
 * `internalParameters` are those of our own build type, which docs/build.md describes.
 */
import { Type, type Static } from "@sinclair/typebox";
import { STATEMENT_TYPE } from "../attestation.ts";
import { Build, BUILD_OUTPUTS_MAX, PROVENANCE_PREDICATE } from "../build.ts";
import { Mode } from "../change.ts";
import { CommandName, InnerPath } from "../command.ts";
import { Base64, Choice, Closed, Count, GitOid, RefName, RepositoryId, Sha256Hex, ShortText, Timestamp } from "../scalar.ts";

export const BUILD_TYPE = "urn:maestro:build:sandbox:v1";

/** One builder for each mode: what a mode protects is another promise. */
export const builderId = (trust_domain: string, mode: Mode): string => `urn:maestro:builder:${trust_domain}:${mode}`;

/** in-toto ResourceDescriptor, as far as we write it. */
const Resource = Closed({
  name: Type.Optional(ShortText),
  uri: Type.Optional(ShortText),
  digest: Type.Optional(Type.Record(Type.String({ pattern: "^[a-zA-Z0-9]+$" }), Type.String({ pattern: "^[0-9a-f]+$" }))),
  mediaType: Type.Optional(ShortText),
  content: Type.Optional(Base64),
  annotations: Type.Optional(Type.Record(Type.String({ pattern: "^[a-z_]{1,64}$" }), ShortText)),
});
export type Resource = Static<typeof Resource>;

/** What a consumer compares with what it expected: all that whoever asked may choose. That it is run twice, which they may choose too, is told by the byproduct. */
export const ExternalParameters = Closed({
  build: CommandName,
  repository: RepositoryId,
  commit: GitOid,
  recipe_ref: Type.Optional({ ...RefName, description: "branch whose tip says what a build of that name is; absent in provenance of before this was said" }),
  ref: Type.Optional({ ...RefName, description: "set where the commit was the tip of this branch, as the node itself saw it or, in mode local, as the caller said" }),
});
export type ExternalParameters = Static<typeof ExternalParameters>;

/** What the trusted side decided. */
export const InternalParameters = Closed({
  mode: Mode,
  recipe: Build,
  configuration: Closed({ source: Choice(["host", "base"]), ref: RefName, commit: GitOid }, { description: "who declared the recipe; for base, in which commit's maestro.yaml" }),
  sandbox: Choice(["bwrap", "runsc"]),
  network: Type.Literal("none"),
  source_date_epoch: Count,
  limits: Closed({ wall_ms: Count, cpu_s: Count, memory_bytes_max: Count }),
});
export type InternalParameters = Static<typeof InternalParameters>;

/** What a second run of the same build came to; only where there was one. */
export const Repeat = Closed({ runs: Type.Literal(2), differing: Type.Array(InnerPath, { maxItems: BUILD_OUTPUTS_MAX }) });
export type Repeat = Static<typeof Repeat>;
export const REPEAT_NAME = "repeat";
export const SOURCE_NAME = "source";
export const LOG_NAME = "log";

export const ProvenanceSubject = Closed({ name: InnerPath, digest: Closed({ sha256: Sha256Hex }) });

export const Provenance = Closed({
  buildDefinition: Closed({
    buildType: Type.Literal(BUILD_TYPE),
    externalParameters: ExternalParameters,
    internalParameters: InternalParameters,
    resolvedDependencies: Type.Array(Resource, { minItems: 1, maxItems: 128 }),
  }),
  runDetails: Closed({
    builder: Closed({ id: Type.String({ pattern: "^urn:maestro:builder:" }), version: Type.Record(Type.String({ pattern: "^[a-z]{1,32}$" }), ShortText) }),
    metadata: Closed({ invocationId: Type.String({ pattern: "^urn:maestro:build-run:[0-9a-f]{32}$" }), startedOn: Timestamp, finishedOn: Timestamp }),
    byproducts: Type.Array(Resource, { maxItems: 16 }),
  }),
});
export type Provenance = Static<typeof Provenance>;

export const ProvenanceStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(ProvenanceSubject, { minItems: 1, maxItems: BUILD_OUTPUTS_MAX }),
  predicateType: Type.Literal(PROVENANCE_PREDICATE),
  predicate: Provenance,
});
export type ProvenanceStatement = Static<typeof ProvenanceStatement>;

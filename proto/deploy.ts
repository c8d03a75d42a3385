/** What may be deployed: one closed document, and what a verifier answers under it. Bounds are decimal texts, as in maestro.yaml. */
import { Type, type Static } from "@sinclair/typebox";
import { Mode } from "./change.ts";
import { CheckName, Choice, Closed, Count, RefName, RepositoryId, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";

const Bound = Type.String({ pattern: "^-?(?:0|[1-9][0-9]{0,37})(?:\\.[0-9]{1,18})?$", maxLength: 60, description: "a decimal number as text" });
const Seconds = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
const some = <T extends Parameters<typeof Type.Array>[0]>(item: T) => Type.Array(item, { minItems: 1, maxItems: 256 });

export const WantedAttestation = Closed({
  predicate_type: ShortText,
  of: Type.Optional({ ...ShortText, description: "whose result, where there may be several of one type, such as command.NAME" }),
});

export const WantedCheck = Closed({
  check: CheckName,
  or_not_applicable: Type.Optional(Type.Boolean({ description: "a change of which the check says that its question does not arise will do" })),
});

export const WantedObligation = Closed({
  name: Type.String({ pattern: "^[a-z][a-z0-9./_-]*$", maxLength: 128 }),
  min: Type.Optional(Bound),
  max: Type.Optional(Bound),
});

/** Whatever is absent is not asked for, but for what is refused unless it is allowed: mode local, self-made trust, overrides, carried checks. */
export const DeployPolicy = Closed(
  {
    version: Type.Literal(1),
    name: Type.Optional(ShortText),
    repositories: some(RepositoryId),
    target_refs: Type.Optional(some(RefName)),
    modes: Type.Optional({ ...some(Mode), description: "default: host and fork" }),
    trust_domains: Type.Optional(some(ShortText)),
    self_made_trust: Type.Optional(Type.Boolean({ description: "a trust file that the node wrote for itself will do; default false" })),
    release_age_s_max: Type.Optional({ ...Seconds, description: "how old the release may be" }),
    gate_age_s_max: Type.Optional({ ...Seconds, description: "how long ago each change may have been admitted" }),
    witnesses_min: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, description: "how many known witnesses cosigned the log, for the release and for each gate" })),
    slsa_level_min: Type.Optional(Type.Integer({ minimum: 1, maximum: 3, description: "build level of the artifact's provenance" })),
    builders: Type.Optional({ ...some(ShortText), description: "whose provenance" }),
    sbom: Type.Optional(Type.Literal(true, { description: "the release names a bill of materials" })),
    attestations: Type.Optional({ ...some(WantedAttestation), description: "what each gate must have said beside its obligations" }),
    verified_levels: Type.Optional({ ...some(ShortText), description: "levels that each gate's VSA must name" }),
    checks: Type.Optional({ ...some(WantedCheck), description: "checks that must have passed in each gate" }),
    obligations: Type.Optional({ ...some(WantedObligation), description: "numbers that must lie within these bounds in each gate" }),
    overrides: Type.Optional(Type.Boolean({ description: "changes that somebody broke the glass for will do; default false" })),
    carried: Type.Optional(Type.Boolean({ description: "checks whose answer came along with a change will do; default false" })),
  },
  { $id: "DeployPolicy" },
);
export type DeployPolicy = Static<typeof DeployPolicy>;

export const DeployCode = Choice([
  "release.missing", "release.invalid", "release.age", "repository", "target", "mode", "trust_domain", "trust.self_made", "witnesses",
  "provenance.missing", "provenance.invalid", "provenance.level", "provenance.builder", "sbom",
  "gate.missing", "gate.invalid", "gate.verdict", "gate.age", "attestation", "level", "check", "obligation", "override", "carried",
]);
export type DeployCode = Static<typeof DeployCode>;

/** Why not, of which change, and the smallest step that would help. */
export const DeployReason = Closed({ code: DeployCode, gate_id: Type.Union([Type.String(), Type.Null()]), detail: ShortText, next: ShortText });
export type DeployReason = Static<typeof DeployReason>;

/** `unknown_signer`: nobody the trust file knows signed the release. Nothing that could not be judged is among what passed. */
export const DeployVerdict = Closed({
  result: Choice(["pass", "refuse", "unknown_signer"]),
  artifact: Closed({ name: ShortText, sha256: Sha256Hex }),
  reasons: Type.Array(DeployReason),
  gates: Count,
  at: Timestamp,
});
export type DeployVerdict = Static<typeof DeployVerdict>;

/** Who pays and what they may do: the operator's table of tenants, the sockets by role, and whose tokens are believed. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count, RefName, RepositoryId } from "./scalar.ts";

/** What may be asked of the daemon. `operate` is for the operator alone: stop, backup, reload. */
export const Verb = Choice(["gate", "replay", "read", "inspect", "operate", "ship"], {
  description: "gate: judge a change; replay: judge the past, unsigned; read: cards of one's own gates; inspect: status and settings; operate: stop and maintain the daemon; ship: release artifacts, which no tenant may unless its verbs say so",
});
export type Verb = Static<typeof Verb>;

/** What a socket may be used for at all; a tenant's verbs come on top. */
export const SocketRole = Choice(["admin", "gate", "verify", "witness"], { description: "admin: everything; gate: all but operate; verify: read and inspect; witness: what is open to whoever connects, as for the proxy before a witness" });
export type SocketRole = Static<typeof SocketRole>;

/** Begins with a letter, so that it is never taken for a uid. */
export const TenantId = Type.String({ pattern: "^[a-z][a-z0-9-]{0,62}$", description: "name of a tenant: lower-case letters, digits and dashes" });

/** A repository id, or the start of one with `*` behind it. */
export const RepositoryPattern = RepositoryId;

const GroupName = Type.String({ pattern: "^[a-z_][a-z0-9_-]{0,31}$", description: "name of a group in /etc/group" });
export const GroupRef = Type.Union([Count, GroupName], { description: "a group, by number or by its name in /etc/group" });
export type GroupRef = Static<typeof GroupRef>;

/** What may be spent in one window; an absent dimension is not limited. */
export const Spending = Closed({
  wall_us: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "time at work, in microseconds" })),
  cpu_us: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "processor time of its check processes, in microseconds" })),
  model_tokens: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "tokens of models" })),
  usd_micro: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "money spent on routed work, in millionths of a dollar" })),
  gpu_us: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "time of a GPU, in microseconds" })),
});
export type Spending = Static<typeof Spending>;

export const BudgetWindow = Choice(["hour", "day"], { description: "UTC; at its start the budget is whole again" });
export type BudgetWindow = Static<typeof BudgetWindow>;

const positive = (value: number, description: string) => Type.Integer({ minimum: 1, maximum: 1_000_000, default: value, description });

/** How fast one tenant may ask, by verb, and how much of it may wait. The operator is not held back. */
export const TenantLimits = Closed({
  gate_per_s: positive(50, "requests of gating a second, three to a gate; what was saved up is the burst"),
  gate_burst: positive(300, "requests of gating at once"),
  replay_per_s: positive(5, "replays a second"),
  replay_burst: positive(20, "replays at once"),
  read_per_s: positive(500, "cards read a second"),
  read_burst: positive(2_000, "cards read at once"),
  inspect_per_s: positive(500, "questions about the daemon a second"),
  inspect_burst: positive(2_000, "questions about the daemon at once"),
  ship_per_s: positive(1, "releases of artifacts a second"),
  ship_burst: positive(10, "releases of artifacts at once"),
  refused_per_s: positive(5, "refused tokens a second, by user: checking a signature costs a millisecond of everybody's daemon"),
  refused_burst: positive(50, "refused tokens at once"),
  queue_max: positive(64, "gates, replays and questions about targets of one tenant, at work or in line"),
});
export type TenantLimits = Static<typeof TenantLimits>;

/** One tenant of a build host. */
export const TenantEntry = Closed({
  id: TenantId,
  uids: Type.Optional(Type.Array(Count, { maxItems: 1024, description: "users that are this tenant" })),
  groups: Type.Optional(Type.Array(GroupRef, { maxItems: 64, description: "whoever is in one of these groups and named by no uid" })),
  shared_uid: Type.Optional(Type.Boolean({ description: "others use the same user: who is meant is said by a token, which is then required" })),
  verbs: Type.Optional(Type.Array(Verb, { description: "what it may ask (default: gate, replay, read, inspect)" })),
  repositories: Type.Optional(Type.Array(RepositoryPattern, { maxItems: 1024, description: "repositories it may name, `*` at an end; absent: any name of its own in mode local, and none of the operator's table" })),
  budget: Type.Optional(Closed({ window: BudgetWindow, ...Spending.properties })),
  limits: Type.Optional(Type.Partial(TenantLimits, { additionalProperties: false })),
});
export type TenantEntry = Static<typeof TenantEntry>;

/** A socket of its own for each role; the kernel's file mode decides who may connect. */
export const SocketEntry = Closed({
  path: Type.String({ pattern: "^/", maxLength: 107, description: "absolute path" }),
  role: SocketRole,
  mode: Type.Optional(Type.String({ pattern: "^0?[0-7]{3}$", description: "permission bits in octal, quoted (default: admin 0600, gate and witness 0660, verify 0666)" })),
  group: Type.Optional(GroupRef),
});
export type SocketEntry = Static<typeof SocketEntry>;

/** Identifier of one token: what revokes it and what its budget is counted by. */
export const TokenId = Type.String({ pattern: "^[A-Za-z0-9_-]{8,128}$" });

/** Whose capability tokens are taken. */
export const CapabilitySource = Closed({
  trust_file: Type.String({ pattern: "^/", maxLength: 4096, description: "its keys of role capability sign tokens" }),
  revoked: Type.Optional(Type.Array(TokenId, { maxItems: 10_000, description: "jti of tokens that are no longer taken" })),
});
export type CapabilitySource = Static<typeof CapabilitySource>;

const ClaimName = Type.String({ pattern: "^[a-zA-Z_][a-zA-Z0-9_]{0,63}$" });

/** A CI system whose job tokens are taken, checked against keys that lie on this machine. */
export const OidcIssuer = Closed({
  issuer: Type.String({ minLength: 1, maxLength: 512, description: "the token's iss, letter for letter" }),
  audience: Type.String({ minLength: 1, maxLength: 512, description: "the token's aud: the name this daemon is asked for by" }),
  jwks_file: Type.String({ pattern: "^/", maxLength: 4096, description: "the issuer's public keys (JWKS); nothing is fetched" }),
  tenant: TenantId,
  repositories: Type.Array(Closed({ claim: RepositoryId, id: RepositoryId }), { minItems: 1, maxItems: 1024, description: "what the token calls a repository, and what it is called here" }),
  verbs: Type.Optional(Type.Array(Verb, { description: "at most these (default: gate, read)" })),
  claims: Type.Optional(
    Closed({
      repository: Type.Optional(ClaimName),
      sha: Type.Optional(ClaimName),
      ref: Type.Optional(ClaimName),
      target_ref: Type.Optional(ClaimName),
    }, { description: "names of the claims (default: repository, sha, ref, base_ref)" }),
  ),
});
export type OidcIssuer = Static<typeof OidcIssuer>;

/** The one change a job's token speaks for. */
export const BoundChange = Closed({ repository: RepositoryId, head: Type.String(), target_ref: RefName });
export type BoundChange = Static<typeof BoundChange>;

/** A capability token: what a tenant on a shared user may do, until when, signed by a key of role `capability`. */
import { Type, type Static } from "@sinclair/typebox";
import { Closed, Fingerprint, Timestamp } from "./scalar.ts";
import { RepositoryPattern, Spending, TenantId, TokenId, Verb } from "./tenant.ts";

export const CapabilityBody = Closed({
  trust_domain: Type.String({ minLength: 1, maxLength: 253, description: "the authority it is for; another host's token is none here" }),
  tenant: TenantId,
  verbs: Type.Array(Verb, { minItems: 1, maxItems: 6 }),
  repositories: Type.Array(RepositoryPattern, { minItems: 1, maxItems: 256 }),
  budget: Type.Union([Spending, Type.Null()], { description: "for as long as the token lives; null: the tenant's own is the limit" }),
  issued_at: Timestamp,
  expires_at: Timestamp,
  jti: TokenId,
  key: Fingerprint,
});
export type CapabilityBody = Static<typeof CapabilityBody>;

/** No token lives longer: what it spent is kept for this long. */
export const CAPABILITY_LIFE_S_MAX = 31 * 86_400;

/** Principals for tests that ask a room directly, as the socket would hand them on. */
import { Value } from "@sinclair/typebox/value";
import { TenantLimits } from "../../proto/tenant.ts";
import type { Principal } from "../tenants/index.ts";

/** A user who is nobody's tenant: the one the daemon runs as, or root. */
export function ownUser(uid: number): Principal {
  return { uid, tenant: null, verbs: new Set(["gate", "replay", "read", "inspect", "operate", "ship"]), space: String(uid), repositories: [], named: false, bound: null, accounts: [], limits: Value.Create(TenantLimits) };
}

/** A tenant with a user of its own. */
export function tenant(id: string, uid: number, more: Partial<Principal> = {}): Principal {
  return { ...ownUser(uid), tenant: id, verbs: new Set(["gate", "replay", "read", "inspect"]), ...more };
}

/** Which verbs open a route, and who is asked whether the caller has one of them. */
import type { SocketRole, Verb } from "../../proto/tenant.ts";
import type { Call } from "../platform/socket/index.ts";
import { credentialOf, type Principal, type Tenants } from "../tenants/index.ts";

/**
 * Who may call a route. `open`: whoever could connect. `any`: every tenant of this host. `work`: whoever may gate or replay. `findings`: whoever may gate or read, of the gates it may see.
 * `release`: whoever
 * may read, and whoever the host configuration lists as a person. `ship`: whoever may release artifacts. `operator`: whoever runs the daemon, on a socket of role admin.
 */
export type Access = "open" | "any" | "work" | "gate" | "replay" | "read" | "findings" | "release" | "ship" | "operator";

const NEEDS: Readonly<Record<Access, readonly Verb[]>> = {
  open: [],
  any: ["inspect"],
  work: ["gate", "replay"],
  gate: ["gate"],
  replay: ["replay"],
  read: ["read"],
  release: ["read"],
  findings: ["read", "gate"],
  ship: ["ship"],
  operator: ["operate"],
};

type Door = Pick<Tenants, "admit"> & Partial<Pick<Tenants, "isPerson">>;

/** A call whose sender is known and may make it. */
export interface AuthorisedCall extends Call {
  readonly principal: Principal;
  /** Of the request; absent where a route is run without one. */
  readonly headers?: Headers;
}

/** Throws `auth.denied`, `auth.token` or `tenant.rate`; nothing of the request's body has been read by then. */
export function authorise(tenants: Door, access: Access, role: SocketRole, request: Pick<Request, "headers">, { peer }: Call): Principal | Promise<Principal> {
  // A person belongs to no tenant: no job runs as them. What they may release is asked where they release it.
  if (access === "release" && tenants.isPerson?.(peer.uid) === true) return tenants.admit(peer, role, [], null);
  return tenants.admit(peer, role, NEEDS[access], access === "open" ? null : credentialOf(request.headers));
}

/** Who asks, and what of the host's repositories and gates that reaches. Pure: no answer here depends on more than its arguments. */
import { branchRef } from "../../proto/remote.ts";
import type { BoundChange, SocketRole, Spending, TenantLimits, Verb } from "../../proto/tenant.ts";
import { LOCAL_PREFIX } from "../config/operator-table.ts";

/** Something whose spending is counted. `window_s` is `null` where the budget is for as long as the account lives. */
export interface Account {
  readonly key: string;
  readonly budget: Spending;
  readonly window_s: number | null;
}

/** Whoever sent a request, once the socket, the kernel and a token have been asked. */
export interface Principal {
  readonly uid: number;
  /** `null`: the daemon's own user or root, who pay nobody. */
  readonly tenant: string | null;
  readonly verbs: ReadonlySet<Verb>;
  /** Under which name a repository of mode `local` is kept apart from everybody else's. */
  readonly space: string;
  /** Each list must name a repository before it may be used; none: every name of one's own. */
  readonly repositories: readonly (readonly string[])[];
  /** Whether the operator named repositories for this tenant: without that, those of the operator's table are closed to it. */
  readonly named: boolean;
  /** The one change a CI job's token speaks for. */
  readonly bound: BoundChange | null;
  readonly accounts: readonly Account[];
  readonly limits: TenantLimits;
}

/** The part of a recorded gate that says whose it is. */
export interface Owned {
  readonly repo_id: string;
  readonly head: string;
  readonly owner_uid: number;
  readonly owner_tenant?: string;
}

const ROLE_VERBS: Readonly<Record<SocketRole, readonly Verb[]>> = {
  admin: ["gate", "replay", "read", "inspect", "operate", "ship"],
  gate: ["gate", "replay", "read", "inspect", "ship"],
  verify: ["read", "inspect"],
  witness: [],
};

/** What of `verbs` a socket of this role lets through. */
export function verbsAt(role: SocketRole, verbs: Iterable<Verb>): ReadonlySet<Verb> {
  const through = ROLE_VERBS[role];
  return new Set([...verbs].filter((verb) => through.includes(verb)));
}

/** `name*` stands for every id that begins with `name`; anything else for itself. */
export function matches(pattern: string, id: string): boolean {
  return pattern.endsWith("*") ? id.startsWith(pattern.slice(0, -1)) : pattern === id;
}

/** In mode `local` a repository's name is a claim: it is unique within whoever makes it, so that two of them never share a store. */
export function localRepositoryId({ space }: Pick<Principal, "space">, name: string): string {
  return `${LOCAL_PREFIX}${space}:${name}`;
}

/** What the client called the repository of a local id, or `null` for an id of the operator's table. */
function localName(repo_id: string): { readonly space: string; readonly name: string } | null {
  if (!repo_id.startsWith(LOCAL_PREFIX)) return null;
  const [space = "", ...name] = repo_id.slice(LOCAL_PREFIX.length).split(":");
  return { space, name: name.join(":") };
}

/** Whether the lists that the principal came with reach this name. */
function reaches({ repositories, bound }: Principal, name: string): boolean {
  if (bound !== null && bound.repository !== name) return false;
  return repositories.every((list) => list.some((pattern) => matches(pattern, name)));
}

/** The one place that says who may send objects to a repository or have it judged. */
export function mayUse(principal: Principal, repo_id: string): boolean {
  const local = localName(repo_id);
  if (local !== null) return local.space === principal.space && reaches(principal, local.name);
  return principal.tenant === null || (principal.named && reaches(principal, repo_id));
}

/** Why a job's token does not speak for this change, or `null`; without such a token every change of a repository may be named. */
export function notBoundTo({ bound }: Pick<Principal, "bound">, { head, target_ref }: { readonly head: string; readonly target_ref: string }): string | null {
  if (bound === null) return null;
  if (bound.head !== head) return `the token is for commit ${bound.head}, not for ${head}`;
  return bound.target_ref === branchRef(target_ref) ? null : `the token is for ${bound.target_ref}, not for ${target_ref}`;
}

/** Whether a recorded gate is the principal's to read. What it may not read it does not learn the existence of. */
export function maySee(principal: Principal, row: Owned): boolean {
  const { tenant, bound } = principal;
  if (tenant === null) return true;
  // A job's token speaks for one change, to ask about it as well as to have it judged.
  if (bound !== null && bound.head !== row.head) return false;
  const local = localName(row.repo_id);
  if (local === null) return principal.named && reaches(principal, row.repo_id);
  // Gates from before there were tenants carry a user alone; a user that several tenants share proves nothing.
  const mine = row.owner_tenant === undefined ? row.owner_uid === principal.uid && principal.space === String(principal.uid) : row.owner_tenant === tenant;
  return mine && reaches(principal, local.name);
}

/** Who is asked before a handler runs and before its answer leaves. Every route passes here, because `createApi` runs no handler itself, and so does the log as files. */
import type { RouteName } from "../../proto/routes.ts";
import type { SocketRole } from "../../proto/tenant.ts";
import { mayUse } from "../tenants/index.ts";
import type { Access, AuthorisedCall } from "./access.ts";

/** What the log as files is called here; it is no route of the interface. */
export const LOG_FILES = "logFiles";

/** A request that passed the checks of its route. */
export interface GuardedRequest {
  readonly route: RouteName | typeof LOG_FILES;
  readonly access: Access;
  /** See `RouteShape`. */
  readonly once: boolean;
  readonly role: SocketRole;
  readonly uid: number;
  /** Empty for the daemon's own user and root. */
  readonly tenant: string;
  readonly verbs: readonly string[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly reader: { mayUse(repo_id: string): boolean; readonly bound_head: string };
}

/** Both throw `invariant.violated`. */
export interface RouteGuard {
  before(request: GuardedRequest): void;
  /** `answer` is the reply, or one event of it. */
  after(request: GuardedRequest, answer: unknown): void;
}

/** The guard of one request: its route asks before and after its handler. */
export interface AskedGuard {
  before(params: Readonly<Record<string, unknown>>, body: unknown): void;
  after(answer: unknown): void;
}

export const UNGUARDED: AskedGuard = { before: () => undefined, after: () => undefined };

export function askedGuard(guard: RouteGuard | undefined, route: { readonly name: GuardedRequest["route"]; readonly access: Access; readonly shape: { readonly once?: true } }, role: SocketRole, { principal }: AuthorisedCall): AskedGuard {
  if (guard === undefined) return UNGUARDED;
  const { uid, tenant, verbs, bound } = principal;
  let request: GuardedRequest = { route: route.name, access: route.access, once: route.shape.once === true, role, uid, tenant: tenant ?? "", verbs: [...verbs], params: {}, body: undefined, reader: { mayUse: (repo_id) => mayUse(principal, repo_id), bound_head: bound?.head ?? "" } };
  return {
    before(params, body) {
      request = { ...request, params, body };
      guard.before(request);
    },
    after: (answer) => guard.after(request, answer),
  };
}

/** Each event is asked about before it leaves. */
export async function* guardedEvents<T>(events: AsyncGenerator<T, void>, guard: AskedGuard): AsyncGenerator<T, void> {
  for await (const event of events) {
    guard.after(event);
    yield event;
  }
}

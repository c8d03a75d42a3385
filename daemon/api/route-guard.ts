/** Who is asked before a handler runs and before its answer leaves. Every route passes here, because `createApi` runs no handler itself. */
import type { RouteName } from "../../proto/routes.ts";
import type { SocketRole } from "../../proto/tenant.ts";
import type { Access, AuthorisedCall } from "./access.ts";

/** A request that passed the checks of its route. */
export interface GuardedRequest {
  readonly route: RouteName;
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

export function askedGuard(guard: RouteGuard | undefined, route: { readonly name: RouteName; readonly access: Access; readonly shape: { readonly once?: true } }, role: SocketRole, { principal: { uid, tenant, verbs } }: AuthorisedCall): AskedGuard {
  if (guard === undefined) return UNGUARDED;
  let request: GuardedRequest = { route: route.name, access: route.access, once: route.shape.once === true, role, uid, tenant: tenant ?? "", verbs: [...verbs], params: {}, body: undefined };
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

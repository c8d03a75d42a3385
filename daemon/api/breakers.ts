/** Breakers before routes that reach far, and the routes that show and close them. */
import { BreakerResetAsk, BreakerResetReply, BreakersReply, type BreakerAction } from "../../proto/breaker.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { RouteName } from "../../proto/routes.ts";
import type { Evidence } from "../evidence/index.ts";
import { resetBreaker, type BreakerResetDeps } from "../gate/releasing/breaker-reset.ts";
import type { Breakers, Entered } from "../guarding/breaker/index.ts";
import { payerName } from "../store/usage.ts";
import { type Outcome, route, type Route } from "./route.ts";

export interface BreakerRouteDeps extends BreakerResetDeps {
  readonly breakers: Pick<Breakers, "views" | "close">;
  readonly evidence: BreakerResetDeps["evidence"] & Pick<Evidence, "trust_domain">;
  readonly body_bytes_max: number;
}

export function breakerRoutes(deps: BreakerRouteDeps): Route[] {
  const { breakers, evidence, body_bytes_max } = deps;
  return [
    route("breakers", {
      access: "any",
      summary: "Actions that are refused for a while because they failed, and those that failed of late: the caller's own; everybody's for whoever runs the daemon",
      params: {},
      request: null,
      body_bytes_max: 0,
      reply: BreakersReply,
      handle: ({ principal }) => ({ trust_domain: evidence.trust_domain, breakers: breakers.views(principal.verbs.has("operate") ? null : payerName(principal)) }),
    }),
    route("resetBreaker", {
      access: "release",
      summary: "Close a breaker before its time, as a person of the host configuration; signed and logged before it takes effect",
      params: {},
      request: BreakerResetAsk,
      reply: BreakerResetReply,
      body_bytes_max,
      handle: ({ peer, body }) => resetBreaker(deps, peer, body),
    }),
  ];
}

/** Whichever of these is asked again and again and fails stops being asked for a while. */
const ACTION: Readonly<Partial<Record<RouteName, BreakerAction>>> = { build: "build", keyless: "keyless", rotateLog: "rotate", ship: "ship" };
/** Requests to release that wait for an answer; what is older is taken for an approval. */
const NONCES_MAX = 1_024;

const textIn = (value: unknown, name: string): string => (typeof value === "object" && value !== null && name in value ? String(Reflect.get(value, name)) : "");

async function* watched(events: AsyncGenerator<unknown, void>, entered: Entered): AsyncGenerator<unknown, void> {
  let error: unknown = GONE;
  try {
    yield* events;
    error = null;
  } catch (thrown) {
    error = thrown;
    throw thrown;
  } finally {
    entered.ended(error);
  }
}

/** The reader left before the end: neither a success nor a failure. */
const GONE = new MaestroError("request.cancelled", "the reply was not read to its end");

/** Puts a breaker before each route that reaches far. Requests that are not let that far, or do not fit, count for nothing. */
export function breaking(routes: readonly Route[], breakers: Pick<Breakers, "enter">): Route[] {
  const overrides = new Set<string>();
  const actionOf = (name: RouteName, body: unknown): BreakerAction | null => {
    if (name === "askRelease") return textIn(body, "kind") === "override" ? "override" : "release";
    if (name === "release") return overrides.has(textIn(body, "nonce")) ? "override" : "release";
    return ACTION[name] ?? null;
  };
  const learn = (name: RouteName, action: BreakerAction, outcome: Outcome): void => {
    if (name !== "askRelease" || action !== "override" || outcome.kind !== "json") return;
    const { value } = outcome;
    if (typeof value === "object" && value !== null && "request" in value) overrides.add(textIn(value.request, "nonce"));
    const [oldest] = overrides;
    if (overrides.size > NONCES_MAX && oldest !== undefined) overrides.delete(oldest);
  };
  return routes.map((inner) => ({
    ...inner,
    async run(call, params, body, ...rest) {
      const action = actionOf(inner.name, body);
      if (action === null) return inner.run(call, params, body, ...rest);
      const entered = breakers.enter(action, payerName(call.principal));
      try {
        const outcome = await inner.run(call, params, body, ...rest);
        learn(inner.name, action, outcome);
        if (outcome.kind === "events") return { ...outcome, events: watched(outcome.events, entered) };
        entered.ended(null);
        return outcome;
      } catch (error) {
        entered.ended(error);
        throw error;
      }
    },
  }));
}

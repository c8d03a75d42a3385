/** What routers answered, and what keeps them from answering as they learned. Routers are the operator's to name. */
import { Gauge, type Metric } from "./registry.ts";

export interface RoutingReading {
  readonly counts: ReadonlyMap<string, Readonly<Record<"chosen" | "explored" | "forced", number>>>;
  readonly routers: readonly { readonly id: string; readonly problem: string | null; readonly fallback: string | null }[];
}

export function routingMetrics(now: () => RoutingReading): Metric[] {
  const each = (read: (router: RoutingReading["routers"][number]) => unknown): [Record<string, string>, number][] => now().routers.map((router) => [{ router: router.id }, read(router) === null ? 0 : 1]);
  return [
    new Gauge("maestro_routes_total", "Requests routed, by router and by how the arm was found: chosen, explored or forced.", () => [...now().counts].flatMap(([router, counts]) => Object.entries(counts).map(([how, count]): [Record<string, string>, number] => [{ router, how }, count])), "counter"),
    new Gauge("maestro_router_fallback", "1 while a constraint is violated, so that the baseline alone answers everybody or somebody, by router.", () => each(({ fallback }) => fallback)),
    new Gauge("maestro_router_policy_refused", "1 while the policy's file does not decide, so that nothing learned does, by router.", () => each(({ problem }) => problem)),
  ];
}

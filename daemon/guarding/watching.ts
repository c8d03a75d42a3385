/** Monitors and breakers of one daemon, put together: what a monitor finds counts towards the breaker of the same party. */
import type { BreakerSettings } from "../../proto/breaker.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Limits } from "../../proto/limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { Store } from "../store/db.ts";
import { Breakers } from "./breaker/index.ts";
import { EventDesk } from "./events/index.ts";
import { OWN_SPACE } from "./events/table.ts";
import type { Guards } from "./guards.ts";

export interface WatchingDeps {
  readonly store: Pick<Store, "table" | "atomic" | "kept">;
  readonly clock: Pick<Clock, "now_ms" | "monotonic_ms">;
  readonly now_s: () => number;
  readonly guards: Guards;
  readonly limits: Pick<Limits, "breaker" | "event">;
  /** Of single actions. */
  readonly breakers: BreakerSettings;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Watching {
  readonly breakers: Breakers;
  readonly events: EventDesk;
}

/** A flood of findings is logged at 1, 2, 4, 8 … of each kind; the metrics count all. */
const worthALine = (count: number): boolean => (count & (count - 1)) === 0;

export function openWatching({ store, clock, now_s, guards, limits, breakers: breakersOf, warn }: WatchingDeps): Watching {
  const breakers = new Breakers({
    store,
    policyOf: (action) => ({ ...limits.breaker, ...breakersOf[action] }),
    start_s: now_s(),
    clock,
    opened: (action, party, reason) => warn(`${action} of ${party} is refused for a while: it failed too often`, new MaestroError("breaker.open", reason)),
  });
  const { temporal } = guards;
  const names = new Set(temporal.flatMap(({ when }) => when.map(({ event }) => event)));
  const events = new EventDesk({
    store,
    clock,
    limits: limits.event,
    heard: (event) => names.has(event),
    given: (event, fields) => guards.given(event, fields),
    temporal: () => temporal.flatMap(({ id }) => guards.byId(id) ?? []),
    found(space, { invariant, verdict, scope, message }, count) {
      // What the daemon did itself is nobody's doing, so it opens nobody's breaker.
      if (verdict === "violated" && space !== OWN_SPACE) breakers.violated(scope, space, `${invariant}: ${message}`);
      if (worthALine(count)) warn(`events of ${space}: a rule about time is ${verdict === "violated" ? "broken" : "not decided"} (${count} by now)`, { invariant, message });
    },
  });
  return { breakers, events };
}

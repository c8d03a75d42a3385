/** A desk over a real store with rules of its own, for tests. */
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../../proto/config.ts";
import type { MonitorFinding } from "../../../../proto/event.ts";
import { EventLimits } from "../../../../proto/limits.ts";
import { compile, type Compiled } from "../../../invariants/index.ts";
import { openStore, type Store } from "../../../store/db.ts";
import { FakeClock } from "../../../testing/clock.ts";
import { EventDesk } from "../index.ts";

const RULES = [
  "id: CALL.ANSWERED\nscope: build\nwhen: [{event: call}, {event: reply}]\nfields: {agent: string}\nper: agent\nkeys_max: 100\ntemporal:\n  - formula: call leads_to reply within 30s\n    message: 'no reply for {{agent}}'\n",
  "id: CALL.FEW\nscope: agent\nwhen: [{event: call}]\nfields: {agent: string}\nper: agent\nkeys_max: 100\ntemporal:\n  - formula: always count(call) in 1h <= 3\n    message: 'too many calls of {{agent}}'\n",
];

export function rules(): Compiled[] {
  return RULES.map((text) => {
    const result = compile(text);
    if ("errors" in result) throw new TypeError(JSON.stringify(result.errors));
    return result.ok;
  });
}

export class DeskRig {
  readonly found: { readonly space: string; readonly finding: MonitorFinding }[] = [];
  readonly store: Store;
  readonly desk: EventDesk;

  constructor(
    state_dir: string,
    readonly clock = new FakeClock(),
    limits: Partial<EventLimits> = {},
    store_limits: Partial<StoreLimits> = {},
  ) {
    const fatal = (reason: unknown): never => {
      throw reason;
    };
    this.store = openStore({ state_dir, limits: { ...Value.Create(StoreLimits), ...store_limits }, fatal });
    this.desk = new EventDesk({
      store: this.store,
      clock: this.clock,
      limits: { ...Value.Create(EventLimits), ...limits },
      heard: (event) => event === "call" || event === "reply",
      given: (_, fields) => fields,
      temporal: rules,
      found: (space, finding) => this.found.push({ space, finding }),
    });
  }

  get said(): string[] {
    return this.found.map(({ space, finding: { invariant, verdict, because, key } }) => `${space} ${invariant} ${verdict} ${because}${key === null ? "" : ` ${key.join()}`}`);
  }

  /** Lets time pass, as the desk's own timer would notice it. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.clock.advance(Math.min(left, 1_000));
      this.desk.tick();
    }
  }

  async close(): Promise<void> {
    this.desk.close();
    await this.store.close();
  }
}

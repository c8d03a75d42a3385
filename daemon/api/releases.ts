/** Routes by which people release what a gate held, and ask what would be. Schema, call, reply; the work is in `gate/`. */
import { GateEvent } from "../../proto/api.ts";
import type { ReleaseRequest } from "../../proto/release.ts";
import { ReleaseAnswer, ReleaseAsk, ReleaseOffer, SimulateReply, SimulateRequest } from "../../proto/release-api.ts";
import type { GateResult } from "../../proto/api.ts";
import type { Releaser } from "../gate/releasing/releaser.ts";
import type { Simulator } from "../gate/releasing/simulate.ts";
import { eventsOf } from "./events.ts";
import { route, type Route } from "./route.ts";

export interface ReleaseRouteDeps {
  readonly releaser: Pick<Releaser, "ask" | "answer">;
  readonly simulator: Pick<Simulator, "run">;
  readonly body_bytes_max: number;
  readonly expectWork: () => void;
  /** Hears of every release, once it is on record and its attempt is made. */
  readonly released: (request: ReleaseRequest, result: GateResult) => void;
}

export function releaseRoutes({ releaser, simulator, body_bytes_max, expectWork, released }: ReleaseRouteDeps): Route[] {
  return [
    route("askRelease", {
      access: "release",
      summary: "What a person is about to put their name to: approve or override one gate; good once, for ten minutes",
      params: {},
      request: ReleaseAsk,
      reply: ReleaseOffer,
      body_bytes_max,
      handle: ({ principal, peer, body }) => releaser.ask(principal, peer, body),
    }),
    route("release", {
      access: "release",
      summary: "Agree to it; it is signed and logged, then the same head is judged again",
      params: {},
      request: ReleaseAnswer,
      reply: GateEvent,
      body_bytes_max,
      handle({ peer, body, signal }) {
        expectWork();
        return eventsOf<GateEvent>(async (emit, abort) => {
          const { request, result } = await releaser.answer(peer, body, emit, abort);
          released(request, result);
          return result;
        }, signal);
      },
    }),
    route("simulate", {
      access: "release",
      summary: "The card of what would be decided: unsigned, unlogged, no verdict",
      params: {},
      request: SimulateRequest,
      reply: SimulateReply,
      body_bytes_max,
      handle({ principal, peer, body, signal }) {
        expectWork();
        return simulator.run(principal, peer, body, signal);
      },
    }),
  ];
}

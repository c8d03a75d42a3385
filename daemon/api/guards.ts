/** The route on which agents and jobs ask whether the host's rules hold of what they are about to do. */
import type { Limits } from "../../proto/config.ts";
import { GuardReply, GuardRequest } from "../../proto/guard.ts";
import type { GuardDesk } from "../guarding/desk.ts";
import { route, type Route } from "./route.ts";

export interface GuardRouteDeps {
  readonly desk: Pick<GuardDesk, "ask">;
  readonly body_bytes_max: Limits["server"]["json_bytes_max"];
}

export function guardRoutes({ desk, body_bytes_max }: GuardRouteDeps): Route[] {
  return [
    route("guard", {
      access: "any",
      summary: "Whether the host's invariants hold of events, each named with its fields; what cannot be asked is a violation. Nothing is recorded",
      params: {},
      request: GuardRequest,
      reply: GuardReply,
      body_bytes_max,
      handle: ({ body }) => desk.ask(body.questions),
    }),
  ];
}

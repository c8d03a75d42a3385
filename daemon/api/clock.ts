/** Routes of log time: what it is, and the operator's word that lets it go on. */
import { ClockReply, ClockResetReply, ClockResetRequest } from "../../proto/api.ts";
import type { Evidence } from "../evidence/index.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { keepEnvelope } from "../store/envelopes.ts";
import { timestampOf } from "../verifier/time.ts";
import { route, type Route } from "./route.ts";

export interface ClockRouteDeps {
  readonly evidence: Pick<Evidence, "now_s" | "frozen" | "resetTime">;
  readonly artifacts: Pick<Artifacts, "putArtifact">;
  readonly clock: Pick<Clock, "now_ms">;
  readonly body_bytes_max: number;
}

export function clockReply({ evidence, clock }: Pick<ClockRouteDeps, "evidence" | "clock">): ClockReply {
  const frozen = evidence.frozen();
  return {
    wall: timestampOf(clock.now_ms() / 1000),
    log_time: timestampOf(evidence.now_s()),
    frozen: frozen === null ? null : { at: timestampOf(frozen.time_s), step_s: Math.round(frozen.step_ms / 1000) },
  };
}

/** Any RFC 3339 time, so that a person may leave out the seconds' fraction or name an offset. */
function secondsOf(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new MaestroError("request.malformed", `now: ${text} is no time such as 2026-11-22T08:30Z`);
  return Math.floor(ms / 1000);
}

export function clockRoutes(deps: ClockRouteDeps): Route[] {
  const { evidence, artifacts, body_bytes_max } = deps;
  return [
    route("clock", { access: "any", summary: "Log time, and whether it stands still", params: {}, request: null, reply: ClockReply, body_bytes_max: 0, handle: () => clockReply(deps) }),
    route("resetClock", {
      access: "operator",
      summary: "Let frozen log time follow the wall clock again; signed and logged before it takes effect",
      params: {},
      request: ClockResetRequest,
      reply: ClockResetReply,
      body_bytes_max,
      async handle({ peer, body }) {
        const accept_s = secondsOf(body.now);
        const { log_index, time_s } = await evidence.resetTime({ accept_s, operator_uid: peer.uid, reason: body.reason }, (bytes) => keepEnvelope(artifacts, `time-reset-${accept_s}`, bytes));
        return { log_index, log_time: timestampOf(time_s) };
      },
    }),
  ];
}

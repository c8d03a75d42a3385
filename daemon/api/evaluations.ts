/** Routes on which a candidate is judged, and one is made, over the asker's own episodes. */
import type { Limits } from "../../proto/config.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { EvaluationReply, EvaluationRequest, FitReply, FitRequest } from "../../proto/evaluation.ts";
import type { RouterEntry } from "../../proto/routing.ts";
import type { By, EvaluationDesk } from "../learning/evaluation/desk.ts";
import { payerName } from "../store/usage.ts";
import type { Principal, Tenants } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface EvaluationRouteDeps {
  readonly learned: { router(id: string): RouterEntry | null };
  /** Loaded with the first request. */
  readonly evaluating: { desk(): Promise<Pick<EvaluationDesk, "evaluate" | "fit">> };
  readonly tenants: Pick<Tenants, "inLine">;
  readonly body_bytes_max: Limits["server"]["json_bytes_max"];
}

/** One's own, and everything for whoever runs the daemon. */
const byOf = (principal: Principal, signal: AbortSignal): By => ({
  sees: principal.tenant === null || principal.verbs.has("operate") ? null : payerName(principal),
  lane: principal.tenant === null ? `uid:${principal.uid}` : `tenant:${principal.tenant}`,
  signal,
});

export function evaluationRoutes({ learned, evaluating, tenants, body_bytes_max }: EvaluationRouteDeps): Route[] {
  const routerOf = (id: string): RouterEntry => {
    const router = learned.router(id);
    if (router === null) throw new MaestroError("request.not_found", `the host configures no router ${id}; maestro learn status names those it has`);
    return router;
  };
  return [
    route("evaluate", {
      access: "gate",
      summary: "Whether a learned policy may replace what decides: judged by the half of the asker's own episodes that no candidate was searched on. Each question has less of delta than the one before; the same over the same episodes is asked once",
      params: {},
      request: EvaluationRequest,
      reply: EvaluationReply,
      body_bytes_max,
      async handle({ principal, body, signal }) {
        const router = routerOf(body.router);
        const candidate = fromBase64(body.candidate);
        if (candidate === null) throw new MaestroError("request.malformed", "candidate: not base64");
        const desk = await evaluating.desk();
        return tenants.inLine(principal, () => desk.evaluate(router, candidate, byOf(principal, signal)));
      },
    }),
    route("fit", {
      access: "gate",
      summary: "A candidate from the half of the asker's own episodes that is searched: a table of what each arm brought where",
      params: {},
      request: FitRequest,
      reply: FitReply,
      body_bytes_max,
      async handle({ principal, body, signal }) {
        const router = routerOf(body.router);
        const desk = await evaluating.desk();
        return tenants.inLine(principal, () => desk.fit(router, body, byOf(principal, signal)));
      },
    }),
  ];
}

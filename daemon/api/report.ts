/** The figures of a window, of what the reader may see. */
import { ReportReply, ReportRepository, ReportWindow, windowSeconds } from "../../proto/report-kpi.ts";
import type { Reporter } from "../report/index.ts";
import { maySee } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export function reportRoutes({ reporter }: { readonly reporter: Pick<Reporter, "report"> }): Route[] {
  return [
    route("report", {
      access: "read",
      request: null,
      body_bytes_max: 0,
      summary: "Figures of a window such as 7d, of one repository or * for all the reader may see, each with its formula, how much it rests on, or why it is not measured",
      params: { window: ReportWindow, repository: ReportRepository },
      reply: ReportReply,
      handle: ({ principal, params }) =>
        reporter.report({ window_s: windowSeconds(params.window), repository: params.repository, sees: (row) => maySee(principal, row), operator: principal.tenant === null || principal.verbs.has("operate") }),
    }),
  ];
}

/** `maestro learn export`: episodes as Parquet files, of the asker's own. */
import type { Limits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { ExportEvent, ExportRequest } from "../../proto/partition.ts";
import type { Exporter } from "../learning/exporting/exporter.ts";
import { payerName } from "../store/usage.ts";
import type { Principal } from "../tenants/index.ts";
import { seenBy } from "./episodes.ts";
import { route, type Route } from "./route.ts";

export interface ExportRouteDeps {
  /** Loaded with the first request: see daemon/learned.ts. */
  readonly learned: { exported(): Promise<{ readonly exporter: Pick<Exporter, "run"> } | null> };
  readonly body_bytes_max: Limits["server"]["json_bytes_max"];
}

export function exportRoutes({ learned, body_bytes_max }: ExportRouteDeps): Route[] {
  async function* exported(request: ExportRequest, principal: Principal, signal: AbortSignal): AsyncGenerator<ExportEvent, void> {
    const found = await learned.exported();
    if (found === null) throw new MaestroError("internal.bug", "a daemon without an exporter");
    yield* found.exporter.run(request, { sees: seenBy(principal), lane: payerName(principal) }, signal);
  }
  return [
    route("exportEpisodes", {
      access: "read",
      summary: "Episodes of one router as Parquet files, an hour each, of those the asker may see; unless more is asked for, the half that candidates are searched on and what is learned from",
      params: {},
      request: ExportRequest,
      reply: ExportEvent,
      body_bytes_max,
      handle: ({ principal, body, signal }) => exported(body, principal, signal),
    }),
  ];
}

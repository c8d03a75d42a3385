/** Evidence of a recorded gate, and all verdicts in the order they were given. */
import { Type } from "@sinclair/typebox";
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { BundleReply, FeedReply } from "../../proto/feed.ts";
import { ShortText } from "../../proto/scalar.ts";
import { findGate } from "../gate/lookup.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";
import { maySee } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

const PAGE_ROWS = 200;
const NO_BODY = { request: null, body_bytes_max: 0 } as const;

export function feedRoutes({ gates, artifacts }: { readonly gates: Gates; readonly artifacts: Artifacts }): Route[] {
  return [
    route("gateBundle", {
      ...NO_BODY,
      access: "findings",
      summary: "The evidence bundle of a gate's newest attempt",
      params: { id: ShortText },
      reply: BundleReply,
      async handle({ principal, params }) {
        const row = findGate(gates, principal, params.id);
        const { gate_id, attempt: { attempt } } = row;
        // The reply may have gone with its time; the bundle stands for itself.
        const bundle = await artifacts.blobs.get(row.bundle);
        if (bundle === undefined) throw new MaestroError("request.not_found", `the bundle of attempt ${attempt} of ${gate_id} is gone; gate the change again with --rerun`);
        return { gate_id, attempt, bundle: toBase64(bundle) };
      },
    }),
    route("feed", {
      ...NO_BODY,
      access: "read",
      summary: "Verdicts in the order they were given, from a place on; 0 begins with the first",
      params: { after: Type.String({ pattern: "^[0-9]{1,15}$" }) },
      reply: FeedReply,
      handle({ principal, params }) {
        const from = Number(params.after);
        const page = gates.after(from - 1, PAGE_ROWS);
        const seen = page.filter(({ row }) => maySee(principal, row));
        const entries = seen.map(({ place, row: { gate_id, attempt, repo_id, head, verdict } }) => ({ place, gate_id, attempt: attempt.attempt, repo_id, head, verdict }));
        return { next: (page.at(-1)?.place ?? from - 1) + 1, more: page.length === PAGE_ROWS, total: gates.places(), entries };
      },
    }),
  ];
}

/** Route of `maestro bundle`: everything on record of one gate as one file. */
import { EvidenceBundleReply } from "../../proto/evidence-bundle.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { ShortText } from "../../proto/scalar.ts";
import { evidenceBundleBytes, type Bundling } from "../bundling/index.ts";
import { findGate } from "../gate/lookup.ts";
import { readReply } from "../gate/reply.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";
import { maySee } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export function evidenceBundleRoutes({ gates, artifacts, bundling }: { readonly gates: Gates; readonly artifacts: Artifacts; readonly bundling: Bundling }): Route[] {
  return [
    route("evidenceBundle", {
      access: "findings",
      request: null,
      body_bytes_max: 0,
      summary: "Everything on record of a gate's newest attempt as one file for an auditor: evidence, earlier attempts, releases, builds, what it was judged by",
      params: { id: ShortText },
      reply: EvidenceBundleReply,
      async handle({ principal, params }) {
        const row = findGate(gates, principal, params.id);
        const bundle = await bundling.of(row, (owned) => maySee(principal, owned));
        const target = (await readReply(artifacts, row))?.reply.target;
        return { ...(target === undefined ? {} : { target }), gate_id: row.gate_id, attempt: row.attempt.attempt, content: toBase64(evidenceBundleBytes(bundle)) };
      },
    }),
  ];
}

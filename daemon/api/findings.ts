/** Findings of a recorded gate: what faces for machines are made of. */
import { FindingsReply } from "../../proto/findings.ts";
import { ShortText } from "../../proto/scalar.ts";
import { findGate } from "../gate/lookup.ts";
import { goneReply, readReply } from "../gate/reply.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";
import { route, type Route } from "./route.ts";

export function findingsRoute({ gates, artifacts }: { readonly gates: Gates; readonly artifacts: Artifacts }): Route {
  return route("findings", {
    access: "findings",
    request: null,
    body_bytes_max: 0,
    summary: "What the checks found in a gate's newest attempt, or in the one whose bundle's digest is given: most severe first, and how many findings were left out",
    params: { id: ShortText },
    reply: FindingsReply,
    async handle({ principal, params }) {
      const row = findGate(gates, principal, params.id);
      const { gate_id, attempt: { attempt } } = row;
      const stored = await readReply(artifacts, row);
      // An empty list would read as clean.
      if (stored?.reply.findings === undefined) throw await goneReply(artifacts, row, `findings of attempt ${attempt} of ${gate_id} were not kept; gate the change again with --rerun`);
      return { gate_id, attempt, ...stored.reply.findings };
    },
  });
}

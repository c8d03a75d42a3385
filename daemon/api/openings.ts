/** The one way to a hidden number: for whoever runs the daemon, named in the log, and never twice by accident. */
import { MaestroError } from "../../proto/errors.ts";
import { OPENING_TYPE, RangeOpening } from "../../proto/range.ts";
import { ShortText } from "../../proto/scalar.ts";
import type { Evidence } from "../evidence/index.ts";
import { findGate } from "../gate/lookup.ts";
import { readReply } from "../gate/reply.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";
import type { Log } from "./log.ts";
import { route, type Route } from "./route.ts";

export interface OpeningRouteDeps {
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly evidence: Pick<Evidence, "reveal">;
  readonly log: Pick<Log, "warn">;
}

export function openingRoutes({ gates, artifacts, evidence, log }: OpeningRouteDeps): Route[] {
  return [
    route("reveal", {
      access: "operator",
      summary: "A hidden number and what opens its commitment, for an auditor; who asked is logged, the number is not",
      params: { id: ShortText, obligation: ShortText },
      request: null,
      reply: RangeOpening,
      body_bytes_max: 0,
      async handle({ principal, peer, params: { id, obligation } }) {
        const row = findGate(gates, principal, id);
        const { gate_id, attempt: { attempt } } = row;
        const stored = await readReply(artifacts, row);
        const known = stored?.reply.card.obligations?.find(({ name }) => name === obligation);
        if (stored?.reply.openings === undefined || known === undefined) throw new MaestroError("request.not_found", `attempt ${attempt} of ${gate_id} hides no ${obligation}`);
        const opening = evidence.reveal(stored.reply.openings, { gate_id, attempt }, obligation);
        log.warn({ gate_id, attempt, obligation, uid: peer.uid, pid: peer.pid }, "a hidden number was revealed");
        return { type: OPENING_TYPE, v: 1, gate_id, attempt, obligation, ...opening, unit: known.unit, scale: known.scale };
      },
    }),
  ];
}

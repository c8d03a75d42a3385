/** Routes of `maestro sbom`. */
import { GateSbomReply, SbomReply, SbomRequest } from "../../proto/sbom.ts";
import type { Limits } from "../../proto/config.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { ShortText } from "../../proto/scalar.ts";
import type { Intakes } from "../gate/intakes.ts";
import { findGate } from "../gate/lookup.ts";
import type { SbomDesk } from "../gate/sbom-desk.ts";
import type { Gates } from "../store/gates.ts";
import type { Tenants } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface SbomRouteDeps {
  readonly intakes: Pick<Intakes, "get">;
  readonly sboms: Pick<SbomDesk, "ofCommit" | "ofGate">;
  readonly gates: Gates;
  readonly tenants: Pick<Tenants, "inLine">;
  readonly limits: { readonly server: Pick<Limits["server"], "json_bytes_max"> };
}

export function sbomRoutes({ intakes, sboms, gates, tenants, limits }: SbomRouteDeps): Route[] {
  return [
    route("sbom", {
      access: "work",
      summary: "The bill of materials of a commit's lock files, as CycloneDX JSON; nothing is recorded",
      params: {},
      request: SbomRequest,
      reply: SbomReply,
      body_bytes_max: limits.server.json_bytes_max,
      async handle({ principal, body, signal }) {
        const intake = intakes.get(principal, body.intake_id);
        const made = await tenants.inLine(principal, () => sboms.ofCommit(intake, body.commit, signal));
        if (made === null) return { document: null, sha256: null, packages: 0, gaps: [] };
        return { document: toBase64(made.bytes), sha256: made.sha256, packages: made.packages, gaps: made.gaps.map(({ what, because }) => `${what}: ${because}`) };
      },
    }),
    route("gateSbom", {
      access: "findings",
      summary: "The bill of materials that a gate recorded, which its leaf document/sbom.cdx.json names",
      params: { id: ShortText },
      request: null,
      body_bytes_max: 0,
      reply: GateSbomReply,
      async handle({ principal, params }) {
        const row = findGate(gates, principal, params.id);
        return { gate_id: row.gate_id, attempt: row.attempt.attempt, document: toBase64(await sboms.ofGate(row)) };
      },
    }),
  ];
}

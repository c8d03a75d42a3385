/** Gathers what is on record of one gate, or of one release, into one file for an auditor; nothing is made up, nothing is signed here. */
import { canonicalBytes } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import { EVIDENCE_BUNDLE_TYPE, type EvidenceBundle } from "../../proto/evidence-bundle.ts";
import type { ShipmentBundle } from "../../proto/shipment-bundle.ts";
import type { GateRow } from "../store/gates.ts";
import type { KeptShipment } from "../store/shipments.ts";
import { Gathering, statementOf, trustDigest, type BundlingDeps, type Owned } from "./gathering.ts";
import { readme } from "./readme.ts";
import { shipmentBundle } from "./shipment.ts";

export type { BundlingDeps } from "./gathering.ts";

export interface Bundling {
  /** `sees`: whether the reader may see a record of somebody. Throws `request.not_found` where the bundle itself is gone, `store.corrupt`. */
  of(row: GateRow, sees: (owned: Owned) => boolean): Promise<EvidenceBundle>;
  /** Throws `store.corrupt`; what is gone is said in the file, and the verifier says what follows from it. */
  ofShipment(kept: KeptShipment, sees: (owned: Owned) => boolean): Promise<ShipmentBundle>;
}

export function createBundling(deps: BundlingDeps): Bundling {
  return {
    async of(row, sees) {
      const gathering = new Gathering(deps, sees);
      const gate = await gathering.gate("the gate", row);
      const { gate_id, attempt: { attempt } } = row;
      if (gate === null) throw new MaestroError("request.not_found", `the bundle of attempt ${attempt} of ${gate_id} is gone; gate the change again with --rerun`);
      const statement = statementOf(gate.bundle);
      const { identity } = statement.predicate;
      const [earlier, releases, provenance, drafts, files] = [await gathering.earlier(row), await gathering.releases(statement), await gathering.provenance(identity), await gathering.drafts(row), await gathering.files(row)];
      return {
        type: EVIDENCE_BUNDLE_TYPE,
        v: 1,
        readme: readme(gate_id, attempt),
        trust_sha256: trustDigest(deps),
        gate,
        earlier,
        releases,
        provenance,
        ...(drafts.length === 0 ? {} : { drafts }),
        files,
        left_out: gathering.left_out.slice(0, 64),
      };
    },
    ofShipment: (kept, sees) => shipmentBundle(deps, kept, sees),
  };
}

/** As a file. */
export const evidenceBundleBytes = (bundle: EvidenceBundle | ShipmentBundle): Uint8Array => canonicalBytes(bundle);

/** What was released, and the evidence of every change in it, as one file. */
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { FILE_BYTES_MAX, type HeldSignature } from "../../proto/evidence-bundle.ts";
import type { ShipmentPredicate, ShippedStep } from "../../proto/predicates/shipping.ts";
import { SHIPMENT_BUNDLE_TYPE, type HeldChange, type ShipmentBundle } from "../../proto/shipment-bundle.ts";
import { readBuild } from "../store/builds.ts";
import type { KeptShipment } from "../store/shipments.ts";
import { shipmentStatement } from "../store/shipment-index.ts";
import { Gathering, statementOf, trustDigest, type BundlingDeps, type Owned } from "./gathering.ts";
import { shipmentReadme } from "./readme.ts";

/** Of the gates' own bundles together: the file is answered in one piece. */
const GATES_BYTES_MAX = 96 * 1024 * 1024;

type Sees = (owned: Owned) => boolean;

async function change(deps: BundlingDeps, gathering: Gathering, { gate_id, attempt, bundle_sha256 }: ShippedStep, sees: Sees): Promise<HeldChange | null> {
  const part = `attempt ${attempt} of ${gate_id}`;
  const row = deps.gates.get(gate_id, attempt);
  // Another node's evidence came along with the request, and stayed with whoever brought it; the same words for what one may not see.
  if (row === undefined || row.bundle !== `sha256:${bundle_sha256}` || !sees(row)) {
    gathering.leave(part, "its evidence is not on this node, or is another tenant's; bring it with --bundle FILE");
    return null;
  }
  const held = await gathering.gate(part, row);
  if (held === null) {
    gathering.leave(part, "it is no longer kept");
    return null;
  }
  return { ...held, releases: await gathering.releases(statementOf(held.bundle)) };
}

async function provenance(deps: BundlingDeps, gathering: Gathering, { provenance: named, range }: ShipmentPredicate, sees: Sees): Promise<HeldSignature | null> {
  if (named === null) return null;
  const build = await readBuild(deps.artifacts, named.build_id);
  if (build !== null && sees({ ...build.row, head: range.to })) return gathering.signature(`provenance of ${build.row.build}`, build.provenance);
  gathering.leave(`provenance of ${named.build_id}`, "it is no longer kept, or is another tenant's");
  return null;
}

async function sbom(deps: BundlingDeps, gathering: Gathering, { sbom: named }: ShipmentPredicate, sees: Sees): Promise<string | null> {
  if (named === null) return null;
  const row = deps.gates.get(named.gate_id, named.attempt);
  const found = row === undefined || !sees(row) ? null : await deps.sbom(row);
  if (found !== null && found.bytes.length <= FILE_BYTES_MAX) return toBase64(found.bytes);
  gathering.leave("bill of materials", found === null ? "it is no longer kept, or is another tenant's" : `it has ${found.bytes.length} bytes; a file of ${FILE_BYTES_MAX} fits`);
  return null;
}

export async function shipmentBundle(deps: BundlingDeps, { row, shipment, release }: KeptShipment, sees: Sees): Promise<ShipmentBundle> {
  const gathering = new Gathering(deps, sees);
  const { predicate } = shipmentStatement(shipment);
  const gates: HeldChange[] = [];
  for (const step of predicate.steps) {
    if (gathering.gate_bytes > GATES_BYTES_MAX) throw new MaestroError("request.too_large", `the evidence of its changes has more than ${GATES_BYTES_MAX} bytes; release a shorter range, or bundle its gates one by one`);
    const held = await change(deps, gathering, step, sees);
    if (held !== null) gates.push(held);
  }
  return {
    type: SHIPMENT_BUNDLE_TYPE,
    v: 1,
    readme: shipmentReadme(row.shipment_id, row.artifact),
    trust_sha256: trustDigest(deps),
    shipment: gathering.signature("the release", shipment),
    package_release: gathering.signature("in-toto's statement of the release", release),
    gates,
    provenance: await provenance(deps, gathering, predicate, sees),
    sbom: await sbom(deps, gathering, predicate, sees),
    left_out: gathering.left_out.slice(0, 64),
  };
}

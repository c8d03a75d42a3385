/** Figures of releases of artifacts. Pure. */
import type { Kpi } from "../../proto/report-kpi.ts";
import { SHIP_REFUSALS } from "../../proto/shipping.ts";
import type { AskedShipment } from "../store/shipment-index.ts";
import { measured, percent, SHARE_SCALE, unmeasured } from "./figures.ts";

const RELEASED = { id: "artifacts.released", title: "Artifacts released", formula: "releases of artifacts signed in the window, of those that were asked for and answered", goal: null, unit: "releases" } as const;
const REFUSED = { id: "artifacts.refused", title: "Releases refused", formula: "releases of artifacts that were refused, over those that were asked for and answered; by the first thing that was wrong", goal: null, unit: "percent" } as const;
const PROVENANCE = { id: "provenance.coverage", title: "Artifacts with provenance", formula: "released artifacts whose release names SLSA provenance of a build that this node ran, over released artifacts", goal: "100 %", unit: "percent" } as const;
const NONE = "no release of an artifact was asked for in the window";

export function shipmentKpis(asked: readonly AskedShipment[]): Kpi[] {
  const released = asked.filter(({ refused }) => refused === null);
  const causes = SHIP_REFUSALS.map((cause) => [cause, asked.filter(({ refused }) => refused === cause).length] as const).filter(([, count]) => count > 0);
  const share = percent(asked.length - released.length, asked.length);
  const built = released.filter(({ provenance }) => provenance).length;
  const covered = percent(built, released.length);
  return [
    share === null ? unmeasured(RELEASED, NONE) : measured(RELEASED, { n: asked.length, value: BigInt(released.length) }),
    share === null ? unmeasured(REFUSED, NONE) : measured(REFUSED, { n: asked.length, value: share, scale: SHARE_SCALE, parts: Object.fromEntries(causes) }),
    covered === null ? unmeasured(PROVENANCE, "no artifact was released in the window") : measured(PROVENANCE, { n: released.length, value: covered, scale: SHARE_SCALE, parts: { with_provenance: built } }),
  ];
}

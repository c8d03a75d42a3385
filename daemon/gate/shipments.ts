/** A request to release an artifact, from an intake to the shipper: under whose authority, in whose line, at whose expense. */
import type { Limits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ShipReply, ShipRequest } from "../../proto/shipping.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import type { Shipper } from "../shipping/index.ts";
import type { GateRow } from "../store/gates.ts";
import type { Payer } from "./cost/cost.ts";
import { requireIds, tenantOf, type Intake } from "./intakes.ts";
import type { Targets } from "./targets.ts";
import { Turnstile } from "./turnstile.ts";

export interface ShipDeskDeps {
  readonly limits: Pick<Limits, "gate">;
  readonly shipper: Pick<Shipper, "run" | "worst">;
  readonly targets: Pick<Targets, "settled">;
  /** Asked of each place in the line; absent where nobody guards. */
  readonly act?: ActionGuard;
}

/** Releases are rare, and each reads much of the record. */
const RELEASES_MAX = 1;

export class ShipDesk {
  private readonly turnstile: Turnstile;

  constructor(private readonly deps: ShipDeskDeps) {
    this.turnstile = new Turnstile(RELEASES_MAX, deps.limits.gate.queue_max, deps.act);
  }

  /** Where the branch stands is the caller's word in mode local, else what the operator's remote says. Throws what `Targets.settled` and `Shipper.run` throw, `request.busy`, `tenant.budget`. */
  async submit(intake: Intake, { target_ref, target, from, to, artifact, purl, bundles = [] }: ShipRequest, sees: (row: GateRow) => boolean, signal: AbortSignal, pay: Payer): Promise<ShipReply> {
    if (!intake.received) throw new MaestroError("intake.incomplete", "no pack was sent for this intake");
    requireIds(intake, from === null ? [to] : [from, to]);
    if (from === to) throw new MaestroError("request.malformed", "the range holds no commit");
    const { repo_id, mode, object_format, uid, tenant } = intake;
    const tip = await this.deps.targets.settled(intake, { target_ref, target, head: to }, signal, pay);
    const order = { repo_id, mode, object_format, target_ref, tip, from, to, artifact, purl: purl ?? null, bundles, owner: { uid, tenant }, lane: tenantOf(intake), sees };
    const { shipper } = this.deps;
    return this.turnstile.pass(() => pay(shipper.worst, (spent) => shipper.run(order, signal, spent)), signal, tenantOf(intake));
  }
}

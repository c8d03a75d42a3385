/** A request to build, from an intake to the builder: under whose authority, in whose line, at whose expense. */
import type { BuildFailed, BuildProgress, BuildRequest, Built } from "../../proto/build-api.ts";
import type { Limits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Builder } from "../building/index.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import type { Payer } from "./cost/cost.ts";
import { tenantOf, type Intake } from "./intakes.ts";
import type { Targets } from "./targets.ts";
import { Turnstile } from "./turnstile.ts";

export interface BuildDeskDeps {
  readonly limits: Pick<Limits, "build" | "gate">;
  readonly builder: Pick<Builder, "run" | "worst">;
  readonly targets: Pick<Targets, "settled">;
  /** Asked of each place in the line; absent where nobody guards. */
  readonly act?: ActionGuard;
}

export class BuildDesk {
  /** Apart from the gates' own: a build takes minutes, and no gate waits for it. */
  private readonly turnstile: Turnstile;

  constructor(private readonly deps: BuildDeskDeps) {
    this.turnstile = new Turnstile(deps.limits.build.builds_max, deps.limits.gate.queue_max, deps.act);
  }

  get busy(): boolean {
    return this.turnstile.inside + this.turnstile.waiting > 0;
  }

  /** The recipe's commit is the target, which in modes host and fork the daemon finds itself. Throws what `Targets.settled` and `Builder.run` throw, `request.busy`, `tenant.budget`. */
  async submit(intake: Intake, { target_ref, target, commit, name, repeat = false }: BuildRequest, emit: (event: BuildProgress) => void, signal: AbortSignal, pay: Payer): Promise<Built | BuildFailed> {
    if (!intake.received) throw new MaestroError("intake.incomplete", "no pack was sent for this intake");
    const { repo_id, mode, object_format, uid, tenant } = intake;
    const tip = await this.deps.targets.settled(intake, { target_ref, target, head: commit }, signal, pay);
    emit({ event: "progress", stage: "queued", duration_us: 0 });
    const order = { name, repo_id, mode, target_ref, target: tip, commit, object_format, owner: { uid, tenant }, lane: tenantOf(intake), repeat };
    const { builder } = this.deps;
    return this.turnstile.pass(() => pay(builder.worst(repeat), (spent) => builder.run(order, emit, signal, spent)), signal, tenantOf(intake));
  }
}

/** Under whose authority a change's base was chosen: the caller's (`local`), or the operator's, whose remote the daemon asks itself (`host`, `fork`). */
import type { GateRequest, RepositoriesReply, TargetRequest } from "../../proto/api.ts";
import type { Mode } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import { isTarget } from "../../proto/remote.ts";
import type { Host } from "../config/host.ts";
import { hasRemote, type RemoteEntry } from "../config/operator-table.ts";
import type { Egress } from "../egress/index.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import { receivePack } from "../platform/git/intake.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";
import { mayUse, type Principal } from "../tenants/index.ts";
import { onTheHouse, worstFetch, worstTip, type Payer } from "./cost/cost.ts";
import { requireIds, tenantOf, type Intake } from "./intakes.ts";
import { modeOf, rowFor } from "./place.ts";
import { Turnstile } from "./turnstile.ts";

export interface TargetDeps {
  readonly host: Pick<Host, "modes" | "repositories" | "limits">;
  readonly egress: Omit<Egress, "cosign">;
  readonly repositories: RepositoryStore;
  /** Asked of each place in the line; absent where nobody guards. */
  readonly act?: ActionGuard;
}

/** Throws `auth.denied` for a mode the operator does not list. */
function requireMode({ modes }: Pick<Host, "modes">, mode: Mode): void {
  if (modes.includes(mode)) return;
  const instead = mode === "local" ? "; name a repository of the operator's table (`maestro gate --repository ID`)" : "";
  throw new MaestroError("auth.denied", `mode ${mode} is not among the \`modes\` of the host configuration${instead}`);
}

function requireTarget(entry: RemoteEntry, ref: string): void {
  if (!isTarget(entry.target_refs, ref)) throw new MaestroError("auth.denied", `${ref} is not among the target_refs of ${entry.id}, which are ${entry.target_refs.join(" ")}`);
}

export class Targets {
  /** Helpers are few: one tenant's questions wait for its own, nobody else's. */
  private readonly turns: Turnstile;

  constructor(private readonly deps: TargetDeps) {
    const { egress, gate } = deps.host.limits;
    this.turns = new Turnstile(egress.helpers_max, gate.queue_max, deps.act);
  }

  /** What of the operator's table this caller may name. */
  offers(principal: Principal): RepositoriesReply {
    const { repositories, modes } = this.deps.host;
    const rows = repositories.filter(hasRemote).filter(({ id }) => mayUse(principal, id));
    return { repositories: rows.map((entry) => ({ id: entry.id, remote: entry.remote, target_refs: [...entry.target_refs], mode: modeOf(entry, undefined) })), local: modes.includes("local") };
  }

  /** Where a branch stands, for a client that plans what to send. Throws `auth.denied`, `egress.*`, `request.not_found`, `request.busy`, `tenant.budget`. */
  async tip(principal: Principal, { repository, target_ref }: TargetRequest, signal: AbortSignal, pay: Payer = onTheHouse): Promise<string> {
    const entry = rowFor(this.deps.host, principal, repository);
    requireTarget(entry, target_ref);
    return this.turns.pass(() => this.asked(entry, target_ref, pay), signal, tenantOf(principal));
  }

  /** Who has the remote asked pays for it; what is known already, or being asked for by somebody else, costs nothing. */
  private asked(entry: RemoteEntry, ref: string, pay: Payer): Promise<string> {
    const { egress, host } = this.deps;
    if (egress.knows(entry, ref)) return egress.tip(entry, ref);
    return pay(worstTip(host.limits), (spent) => egress.tip(entry, ref, spent));
  }

  /**
   * The commit to merge onto. In mode `local` that is the caller's word; otherwise what the operator's remote says, and what the caller did
   * not send of it is fetched, at its expense. Nothing falls back to the caller's word. Throws `auth.denied`, `egress.*`, and what an intake throws.
   */
  async settled(intake: Intake, { target_ref, target, head }: Pick<GateRequest, "target_ref" | "target" | "head">, signal: AbortSignal, pay: Payer = onTheHouse): Promise<string> {
    const { host } = this.deps;
    requireIds(intake, [target, head]);
    requireMode(host, intake.mode);
    if (intake.mode === "local") return target;
    const entry = host.repositories.find((row) => row.id === intake.repo_id);
    if (entry === undefined || !hasRemote(entry)) throw new MaestroError("internal.bug", "an intake of a row that is not there");
    requireTarget(entry, target_ref);
    return this.turns.pass(() => this.remoteTip(entry, intake, { target_ref, target, head }, signal, pay), signal, tenantOf(intake));
  }

  private async remoteTip(entry: RemoteEntry, intake: Intake, { target_ref, target, head }: Pick<GateRequest, "target_ref" | "target" | "head">, signal: AbortSignal, pay: Payer): Promise<string> {
    const { host, egress, repositories } = this.deps;
    const tip = await this.asked(entry, target_ref, pay);
    requireIds(intake, [tip]);
    if (tip === target) return tip;
    const repository = await repositories.open(intake.repo_id, intake.object_format);
    const receive = async (body: ReadableStream<Uint8Array>, tips: readonly string[]): Promise<void> => {
      await receivePack(repositories.git, repository, { cuts: [], tips }, body, { limits: host.limits.intake, signal });
    };
    return egress.history(entry, target_ref, tip, { head, have: [target], object_format: intake.object_format, receive, tenant: tenantOf(intake), bill: (work) => pay(worstFetch(host.limits), work) }, signal);
  }
}

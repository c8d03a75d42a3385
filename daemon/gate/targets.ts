/** Under whose authority a change's base was chosen: the caller's (`local`), or the operator's, whose remote the daemon asks itself (`host`, `fork`). */
import type { GateRequest, IntakeRequest, RepositoriesReply, TargetRequest } from "../../proto/api.ts";
import type { Mode } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import { isTarget } from "../../proto/remote.ts";
import type { Host } from "../config/host.ts";
import { hasRemote, type RemoteEntry } from "../config/operator-table.ts";
import type { Egress } from "../egress/index.ts";
import { receivePack } from "../platform/git/intake.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";
import { localRepositoryId, mayUse, type Principal } from "../tenants/index.ts";
import type { Intake } from "./intakes.ts";

export interface TargetDeps {
  readonly host: Pick<Host, "modes" | "repositories" | "limits">;
  readonly egress: Egress;
  readonly repositories: RepositoryStore;
}

/** Which store a change goes to, and the mode it is gated in. */
export interface Place {
  readonly repo_id: string;
  readonly mode: Mode;
}

/** A row is in mode `host` unless the operator wrote `fork`; a caller may ask for more scrutiny, never for less. */
const modeOf = (entry: RemoteEntry, asked: IntakeRequest["mode"]): "host" | "fork" => (asked === "fork" ? "fork" : (entry.mode ?? "host"));

/** The same words whether there is no such row or it is not for this caller. */
function rowFor({ repositories }: Pick<Host, "repositories">, principal: Principal, id: string): RemoteEntry {
  const entry = repositories.find((row) => row.id === id);
  if (entry === undefined || !hasRemote(entry) || !mayUse(principal, id)) throw new MaestroError("auth.denied", `${id} is none of the repositories with a remote that this tenant or its token may name`);
  return entry;
}

/** Where a change goes. Throws `auth.denied`. */
export function placeOf(host: Pick<Host, "modes" | "repositories">, principal: Principal, { repository, mode = "local" }: Pick<IntakeRequest, "repository" | "mode">): Place {
  if (mode === "local") return { repo_id: localRepositoryId(principal, repository), mode };
  const entry = rowFor(host, principal, repository);
  return { repo_id: entry.id, mode: modeOf(entry, mode) };
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
  constructor(private readonly deps: TargetDeps) {}

  /** What of the operator's table this caller may name. */
  offers(principal: Principal): RepositoriesReply {
    const { repositories, modes } = this.deps.host;
    const rows = repositories.filter(hasRemote).filter(({ id }) => mayUse(principal, id));
    return { repositories: rows.map((entry) => ({ id: entry.id, remote: entry.remote, target_refs: [...entry.target_refs], mode: modeOf(entry, undefined) })), local: modes.includes("local") };
  }

  /** Where a branch stands, for a client that plans what to send. Throws `auth.denied`, `egress.*`, `request.not_found`. */
  async tip(principal: Principal, { repository, target_ref }: TargetRequest): Promise<string> {
    const entry = rowFor(this.deps.host, principal, repository);
    requireTarget(entry, target_ref);
    return this.deps.egress.tip(entry, target_ref);
  }

  /**
   * The commit to merge onto. In mode `local` that is the caller's word; otherwise what the operator's remote says, and what the caller did
   * not send of it is fetched. Nothing falls back to the caller's word. Throws `auth.denied`, `egress.*`, and what an intake throws.
   */
  async settled(intake: Intake, { target_ref, target, head }: Pick<GateRequest, "target_ref" | "target" | "head">, signal: AbortSignal): Promise<string> {
    const { host, egress, repositories } = this.deps;
    requireMode(host, intake.mode);
    if (intake.mode === "local") return target;
    const entry = host.repositories.find((row) => row.id === intake.repo_id);
    if (entry === undefined || !hasRemote(entry)) throw new MaestroError("internal.bug", "an intake of a row that is not there");
    requireTarget(entry, target_ref);
    const tip = await egress.tip(entry, target_ref);
    if (tip === target) return tip;
    const repository = await repositories.open(intake.repo_id, intake.object_format);
    const receive = async (body: ReadableStream<Uint8Array>, tips: readonly string[]): Promise<void> => {
      await receivePack(repositories.git, repository, { cuts: [], tips }, body, { limits: host.limits.intake, signal });
    };
    return egress.history(entry, target_ref, tip, { head, have: [target], object_format: intake.object_format, receive }, signal);
  }
}

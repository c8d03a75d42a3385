/** Where a change goes: whose store, under whose authority. */
import type { IntakeRequest } from "../../proto/api.ts";
import type { Mode } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Host } from "../config/host.ts";
import { hasRemote, type RemoteEntry } from "../config/operator-table.ts";
import { localRepositoryId, mayUse, type Principal } from "../tenants/index.ts";

/** Which store a change goes to, and the mode it is gated in. */
export interface Place {
  readonly repo_id: string;
  readonly mode: Mode;
}

/** A row is in mode `host` unless the operator wrote `fork`; a caller may ask for more scrutiny, never for less. */
export const modeOf = (entry: RemoteEntry, asked: IntakeRequest["mode"]): "host" | "fork" => (asked === "fork" ? "fork" : (entry.mode ?? "host"));

/** The same words whether there is no such row or it is not for this caller. */
export function rowFor({ repositories }: Pick<Host, "repositories">, principal: Principal, id: string): RemoteEntry {
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

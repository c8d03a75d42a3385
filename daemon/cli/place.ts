/** Under whose authority a gate runs: the operator's, where the daemon's table knows this repository, else the caller's own. */
import type { RepositoriesReply, RepositoryOffer } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { isTarget, originName, parseRemote } from "../../proto/remote.ts";
import type { MaestroClient } from "../client/maestro.ts";
import { planChange, planRange, type ChangePlan, type RangePlan } from "../client/pack.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { textOf, type Values } from "./command.ts";
import { note } from "./output.ts";

type Mode = "host" | "fork" | "local";

export interface Placed {
  readonly mode: Mode;
  /** What to stream; `repository` is an id of the operator's table unless the mode is `local`. */
  readonly plan: ChangePlan;
}

function sameRemote({ remote }: RepositoryOffer, origin: string): boolean {
  const parsed = parseRemote(remote);
  return typeof parsed !== "string" && parsed.name === originName(origin);
}

/** An id by name, or the one row whose remote is this clone's origin; null for mode `local`. Throws `cli.usage`, `auth.denied`. */
export function chooseOffer({ repositories, local }: RepositoriesReply, values: Values, origin: string | null): RepositoryOffer | string | null {
  const named = textOf(values, "repository");
  if (values["local"] === true) {
    if (named !== undefined || values["fork"] === true) throw new MaestroError("cli.usage", "--local takes the caller's word for the base, --repository and --fork the operator's: choose one");
    return null;
  }
  if (named !== undefined) return repositories.find(({ id }) => id === named) ?? named;
  const matching = origin === null ? [] : repositories.filter((offer) => sameRemote(offer, origin));
  if (matching.length > 1) throw new MaestroError("cli.usage", `the host's table has this clone's origin under ${matching.map(({ id }) => id).join(" and ")}; choose one with --repository`);
  if (matching[0] !== undefined) return matching[0];
  if (values["fork"] === true || !local) {
    const known = repositories.map(({ id }) => id).join(" ");
    throw new MaestroError("auth.denied", `this clone's origin is none of the host's remotes; name one with --repository${known === "" ? "" : `: ${known}`}`);
  }
  return null;
}

const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The table's only branch, where the caller named none and its own guess is none of the table's. A commit is no branch: as base it counts for nothing here. */
function targetRef(offer: RepositoryOffer | null, plan: ChangePlan, values: Values): string {
  const [only, second] = offer?.target_refs ?? [];
  const named = values["target"] !== undefined && !COMMIT_ID.test(plan.target_ref);
  if (offer === null || named || isTarget(offer.target_refs, plan.target_ref)) return plan.target_ref;
  return only !== undefined && second === undefined && !only.endsWith("*") ? only : plan.target_ref;
}

/** The plan against the daemon's own target where the clone has that commit; otherwise the daemon fetches what lies between. */
async function planned(path: string, plan: ChangePlan, target: string, values: Values): Promise<ChangePlan | null> {
  if (target === plan.target) return plan;
  try {
    return await planChange(path, { target, head: textOf(values, "head") });
  } catch (error) {
    if (error instanceof MaestroError && error.code === "git.unknown_ref") return null;
    throw error;
  }
}

/** Plans what to stream and for whom. Throws what planning and asking the daemon throw; a remote that cannot be reached is no reason to take the caller's word. */
export async function place(client: MaestroClient, path: string, plan: ChangePlan, values: Values): Promise<Placed> {
  const offer = chooseOffer(await client.repositories(), values, plan.origin);
  if (offer === null) return { mode: "local", plan };
  const repository = typeof offer === "string" ? offer : offer.id;
  const mode: Mode = values["fork"] === true || (typeof offer !== "string" && offer.mode === "fork") ? "fork" : "host";
  const target_ref = targetRef(typeof offer === "string" ? null : offer, plan, values);
  const { target } = await client.target({ repository, target_ref });
  const better = await planned(path, plan, target, values);
  note(`maestro: ${escapeTerminal(repository)} of the host's table, mode ${mode}`);
  if (better === null) note(`maestro: this clone is behind: ${escapeTerminal(target_ref)} is at ${target.slice(0, 12)} on the host's remote, which counts; the daemon fetches what is missing`);
  return { mode, plan: { ...(better ?? plan), repository, target_ref } };
}

/** As `place`, for a range of commits that has landed. */
export async function placeRange(client: MaestroClient, path: string, range: { readonly from: string | null; readonly to: string }, values: Values): Promise<{ readonly mode: Mode; readonly plan: RangePlan }> {
  const plan = await planRange(path, { ...range, target: textOf(values, "target") });
  const offer = chooseOffer(await client.repositories(), values, plan.origin);
  if (offer === null) return { mode: "local", plan };
  const repository = typeof offer === "string" ? offer : offer.id;
  const mode: Mode = values["fork"] === true || (typeof offer !== "string" && offer.mode === "fork") ? "fork" : "host";
  note(`maestro: ${escapeTerminal(repository)} of the host's table, mode ${mode}`);
  return { mode, plan: { ...plan, repository, target_ref: targetRef(typeof offer === "string" ? null : offer, plan, values) } };
}

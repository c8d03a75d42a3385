/** How work over a streamed change begins, whichever route asks for it. */
import { MaestroError } from "../../proto/errors.ts";
import type { Intake, Intakes } from "../gate/intakes.ts";
import type { Quota } from "../integrity/index.ts";
import { notBoundTo, type Principal } from "../tenants/index.ts";

export interface EntryDeps {
  readonly intakes: Pick<Intakes, "get">;
  readonly integrity: { readonly quota: Pick<Quota, "check"> };
  readonly expectWork: () => void;
}

interface Asked {
  readonly head: string;
  readonly target_ref: string;
}

/** Throws `auth.token` where the caller's token is for another change. */
export function requireBound(principal: Principal, change: Asked): void {
  const because = notBoundTo(principal, change);
  if (because !== null) throw new MaestroError("auth.token", because);
}

/** The caller's own intake, for a change that the token covers and a tenant with room. Throws `intake.unknown`, `auth.token` and what the quota throws. */
export function enter({ intakes, integrity, expectWork }: EntryDeps, principal: Principal, intake_id: string, change: Asked): Intake {
  const intake = intakes.get(principal, intake_id);
  requireBound(principal, change);
  integrity.quota.check(principal);
  expectWork();
  return intake;
}

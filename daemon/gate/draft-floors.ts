/** Statements about drafts of one attempt have few places, and a repository may be several tenants': none of them takes the others' part. Pure. */
import { DRAFT_STATEMENTS_MAX } from "../../proto/drafting.ts";
import { LOCAL_PREFIX } from "../config/operator-table.ts";
import type { GateRow } from "../store/gates.ts";
import { tenantOf } from "./intakes.ts";

/** Statements that each tenant has room for before somebody has a third. */
export const STATEMENTS_FLOOR = 2;
/** Statements beyond the floors, of all tenants together: half, so that beside one that takes all it can the gate's own and two others come to their floors. */
export const STATEMENTS_BEYOND_MAX = DRAFT_STATEMENTS_MAX / 2;

const TENANT = "tenant:";

/**
 * Whether there is a further place for whoever asks. `held`: who asked for each statement there is. The gate's own tenant keeps its floor
 * whoever came before. Who is nobody's tenant runs the daemon, and a repository of mode local is one tenant's alone: there all places are.
 */
export function mayHavePlace(held: readonly string[], asker: string, row: Pick<GateRow, "owner_tenant" | "owner_uid" | "repo_id">): boolean {
  if (held.length >= DRAFT_STATEMENTS_MAX) return false;
  if (!asker.startsWith(TENANT) || row.repo_id.startsWith(LOCAL_PREFIX)) return true;
  const counts = new Map<string, number>();
  for (const one of held) counts.set(one, (counts.get(one) ?? 0) + 1);
  const owner = tenantOf({ tenant: row.owner_tenant ?? null, uid: row.owner_uid });
  const kept = asker === owner ? 0 : Math.max(0, STATEMENTS_FLOOR - (counts.get(owner) ?? 0));
  if (held.length + kept >= DRAFT_STATEMENTS_MAX) return false;
  if ((counts.get(asker) ?? 0) < STATEMENTS_FLOOR) return true;
  const beyond = counts.values().reduce((sum, count) => sum + Math.max(0, count - STATEMENTS_FLOOR), 0);
  return beyond < STATEMENTS_BEYOND_MAX;
}

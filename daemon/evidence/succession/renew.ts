/** At each start: finish a succession that was begun, and begin one where the folder woke up on another machine. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SuccessionCause } from "../../../proto/attestation.ts";
import type { Store } from "../../store/db.ts";
import { openKeys } from "../keys/index.ts";
import { checkHead } from "../log/opening.ts";
import { HEAD, readNodes, type LogTables } from "../log/tables.ts";
import { finishSuccession, planSuccession, type Succession, type SuccessionDeps } from "./index.ts";
import { rememberedMachine, rememberMachine } from "./machine.ts";

export interface Renewal extends Pick<SuccessionDeps, "machine" | "keep"> {
  /** Called once a new log has begun. */
  readonly began: (succession: Succession) => void;
}

export interface RenewDeps extends Renewal {
  readonly state_dir: string;
  readonly store: Store;
  readonly tables: LogTables;
  readonly now_s: number;
}

/** Ends the log that stands in the store, under the keys of this folder, and begins another. `null` where none was ever begun. */
export async function succeed(deps: RenewDeps, cause: SuccessionCause): Promise<Succession | null> {
  const { state_dir, tables, now_s } = deps;
  const keys_folder = join(state_dir, "keys");
  const head = tables.head.get(HEAD);
  if (head === undefined || !existsSync(keys_folder)) return null;
  const { log_note } = openKeys({ state_dir, now: new Date(now_s * 1000), trust_domain: null });
  // Nothing is signed over that does not hold together.
  checkHead(head, tables, readNodes(tables), log_note);
  planSuccession({ state_dir, cause, head, keys_folder, trust_bytes: new Uint8Array(readFileSync(join(keys_folder, "trust.json"))), now_s });
  return finishSuccession(deps);
}

/** Throws `evidence.succession` where only an operator can give the new log a name. */
export async function renew(deps: RenewDeps): Promise<void> {
  const { state_dir, machine, began } = deps;
  const pending = await finishSuccession(deps);
  if (pending !== null) return began(pending);
  if (machine === null) return;
  const known = rememberedMachine(state_dir);
  if (known === machine) return;
  const begun = known === null ? null : await succeed(deps, "machine");
  if (begun !== null) began(begun);
  else rememberMachine(state_dir, machine);
}

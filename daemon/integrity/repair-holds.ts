/** Holds after damage: what a line says that can be read counts, and where one cannot, nothing goes by its age until somebody had time to look. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../store/db.ts";
import { openGates } from "../store/gates.ts";
import { openHolds } from "../store/tombstones.ts";
import { awaitHolds } from "./age.ts";
import { HOLD_FILE, soundHolds, writeHolds } from "./hold-file.ts";
import { settleHolds } from "./holding.ts";
import type { Repair } from "./repairing.ts";

/** Before anything is looked at: the file without its damaged lines. How many there were. */
export async function mendHoldFile(repair: Repair): Promise<number> {
  const { state_dir } = repair.deps;
  const { words, damaged } = await soundHolds(join(state_dir, HOLD_FILE));
  if (damaged === 0) return 0;
  await repair.aside(HOLD_FILE);
  await writeHolds(state_dir, words);
  repair.note("lost", `holds: ${damaged} line(s) of ${HOLD_FILE} cannot be read; unless the database knows better, a gate may be held no more or still be held. Nothing goes by its age for a day after the next start: place holds again`);
  return damaged;
}

/** Last, once the database is sound: both say the same. */
export async function repairHolds(repair: Repair, damaged: number): Promise<void> {
  const { state_dir, limits } = repair.deps;
  if (!existsSync(join(state_dir, "db"))) return;
  const store = openStore({ state_dir, limits: limits.store, fatal: () => undefined });
  try {
    const gates = openGates(store);
    const rows = await settleHolds({ state_dir, store, gates, holds: openHolds(store) });
    if (rows > 0) repair.note("rebuilt", `holds: ${rows} from ${HOLD_FILE}`);
    if (damaged > 0) store.atomic(() => awaitHolds(gates.floors));
  } finally {
    await store.close();
  }
}

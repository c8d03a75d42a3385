/** A stopped state folder looked at, and put right, in this process: for damage that kills nobody who reads it. */
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../../../proto/config.ts";
import type { RepairReport } from "../../../proto/integrity.ts";
import { systemClock } from "../../platform/clock.ts";
import { salvage, type SalvagedTable } from "../../store/salvage.ts";
import { walkOffline } from "../offline.ts";
import { repairState } from "../repair.ts";
import type { Step } from "../step.ts";

export const limits = Value.Create(Limits);
export const shared = { limits, machine: null, clock: systemClock, monotonic_ms: () => systemClock.monotonic_ms() };

/** Everything that is wrong in a folder. */
export const damageIn = async (state_dir: string): Promise<Step[]> => (await Array.fromAsync(walkOffline(state_dir, limits))).filter(({ problem }) => problem !== null);

async function salvaged(from: string, to: string): Promise<SalvagedTable[]> {
  const told: SalvagedTable[] = [];
  await salvage(from, to, [], (line) => void ("table" in line && told.push(line)));
  return told;
}

/** As `maestro fsck --repair`. */
export const repairedHere = (state_dir: string): Promise<RepairReport> => repairState({ ...shared, state_dir, examine: () => damageIn(state_dir), salvage: salvaged });

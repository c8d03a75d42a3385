/** A run of each machine's real code, and of the same code with one fault in it. */
import { join } from "node:path";
import type { Machine } from "../../../../platform/actions/index.ts";
import { Mutants } from "../../../../testing/mutant.ts";
import { driveLedger } from "./drive-ledger.ts";
import { driveLog } from "./drive-log.ts";
import { drivePipeline, type Told } from "./drive-pipeline.ts";
import { driveReporter } from "./drive-reporter.ts";
import { driveTurnstile, recorded } from "./recorded.ts";

const DAEMON = join(import.meta.dir, "../../../..");

export interface SeededFault {
  readonly machine: Machine;
  readonly title: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const FAULTS: readonly SeededFault[] = [
  { machine: "Turnstile", title: "a place that is given back wakes only the one whose turn it is", file: "platform/pool/fair-line.ts", from: "if (item === undefined || !may(key)) continue;", to: "if (item === undefined || !may(key)) break;" },
  { machine: "Turnstile", title: "one more goes in than there are places", file: "platform/pool/shares.ts", from: "if (this.#total < this.#places) return true;", to: "if (this.#total <= this.#places) return true;" },
  { machine: "Ledger", title: "after a death what stood open is not charged", file: "tenants/ledger/index.ts", from: "close(key, value, value.amount, true)", to: "close(key, value, { wall_us: 0, cpu_us: 0, model_tokens: 0 }, true)" },
  { machine: "Ledger", title: "what is promised to others is not counted", file: "tenants/ledger/core.ts", from: "const taken = add(spent, reserved);", to: "const taken = spent;" },
  { machine: "Reporter", title: "one try more than there are", file: "reporter/reporter.ts", from: "this.tries >= TRIES_MAX", to: "this.tries > TRIES_MAX" },
  { machine: "Reporter", title: "the cursor passes a verdict that the host did not take", file: "reporter/reporter.ts", from: "    return { wait_ms };", to: "    this.move(entry.place + 1, entry);\n    return { wait_ms };" },
  { machine: "Pipeline", title: "nobody waits for the end of a run that everybody left", file: "gate/single-flight.ts", from: "flight !== undefined && flight.clients === 0 ? flight : undefined", to: "flight !== undefined && flight.clients < 0 ? flight : undefined" },
  { machine: "WitnessedLog", title: "the head stays where it was", file: "evidence/log/growing.ts", from: "      tables.head.put(HEAD, head);\n", to: "" },
];

interface Loaded {
  readonly Turnstile: typeof import("../../../../gate/turnstile.ts").Turnstile;
  readonly openLedger: typeof import("../../../../tenants/ledger/index.ts").openLedger;
  readonly Reporter: typeof import("../../../../reporter/reporter.ts").Reporter;
  readonly SingleFlight: typeof import("../../../../gate/single-flight.ts").SingleFlight;
  readonly openLog: typeof import("../../../../evidence/log/index.ts").openLog;
}

/** Of each machine the module that the world sees, after those it stands on that may have a fault. */
const FILES: Readonly<Record<Machine, readonly string[]>> = {
  Turnstile: ["platform/pool/fair-line.ts", "platform/pool/shares.ts", "gate/turnstile.ts"],
  Ledger: ["tenants/ledger/core.ts", "tenants/ledger/index.ts"],
  Reporter: ["reporter/reporter.ts"],
  Pipeline: ["gate/single-flight.ts"],
  WitnessedLog: ["evidence/log/growing.ts", "evidence/log/index.ts"],
};

export interface RunSize {
  readonly seed: string;
  readonly steps: number;
}

/** The modules of a machine by file, the outermost last; with `fault` in them they are loaded from a copy. */
export async function codeOf(machine: Machine, fault: SeededFault | null): Promise<ReadonlyMap<string, object>> {
  using mutants = new Mutants();
  const loaded = new Map<string, object>();
  for (const file of FILES[machine]) {
    const path = join(DAEMON, file);
    loaded.set(file, (await import(fault === null ? path : mutants.make(path, file === fault.file ? fault : undefined))) as object);
  }
  return loaded;
}

/** A recording of one machine; `fault` is in its code. */
export async function runOf(machine: Machine, { seed, steps }: RunSize, fault: SeededFault | null = null): Promise<string> {
  const loaded = [...(await codeOf(machine, fault)).values()].at(-1) as Loaded;
  const some = (of: number): number => Math.max(1, Math.floor(steps / of));
  return recorded((begin) => {
    switch (machine) {
      case "Turnstile":
        return driveTurnstile(new loaded.Turnstile(2, 4), seed, steps);
      case "Ledger":
        return driveLedger(loaded.openLedger, begin, seed, some(3));
      case "Reporter":
        return driveReporter(loaded.Reporter, begin, seed, some(10));
      case "Pipeline":
        return drivePipeline(new loaded.SingleFlight<never, Told>((told) => ({ ...told })), seed, steps);
      case "WitnessedLog":
        return driveLog(loaded.openLog, begin, Array.from({ length: fault === null ? 2 : 1 }, () => Array.from({ length: some(30) }, (_, i) => 1 + (i % 3))));
    }
  });
}

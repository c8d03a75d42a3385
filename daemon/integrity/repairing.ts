/** What a repair says and moves aside while it works. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Limits } from "../../proto/config.ts";
import { DAMAGE_MAX } from "../../proto/integrity.ts";
import type { Clock } from "../platform/clock.ts";
import { syncPath } from "../platform/sync.ts";
import type { SalvagedTable } from "../store/salvage.ts";
import type { Step } from "./step.ts";

export interface RepairDeps {
  readonly state_dir: string;
  readonly limits: Pick<Limits, "store">;
  readonly machine: string | null;
  readonly clock: Pick<Clock, "now_ms" | "boottime_ms" | "boot_id">;
  readonly monotonic_ms: () => number;
  /** Looks at everything in a child, as a damaged database may kill whoever reads it. Only what is wrong. */
  readonly examine: () => Promise<readonly Step[]>;
  /** Copies sound records from one database folder to another in a child; what it told of each table. */
  readonly salvage: (from: string, to: string) => Promise<readonly SalvagedTable[]>;
}

export class Repair {
  readonly rebuilt: string[] = [];
  readonly lost: string[] = [];
  readonly quarantine: string;
  /** What the database holds may be older than what was acknowledged: then its log may have signed more. */
  older = false;
  private used = false;

  constructor(readonly deps: RepairDeps) {
    this.quarantine = join(deps.state_dir, "quarantine", new Date(deps.clock.now_ms()).toISOString().replaceAll(":", "").replace(/\.\d+/, ""));
  }

  get folder(): string | null {
    return this.used ? this.quarantine : null;
  }

  /** Moves something aside, under its own path unless its folder may follow. */
  async aside(path: string, as = path): Promise<void> {
    const { state_dir } = this.deps;
    if (!existsSync(join(state_dir, path))) return;
    const to = join(this.quarantine, as);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await rename(join(state_dir, path), to);
    await syncPath(dirname(to));
    this.used = true;
  }

  /** Keeps a copy of what is about to be changed in place. */
  async copyAside(path: string, folder: string): Promise<void> {
    const to = join(this.quarantine, folder, basename(path));
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await copyFile(join(this.deps.state_dir, path), to);
    await syncPath(to);
    this.used = true;
  }

  note(list: "rebuilt" | "lost", what: string): void {
    if (this[list].length < DAMAGE_MAX) this[list].push(what.slice(0, 500));
  }
}

/** What the scenes of mutants share: a fresh folder, a store whose writes are guarded, and a clock. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { MaestroError, type ErrorCode } from "../../../proto/errors.ts";
import { openStore, type Store } from "../../store/db.ts";
import { FakeClock } from "../../testing/clock.ts";
import { TABLE_EVENTS } from "../readings/index.ts";
import { shippedDocuments } from "../shipped.ts";
import { Guards } from "../guards.ts";
import { writeGuard } from "../writes.ts";

export interface Stage {
  readonly state_dir: string;
  readonly guards: Guards;
  readonly clock: FakeClock;
  /** Another store over a folder of its own; closed with the stage. */
  store(folder?: string, schema_version?: number): Store;
}

/** Ordinary work through the daemon's own modules. Whatever it throws is the scene's outcome. */
export type Scene = (stage: Stage) => Promise<void>;

export const STORE_LIMITS = { ...Value.Create(StoreLimits), free_bytes_min: 1 };

/** The id of the rule that stopped the scene; `null` where none did. */
export async function played(scene: Scene): Promise<string | null> {
  const guards = new Guards(shippedDocuments());
  const root = mkdtempSync(join(tmpdir(), "mutant-"));
  const stores: Store[] = [];
  const stage: Stage = {
    state_dir: root, guards, clock: new FakeClock(),
    store(folder = ".", schema_version) {
      const store = openStore({ state_dir: join(root, folder), limits: STORE_LIMITS, guard: writeGuard(guards, TABLE_EVENTS), fatal: () => undefined, ...(schema_version === undefined ? {} : { schema_version }) });
      stores.push(store);
      return store;
    },
  };
  try {
    await scene(stage);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "invariant.violated") return error.detail.slice(0, error.detail.indexOf(":"));
    // A mutant may fail in other ways, which no invariant is to be praised for.
    return `failed otherwise: ${error instanceof MaestroError ? `${error.code}, ${error.detail}` : String(error)}`;
  } finally {
    await Promise.allSettled(stores.map((store) => store.close()));
    rmSync(root, { recursive: true, force: true });
  }
  return [...guards.counts.violations.keys()][0] ?? null;
}

/** Work that sound code refuses with this code, and a mutant may let through. */
export function refused(code: ErrorCode, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== code) throw error;
  }
}

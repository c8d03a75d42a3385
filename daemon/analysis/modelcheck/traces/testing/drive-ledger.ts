import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../../../proto/config.ts";
import { MaestroError } from "../../../../../proto/errors.ts";
import { openStore } from "../../../../store/db.ts";
import type { openLedger } from "../../../../tenants/ledger/index.ts";
import { SeededRandom } from "../../../../testing/random.ts";

const ACCOUNTS = [
  { key: "tenant:web", budget: { wall_us: 1_000, cpu_us: 1_500 }, window_s: 3_600 },
  { key: "tenant:lib", budget: { model_tokens: 20 }, window_s: 60 },
  { key: "token:x", budget: { wall_us: 2_500 }, window_s: null },
];
const START_S = 1_795_000_000;

/** Reserves, settles, waits and dies at random, `lives` times, on a real store. */
export async function driveLedger(open: typeof openLedger, begin: () => void, seed: string, steps: number, lives = 3): Promise<void> {
  const random = new SeededRandom(seed);
  const below = (n: number): number => ((random.bytes(2)[0] ?? 0) * 256 + (random.bytes(1)[0] ?? 0)) % n;
  const state_dir = mkdtempSync(join(tmpdir(), "drive-ledger-"));
  let now_s = START_S;
  const work = (ledger: ReturnType<typeof openLedger>): void => {
    const standing: { readonly id: number; readonly worst: number }[] = [];
    for (let i = 0; i < steps; i++) {
      if (below(6) === 0) now_s += below(90);
      const one = below(2) === 0 ? standing.splice(below(Math.max(1, standing.length)), 1)[0] : undefined;
      if (one !== undefined) {
        const used = below(one.worst + 1);
        ledger.settle(one.id, { wall_us: used, cpu_us: used, model_tokens: 0 });
        if (below(8) === 0) ledger.settle(one.id, { wall_us: 1, cpu_us: 1, model_tokens: 1 });
        continue;
      }
      const worst = 1 + below(300);
      try {
        const asked = ACCOUNTS.filter(() => below(3) > 0);
        standing.push({ id: ledger.reserve(asked, { wall_us: worst, cpu_us: worst, model_tokens: below(5) }), worst });
      } catch (error) {
        if (!(error instanceof MaestroError) || error.code !== "tenant.budget") throw error;
      }
    }
  };
  try {
    for (let life = 0; life < lives; life++) {
      if (life > 0) begin();
      const store = openStore({ state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
      work(open({ store, now_s: () => now_s }));
      // What stands is not settled: this daemon is gone.
      await store.close();
    }
  } finally {
    rmSync(state_dir, { recursive: true, force: true });
  }
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../../../proto/config.ts";
import { utf8 } from "../../../../../proto/encoding.ts";
import { openCosigned } from "../../../../evidence/cosigned/index.ts";
import type { openLog } from "../../../../evidence/log/index.ts";
import { systemRandom } from "../../../../platform/random.ts";
import { openStore } from "../../../../store/db.ts";
import { newRing, NOW } from "../../../../testing/evidence.ts";
import { cosigned as cosignedBy, newWitness } from "../../../../testing/witnesses.ts";
import { cosignerKeyText } from "../../../../verifier/cosignature.ts";
import { noteKey } from "../../../../verifier/note.ts";
import { openTrust } from "../../../../verifier/trust.ts";

const checkpointIn = (body: string): string => body.slice(body.indexOf("\n\n") + 2);
const WAIT_STEPS_MAX = 2_000;

/** Appends some entries at a time in each of some lives, in front of a witness that cosigns, and now and then cannot be reached. */
export async function driveLog(open: typeof openLog, begin: () => void, appends: readonly (readonly number[])[]): Promise<void> {
  const state_dir = mkdtempSync(join(tmpdir(), "drive-log-"));
  const ring = newRing();
  const trust = openTrust(ring.trust);
  if (!trust.ok) throw new Error(trust.reason.detail);
  const witness = newWitness("witness.example/a");
  let entries = 0;
  let asked = 0;
  try {
    for (const [life, sizes] of appends.entries()) {
      if (life > 0) begin();
      const store = openStore({ state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
      let nudge = (): void => undefined;
      const log = await open({ store, state_dir, key: noteKey(ring.origin, ring.log.key), sign: ring.log.sign, projection_failed: () => undefined, appended: () => nudge() });
      const cosigned = openCosigned({
        store, state_dir, log, trust: () => trust.value, random: systemRandom, now_s: () => NOW.getTime() / 1000, monotonic_ms: () => performance.now(),
        witnesses: [{ name: "a", url: "unix:/x", vkey: cosignerKeyText(witness.key) }],
        limits: { cosign_debounce_ms: 1, cosign_backoff_ms: 1, cosign_backoff_ms_max: 5 },
        ask: async (_, body) => {
          if (++asked % 3 === 0) return { status: 503, type: "text/plain", text: "away" };
          const checkpoint = checkpointIn(body);
          return { status: 200, type: "text/plain", text: cosignedBy(checkpoint, witness, NOW.getTime() / 1000).slice(checkpoint.length) };
        },
        warn: () => undefined,
      });
      nudge = () => cosigned.nudge();
      nudge();
      await Promise.all(sizes.map((count) => log.append(Array.from({ length: count }, () => utf8(`entry ${entries++}`)), NOW.getTime() / 1000, () => null)));
      for (let i = 0; i < WAIT_STEPS_MAX && (cosigned.witnessed()?.size ?? 0) < log.state().size; i++) await Bun.sleep(1);
      cosigned.stop();
      await log.published();
      await store.close();
    }
  } finally {
    rmSync(state_dir, { recursive: true, force: true });
  }
}

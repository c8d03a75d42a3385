import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gateId } from "../../../../../proto/change.ts";
import { toBase64 } from "../../../../../proto/encoding.ts";
import { MaestroError } from "../../../../../proto/errors.ts";
import { openCursor } from "../../../../reporter/cursor.ts";
import type { Reporter } from "../../../../reporter/reporter.ts";
import { makeBundle, newRing, NOW, SAMPLE_IDENTITY, trustWith } from "../../../../testing/evidence.ts";
import { SeededRandom } from "../../../../testing/random.ts";

/** Tells `verdicts` to a host that fails at random, and dies `lives - 1` times on the way. */
export async function driveReporter(Made: typeof Reporter, begin: () => void, seed: string, verdicts: number, lives = 3): Promise<void> {
  const random = new SeededRandom(seed);
  const below = (n: number): number => (random.bytes(2)[0] ?? 0) % n;
  const ring = newRing();
  const trust = trustWith(ring, (body) => ({ ...body, keys: body.keys.map((key) => ({ ...key, modes: ["host", "local"] as const, repository_ids: ["*"] })) }) as typeof body);
  const bundles = new Map<string, string>();
  const rows = Array.from({ length: verdicts }, (_, place) => {
    const identity = { head: String(place).padStart(40, "0") };
    const whole = { ...SAMPLE_IDENTITY, ...identity };
    const gate_id = gateId(whole);
    bundles.set(gate_id, toBase64(makeBundle(ring, { identity, mode: "host", attempt: { attempt: 1, supersedes: null } })));
    return { place, gate_id, attempt: 1, repo_id: whole.repo_id, head: whole.head, verdict: "hold" as const };
  });
  const dir = mkdtempSync(join(tmpdir(), "drive-reporter-"));
  // One verdict never gets through, so that one is given up after all its tries.
  const hopeless = rows[1]?.head;
  try {
    for (let life = 0; life < lives; life++) {
      if (life > 0) begin();
      const reporter = new Made({
        feed: (after) => Promise.resolve({ next: Math.max(after, rows.length), more: false, total: rows.length, entries: rows.slice(after) }),
        bundle: (gate_id) => Promise.resolve({ gate_id, attempt: 1, bundle: bundles.get(gate_id) ?? "" }),
        trust: () => trust,
        publishes: () => true,
        publish: ({ head }) => (head === hopeless || below(3) === 0 ? Promise.reject(new MaestroError("egress.failed", "the host is away")) : Promise.resolve()),
        cursor: openCursor(dir),
        now_ms: () => NOW.getTime(),
        random: () => 0.5,
        tell: () => undefined,
      }, 7);
      // The last life comes to the end.
      const steps = life === lives - 1 ? verdicts * 20 : below(6) + 2;
      for (let i = 0; i < steps && (await reporter.step()).idle !== true; i++);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

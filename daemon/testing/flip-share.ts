/** A process that changes its share of a bundle's bytes to every other value and says what became of the mutants; all processors can work on one bundle. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyWithTrust } from "../verifier/bundle.ts";
import { openTrust } from "../verifier/trust.ts";
import { flipAll, type FlipCount, type Share } from "./flip.ts";

/** What a share is told. The folder holds `bundle` and `trust`. */
export interface ShareOrder {
  readonly folder: string;
  readonly now: string;
  readonly share: Share;
}

/** Everything that a byte can become: all masks but the one that changes nothing. */
export const ALL_CHANGES = Array.from({ length: 255 }, (_, i) => i + 1);

/** One process per share; what they counted, added up. */
export async function flipInShares(order: Omit<ShareOrder, "share">, of: number): Promise<FlipCount> {
  const counts = await Promise.all(Array.from({ length: of }, async (_, nth) => {
    const child = Bun.spawn([process.execPath, import.meta.path, JSON.stringify({ ...order, share: { nth, of } } satisfies ShareOrder)], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    const said = await child.stdout.text();
    if ((await child.exited) !== 0) throw new Error(`share ${nth} of ${of} ended with ${child.signalCode ?? child.exitCode}`);
    return JSON.parse(said) as FlipCount;
  }));
  return counts.reduce((sum, count) => ({ refused: sum.refused + count.refused, same: sum.same + count.same, different: sum.different + count.different }));
}

if (import.meta.main) {
  const { folder, now, share } = JSON.parse(process.argv[2] ?? "") as ShareOrder;
  const opened = openTrust(new Uint8Array(readFileSync(join(folder, "trust"))));
  if (!opened.ok) throw new Error(opened.reason.detail);
  const trust = opened.value;
  const bundle = new Uint8Array(readFileSync(join(folder, "bundle")));
  process.stdout.write(JSON.stringify(flipAll(bundle, ALL_CHANGES, (mutant) => verifyWithTrust(mutant, trust, { now: new Date(now) }), share)));
}

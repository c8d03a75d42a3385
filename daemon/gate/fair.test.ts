/** An expensive change costs its own user: another user's small gate is judged meanwhile, with the real checks on real git. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { World } from "../testing/core.ts";
import { ownUser } from "../testing/tenants.ts";

setDefaultTimeout(120_000);
const FLOOD = 6;
/** On a busy machine; what counts is that the flood is still there afterwards. */
const MEANWHILE_MS_MAX = 20_000;

/** Hundreds of thousands of lines, a few hundred files, and text that patterns with two stars choke on. */
function worst(): Record<string, string> {
  const files: Record<string, string> = {
    "package.json": `{"name":"x","scripts":{"a":"${"a".repeat(100_000)}!"}}`,
    ".github/workflows/a.yml": `on: push\njobs:\n  a:\n    runs-on: ${"a ".repeat(20_000)}\n`,
    "src/long.ts": "const x = 1;\n".repeat(400_000),
  };
  for (let i = 0; i < 300; i++) files[`many/${i % 50}/${i}.ts`] = `export const v${i} = ${i};\n`;
  return files;
}

test("six of one user's worst gates at once: another user's small gate is not behind them", async () => {
  await using world = await World.open();
  const source = world.scratch.source();
  const base = await source.commit({ "src/a.ts": "a();\n" }, "first");
  const small = await source.commit({ "src/b.ts": "b();\n" }, "small");
  const expensive = await source.commit(worst(), "worst");
  const [flooder, guest] = await Promise.all([world.received(source, [small, expensive], "flood", ownUser(8)), world.received(source, [base, small], "small", ownUser(9))]);
  const ask = { target_ref: "refs/heads/main" } as const;
  const alone_ms = await timed(() => world.gate(guest, { ...ask, target: base, head: small }));
  const stop = new AbortController();
  const flood = Array.from({ length: FLOOD }, (_, i) => world.gate(flooder, { ...ask, target_ref: `refs/heads/${i}`, target: small, head: expensive }, world.core.keeper, () => undefined, stop.signal).then(() => "ended", () => "stopped"));
  while (world.core.pool.counts.busy < 2) await Bun.sleep(10);
  const meanwhile_ms = await timed(() => world.gate(guest, { ...ask, target: base, head: small, rerun: true }));
  const { running, waiting } = world.core.keeper.counts;
  stop.abort();
  const ends = await Promise.all(flood);
  process.stderr.write(`a small gate alone ${Math.round(alone_ms)} ms, beside ${running + waiting} of the worst ${Math.round(meanwhile_ms)} ms\n`);
  // The flood was there before the small gate and still is after it.
  expect([running + waiting >= FLOOD - 1, ends.filter((end) => end === "stopped").length >= FLOOD - 1]).toEqual([true, true]);
  expect(meanwhile_ms).toBeLessThan(MEANWHILE_MS_MAX);
});

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began_ms = performance.now();
  await work();
  return performance.now() - began_ms;
}

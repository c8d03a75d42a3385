import { expect, test } from "bun:test";

const MAIN = Bun.fileURLToPath(new URL("../main.ts", import.meta.url));

test("maestro invariants coverage computes at least 90 %, names every flow, and says why one is open", async () => {
  const child = Bun.spawn([process.execPath, MAIN, "invariants", "coverage", "--json"], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const [said, code] = [JSON.parse(await new Response(child.stdout).text()), await child.exited];
  expect([code, said.ok, said.wrong]).toEqual([0, true, []]);
  const guarded = said.flows.filter((flow: { invariants?: unknown[] }) => flow.invariants !== undefined).length;
  expect([said.guarded, said.per_mille]).toEqual([guarded, Math.floor((1_000 * guarded) / said.critical)]);
  expect(said.per_mille).toBeGreaterThanOrEqual(900);
  expect(said.open.every(({ because }: { because: string }) => because.length > 10)).toBe(true);
  expect(said.flows.map(({ name }: { name: string }) => name)).toContain("act gate_decided");
}, 60_000);

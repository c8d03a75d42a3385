/** SIGKILL at each step of a release: either there is none, or it stands with everything that proves it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { verifyRelease } from "../../verifier/index.ts";
import { Releasing } from "./testing/releasing.ts";

setDefaultTimeout(120_000);

const DYING = new URL("./testing/dying-releaser.ts", import.meta.url).pathname;
let one: Releasing;
beforeAll(async () => {
  one = await Releasing.open();
});
afterAll(() => one[Symbol.asyncDispose]());

async function killedAt(step: string, head: string): Promise<string | null> {
  await one.world.stop();
  const child = Bun.spawn([process.execPath, DYING, one.world.state_dir, JSON.stringify(one.world.config), head, step], { stdin: "ignore", stdout: "inherit", stderr: "inherit" });
  await child.exited;
  await one.world.start();
  return child.signalCode === null ? null : String(child.signalCode);
}

for (const [step, stands] of [["before the log", false], ["inside the transaction", false], ["before the bundle", true], ["before the attempt", true]] as const) {
  test(`killed ${step}: ${stands ? "it stands, and the next gate of that head is admitted by it" : "nothing was released, and nothing is in the log"}`, async () => {
    const { source, base, head } = await one.held();
    const before = one.world.core.evidence.logState().size;
    expect(await killedAt(step, head)).toBe("SIGKILL");
    const { evidence, gates, releases, artifacts } = one.world.core;
    const rows = releases.of({ repo_id: `local:7:${source.path.split("/").at(-1)}`, target_ref: "refs/heads/main", head });
    expect([rows.length, evidence.logState().size - before]).toEqual(stands ? [1, 1] : [0, 0]);
    expect(gates.newest().filter((row) => row.head === head)).toHaveLength(1);
    for (const row of rows) expect(verifyRelease((await artifacts.blobs.get(row.bundle))!, evidence.trust, new Date(one.world.clock.now_ms())).result).toBe("verified");
    const again = await one.gate(source, base, head);
    expect([again.verdict, again.card.releases?.map(({ person }) => person)]).toEqual(stands ? ["admit", ["alice"]] : ["hold", undefined]);
  });
}

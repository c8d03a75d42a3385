/** Every call of the gate, log, upgrade, succession and rotation paths that changes the disk: killed there, EIO, ENOSPC; after each, everything that was acknowledged is there. */
import { expect, test } from "bun:test";
import { daemonScenario } from "../daemon/testing/faults/daemon-scenario.ts";
import { expiryScenario } from "../daemon/testing/faults/expiry-scenario.ts";
import { rotationScenario } from "../daemon/testing/faults/rotation-scenario.ts";
import { FAULTS, nameOf, type Fault, type Site } from "../daemon/testing/faults/site.ts";
import { successionScenario } from "../daemon/testing/faults/succession-scenario.ts";
import { scenario, sweep, type Scenario } from "../daemon/testing/faults/sweep.ts";
import { upgradeScenario } from "../daemon/testing/faults/upgrade-scenario.ts";

const DEADLINE_MS = 4 * 3_600_000;
const LANES = 2;
const FAULT_NAMES = Object.keys(FAULTS) as Fault[];

/** Which part of the calls a run takes, for instance `3/8`; all of them where nothing is said. */
const [PART = 1, PARTS = 1] = (process.env["MAESTRO_FAULT_PART"] ?? "1/1").split("/").map(Number);

/** Only calls whose name matches: what failed is run again by name, for instance `fsync log/`. */
const WANTED = new RegExp(process.env["MAESTRO_FAULT_SITE"] ?? "");

const SUBJECTS: Record<string, () => Promise<Scenario>> = {
  fresh: () => scenario("fresh", 2),
  again: () => scenario("again", 2),
  upgrade: upgradeScenario,
  succession: successionScenario,
  rotation: rotationScenario,
  expiry: expiryScenario,
  "maestrod with its git and check processes": () => daemonScenario(2),
};

for (const [name, make] of Object.entries(SUBJECTS)) {
  test(`${name}: a fault at every call`, async () => {
    using subject = await make();
    const sites = subject.sites.filter((_, i) => i % PARTS === PART - 1).filter((site) => WANTED.test(nameOf(site)));
    const names = sites.map((site: Site) => nameOf(site));
    const failed: string[] = [];
    for (const fault of FAULT_NAMES) {
      const { hit, runs, problems } = await sweep(subject, sites, fault, LANES, (problem) => process.stderr.write(`${problem}\n`));
      const missed = names.filter((site) => !hit.has(site));
      process.stderr.write(`${name}, ${fault}: ${names.length - missed.length} of ${names.length} calls hit in ${runs} runs, ${problems.length} problems; not reached: ${missed.join(", ") || "none"}\n`);
      failed.push(...problems, ...missed.map((site) => `${fault} at ${site}: not reached`));
    }
    expect(failed).toEqual([]);
  }, DEADLINE_MS);
}

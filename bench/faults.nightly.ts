/** Every call of the gate, log and upgrade paths that changes the disk: killed there, EIO, ENOSPC; after each, everything that was acknowledged is there. */
import { expect, test } from "bun:test";
import { daemonScenario } from "../daemon/testing/faults/daemon-scenario.ts";
import { FAULTS, nameOf, type Site } from "../daemon/testing/faults/injection.ts";
import { scenario, sweep } from "../daemon/testing/faults/sweep.ts";
import { upgradeScenario } from "../daemon/testing/faults/upgrade-scenario.ts";

const DEADLINE_MS = 2 * 3_600_000;
const LANES = 2;

/**
 * strace counts calls per thread, so where several threads make the same call on the same path a later one may be out of its reach:
 * every earlier one ends the process first. These are named and counted; the enumerator of crash states covers the moments between.
 */
const UNREACHED_SHARE_MAX = 0.05;

const SUBJECTS = { fresh: () => scenario("fresh", 2), again: () => scenario("again", 2), upgrade: upgradeScenario };

for (const [name, make] of Object.entries(SUBJECTS)) {
  test(`${name}: a fault at every call`, async () => {
    using subject = await make();
    for (const fault of FAULTS) {
      const { hit, runs, problems } = await sweep(subject, subject.sites, fault, LANES);
      const names = new Set(subject.sites.map((site: Site) => nameOf(site)));
      const missed = [...names].filter((site) => !hit.has(site));
      process.stderr.write(`${name}, ${fault}: ${names.size - missed.length} of ${names.size} calls hit in ${runs} runs; not reached: ${missed.join(", ") || "none"}\n`);
      expect(problems).toEqual([]);
      expect(missed.length / names.size).toBeLessThan(UNREACHED_SHARE_MAX);
    }
  }, DEADLINE_MS);
}

/** A run of `maestrod` takes seconds, so each night takes every so manyth call; the offset moves with the day. */
const DAEMON_EVERY = 8;
const OFFSET = Math.floor(Date.now() / 86_400_000) % DAEMON_EVERY;

test(`maestrod with its git and check processes: a fault at every ${DAEMON_EVERY}th call, from ${OFFSET}`, async () => {
  using subject = await daemonScenario(2);
  const sites = subject.sites.filter((_, i) => i % DAEMON_EVERY === OFFSET);
  for (const fault of FAULTS) {
    const { hit, runs, problems } = await sweep(subject, sites, fault, LANES);
    process.stderr.write(`maestrod, ${fault}: ${hit.size} of ${subject.sites.length} calls hit in ${runs} runs\n`);
    expect(problems).toEqual([]);
    expect(hit.size).toBeGreaterThan(sites.length / 2);
  }
}, DEADLINE_MS);

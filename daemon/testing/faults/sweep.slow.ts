/** A fault at a few of the calls that change the disk; `bench/faults.nightly.ts` takes every one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { skipWithout } from "../skip.ts";
import { inject, mayInject, sitesOf } from "./injection.ts";
import { FAULTS, nameOf, pathClass, type Fault } from "./site.ts";
import { successionScenario } from "./succession-scenario.ts";
import { scenario, sweep, type Scenario } from "./sweep.ts";

setDefaultTimeout(120_000);
const SITES_MAX = 3;
const FAULT_NAMES = Object.keys(FAULTS) as Fault[];
const unwatched = skipWithout(mayInject(), "calls cannot be watched here (seccomp's user notification, Linux 5.19), so none was made to fail");

test("names that are new in every run are one name, others stay what they are", () => {
  const paths = [`oci/blobs/sha256/${"0a".repeat(32)}`, "repositories/x/quarantine-Qx81Zz/objects/pack/tmp_pack_a1B2c3", `repositories/x/sha1.git/objects/fd/${"1".repeat(38)}.12.3456`, "scratch/gate-Ewh0Iy/facts.json", "log/tile/entries/000.p/2.new", "keys.new/gate.pem"];
  expect(paths.map(pathClass)).toEqual(["oci/blobs/sha256/*", "repositories/x/quarantine-*/objects/pack/tmp_pack_*", "repositories/x/sha1.git/objects/*/*", "scratch/gate-*/facts.json", "log/tile/entries/000.p/2.new", "keys.new/gate.pem"]);
});

describe.skipIf(unwatched)("calls of several threads and processes", () => {
  const subject = { argv: (root: string) => [process.execPath, join(import.meta.dir, "many-writers.ts"), root] };

  test("are counted in one line, by whatever thread or process they are made", async () => {
    const names = (await sitesOf(subject)).map(nameOf);
    expect(names.filter((name) => name.startsWith("write shared"))).toEqual(Array.from({ length: 12 }, (_, i) => `write shared #${i + 1}`));
    expect(names.some((name) => /^rename\w* child #1$/.test(name))).toBe(true);
  });

  test("fail at exactly the one that was chosen, once", async () => {
    const errors = await inject(subject, { site: { call: "write", path: "shared", occurrence: 7 }, fault: "ENOSPC" }, async (_, { stdout, hit }) => [hit, stdout.trim()]);
    expect(errors).toEqual([true, "ENOSPC"]);
  });

  test("canary: a call that does not come is not said to have been hit", async () => {
    expect(await inject(subject, { site: { call: "write", path: "shared", occurrence: 13 }, fault: "EIO" }, async (_, { stdout, hit }) => [hit, stdout.trim()])).toEqual([false, ""]);
  });
});

describe.skipIf(unwatched)("a fault at one call", () => {
  let subject: Scenario;
  beforeAll(async () => {
    subject = await scenario("fresh", 1);
  });
  afterAll(() => subject[Symbol.dispose]());

  FAULT_NAMES.forEach((fault, shift) => {
    test(`${fault}: what was acknowledged is there, the rest is whole or absent, and the next verdict is recorded`, async () => {
      const step = Math.floor(subject.sites.length / SITES_MAX);
      const sites = Array.from({ length: SITES_MAX }, (_, i) => subject.sites[i * step + shift * 7]).filter((site) => site !== undefined);
      const { hit, runs, problems } = await sweep(subject, sites, fault, 2);
      process.stderr.write(`${fault}: ${runs} runs, ${hit.size} calls hit of ${subject.sites.length}: ${[...hit].join(", ")}\n`);
      expect(problems).toEqual([]);
      expect([...hit].sort()).toEqual(sites.map(nameOf).sort());
    });
  });
});

test.skipIf(unwatched)("killed between the files of a plan that is done, the next start takes it for done", async () => {
  using subject = await successionScenario();
  const sites = subject.sites.filter(({ call, path }) => call.startsWith("unlink") && /^keys\.\w+\/\w+\.\w+$/.test(path)).slice(1, 4);
  const { hit, problems } = await sweep(subject, sites, "kill", 2);
  expect(problems).toEqual([]);
  expect(hit.size).toBe(3);
});

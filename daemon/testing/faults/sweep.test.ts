/** A fault at a few of the calls that change the disk; `bench/faults.nightly.ts` takes every one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { skipWithout } from "../skip.ts";
import { FAULTS, nameOf, sitesOf } from "./injection.ts";
import { parseStrace } from "./strace-lines.ts";
import { scenario, sweep, type Scenario } from "./sweep.ts";

setDefaultTimeout(120_000);
const SITES_MAX = 3;
const noStrace = skipWithout(Bun.which("strace") !== null, "strace is not installed, so no call was made to fail");

test("sites are counted by call and path over all threads, and only below the root", () => {
  const hex = (text: string): string => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  const lines = [`1 fsync(5<${hex("/s/a")}>) = 0`, `2 fsync(6<${hex("/s/a")}>) = 0`, `1 fsync(5<${hex("/sa")}>) = 0`, `1 openat(AT_FDCWD<${hex("/")}>, "${hex("/s/b")}", O_RDONLY) = 7`, `2 rename("${hex("/s/b")}", "${hex("/s/c")}") = 0`];
  expect(sitesOf(parseStrace(lines.join("\n")), "/s").map(nameOf)).toEqual(["fsync a #1", "fsync a #2", "rename b #1"]);
});

describe.skipIf(noStrace)("a fault at one call", () => {
  let subject: Scenario;
  beforeAll(async () => {
    subject = await scenario("fresh", 1);
  });
  afterAll(() => subject[Symbol.dispose]());

  FAULTS.forEach((fault, shift) => {
    test(`${fault}: what was acknowledged is there, the rest is whole or absent, and the next verdict is recorded`, async () => {
      const step = Math.floor(subject.sites.length / SITES_MAX);
      const sites = Array.from({ length: SITES_MAX }, (_, i) => subject.sites[i * step + shift * 7]).filter((site) => site !== undefined);
      const { hit, runs, problems } = await sweep(subject, sites, fault, 2);
      process.stderr.write(`${fault}: ${runs} runs, ${hit.size} calls hit of ${subject.sites.length}: ${[...hit].join(", ")}\n`);
      expect(problems).toEqual([]);
      expect(hit.size).toBeGreaterThan(1);
    });
  });
});

/** A test without an assertion fails: it could not have failed otherwise. */
import { beforeEach, expect } from "bun:test";
import { times } from "./scale.ts";

/** What fast-check runs of a property that names no number; loaded only where it changes, because every test file pays for it. */
const RUNS = 100;
if (times(1) > 1) (await import("fast-check")).default.configureGlobal({ numRuns: times(RUNS) });

// A host configuration that its group may write is refused, and a test that writes one must not depend on whose machine it runs on.
process.umask(0o022);

beforeEach(() => {
  expect.hasAssertions();
});

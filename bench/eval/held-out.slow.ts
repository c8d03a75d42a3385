import { expect, test } from "bun:test";
import { skipWithout } from "../../daemon/testing/skip.ts";
import { misjudged } from "./by-hand.ts";
import { Bench } from "./grading.ts";

const missing = ["bwrap", "git", "gcc", "python3"].filter((name) => Bun.which(name) === null);
if ((Bun.which("go") ?? Bun.which("/usr/local/go/bin/go")) === null) missing.push("go");

/** Compilers, and Go's library from nothing: a minute or two on two busy cores. */
test.skipIf(skipWithout(missing.length === 0, `patches by hand: needs ${missing.join(", ")}`))("a good patch and a good skeleton by hand pass, lazy ones do not", () => {
  const bench = new Bench();
  try {
    expect(misjudged(bench, (kind) => kind === "fix")).toEqual([]);
  } finally {
    bench.dispose();
  }
}, 600_000);

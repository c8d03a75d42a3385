import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { times } from "./scale.ts";

function timesUnder(scale: string): string {
  const script = `import { times } from ${JSON.stringify(join(import.meta.dir, "scale.ts"))}; process.stdout.write(String(times(7)));`;
  const { exitCode, stdout } = Bun.spawnSync([process.execPath, "-e", script], { env: { ...Bun.env, MAESTRO_TEST_SCALE: scale }, stderr: "ignore" });
  return exitCode === 0 ? stdout.toString() : "refused";
}

test("the scale multiplies, and one that is no whole number from 1 is refused", () => {
  expect(["", "1", "20"].map(timesUnder)).toEqual(["7", "7", "140"]);
  expect(["0", "-1", "1.5", "x", " "].map(timesUnder)).toEqual(Array.from({ length: 5 }, () => "refused"));
});

test("a property that names no number of runs gets the scaled one too", () => {
  let runs = 0;
  fc.assert(fc.property(fc.nat(), () => void runs++));
  expect(runs).toBe(times(100));
});

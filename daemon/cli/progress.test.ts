import { expect, test } from "bun:test";
import { duration } from "./progress.ts";

test("a duration keeps as many digits as it means", () => {
  const said: readonly (readonly [us: number, text: string])[] = [
    [0, "0.0 ms"], [49, "0.0 ms"], [50, "0.1 ms"], [1_000, "1.0 ms"], [12_345, "12.3 ms"], [99_949, "99.9 ms"], [100_000, "100 ms"], [999_400, "999 ms"],
    [1_000_000, "1.0 s"], [61_250_000, "61.3 s"], [3_600_000_000, "3600.0 s"],
  ];
  expect(said.map(([us]) => duration(us))).toEqual(said.map(([, text]) => text));
});

test("what rounds up to the next unit is said in it: never a thousand milliseconds", () => {
  expect([99_949, 99_950, 999_499, 999_500, 999_999].map(duration)).toEqual(["99.9 ms", "100 ms", "999 ms", "1.0 s", "1.0 s"]);
});

test("steps are lines on stderr; stdout stays free for the document", async () => {
  const module = JSON.stringify(new URL("./progress.ts", import.meta.url).pathname);
  const program = `const { Progress } = await import(${module}); const p = new Progress(); p.step("intake"); p.show({ event: "progress", stage: "checks", check: "secrets", result: "pass", duration_us: 1500 }); p.show({ event: "progress", stage: "queued", check: null, result: null, duration_us: 0 }); p.total();`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect([await child.exited, stdout]).toEqual([0, ""]);
  expect(stderr.split("\n").slice(1, 3)).toEqual(["  secrets        1.5 ms pass", "  queued         0.0 ms"]);
  expect(stderr).toMatch(/^ {2}intake {9}[\d.]+ ms\n[^]*\n {2}total {10}[\d.]+ ms\n$/);
});

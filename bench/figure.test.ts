import { expect, test } from "bun:test";
import { commitId, figureLine, leastCpuMs, machineName, median, percentile } from "./figure.ts";
import { benchNames, runBench } from "./index.ts";

const line = (input: Parameters<typeof figureLine>[1]): ReturnType<typeof figureLine> => figureLine("b", input, "m", "c");

test("a ratio above 1 always means that we are better", () => {
  const peer = { name: "p", value: 10 };
  expect(line({ figure: "f", value: 5, unit: "ms", better: "less", peer }).ratio).toBe(2);
  expect(line({ figure: "f", value: 5, unit: "per s", better: "more", peer }).ratio).toBe(0.5);
});

test("a goal that was not met, or not compared, is printed as not met", () => {
  const base = { figure: "f", value: 5, unit: "ms", better: "less" } as const;
  expect(line({ ...base, goal: { value: 4 } })).toMatchObject({ goal: "<= 4 ms", met: false });
  expect(line({ ...base, goal: { value: 5 } }).met).toBe(true);
  expect(line({ ...base, goal: { ratio: 1 } })).toMatchObject({ ratio: null, met: false });
  expect(line(base)).toMatchObject({ goal: null, met: null, peer: null, peer_value: null });
  expect(line({ ...base, value: Number.NaN, goal: { value: 5 } }).met).toBe(false);
});

test("a bench fails when it throws or misses a hard bar, not when it misses a goal", async () => {
  const printed: string[] = [];
  const run = (bench: Parameters<typeof runBench>[1]): Promise<boolean> => runBench("x", bench, (text) => printed.push(text));
  const missed = { figure: "f", value: 5, unit: "ms", better: "less", goal: { value: 4 } } as const;
  expect(await run((figure) => figure(missed))).toBe(true);
  expect(await run((figure) => figure({ ...missed, hard: true }))).toBe(false);
  expect(await run(() => Promise.reject(new Error("broken")))).toBe(false);
  expect(printed).toHaveLength(2);
  expect(JSON.parse(printed[0] ?? "")).toMatchObject({ bench: "x", figure: "f", value: 5, unit: "ms", machine: machineName(), commit: commitId() });
});

test("every bench file exports a bench", async () => {
  expect(benchNames()).toContain("merkle");
  for (const name of benchNames()) {
    const module: Record<string, unknown> = await import(`./${name}.ts`);
    expect(typeof module["bench"], name).toBe("function");
  }
});

test("time is that of the processor, the least of the runs", async () => {
  let runs = 0;
  const idle = await leastCpuMs(20, () => Bun.sleep(20).then(() => (runs += 1)));
  expect(runs).toBe(20);
  expect(idle).toBeLessThan(20);
});

test("a percentile is one of the values, and of nothing it is no number", () => {
  const values = [30, 10, 20, 40];
  expect([0, 0.5, 0.95, 1].map((share) => percentile(values, share))).toEqual([10, 30, 40, 40]);
  expect(values).toEqual([30, 10, 20, 40]);
  expect(median([])).toBeNaN();
});

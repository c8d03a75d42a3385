import { describe, expect, test } from "bun:test";
import { Counter, exposition, Gauge, Histogram } from "./registry.ts";
import { readExposition } from "./testing/exposition.ts";

describe("the text format 0.0.4", () => {
  test("a counter, a gauge and a histogram read back with their values", () => {
    const counter = new Counter("a_total", "Things.");
    counter.add({ kind: "x" });
    counter.add({ kind: "x" }, 2);
    counter.add({ kind: "y" });
    const histogram = new Histogram("h_seconds", "Durations.", [0.1, 1]);
    for (const seconds of [0.05, 0.1, 0.5, 3]) histogram.observe(seconds);
    const read = readExposition(exposition([counter, new Gauge("g", "Now.", () => [[{}, -1.5]]), histogram]));
    expect(read.value("a_total", { kind: "x" })).toBe(3);
    expect(read.value("a_total", { kind: "y" })).toBe(1);
    expect(read.value("g")).toBe(-1.5);
    expect(["0.1", "1", "+Inf"].map((le) => read.value("h_seconds_bucket", { le }))).toEqual([2, 3, 4]);
    expect(read.value("h_seconds_sum")).toBeCloseTo(3.65);
    expect(read.value("h_seconds_count")).toBe(4);
    expect(read.types).toEqual({ a_total: "counter", g: "gauge", h_seconds: "histogram" });
  });

  test("what a label or a help text holds cannot end its line or its quotes", () => {
    const hostile = 'a"} 1\nforged_total 9\\';
    const counter = new Counter("a_total", "Two\nlines \\ here.");
    counter.add({ kind: hostile });
    const text = exposition([counter]);
    const read = readExposition(text);
    expect(read.value("a_total", { kind: hostile })).toBe(1);
    expect(read.names()).toEqual(["a_total"]);
    expect(text.split("\n").filter((line) => line !== "")).toHaveLength(3);
  });

  test("numbers that are none are written as Prometheus reads them", () => {
    const text = exposition([new Gauge("g", "x", () => [[{ n: "nan" }, Number.NaN], [{ n: "up" }, Infinity], [{ n: "down" }, -Infinity], [{ n: "small" }, 1e-9]])]);
    const read = readExposition(text);
    expect(text).toContain('g{n="up"} +Inf');
    expect(read.value("g", { n: "nan" })).toBeNaN();
    expect(read.value("g", { n: "down" })).toBe(-Infinity);
    expect(read.value("g", { n: "small" })).toBe(1e-9);
  });
});

test("label sets without end are counted under `other`, and none of them is lost", () => {
  const counter = new Counter("a_total", "x");
  for (let i = 0; i < 10_000; i++) counter.add({ path: `/${i}` });
  expect(counter.samples().length).toBeLessThanOrEqual(257);
  const read = readExposition(exposition([counter]));
  expect(read.value("a_total", { path: "other" })).toBeGreaterThan(9_000);
  expect(read.sum("a_total")).toBe(10_000);
});

test("a metric with nothing to say is left out: a header without samples says less than nothing", () => {
  expect(exposition([new Counter("a_total", "x"), new Gauge("g", "x", () => [])])).toBe("");
  expect(exposition([new Counter("a_total", "x", [{ verdict: "hold" }])])).toContain('a_total{verdict="hold"} 0\n');
});

import { afterEach, expect, test } from "bun:test";
import { manyRows } from "../testing/rows.ts";
import { handCard, takeHandedOver } from "./handing-over.ts";

const had = Object.getOwnPropertyDescriptor(globalThis, "sessionStorage");
afterEach(() => {
  if (had === undefined) Reflect.deleteProperty(globalThis, "sessionStorage");
  else Object.defineProperty(globalThis, "sessionStorage", had);
});
function storage(): Map<string, string> {
  const held = new Map<string, string>();
  const value = { getItem: (name: string) => held.get(name) ?? null, setItem: (name: string, text: string) => void held.set(name, text), removeItem: (name: string) => void held.delete(name) };
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value });
  return held;
}

const [row] = manyRows(1, Date.parse("2026-11-22T08:30:00Z"));

test("a row is taken as it was handed over, and once", () => {
  if (row === undefined) throw new Error("no row");
  const held = storage();
  expect([handCard(row), held.size]).toEqual([true, 1]);
  expect([takeHandedOver(), takeHandedOver(), held.size]).toEqual([row, null, 0]);
});

test("what is no row is taken away and not handed on; a browser that keeps nothing is told from one that does", () => {
  if (row === undefined) throw new Error("no row");
  const held = storage();
  handCard(row);
  const [key = ""] = held.keys();
  for (const text of ["{", "null", JSON.stringify({ ...row, verdict: "maybe" })]) {
    held.set(key, text);
    expect([takeHandedOver(), held.size]).toEqual([null, 0]);
  }
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get: () => { throw new DOMException("no", "SecurityError"); } });
  expect([handCard(row), takeHandedOver()]).toEqual([false, null]);
});

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keptFor } from "./evidence-of.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-kept-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function keep(name: string, at_s: number, predicate: object): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify({ attestations: [{ dsseEnvelope: { payload: Buffer.from(JSON.stringify({ predicate })).toString("base64") } }] }));
  utimesSync(path, at_s, at_s);
  return path;
}

test("an admit that a later attempt of its gate overturned is not what is found", () => {
  const identity = { merge_tree: "t1", head: "h1" };
  const admit = keep("admit", 1_000, { verdict: "admit", gate_id: "gate:1", attempt: { attempt: 1 }, identity });
  expect(keptFor(folder, "t1", [])).toBe(admit);
  const elsewhere = keep("elsewhere", 2_000, { verdict: "refuse", gate_id: "gate:2", attempt: { attempt: 9 }, identity });
  expect([keptFor(folder, "t1", []), elsewhere === admit]).toEqual([admit, false]);
  const refused = keep("refused", 3_000, { verdict: "refuse", gate_id: "gate:1", attempt: { attempt: 2 }, identity });
  expect([keptFor(folder, "t1", []), keptFor(folder, "other", ["h1"]), keptFor(folder, "other", [])]).toEqual([refused, refused, null]);
});

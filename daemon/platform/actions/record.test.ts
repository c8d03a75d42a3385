import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acted, listenToActions } from "./index.ts";
import { recordActions } from "./record.ts";

const folder = mkdtempSync(join(tmpdir(), "actions-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const linesOf = (path: string): unknown[] => readFileSync(path, "utf8").trimEnd().split("\n").map((line): unknown => JSON.parse(line));

test("nobody listens unless a run is recorded, and then each machine has its number and each line its own", () => {
  const path = join(folder, "run");
  const [one, other] = [{}, {}];
  acted?.("Ledger", one, "Open", {});
  {
    using _ = recordActions(path);
    acted?.("Ledger", other, "Open", { id: 1 });
    acted?.("Ledger", one, "Settle", {});
    acted?.("Ledger", other, "Settle", {});
    expect(() => listenToActions(() => undefined)).toThrow("listens to actions already");
  }
  expect(acted).toBeNull();
  expect(linesOf(path)).toEqual([
    { begin: 1 },
    { n: 0, machine: "Ledger", of: 0, action: "Open", seen: { id: 1 } },
    { n: 1, machine: "Ledger", of: 1, action: "Settle", seen: {} },
    { n: 2, machine: "Ledger", of: 0, action: "Settle", seen: {} },
    { end: 3 },
  ]);
});

test("a run beyond the limit is cut and has no end", () => {
  const path = join(folder, "long");
  {
    using _ = recordActions(path, 150);
    for (let i = 0; i < 10; i++) acted?.("Ledger", folderOf, "Open", {});
  }
  expect(JSON.stringify(linesOf(path).at(-1))).toContain('"n":1');
});
const folderOf = {};

test("a line that cannot be said ends the recording, and not the work", () => {
  const path = join(folder, "cyclic");
  const seen: Record<string, never> = {};
  Object.assign(seen, { seen });
  {
    using _ = recordActions(path);
    expect(() => acted?.("Ledger", folderOf, "Open", seen)).not.toThrow();
    acted?.("Ledger", folderOf, "Open", {});
  }
  expect(linesOf(path)).toEqual([{ begin: 1 }]);
});

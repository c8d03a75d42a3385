/** Readers that die: real processes, which a signal ends where a page behind the end of a file would. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readers } from "./readers.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-readers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads tables in their order and dies at one; at `null` before the first, as where the list of them is on a page that is gone. */
function dying(name: string, tables: readonly string[], at: string | null): Readers {
  const path = join(folder, `${name}.ts`);
  writeFileSync(
    path,
    `const skip = process.argv[process.argv.indexOf("--skip") + 1].split(",");
     const say = (line: unknown) => require("node:fs").writeSync(1, JSON.stringify(line) + "\\n");
     const die = () => { process.kill(process.pid, "SIGBUS"); for (;;); };
     if (${JSON.stringify(at)} === null) die();
     for (const table of ${JSON.stringify(tables)}) {
       if (skip.includes(table)) continue;
       say({ start: table });
       if (table === ${JSON.stringify(at)}) die();
       say({ table, kept: 1, refused: 0, stopped: null });
     }`,
  );
  return new Readers([process.execPath, path]);
}

test("a table that kills its reader is left out, and the others are read", async () => {
  const told = await dying("one", ["a", "b", "c"], "b").salvage("x", "y");
  expect(told).toEqual([
    { table: "a", kept: 1, refused: 0, stopped: null },
    { table: "b", kept: 0, refused: 0, stopped: "reading it killed the reader (SIGBUS)" },
    { table: "c", kept: 1, refused: 0, stopped: null },
  ]);
});

test("attack: a database whose list of tables kills the reader is not one that had none: all of it is said to be lost", async () => {
  const told = await dying("list", [], null).salvage("x", "y");
  expect(told).toEqual([{ table: "every table", kept: 0, refused: 0, stopped: "reading which there are killed the reader (SIGBUS); the newest transactions may be missing" }]);
});

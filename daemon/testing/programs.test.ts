/** Nobody may be told that the source of this minute passed where a bundle of another minute was started. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SOURCE_FILES, SOURCE_FOLDERS } from "../deb/layout.ts";
import { programs, stampOf } from "./programs.ts";

let project: string;
let made: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "maestro-programs-"));
  made = join(project, ".toolchain/programs-1");
  for (const folder of [made, ...SOURCE_FOLDERS.map((name) => join(project, name))]) mkdirSync(folder, { recursive: true });
  for (const file of [...SOURCE_FILES, "daemon/a.ts", "daemon/a.test.ts"]) writeFileSync(join(project, file), "one\n");
  writeFileSync(join(made, "made-of"), stampOf(project));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const SOURCE = ["daemon/cli/main.ts", "daemon/main.ts", "daemon/gate/worker.ts"];
const BUNDLED = ["maestro", "maestrod", "worker"].map((name) => `.toolchain/programs-1/run/${name}.js`);
const started = (folder = made): string[] => Object.values(programs(folder, project)).map((path) => path.slice(project.length + 1));

test("the bundle where it is of this very source; the source where nothing was made", () => {
  expect(started()).toEqual(BUNDLED);
  expect(started("")).toEqual(SOURCE);
});

test.each([
  ["edited", () => writeFileSync(join(project, "daemon/a.ts"), "one, two\n")],
  ["edited to the same length", () => utimesSync(join(project, "daemon/a.ts"), 1_000, 1_000)],
  ["added", () => writeFileSync(join(project, "proto/b.ts"), "")],
  ["taken away", () => rmSync(join(project, "daemon/a.ts"))],
  ["pinned to another version", () => writeFileSync(join(project, "package.json"), "two, three\n")],
])("attack: a bundle is started although a source was %s after it was made", (_, change) => {
  change();
  expect(started()).toEqual(SOURCE);
});

test("a test that is edited meanwhile is in no program", () => {
  writeFileSync(join(project, "daemon/a.test.ts"), "two, three\n");
  expect(started()).toEqual(BUNDLED);
});

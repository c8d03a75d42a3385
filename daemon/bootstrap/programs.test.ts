/** What a run of many test files prepares, and leaves behind. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type More = Readonly<Record<string, string>>;
const { withPrograms }: { withPrograms<T>(bun: string, root: string, files: readonly string[], run: (more: More) => T | Promise<T>): Promise<T> } = await import(join(import.meta.dir, "programs.mjs"));
const MANY = Array.from({ length: 40 }, (_, index) => `daemon/${index}.test.ts`);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maestro-programs-"));
  for (const folder of [".toolchain", "daemon/testing"]) mkdirSync(join(root, folder), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const maker = (body: string): void => writeFileSync(join(root, "daemon/testing/programs.ts"), `import { mkdirSync } from "node:fs";\nmkdirSync(Bun.argv[3] ?? "");\n${body}`);

test("a long run is told where its programs lie, and takes them away; a short one starts the source", async () => {
  maker("");
  const folder = await withPrograms(process.execPath, root, MANY, ({ MAESTRO_TEST_PROGRAMS: given = "" }) => (existsSync(given) ? given : "nothing"));
  expect(folder).toBe(join(root, `.toolchain/programs-${process.pid}`));
  expect(readdirSync(join(root, ".toolchain"))).toEqual([]);
  expect(await withPrograms(process.execPath, root, MANY.slice(0, 2), (more) => more)).toEqual({});
});

test("where they cannot be made the run starts the source; what a killed run left is taken away, what another one uses is not", async () => {
  maker("process.exit(3);");
  const { pid: dead } = Bun.spawnSync(["true"]);
  for (const name of [`programs-${dead}`, `programs-${process.ppid}`]) mkdirSync(join(root, ".toolchain", name));
  expect(await withPrograms(process.execPath, root, MANY, (more) => more)).toEqual({});
  expect(readdirSync(join(root, ".toolchain"))).toEqual([`programs-${process.ppid}`]);
});

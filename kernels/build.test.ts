import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RULES } from "../daemon/house/rules.ts";
import { compileKernel, kernelNames, wasmPath } from "./build.ts";

test.each(kernelNames())("%s.wasm is what its source compiles to, byte for byte", async (name) => {
  const compiled = Buffer.from(await compileKernel(name));
  const committed = readFileSync(wasmPath(name));
  expect(compiled.equals(committed), "run `bun kernels/build.ts` and commit the result").toBe(true);
  expect(WebAssembly.Module.imports(new WebAssembly.Module(compiled))).toEqual([]);
  // The compiler takes 0.9 s of processor time, many times that on a busy machine.
}, 60_000);

test("the merkle kernel is among them", () => {
  expect(kernelNames()).toContain("merkle");
});

/** AssemblyScript is no file of the house's own tests, since the language is another; these rules hold in both. A kernel is one file, however long. */
const HELD = RULES.filter(({ name }) => ["long-function", "leftover", "empty-catch"].includes(name));
/** Read at a start of whatever asks; the largest has 16,086. */
const KERNEL_BYTES_MAX = 20_000;

test.each(kernelNames())("%s: functions of at most 70 lines, nothing left to do, and a small kernel", (name) => {
  const source = readFileSync(join(import.meta.dir, name, "assembly.ts"), "utf8");
  expect(HELD.map(({ name: rule, find }) => [rule, find({ path: `kernels/${name}/assembly.ts`, text: source, code: source, test: false })])).toEqual(HELD.map(({ name: rule }) => [rule, []]));
  // What a clock or dice would need is an import, and there is none.
  expect(source).not.toMatch(/Math\.random|Date\./);
  expect(readFileSync(wasmPath(name)).byteLength).toBeLessThan(KERNEL_BYTES_MAX);
});

test("a kernel's arena is not resident before it is used: sixteen instances of the largest cost less than one arena", () => {
  const probe = `const { createOffPolicy } = await import(${JSON.stringify(join(import.meta.dir, "ope/index.ts"))});
    const resident = () => process.memoryUsage.rss();
    createOffPolicy().ln(2);
    const before = resident();
    const kept = Array.from({ length: 16 }, () => createOffPolicy());
    for (const kernel of kept) kernel.ln(2);
    process.stdout.write(String(resident() - before));`;
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, "-e", probe]);
  expect(exitCode, stderr.toString()).toBe(0);
  expect(Number(stdout.toString())).toBeLessThan(16 * 1024 * 1024);
}, 120_000);

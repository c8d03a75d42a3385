import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
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

/**
 * Compiles every kernel: `kernels/NAME/assembly.ts` becomes `kernels/NAME/NAME.wasm`.
 * The small results are committed, so that running Maestro needs no compiler;
 * `build.test.ts` compiles again and compares byte for byte.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";

/** Names of the folders beside this file that hold a kernel, sorted. */
export const kernelNames = (): string[] =>
  readdirSync(import.meta.dir)
    .filter((name) => existsSync(join(import.meta.dir, name, "assembly.ts")))
    .sort();

export const wasmPath = (name: string): string => join(import.meta.dir, name, `${name}.wasm`);

/**
 * The bytes of one kernel. `--runtime stub`: no collector, memory is static;
 * `--noAssert`: the typed wrapper checks limits once a batch, not the kernel
 * once a load; no maximum on features but SIMD, which every browser since 2023 has.
 */
export async function compileKernel(name: string): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [`${name}/assembly.ts`, "-o", "out.wasm", "-O3", "--noAssert", "--enable", "simd", "--runtime", "stub", "--use", "abort="],
    {
      readFile: async (path, base) => {
        const file = Bun.file(join(import.meta.dir, base, path));
        return (await file.exists()) ? file.text() : null;
      },
      listFiles: () => [],
      writeFile: (_path, contents) => {
        if (typeof contents === "string") return;
        wasm = contents;
      },
    },
  );
  if (error !== null) throw new Error(`kernel ${name} does not compile: ${stderr.toString()}`, { cause: error });
  if (wasm === undefined) throw new Error(`kernel ${name}: the compiler wrote nothing`);
  return wasm;
}

if (import.meta.main) {
  for (const name of kernelNames()) {
    const wasm = await compileKernel(name);
    await Bun.write(wasmPath(name), wasm);
    process.stdout.write(`${name}.wasm: ${wasm.byteLength} bytes\n`);
  }
}

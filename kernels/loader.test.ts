import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import vm from "node:vm";
import { wasmPath } from "./build.ts";
import { kernelBytes, loadKernel } from "./loader.ts";
import { createWasmHasher } from "./merkle/wasm.ts";

/** `(module (memory (export "memory") 1) (global (export "ONE") i32 (i32.const 1)))` */
const tiny = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 0, 1, 6, 6, 1, 0x7f, 0, 0x41, 1, 0x0b, 7, 16, 2, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 3,
  0x4f, 0x4e, 0x45, 3, 0,
);
/** `(module (import "env" "now" (func)))` */
const curious = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 11, 1, 3, 0x65, 0x6e, 0x76, 3, 0x6e, 0x6f, 0x77, 0, 0,
);
/** `(module (memory (export "memory") 1) (func (export "half") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5))))` */
const halving = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7c, 1, 0x7c, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 17, 2, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 4, 0x68, 0x61, 0x6c, 0x66, 0, 0,
  10, 16, 1, 14, 0, 0x20, 0, 0x44, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0xa2, 0x0b,
);

test("a kernel's constants become numbers and its memory one view", () => {
  const kernel = loadKernel(tiny, { ONE: "constant" });
  expect(kernel.ONE).toBe(1);
  expect(kernel.memory.length).toBe(65536);
});

test("a kernel that wants an import is refused: it could see a clock or a file", () => {
  expect(() => loadKernel(curious, {})).toThrow("this one wants now");
});

test("a kernel without an export, or with one of another kind, is refused", () => {
  expect(() => loadKernel(tiny, { hash: "function" })).toThrow("does not export function hash");
  expect(() => loadKernel(tiny, { ONE: "function" })).toThrow("does not export function ONE");
});

test("a kernel's answers are numbers; a constant is no answer, and an answer no constant", () => {
  const { half } = loadKernel(halving, { half: "answer" });
  expect([half(3), half(5e-324), half(Number.NaN)]).toEqual([1.5, 0, Number.NaN]);
  expect(() => loadKernel(tiny, { ONE: "answer" })).toThrow("does not export answer ONE");
  expect(() => loadKernel(halving, { half: "constant" })).toThrow("does not export constant half");
  expect(() => loadKernel(halving, { third: "answer" })).toThrow("does not export answer third");
});

test("bytes come from a path and from a data URL alike", () => {
  const path = wasmPath("merkle");
  const inlined = `data:application/wasm;base64,${readFileSync(path).toString("base64")}`;
  expect(kernelBytes(inlined)).toEqual(kernelBytes(path));
  expect(() => kernelBytes("data:application/wasm,abc")).toThrow("not base64");
});

test("a hasher works on bytes handed in", () => {
  const hasher = createWasmHasher(kernelBytes(wasmPath("merkle")));
  expect(Buffer.from(hasher.sha256(new Uint8Array(0))).toString("hex")).toStartWith("e3b0c44298fc1c14");
});

test("a page built into one file runs the kernel with nothing but what a browser has", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-page-"));
  try {
    writeFileSync(
      join(folder, "page.ts"),
      `import { chosenHasher, rootOf } from ${JSON.stringify(join(import.meta.dir, "merkle/index.ts"))};
       const leaves = ["", "00", "10"].map((leaf) => Uint8Array.from(leaf.match(/../g) ?? [], (byte) => parseInt(byte, 16)));
       report(chosenHasher().name, rootOf(leaves));`,
    );
    writeFileSync(join(folder, "page.html"), `<!doctype html><script type="module" src="./page.ts"></script>`);
    const built = Bun.spawnSync(
      [process.execPath, "build", "--compile", "--target=browser", join(folder, "page.html"), "--outdir", join(folder, "out")],
      { cwd: folder },
    );
    expect(built.exitCode, built.stderr.toString()).toBe(0);
    const html = readFileSync(join(folder, "out/page.html"), "utf8");
    const script = /<script type="module">([\s\S]*)<\/script>/.exec(html)?.[1] ?? "";
    const reports: string[] = [];
    const report = (name: string, root: Uint8Array): number => reports.push(name, Buffer.from(root).toString("hex"));
    // No Bun, no process, no require: a path into the daemon's world would end in a ReferenceError.
    vm.runInNewContext(`(() => {${script}\n})()`, { report, atob, Bun: undefined, process: undefined });
    expect(reports).toEqual(["wasm", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

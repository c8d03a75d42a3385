/**
 * Loads a kernel. A typed loader of our own, because @assemblyscript/loader
 * wraps what our kernels do not have: it expects the runtime's exports
 * (`__new`, `__pin`, `__collect`) to pass strings and arrays, and with
 * `--runtime stub` and one static arena only numbers cross the border.
 */

/** What a kernel must export beside its memory: functions over numbers, those that answer one, and constants. */
export type KernelShape = Readonly<Record<string, "function" | "answer" | "constant">>;

export type Kernel<Shape extends KernelShape> = { readonly memory: Uint8Array } & {
  readonly [Name in keyof Shape]: Shape[Name] extends "function" ? (...args: number[]) => void : Shape[Name] extends "answer" ? (...args: number[]) => number : number;
};

/**
 * The bytes behind `import reference from "./x.wasm" with { type: "file" }`.
 * Under Bun that is a path, read here, so a kernel nobody uses costs nothing;
 * in a page built with `--target=browser` it is a data URL, decoded without
 * `fetch`, which pages opened from disk may not use.
 */
export function kernelBytes(reference: string): Uint8Array<ArrayBuffer> {
  const mark = ";base64,";
  if (reference.startsWith("data:")) {
    const at = reference.indexOf(mark);
    if (at < 0) throw new Error("a kernel's data URL is not base64");
    return Uint8Array.from(atob(reference.slice(at + mark.length)), (char) => char.charCodeAt(0));
  }
  // Not an import: a page's bundle would carry a stand-in for node:fs.
  return new Uint8Array(process.getBuiltinModule("node:fs").readFileSync(reference));
}

/**
 * Compiles and starts a kernel at once (a few KB take 0.4 ms) and checks that
 * it asks for nothing and offers everything in `shape`.
 */
export function loadKernel<Shape extends KernelShape>(bytes: Uint8Array<ArrayBuffer>, shape: Shape): Kernel<Shape> {
  const module = new WebAssembly.Module(bytes);
  const wanted = WebAssembly.Module.imports(module);
  if (wanted.length > 0) throw new Error(`a kernel may import nothing, this one wants ${wanted[0]?.name}`);
  const { exports } = new WebAssembly.Instance(module);
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("the kernel exports no memory");
  // The memory never grows, so one view serves for the kernel's life.
  const kernel: Record<string, unknown> = { memory: new Uint8Array(memory.buffer) };
  for (const [name, kind] of Object.entries(shape)) {
    const value = exports[name];
    if (kind !== "constant" && typeof value === "function") kernel[name] = value;
    else if (kind === "constant" && value instanceof WebAssembly.Global) kernel[name] = Number(value.value);
    else throw new Error(`the kernel does not export ${kind} ${name}`);
  }
  return kernel as Kernel<Shape>;
}

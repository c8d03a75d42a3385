import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { instantiateSync } from "@assemblyscript/loader";
import { kernelBytes } from "../loader.ts";
import reference from "./merkle.wasm" with { type: "file" };
import { createWasmHasher } from "./wasm.ts";

test("AssemblyScript's own loader runs the committed kernel without an import, and it hashes the same", () => {
  const { exports } = instantiateSync(kernelBytes(reference), {});
  const { memory } = exports;
  const [arena, table, digests, run] = ["ARENA", "TABLE", "DIGESTS", "messages"].map((name) => Reflect.get(exports, name) as unknown);
  if (!(memory instanceof WebAssembly.Memory) || !(arena instanceof WebAssembly.Global) || !(table instanceof WebAssembly.Global) || !(digests instanceof WebAssembly.Global) || typeof run !== "function") {
    throw new Error("the kernel's exports are not those its loader expects");
  }
  const message = new TextEncoder().encode("one block");
  new Uint8Array(memory.buffer).set(message, Number(arena.value));
  new Uint32Array(memory.buffer, Number(table.value), 2).set([0, message.length]);
  run(1);
  const digest = new Uint8Array(memory.buffer, Number(digests.value), 32);
  expect(digest.toHex()).toBe(createHash("sha256").update(message).digest("hex"));
  expect(digest.toHex()).toBe(createWasmHasher().sha256(message).toHex());
});

/** A policy's code and data as the OPA bundle that a daemon reads: a gzipped tar (POSIX ustar) of three files. Its id is over code and data alone. */
import { gzipSync } from "node:zlib";
import { utf8 } from "../../../proto/encoding.ts";

const BLOCK = 512;
const ENTRYPOINT = "maestro/gate/answer";

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, "latin1");
  block.write("0000644\0", 100);
  block.write("0000000\0", 108);
  block.write("0000000\0", 116);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("00000000000\0", 136);
  block.write("        ", 148);
  block.write("0", 156);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

export function policyArchive(code: Uint8Array, data: Uint8Array): Uint8Array {
  const manifest = utf8(JSON.stringify({ revision: "repro", roots: [""], wasm: [{ entrypoint: ENTRYPOINT, module: "/policy.wasm" }] }));
  const files: [string, Uint8Array][] = [["/.manifest", manifest], ["/data.json", data], ["/policy.wasm", code]];
  const blocks = files.flatMap(([name, bytes]) => [header(name, bytes.length), Buffer.from(bytes), Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

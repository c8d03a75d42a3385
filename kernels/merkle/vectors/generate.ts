/** Writes tree.json: small trees with all their proofs, by the reference alone. Run it after a change of the format. */
import { MTH, PATH, PROOF } from "../reference.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Leaf `i` of a tree: `17 * i` bytes, so that lengths cross the block border. */
const leaf = (i: number): Uint8Array => Uint8Array.from({ length: 17 * i }, (_, at) => (31 * i + at) & 0xff);

const trees = [1, 2, 3, 5, 8, 13].map((size) => {
  const leaves = Array.from({ length: size }, (_, i) => leaf(i));
  return {
    leaves: leaves.map(hex),
    root: hex(MTH(leaves)),
    inclusion: leaves.map((_, index) => PATH(index, leaves).map(hex)),
    consistency: leaves.map((_, index) => PROOF(index + 1, leaves).map(hex)),
  };
});

await Bun.write(`${import.meta.dir}/tree.json`, `${JSON.stringify({ trees }, null, 1)}\n`);

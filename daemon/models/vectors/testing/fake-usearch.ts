/** An engine folder with a package in usearch's place: every row is looked at, the file is JSON, and it lies or dies where it is told to. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `lies`: gives numbers that nobody put in, and its own in the wrong order. `dies`: ends the process when it is to read a file. */
export type FakeMode = "honest" | "lies" | "dies";

const CODE = `
const { readFileSync, writeFileSync } = require("node:fs");
const MODE = "@MODE@";
class Index {
  constructor({ dimensions }) { this.size_of = dimensions; this.rows = new Map(); }
  add(keys, vectors) { keys.forEach((key, at) => this.rows.set(Number(key), [...vectors.subarray(at * this.size_of, (at + 1) * this.size_of)])); }
  contains(key) { return this.rows.has(Number(key)); }
  remove(key) { this.rows.delete(Number(key)); }
  dimensions() { return this.size_of; }
  size() { return this.rows.size; }
  capacity() { return this.rows.size; }
  search(query, k) {
    const score = (row) => row.reduce((sum, value, at) => sum + value * query[at], 0);
    const sorted = [...this.rows].map(([id, row]) => [id, score(row)]).sort((a, b) => b[1] - a[1]).map(([id]) => id);
    const keys = MODE === "lies" ? [999999, ...sorted.reverse()] : sorted.slice(0, k);
    return { keys: BigUint64Array.from(keys.slice(0, k), BigInt) };
  }
  save(path) { writeFileSync(path, JSON.stringify([...this.rows])); }
  load(path) {
    if (MODE === "dies") process.kill(process.pid, "SIGSEGV");
    this.rows = new Map(JSON.parse(readFileSync(path, "utf8")));
  }
}
exports.Index = Index;
`;

export function fakeUsearch(folder: string, mode: FakeMode = "honest"): string {
  const at = join(folder, `engine-${mode}`);
  const made = join(at, "node_modules/usearch");
  mkdirSync(join(made, "javascript"), { recursive: true });
  writeFileSync(join(at, "package.json"), "{}");
  writeFileSync(join(made, "package.json"), JSON.stringify({ name: "usearch", version: "0.0.0", main: "./javascript/index.cjs" }));
  writeFileSync(join(made, "javascript/index.cjs"), CODE.replace("@MODE@", mode));
  return at;
}

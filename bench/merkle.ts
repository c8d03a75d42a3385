/**
 * The tree of a million 64-byte leaves, with each engine, against merkletreejs
 * and Go's sumdb/tlog; and where WASM and the builtin cross over, which is what
 * the constants in kernels/merkle/choose.ts come from.
 */
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MerkleTree } from "merkletreejs";
import { chosenHasher, type Hasher, nativeHasher, rootOf, wasmHasher } from "../kernels/merkle/index.ts";
import { type Bench, leastCpuMs, type PrintFigure } from "./figure.ts";
import type { Crossover } from "./peers/crossover.ts";

const LEAVES = 1_000_000;
const LEAF_BYTES = 64;
const TLOG_VERSION = "v0.42.0";
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The same bytes as peers/tlog.go makes. */
function makeLeaves(): Uint8Array[] {
  const all = new Uint8Array(LEAVES * LEAF_BYTES);
  for (let i = 0; i < all.length; i++) all[i] = i * 7 + (i >> 9);
  return Array.from({ length: LEAVES }, (_, i) => all.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES));
}

/** Hashes a million leaves with the Go module, or says why not. */
function runTlog(): { cpu_ms: number; root: string } | { skipped: string } {
  if (Bun.which("go") === null) return { skipped: "Go is not on the PATH" };
  const folder = mkdtempSync(join(tmpdir(), "maestro-tlog-"));
  try {
    copyFileSync(join(import.meta.dir, "peers/tlog.go"), join(folder, "main.go"));
    writeFileSync(join(folder, "go.mod"), `module tlogbench\n\ngo 1.24\n\nrequire golang.org/x/mod ${TLOG_VERSION}\n`);
    const build = Bun.spawnSync(["go", "build", "-mod=mod", "-o", "tlog", "."], { cwd: folder });
    if (build.exitCode !== 0) return { skipped: `go build failed: ${build.stderr.toString().trim()}` };
    const run = Bun.spawnSync([join(folder, "tlog"), String(LEAVES)]);
    if (run.exitCode !== 0) throw new Error(`tlog failed: ${run.stderr.toString()}`);
    return JSON.parse(run.stdout.toString()) as { cpu_ms: number; root: string };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** merkletreejs as it comes, with SHA-256 in JavaScript, and with the fastest hash it can be handed. */
async function compareMerkletreejs(figure: PrintFigure, leaves: readonly Uint8Array[], oursNs: number): Promise<void> {
  const sha256 = (data: Buffer): Buffer => createHash("sha256").update(data).digest();
  const peers = [
    { name: "merkletreejs 0.6.0, its default hash", count: 20_000, hash: undefined, note: "" },
    {
      name: "merkletreejs 0.6.0 with node:crypto",
      count: 100_000,
      hash: sha256,
      note: "; both run on the builtin SHA-256, so only the peer's overhead around it can be saved",
    },
  ];
  for (const { name, count, hash, note } of peers) {
    const buffers = leaves.slice(0, count).map((leaf) => Buffer.from(leaf));
    const ms = await leastCpuMs(2, () => new MerkleTree(buffers, hash, { hashLeaves: true }).getRoot());
    figure({
      figure: "tree over 64-byte leaves, processor time",
      value: oursNs,
      unit: "ns per leaf",
      better: "less",
      peer: { name, value: (ms * 1e6) / count },
      goal: { ratio: 10 },
      note: `ours ${LEAVES} leaves, the peer's ${count}, and its tree has no prefixes${note}`,
    });
  }
}

async function crossover(figure: PrintFigure, env: Record<string, string>): Promise<void> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "peers/crossover.ts")], { env, stdout: "pipe" });
  const { sha, rows } = JSON.parse(await new Response(child.stdout).text()) as Crossover;
  for (const { bytes, batch, wasm_ns, native_ns } of rows) {
    figure({
      figure: `leaf of ${bytes} bytes, batch of ${batch}, WASM, SHA in ${sha}`,
      value: wasm_ns,
      unit: "ns per leaf",
      better: "less",
      peer: { name: "Bun.SHA256", value: native_ns },
    });
  }
}

export const bench: Bench = async (figure) => {
  const leaves = makeLeaves();
  const roots = new Set<string>();
  const timeOf = async (hasher: Hasher): Promise<number> => leastCpuMs(5, () => roots.add(hex(rootOf(leaves, hasher))));
  const [wasm, native, chosen] = [await timeOf(wasmHasher()), await timeOf(nativeHasher), await timeOf(chosenHasher())];
  const tlog = runTlog();
  if ("root" in tlog) roots.add(tlog.root);
  if (roots.size !== 1) throw new Error(`the engines and Go disagree on the root: ${[...roots].join(", ")}`);

  const tree = `root of ${LEAVES} leaves of ${LEAF_BYTES} bytes, processor time`;
  figure({ figure: `${tree}, WASM engine`, value: wasm, unit: "ms", better: "less", peer: { name: "native engine", value: native } });
  figure({ figure: `${tree}, native engine`, value: native, unit: "ms", better: "less" });
  figure({ figure: `${tree}, chosen engine`, value: chosen, unit: "ms", better: "less", goal: { value: 700 } });
  figure({
    figure: tree,
    value: chosen,
    unit: "ms",
    better: "less",
    ...("root" in tlog
      ? { peer: { name: `golang.org/x/mod/sumdb/tlog ${TLOG_VERSION}`, value: tlog.cpu_ms }, goal: { ratio: 1 } }
      : { note: `not compared with sumdb/tlog: ${tlog.skipped}` }),
  });
  await compareMerkletreejs(figure, leaves, (chosen * 1e6) / LEAVES);
  await crossover(figure, {});
  // Bit 29 of the second capability word: SHA instructions. Other processors than x86 ignore the mask.
  await crossover(figure, { OPENSSL_ia32cap: ":~0x20000000" });
};

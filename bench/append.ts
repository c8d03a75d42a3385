/**
 * The log at a million entries: what one append takes without and with its flush, proving and verifying against Go's sumdb/tlog in the
 * same run, and how long a start takes to open it.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { openKeys } from "../daemon/evidence/keys/index.ts";
import { openLog, type Log } from "../daemon/evidence/log/index.ts";
import { openStore, type Store } from "../daemon/store/db.ts";
import { hashLeaf } from "../daemon/verifier/leaves.ts";
import { StoreLimits } from "../proto/config.ts";
import { verifyInclusion } from "../kernels/merkle/index.ts";
import { utf8 } from "../proto/encoding.ts";
import { type Bench, median, percentile, type PrintFigure } from "./figure.ts";

const ENTRIES = Number(process.env["MAESTRO_BENCH_ENTRIES"] ?? "1000000");
const BATCH = 1024;
const SINGLES = 400;
const PROOFS = 2_000;
const TLOG_VERSION = "v0.42.0";
/** About what a hashedrekord of ours has. */
const entryOf = (i: number): Uint8Array => utf8(`{"entry":${i},"padding":"${"x".repeat(560)}"}`);

const Small = Type.Object({ i: Type.Integer() });

interface Opened {
  readonly store: Store;
  readonly log: Log;
  readonly open_ms: number;
}

async function open(state_dir: string): Promise<Opened> {
  const fail = (error: unknown): never => {
    throw error;
  };
  const keys = openKeys({ state_dir, now: new Date(), trust_domain: null });
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: fail });
  const began_ms = performance.now();
  const log = await openLog({ store, state_dir, key: keys.log_note, sign: keys.log.sign, projection_failed: fail });
  return { store, log, open_ms: performance.now() - began_ms };
}

async function grown(log: Log): Promise<void> {
  for (let at = 0; at < ENTRIES; at += BATCH) await log.append(Array.from({ length: Math.min(BATCH, ENTRIES - at) }, (_, i) => entryOf(at + i)), 1, () => undefined);
  await log.published();
}

/** One entry at a time, as a gate appends them, each beside a transaction of one small record: what that takes is the disk's. */
async function singles({ store, log }: Opened, base: number): Promise<{ whole: number[]; beyond: number[]; flush: number[]; cpu: number[] }> {
  const table = store.table<string, typeof Small>("bench", Small);
  const [whole, beyond, flush, cpu]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let i = 0; i < SINGLES; i++) {
    const bare_ms = await timed_ms(async () => {
      store.atomic(() => table.put("flush", { i }));
      await store.durable();
    });
    const before = process.cpuUsage();
    const append_ms = await timed_ms(() => log.append([entryOf(base + i)], 1, () => undefined));
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
    // The files that show it are written afterwards, as they are between two gates.
    await log.published();
    flush.push(bare_ms);
    whole.push(append_ms);
    beyond.push(Math.max(0, append_ms - bare_ms));
  }
  return { whole, beyond, flush, cpu };
}

async function timed_ms(work: () => Promise<unknown>): Promise<number> {
  const began_ms = performance.now();
  await work();
  return performance.now() - began_ms;
}

const each_us = (count: number, work: (i: number) => unknown): number => {
  const began_ms = performance.now();
  for (let i = 0; i < count; i++) work(i);
  return ((performance.now() - began_ms) * 1000) / count;
};

interface Proofs {
  readonly prove_us: number;
  readonly consistency_us: number;
  readonly verify_us: number;
}

/** Places spread over the whole log. */
const placeOf = (i: number, size: number): number => (i * 7_919) % size;

function ours(log: Log): Proofs {
  const { size, root } = log.state();
  const leaves = Array.from({ length: PROOFS }, (_, i) => hashLeaf(log.entry(placeOf(i, size))));
  const prove_us = each_us(PROOFS, (i) => log.path(placeOf(i, size), size));
  const proofs = Array.from({ length: PROOFS }, (_, i) => log.path(placeOf(i, size), size));
  const verify = (i: number): void => {
    if (!verifyInclusion({ leafIndex: placeOf(i, size), treeSize: size, leafHash: leaves[i]!, inclusionPath: proofs[i]!, rootHash: root })) throw new Error(`proof ${i} does not verify`);
  };
  const verify_us = each_us(PROOFS, verify);
  const consistency_us = each_us(PROOFS, (i) => log.consistencyProof(placeOf(i, size - 1) + 1, size));
  return { prove_us, consistency_us, verify_us };
}

/** The same by Go, over hashes in memory, which is the fastest reader it can have; or why it was not run. */
function tlog(size: number): Proofs | { readonly skipped: string } {
  if (Bun.which("go") === null) return { skipped: "Go is not on the PATH" };
  const folder = mkdtempSync(join(tmpdir(), "maestro-tlog-"));
  try {
    copyFileSync(join(import.meta.dir, "peers/tlogproofs.go"), join(folder, "main.go"));
    writeFileSync(join(folder, "go.mod"), `module tlogproofs\n\ngo 1.24\n\nrequire golang.org/x/mod ${TLOG_VERSION}\n`);
    const build = Bun.spawnSync(["go", "build", "-mod=mod", "-o", "tlog", "."], { cwd: folder });
    if (build.exitCode !== 0) return { skipped: `go build failed: ${build.stderr.toString().trim()}` };
    const run = Bun.spawnSync([join(folder, "tlog"), String(size), String(PROOFS)]);
    if (run.exitCode !== 0) throw new Error(`tlog failed: ${run.stderr.toString()}`);
    return JSON.parse(run.stdout.toString()) as Proofs;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compare(figure: PrintFigure, mine: Proofs, theirs: ReturnType<typeof tlog>): void {
  const note = "ours out of the database, each node with its own hash checked; Go's out of an array in memory, so that it does less";
  for (const [name, key] of [["inclusion proof made", "prove_us"], ["consistency proof made", "consistency_us"], ["inclusion proof verified", "verify_us"]] as const) {
    const peer = "skipped" in theirs ? {} : { peer: { name: `golang.org/x/mod/sumdb/tlog ${TLOG_VERSION}`, value: theirs[key] } };
    figure({ figure: `${name} at ${ENTRIES} entries`, value: mine[key], unit: "µs", better: "less", ...peer, note: "skipped" in theirs ? `not compared: ${theirs.skipped}` : note });
  }
}

export const bench: Bench = async (figure) => {
  const state_dir = mkdtempSync(join(tmpdir(), "maestro-append-"));
  try {
    const first = await open(state_dir);
    const began_ms = performance.now();
    await grown(first.log);
    const per_entry_us = ((performance.now() - began_ms) * 1000) / ENTRIES;
    figure({ figure: `entry in batches of ${BATCH}, up to ${ENTRIES}`, value: per_entry_us, unit: "µs", better: "less", note: "durable, with its tiles" });
    const { whole, beyond, flush, cpu } = await singles(first, ENTRIES);
    const note = `${SINGLES} appends of one entry of about 600 bytes at ${ENTRIES} entries`;
    figure({ figure: "append beyond a flush, p99", value: percentile(beyond, 0.99), unit: "ms", better: "less", goal: { value: 5 }, note: `${note}, each against a transaction of one small record beside it; p50 ${median(beyond).toFixed(2)} ms` });
    figure({ figure: "append, processor time, p99", value: percentile(cpu, 0.99), unit: "ms", better: "less", goal: { value: 5 }, hard: true, note: `${note}; p50 ${median(cpu).toFixed(2)} ms; what others do on the machine counts less here` });
    figure({ figure: "append until it is on disk, p99", value: percentile(whole, 0.99), unit: "ms", better: "less", peer: { name: "a transaction of one small record", value: percentile(flush, 0.99) }, note: `${note}; p50 ${median(whole).toFixed(2)} ms` });
    compare(figure, ours(first.log), tlog(first.log.state().size));
    await first.log.published();
    await first.store.close();
    const again = await open(state_dir);
    figure({ figure: `log of ${ENTRIES} entries opened, checked, its files looked at`, value: again.open_ms, unit: "ms", better: "less", goal: { value: 250 } });
    await again.store.close();
  } finally {
    rmSync(state_dir, { recursive: true, force: true });
  }
};

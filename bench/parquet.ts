/** Episodes into Parquet: what a check process makes of them, beside DuckDB writing the same rows; and what a million of them need of memory. */
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../proto/config.ts";
import { Lane } from "../daemon/checking/lane.ts";
import { hourName } from "../daemon/learning/exporting/hours.ts";
import { PartitionSink } from "../daemon/learning/exporting/sink.ts";
import { DECLARED, episodeAt, HOUR_MS, ROUTER } from "../daemon/learning/exporting/testing/episodes.ts";
import { WorkerPool } from "../daemon/platform/pool/pool.ts";
import { WORKER } from "../daemon/testing/programs.ts";
import { type Bench, median } from "./figure.ts";
import { output } from "./rig/accepts.ts";
import { duckdb } from "./rig/tools.ts";

const COMPARED_ROWS = 100_000;
const MANY_ROWS = 1_000_000;
const MEMORY_MB_MAX = 512;
const ROUNDS = 3;
const DEADLINE_MS = 60_000;

const limits = Value.Create(Limits);
const rowAt = (n: number) => ({ episode: episodeAt(n), learnable: n % 2 === 0 });

async function throughLane(pool: WorkerPool, path: string, rows: number): Promise<{ readonly seconds: number; readonly rss_mb: number }> {
  const lane = new Lane(pool, new AbortController().signal, "bench");
  await lane.open();
  const start = performance.now();
  const sink = new PartitionSink(lane, path, { router: ROUTER, hour: hourName(HOUR_MS) }, DECLARED, DEADLINE_MS);
  for (let n = 0; n < rows; n += 1) await sink.add(rowAt(n));
  const written = await sink.end();
  const seconds = (performance.now() - start) / 1000;
  if (written.rows !== rows || statSync(path).size !== written.bytes) throw new Error("the file is not what was said of it");
  const rss_mb = lane.usage.max_rss_bytes / 2 ** 20;
  await lane[Symbol.asyncDispose]();
  rmSync(path);
  return { seconds, rss_mb };
}

async function writeLines(path: string, rows: number): Promise<void> {
  const file = createWriteStream(path);
  for (let n = 0; n < rows; n += 1) if (!file.write(`${JSON.stringify(rowAt(n))}\n`)) await new Promise((resume) => file.once("drain", resume));
  await new Promise<void>((done) => file.end(done));
}

/** Seconds of the middle round; reads the same JSON that a check process is sent. */
async function byDuckdb(packages: string, lines: string, path: string): Promise<number> {
  const script = join(import.meta.dir, "peers/parquetwrite.py");
  return Number(await output(["python3", script, packages, lines, path, String(ROUNDS)]));
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-parquet-bench-"));
  const pool = new WorkerPool({ argv: [process.execPath, "--smol", WORKER], cwd: "/", env: {}, limits: limits.worker, size: 1, backoff: limits.worker });
  try {
    const tool = await duckdb();
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push((await throughLane(pool, join(folder, "ours.parquet"), COMPARED_ROWS)).seconds);
    const lines = join(folder, "rows.ndjson");
    await writeLines(lines, COMPARED_ROWS);
    const theirs = await byDuckdb(tool.path(), lines, join(folder, "theirs.parquet"));
    const note = "both read rows as JSON and write the same 47 columns; ours is one thread of JavaScript and the core that sends it the rows, DuckDB uses every core";
    figure({ figure: `episodes to Parquet, ${COMPARED_ROWS} rows`, value: COMPARED_ROWS / median(rounds), unit: "rows per s", better: "more", peer: { name: `DuckDB ${tool.version}, COPY from JSON`, value: COMPARED_ROWS / theirs }, note });
    const { seconds, rss_mb } = await throughLane(pool, join(folder, "many.parquet"), MANY_ROWS);
    figure({ figure: "episodes to Parquet, 1,000,000 rows in one file", value: MANY_ROWS / seconds, unit: "rows per s", better: "more" });
    figure({ figure: "most memory of the process that wrote 1,000,000 rows into one file", value: rss_mb, unit: "MB", better: "less", goal: { value: MEMORY_MB_MAX }, hard: true });
  } finally {
    await pool.drain(0);
    rmSync(folder, { recursive: true, force: true });
  }
};

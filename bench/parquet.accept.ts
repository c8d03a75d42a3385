/** Other people's readers over our partitions: DuckDB, and pandas over Arrow, find every episode as it was, in columns of the types that docs/parquet.md says. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Episode } from "../proto/episode.ts";
import { hourName } from "../daemon/learning/exporting/hours.ts";
import { PartitionFile } from "../daemon/learning/exporting/partition-file.ts";
import { partitionPath } from "../daemon/learning/exporting/partitions.ts";
import { DECLARED, episodeAt, HOUR_MS, ROUTER } from "../daemon/learning/exporting/testing/episodes.ts";
import { episodeOf } from "../daemon/learning/exporting/testing/read.ts";
import { accepts, output } from "./rig/accepts.ts";
import { duckdb, pandas } from "./rig/tools.ts";

const [duck, panda] = await Promise.all([duckdb(), pandas()]);
const ROWS = 10_000;
const HOURS = 4;

/** What a machine with another locale, a larger number or a stranger alphabet would trip over. */
const ODD: Partial<Episode> = {
  context: { tokens: Number.MAX_SAFE_INTEGER, urgent: true, language: "ts", title: "日本語 🏳️‍🌈 é \"quoted\"\n\u0000 NaN null" },
  counter: Number.MAX_SAFE_INTEGER,
  reserved: { usd_micro: 0, gpu_us: Number.MAX_SAFE_INTEGER },
  prices: { tokens: Number.MIN_VALUE, cpu_us: 1e9 },
  outcome: { reward: 0, definition: "merged", version: 1, constraints: { failed: 0.1, unheard_of: 1 / 3 }, usage: {}, delay_ms: 0, censored: false },
};

let folder: string;
let episodes: Episode[];
const isLearnable = ({ forced, outcome }: Episode): boolean => forced === null && outcome !== null && outcome.reward !== null;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-parquet-"));
  episodes = Array.from({ length: ROWS }, (_, n) => ({ ...episodeAt(n, HOUR_MS + (n % HOURS) * 3_600_000 + n), ...(n % 97 === 0 ? ODD : {}) }));
  for (let hour = 0; hour < HOURS; hour += 1) {
    const start_ms = HOUR_MS + hour * 3_600_000;
    const path = join(folder, partitionPath(ROUTER, start_ms));
    mkdirSync(dirname(path), { recursive: true });
    const file = new PartitionFile(path, { router: ROUTER, hour: hourName(start_ms) }, DECLARED);
    file.add(episodes.filter(({ at_ms }) => at_ms - (at_ms % 3_600_000) === start_ms).map((episode) => JSON.stringify({ episode, learnable: isLearnable(episode) })).join("\n"));
    file.end();
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Read {
  readonly version: string;
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly hours: readonly (readonly [string, string, string])[];
  readonly ips: number;
}

const read = async (tool: string, packages: string): Promise<Read> => JSON.parse(await output(["python3", join(import.meta.dir, "peers/parquetcheck.py"), packages, tool, folder])) as Read;

/** The page says of each column what it is there; `context_<field>` and `constraint_<name>` stand for those of a router. */
function documented(column: number): Record<string, string> {
  const page = readFileSync(join(import.meta.dir, "../docs/parquet.md"), "utf8");
  const rows = [...page.matchAll(/^\| (`[^|]+`) \| ([^|]+) \| ([^|]+) \|/gm)].flatMap((row) => [...row[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => [name, row[column]!.trim()]));
  return Object.fromEntries(rows) as Record<string, string>;
}

/** A column of a router's own has the type of its kind. */
const typesOf = (types: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(types).filter(([name]) => !/^(?:context_|constraint_)/.test(name)));

async function compare(tool: string, packages: string, column: number, own: Readonly<Record<string, string>>): Promise<void> {
  const { types, rows, hours, ips } = await read(tool, packages);
  expect(typesOf(types)).toEqual(documented(column));
  expect(Object.fromEntries(Object.keys(own).map((name) => [name, types[name]]))).toEqual(own);
  const sorted = episodes.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(rows.map((row) => episodeOf(String(row["router"]), { ...row, decided_at: new Date(Number(row["decided_at"])) }))).toEqual(sorted);
  expect(rows.map((row) => row["learnable"])).toEqual(sorted.map(isLearnable));
  expect(hours).toEqual(Array.from({ length: HOURS }, (_, hour) => [ROUTER, hourName(HOUR_MS + hour * 3_600_000), String(ROWS / HOURS)]));
  const learnable = episodes.filter(isLearnable);
  const wanted = learnable.reduce((sum, { outcome, propensity }) => sum + (outcome?.reward ?? 0) / propensity, 0) / learnable.length;
  expect(Math.abs(ips / wanted - 1)).toBeLessThan(1e-9);
}

accepts(duck, "reads every episode of four hourly partitions as it was, in the types of docs/parquet.md", () => compare("duckdb", duck.path(), 2, { context_tokens: "DOUBLE", context_urgent: "BOOLEAN", context_language: "VARCHAR", context_title: "VARCHAR", constraint_failed: "DOUBLE" }));
accepts(panda, "reads every episode of four hourly partitions as it was, in the types of docs/parquet.md", () => compare("pandas", panda.path(), 3, { context_tokens: "double", context_urgent: "bool", context_language: "string", context_title: "string", constraint_failed: "double" }));

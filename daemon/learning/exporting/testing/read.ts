/** Reads a file back as episodes, by another reader than what wrote it, so that what is lost on the way is seen. */
import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { asyncBufferFromFile } from "hyparquet";
import type { Episode, EpisodeOutcome } from "../../../../proto/episode.ts";
import { RESOURCES } from "../../../../proto/resource.ts";
import { PII_CLASSES } from "../../../../proto/routing.ts";

export type Cells = Readonly<Record<string, unknown>>;

export async function rowsOf(path: string): Promise<Cells[]> {
  return parquetReadObjects({ file: await asyncBufferFromFile(path), rowFormat: "object" });
}

export const metadataOf = async (path: string) => parquetMetadataAsync(await asyncBufferFromFile(path));

const number = (cell: unknown): number => {
  const value = typeof cell === "bigint" || typeof cell === "number" ? Number(cell) : Number.NaN;
  if (!Number.isFinite(value)) throw new RangeError(`${String(cell)} is no number`);
  return value;
};

/** Absent stays absent: a cell without a value gives no key. */
const record = (cells: Cells, prefix: string, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (cells[`${prefix}_${name}`] === null ? [] : [[name, number(cells[`${prefix}_${name}`])]])));

function outcomeOf(cells: Cells): EpisodeOutcome | null {
  if (cells["outcome"] !== true) return null;
  return {
    reward: cells["reward"] === null ? null : number(cells["reward"]),
    definition: String(cells["reward_definition"]),
    version: number(cells["reward_version"]),
    constraints: JSON.parse(String(cells["constraints"])) as EpisodeOutcome["constraints"],
    usage: record(cells, "used", RESOURCES),
    delay_ms: number(cells["delay_ms"]),
    censored: cells["censored"] === true,
  };
}

/** `router` is the name of a folder above the file. */
export function episodeOf(router: string, cells: Cells): unknown {
  const text = (name: string): string => String(cells[name]);
  const { decided_at: at } = cells;
  if (!(at instanceof Date)) throw new RangeError("decided_at is no time");
  const same: Record<keyof Episode, unknown> = {
    v: cells["v"],
    id: text("id"),
    router,
    at_ms: at.getTime(),
    space: text("space"),
    split: text("split"),
    context: JSON.parse(text("context")) as unknown,
    redacted: record(cells, "redacted", PII_CLASSES),
    eligible: cells["eligible"],
    drawn: text("drawn"),
    executed: text("executed"),
    propensity: cells["propensity"],
    forced: cells["forced"],
    policy: text("policy"),
    seed: text("seed"),
    counter: number(cells["counter"]),
    epoch: number(cells["epoch"]),
    prices: record(cells, "price", RESOURCES),
    reserved: record(cells, "reserved", RESOURCES),
    reason: text("reason"),
    outcome: outcomeOf(cells),
  };
  return same;
}

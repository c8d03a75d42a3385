/** What leaves the node: of whom, of which half, and that nothing stays behind. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBase64 } from "../../../proto/encoding.ts";
import type { ExportEnd, ExportFile, ExportRequest } from "../../../proto/partition.ts";
import { mayMountTiny, tinyDisk } from "../../testing/faults/mounts.ts";
import { skipWithout } from "../../testing/skip.ts";
import { type Asker, Exporter } from "./exporter.ts";
import { DECLARED, episodeAt, HOUR_MS, ROUTER } from "./testing/episodes.ts";
import { rowsOf } from "./testing/read.ts";
import { openWorld, type World } from "./testing/world.ts";

setDefaultTimeout(60_000);
const never = new AbortController().signal;
const ME = { sees: "tenant-a", lane: "a" };
let dir: string;
let world: World;
/** The same, with check processes. */
let whole: World;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-exporter-"));
  world = openWorld(join(dir, "world"), HOUR_MS);
  whole = openWorld(join(dir, "whole"), HOUR_MS, { processes: true });
  // Three hours, and in each a quarter is somebody else's; one large enough for several pieces.
  const all = Array.from({ length: 900 }, (_, n) => ({ ...episodeAt(n, HOUR_MS + Math.floor(n / 300) * 3_600_000 + n), space: n % 4 === 0 ? "tenant-b" : "tenant-a" }));
  for (const each of [world, whole]) each.log(...all, { ...episodeAt(2_000, HOUR_MS), router: "other" });
});
afterAll(async () => {
  await Promise.all([world.close(), whole.close()]);
  rmSync(dir, { recursive: true, force: true });
});

interface Received {
  readonly files: ExportFile[];
  readonly ids: string[];
  readonly end: ExportEnd;
}

async function received(request: ExportRequest, asker: Asker = ME, of = world): Promise<Received> {
  const files: ExportFile[] = [];
  const pieces: Uint8Array[][] = [];
  let end: ExportEnd | undefined;
  for await (const event of of.exporter.run(request, asker, never)) {
    if (event.event === "file") files.push(event), pieces.push([]);
    else if (event.event === "piece") pieces.at(-1)?.push(fromBase64(event.bytes) ?? new Uint8Array());
    else if (event.event === "end") end = event;
  }
  const ids: string[] = [];
  for (const [at, file] of files.entries()) {
    const bytes = Buffer.concat(pieces[at] ?? []);
    expect([bytes.length, createHash("sha256").update(bytes).digest("hex")]).toEqual([file.bytes, file.sha256]);
    const path = join(dir, "received.parquet");
    writeFileSync(path, bytes);
    ids.push(...(await rowsOf(path)).map(({ id }) => String(id)));
  }
  if (end === undefined) throw new Error("no end");
  return { files, ids, end };
}

const left = (): string[] => [world, whole].flatMap(({ scratch_dir }) => (existsSync(scratch_dir) ? readdirSync(scratch_dir) : []));
const idsOf = (keep: (episode: ReturnType<typeof episodeAt>) => boolean): string[] => world.episodes.filter((each) => each.router === ROUTER && keep(each)).map(({ id }) => id);
const isLearnable = ({ forced, outcome }: ReturnType<typeof episodeAt>): boolean => forced === null && outcome !== null && outcome.reward !== null;

test("by default what candidates are searched on leaves, of the asker alone, and what stays is counted", async () => {
  const { files, ids, end } = await received({ router: ROUTER });
  const mine = idsOf(({ space }) => space === "tenant-a");
  expect(ids).toEqual(idsOf((each) => each.space === "tenant-a" && each.split === "search" && isLearnable(each)));
  expect(files.map(({ hour }) => hour)).toEqual(["2026-11-22T23", "2026-11-23T00", "2026-11-23T01"]);
  const { counts } = end;
  expect([end.files, counts.exported, counts.exported + counts.left_out_split + counts.left_out_unlearnable, counts.exported_safety, counts.exported_unlearnable]).toEqual([3, ids.length, mine.length, 0, 0]);
  expect(left()).toEqual([]);
});

test("everything of everybody is asked for word by word, and said", async () => {
  const { ids, end } = await received({ router: ROUTER, split: "all", unlearnable: true, from_ms: HOUR_MS + 10, to_ms: HOUR_MS + 3_600_000 + 400 }, { sees: null, lane: "a" });
  expect(ids).toEqual(idsOf(({ at_ms }) => at_ms >= HOUR_MS + 10 && at_ms < HOUR_MS + 3_600_000 + 400));
  const [safety, unlearnable] = [idsOf((each) => ids.includes(each.id) && each.split === "safety"), idsOf((each) => ids.includes(each.id) && !isLearnable(each))];
  expect(end.counts).toEqual({ exported: ids.length, exported_safety: safety.length, exported_unlearnable: unlearnable.length, left_out_split: 0, left_out_unlearnable: 0 });
  expect((await received({ router: "nobody" })).end).toMatchObject({ files: 0, counts: { exported: 0 } });
});

test("attack: whoever stops reading in the middle leaves no file and no process, and takes nobody's turn", async () => {
  const stop = new AbortController();
  const halves = ["a", "b"].map((lane) => whole.exporter.run({ router: ROUTER }, { ...ME, lane }, stop.signal));
  for (const each of halves) expect((await each.next()).value).toMatchObject({ event: "file" });
  await expect(whole.exporter.run({ router: ROUTER }, ME, never).next()).rejects.toMatchObject({ code: "request.busy" });
  expect(left().length).toBe(2);
  for (const each of halves) await each.return();
  expect([left(), whole.pool.counts.busy]).toEqual([[], 0]);
  expect((await received({ router: ROUTER }, ME, whole)).end.files).toBe(3);
});

test("attack: whoever hangs up while nothing of its own is found in a log without end is not read for any more", async () => {
  const pages = function* () {
    for (;;) yield [];
  };
  const endless = new Exporter({ scratch_dir: world.scratch_dir, source: { pages, learnable: isLearnable, declared: () => DECLARED }, pool: world.pool, deadline_ms: 1_000 });
  const stop = new AbortController();
  const next = endless.run({ router: ROUTER }, ME, stop.signal).next();
  setImmediate(() => stop.abort());
  await expect(next).rejects.toMatchObject({ code: "request.cancelled" });
});

test.skipIf(skipWithout(mayMountTiny(), "this user may not mount a small file system"))("attack: the disk fills up under an export, which is said, and is no fault of the check process: whoever's die gets none for a while", async () => {
  {
    using disk = tinyDisk(whole.scratch_dir, 4_096);
    expect(disk).not.toBeNull();
    await expect(received({ router: ROUTER }, ME, whole)).rejects.toMatchObject({ code: "store.no_space" });
    expect(left()).toEqual([]);
  }
  expect(whole.pool.health.deaths).toBe(0);
});

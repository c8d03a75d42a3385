/** Episodes of a whole daemon, from the log into files: hours follow what is decided, told and expired, and whoever asks gets its own. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBase64 } from "../proto/encoding.ts";
import type { Episode } from "../proto/episode.ts";
import type { ExportEnd, ExportEvent, ExportRequest } from "../proto/partition.ts";
import type { RouterEntry } from "../proto/routing.ts";
import { exportRoutes } from "./api/exports.ts";
import { learningRoutes } from "./api/learning.ts";
import { serve } from "./api/testing/serve.ts";
import { partitionPath, PARTITIONS_FOLDER } from "./learning/exporting/partitions.ts";
import { episodeOf, rowsOf } from "./learning/exporting/testing/read.ts";
import type { Principal } from "./tenants/index.ts";
import { World } from "./testing/core.ts";
import { ownUser, tenant } from "./testing/tenants.ts";

setDefaultTimeout(60_000);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ROUTER: RouterEntry = {
  id: "models", baseline: "large", value_usd_micro: 0, outcome_s: 7_200, reward: { name: "solved", version: 3, min: 0, max: 1 },
  context: [{ name: "tokens", type: "number" }], constraints: [{ name: "failed", min: 0, max_value: 1, max: 0.5 }], arms: ["small", "large"].map((id) => ({ id, reversible: true, reward: 0 })),
};
const DECIDED = { router: ROUTER, context: { tokens: 12 }, eligible: [{ arm: "small", propensity: 0.25 }, { arm: "large", propensity: 0.75 }], drawn: "small", executed: "small", forced: null, policy: "0".repeat(64), seed: "0".repeat(32), counter: 7, epoch: 0, prices: {}, reserved: {}, reason: "" };

let world: World;
let started_ms = 0;
beforeAll(async () => {
  world = await World.open({ routers: [ROUTER], retention: { episodes_days: 2 } });
  started_ms = world.clock.now_ms();
});
afterAll(() => world[Symbol.asyncDispose]());

const log = () => world.core.learned.episodes();
const decide = async (space: string): Promise<Episode> => (await log()).record({ ...DECIDED, space }).episode;
const written = async (): Promise<void> => (await world.core.learned.exported())?.partitions.write();
const fileOf = (at_ms: number): string => join(world.state_dir, PARTITIONS_FOLDER, partitionPath("models", at_ms));
const everything = async (): Promise<Episode[]> => [...(await log()).read({ router: "models", split: "all", sees: null })];
const episodesIn = async (path: string): Promise<unknown[]> => (await rowsOf(path)).map((cells) => episodeOf("models", cells));

async function* asked(principal: Principal, request: ExportRequest): AsyncGenerator<ExportEvent, void> {
  const [route] = exportRoutes({ learned: world.core.learned, body_bytes_max: 1_000 });
  const call = { principal, id: "r", peer: { uid: principal.uid, gid: 0, pid: 1, groups: [] }, signal: new AbortController().signal };
  const outcome = await route!.run(call, {}, request, new ReadableStream());
  if (outcome.kind !== "events") throw new Error("no events");
  // The route checked each of them against its schema.
  yield* outcome.events as AsyncGenerator<ExportEvent, void>;
}

async function exported(principal: Principal, request: ExportRequest): Promise<{ readonly episodes: unknown[]; readonly end: ExportEnd | undefined }> {
  const pieces: Uint8Array[] = [];
  let end: ExportEnd | undefined;
  for await (const event of asked(principal, request)) {
    if (event.event === "piece") pieces.push(fromBase64(event.bytes) ?? new Uint8Array());
    if (event.event === "end") end = event;
  }
  const path = join(world.scratch.root, "exported.parquet");
  writeFileSync(path, Buffer.concat(pieces));
  return { episodes: pieces.length === 0 ? [] : await episodesIn(path), end };
}

test("an hour's file holds what was decided in it, then what became of that, and no more once no outcome can come", async () => {
  const [first, second] = [await decide("web"), await decide("mobile")];
  world.clock.advance(HOUR_MS);
  await decide("web");
  await written();
  expect(await episodesIn(fileOf(started_ms))).toEqual([first, second]);
  (await log()).outcome(first.id, "web", { reward: 0.5, constraints: { failed: 1 } });
  world.clock.advance(3 * HOUR_MS);
  // The hourly sweep closes the other without its outcome.
  await world.core.integrity.keeping.sweep();
  await written();
  const closed = (await everything()).slice(0, 2);
  expect(closed.map(({ outcome }) => [outcome?.reward, outcome?.censored])).toEqual([[0.5, false], [null, true]]);
  expect(await episodesIn(fileOf(started_ms))).toEqual(closed);
  const before = statSync(fileOf(started_ms), { bigint: true });
  world.clock.advance(HOUR_MS);
  await world.core.integrity.keeping.sweep();
  await written();
  expect(statSync(fileOf(started_ms), { bigint: true })).toMatchObject({ ino: before.ino, mtimeNs: before.mtimeNs });
  expect(world.warnings).toEqual([]);
});

test("attack: a tenant asks for everything and gets its own alone; whoever runs the daemon gets all of it", async () => {
  const all = { router: "models", split: "all", unlearnable: true, to_ms: started_ms + HOUR_MS } as const;
  const own = (await everything()).slice(0, 2);
  expect((await exported(ownUser(7), all)).episodes).toEqual(own);
  const web = await exported(tenant("web", 1001), all);
  expect([web.episodes, web.end?.counts.exported]).toEqual([[own[0]], 1]);
  expect((await exported(tenant("web", 1001), { router: "models" })).episodes.length).toBe(own[0]?.split === "search" ? 1 : 0);
  expect((await exported(tenant("nobody", 1002), all)).episodes).toEqual([]);
});

async function learn(socket: string, ...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "cli/main.ts"), "learn", "export", ...args, "--socket", socket], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

test("maestro learn export makes a folder that is whole, says what of it is there and what is not, and touches none that holds something", async () => {
  const api = await serve({ routes: [...learningRoutes(world.core), ...exportRoutes({ learned: world.core.learned, body_bytes_max: 1_000 })] });
  try {
    const out = join(world.scratch.root, "out");
    const kept = await everything();
    const [taken, ...refused] = await Promise.all([
      learn(api.path, "models", "--out", out, "--split", "all", "--unlearnable", "--json"),
      learn(api.path, "models", "--out", world.scratch.root),
      ...["2026-02-31", "2026-11-22T24"].map((when) => learn(api.path, "models", "--out", `${out}-b`, "--from", when)),
      learn(api.path, "models", "--out", `${out}-b`, "--split", "both"),
      learn(api.path, "--out", `${out}-b`),
      learn(api.path, "modles", "--out", `${out}-b`),
    ]);
    expect(refused.at(-1)?.stderr).toContain("did you mean models?");
    expect([taken?.code, JSON.parse(taken?.stdout ?? "")]).toEqual([0, { folder: out, files: 2, exported: kept.length, exported_safety: kept.filter(({ split }) => split === "safety").length, exported_unlearnable: 2, left_out_split: 0, left_out_unlearnable: 0 }]);
    expect(taken?.stderr).toContain("2 of them nothing is learned from");
    const files = [started_ms, started_ms + HOUR_MS].map((at_ms) => join(out, partitionPath("models", at_ms)));
    expect((await Promise.all(files.map(episodesIn))).flat()).toEqual(kept);
    expect(refused.map(({ code, stdout }) => [code, stdout])).toEqual(refused.map(() => [2, ""]));
    expect(readdirSync(world.scratch.root).filter((name) => name.startsWith("out"))).toEqual(["out"]);
  } finally {
    await api.end();
  }
});

test("attack: a daemon that sends other bytes than it names, a file that was not asked for, or half of one leaves no folder", async () => {
  const file = { event: "file", router: "models", hour: "2026-11-22T23", rows: 1, bytes: 3, sha256: "0".repeat(64) } as const;
  const [piece, end] = [{ event: "piece", bytes: "AAAA" }, { event: "end", files: 1, counts: { exported: 1, exported_safety: 0, exported_unlearnable: 0, left_out_split: 0, left_out_unlearnable: 0 } }] as const;
  const lies: readonly (readonly ExportEvent[])[] = [[file, piece, end], [{ ...file, router: "../../up" }, end], [{ ...file, hour: "../../../up" }, end], [file, piece], [piece, end]];
  let lie = 0;
  const run = (): AsyncGenerator<ExportEvent, void> => (async function* () { yield* lies[lie++] ?? []; })();
  const api = await serve({ routes: exportRoutes({ learned: { exported: () => Promise.resolve({ exporter: { run } }) }, body_bytes_max: 1_000 }) });
  try {
    const said: string[] = [];
    for (const _ of lies) {
      const { code, stderr } = await learn(api.path, "models", "--out", join(world.scratch.root, "lied"));
      expect(code).not.toBe(0);
      said.push(stderr);
    }
    expect(said.map((text) => /other bytes|not asked for|ended before|base64/.exec(text)?.[0])).toEqual(["other bytes", "not asked for", "not asked for", "ended before", "base64"]);
    expect(readdirSync(world.scratch.root).filter((name) => name.startsWith("lied") || name === "up")).toEqual([]);
  } finally {
    await api.end();
  }
});

test("attack: whoever stops an export in the middle leaves no folder of half of it", async () => {
  const begun = Promise.withResolvers<void>();
  const run = (): AsyncGenerator<ExportEvent, void> => (async function* () {
    yield { event: "file", router: "models", hour: "2026-11-22T23", rows: 1, bytes: 9, sha256: "0".repeat(64) } as const;
    yield { event: "piece", bytes: "AAAA" } as const;
    await begun.promise;
  })();
  const api = await serve({ routes: exportRoutes({ learned: { exported: () => Promise.resolve({ exporter: { run } }) }, body_bytes_max: 1_000 }) });
  try {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "cli/main.ts"), "learn", "export", "models", "--out", join(world.scratch.root, "stopped"), "--socket", api.path], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    const parts = (): string[] => readdirSync(world.scratch.root).filter((name) => name.startsWith("stopped"));
    while (!parts().some((name) => existsSync(join(world.scratch.root, name, "router=models")))) await Bun.sleep(5);
    child.kill("SIGINT");
    expect([await child.exited, parts()]).toEqual([130, []]);
  } finally {
    begun.resolve();
    await api.end();
  }
});

test("after episodes_days an hour's file is gone with its rows; a backup holds none of them", async () => {
  const { folder } = await world.core.integrity.backup(false);
  expect(readdirSync(folder)).not.toContain(PARTITIONS_FOLDER);
  world.clock.advance(2 * DAY_MS - 5 * HOUR_MS + 1_000);
  await world.core.integrity.keeping.sweep();
  const kept = await everything();
  // The limit cuts through its hour, which is written again: nothing is left of it.
  await written();
  expect([existsSync(fileOf(started_ms)), kept.length]).toEqual([false, 1]);
  expect(await episodesIn(fileOf(started_ms + HOUR_MS))).toEqual(kept);
});

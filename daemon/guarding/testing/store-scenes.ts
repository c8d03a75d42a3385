/** Scenes of money and of what the store keeps, through the rooms that own the tables. */
import type { RouterEntry } from "../../../proto/routing.ts";
import { openAsked } from "../../learning/evaluation/asked.ts";
import { EpisodeLog } from "../../learning/episodes/index.ts";
import { deciderDigest, openKept } from "../../learning/routing/kept.ts";
import { observe, openWatches } from "../../learning/routing/watched.ts";
import { Market } from "../../market/index.ts";
import { openTestHistory } from "../../commands/history.ts";
import { openLogTime } from "../../evidence/time/index.ts";
import { openFloors } from "../../store/floors.ts";
import { openHolds, openTombstones } from "../../store/tombstones.ts";
import { openLedger } from "../../tenants/ledger/index.ts";
import { openRunUsage } from "../../tenants/usage.ts";
import { openTables } from "../../evidence/log/tables.ts";
import { STORE_SCHEMA_VERSION } from "../../../proto/state-version.ts";
import { refused, type Scene } from "./scene.ts";

const HOUR_S = 3_600;
const TENANT = { key: "tenant:web", budget: { wall_us: 1_000 }, window_s: HOUR_S };
const TOKEN = { key: "token:x", budget: {}, window_s: null };
const BILL = { change: "a".repeat(64), payer: "web" };
const wall = (wall_us: number) => ({ wall_us, cpu_us: 0, model_tokens: 0 });

const ledger: Scene = async ({ store, guards }) => {
  const now = { s: 1_000 * HOUR_S };
  const book = openLedger({ store: store(), now_s: () => now.s, act: guards.check });
  const open = [book.reserve([TENANT, TOKEN], wall(200), BILL), book.reserve([TENANT], wall(300), BILL)];
  refused("tenant.budget", () => void book.reserve([TENANT], wall(600)));
  open.forEach((id) => book.settle(id, wall(150)));
  book.settle(book.reserve([TENANT], wall(100), BILL), wall(100));
  now.s += HOUR_S;
  book.settle(book.reserve([TENANT], wall(100), BILL), wall(100));
  now.s -= HOUR_S;
  book.settle(book.reserve([TENANT], wall(100), BILL), wall(100));
  // While one promise stands, so much is settled that old accounts are swept.
  const standing = book.reserve([TENANT], wall(10));
  for (let i = 0; i < 70; i++) book.settle(book.reserve([{ ...TOKEN, key: "token:y" }], wall(1)), wall(1));
  book.settle(standing, wall(10));
  const usage = openRunUsage({ store: store("usage"), now_s: () => now.s });
  usage.report("web", { run_id: "r", calls_made: 3, calls_reported: 2, tokens: 20, micro_usd: null });
  refused("request.malformed", () => void usage.report("web", { run_id: "r", calls_made: 3, calls_reported: 2, tokens: 10, micro_usd: null }));
  refused("request.malformed", () => void usage.report("web", { run_id: "s", calls_made: 1, calls_reported: 2, tokens: 10, micro_usd: null }));
};

const BURIED = { name: "gate-x-1", class: "evidence", why: "expired", at_s: 9, made_s: 1, digests: [{ kind: "bundle", sha256: "b".repeat(64) }] } as const;

const keeping: Scene = async ({ store }) => {
  const kept = store();
  openTables(kept);
  const floors = openFloors(kept);
  const holds = openHolds(kept);
  const tombstones = openTombstones(kept);
  kept.atomic(() => {
    floors.raise("places", 5);
    floors.raise("places", 3);
    holds.set("gate:held", { at_s: 5, reason: "audit" });
    for (let i = 0; i < 2; i++) tombstones.bury({ ...BURIED, digests: [...BURIED.digests] }, []);
  });
  const tests = openTestHistory({ store: kept, now_s: () => 100 });
  for (const tree of ["1", "1", "2"]) tests.ran({ repo_id: "r", command: "c" }, tree.repeat(40), ["a"], []);
};

const time: Scene = async ({ store, clock }) => {
  const kept = store();
  openTables(kept);
  const log_time = openLogTime({ store: kept, clock, froze: () => undefined });
  log_time.next_s(0);
  clock.setWall(clock.now_ms() + 7_200_000);
  log_time.next_s(0);
  clock.setWall(clock.now_ms() + 7_200_000);
  clock.advance(60_000);
  log_time.next_s(0);
};

const version: Scene = async ({ store }) => {
  await store("s", STORE_SCHEMA_VERSION + 1).close();
  refused("store.schema", () => void store("s"));
};

const ROUTER: RouterEntry = {
  id: "models", baseline: "large", value_usd_micro: 0, outcome_s: 60, reward: { name: "solved", version: 1, min: 0, max: 1 },
  context: [{ name: "note", type: "text" }], arms: ["small", "large"].map((id) => ({ id, reversible: true, reward: 0 })),
};
const SHARES = [{ arm: "small", propensity: 0.25 }, { arm: "large", propensity: 0.75 }];
const DECIDED = { router: ROUTER, space: "web", context: {}, eligible: SHARES, drawn: "large", executed: "large", forced: null, policy: "0".repeat(64), seed: "0".repeat(32), counter: 0, epoch: 0, prices: {}, reserved: {}, reason: "" } as const;

const episodes: Scene = async ({ store, clock }) => {
  const log = new EpisodeLog({ store: store(), now_ms: () => clock.now_ms(), keyed: (purpose, value) => new Bun.CryptoHasher("sha256").update(purpose + value).digest("hex"), router: () => ROUTER, episodes_max: 100 });
  // Two of one millisecond, one of them with what has to be taken out.
  const { episode } = log.record({ ...DECIDED, context: { note: "mail jane@example.org" } });
  log.record(DECIDED);
  log.outcome(episode.id, null, { reward: 1 });
  refused("learning.outcome", () => void log.outcome(episode.id, null, { reward: 0 }));
};

const evaluations: Scene = async ({ store, clock }) => {
  const asked = openAsked(store(), () => Math.floor(clock.now_ms() / 1000));
  const of = { sees: null, router: ROUTER.id, reward: ROUTER.reward, candidate: "c".repeat(64) };
  for (const question of ["a", "b", "a"]) asked.nth({ ...of, asked: question.repeat(64) });
};

/** One that takes more than one piece, and what is told of it: three times harm, and then nothing but good. */
const routing: Scene = async ({ store }) => {
  const room = store();
  const many = Array.from({ length: 400 }, (_, i) => ({ name: `f${i}x${(i * 7_919) % 100_003}`, type: "number" as const }));
  const router: RouterEntry = { ...ROUTER, context: many, constraints: [{ name: "harm", min: 0, max_value: 1, max: 0.02 }] };
  const decider = { router, policy: null };
  const digest = deciderDigest(decider);
  room.atomic(() => openKept(room).put(digest, decider, 0));
  const watches = openWatches(room);
  for (const [i, harm] of [1, 1, 1, 1, ...Array.from({ length: 400 }, () => 0)].entries()) {
    const outcome = { reward: 1, definition: "solved", version: 1, constraints: { harm }, usage: {}, delay_ms: i, censored: false };
    room.atomic(() => observe(router, digest, watches, { space: "web", executed: "small", policy: digest, seed: "5".repeat(32), outcome }));
  }
};

/** Some slots, and then other rules for the same resources. */
const market: Scene = async ({ store }) => {
  const now = { ms: 1_800_000_000_000 };
  const setting = { slot_s: 10, method: "adagrad", step_max: 0.25, window_slots: 3, resources: [{ resource: "usd_micro", capacity: 1_000, price_max: 4 }] } as const;
  for (const method of ["adagrad", "ogd"] as const) {
    const room = store();
    const open = new Market({ store: room, setting: { ...setting, resources: [...setting.resources], method }, limits: { slots_max: 100 }, now_ms: () => now.ms });
    for (let slot = 0; slot < 5; slot++) {
      room.atomic(() => open.spent(null, { usd_micro: 900 * slot }));
      now.ms += 10_000;
    }
    open.view();
  }
};

export const STORE_SCENES = { routing, market, episodes, evaluations, ledger, keeping, time, version } satisfies Record<string, Scene>;

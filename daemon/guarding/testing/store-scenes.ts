/** Scenes of money and of what the store keeps, through the rooms that own the tables. */
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

export const STORE_SCENES = { ledger, keeping, time, version } satisfies Record<string, Scene>;

/** A page of 500 decided gates of 10,000, as `GET /v1/cards/:before` makes it: each row checked by its hash, its newest attempt looked up, its money read from the ledger. */
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { cardPage, type CardListDeps } from "../daemon/gate/card-list.ts";
import { openStore, type Store } from "../daemon/store/db.ts";
import { openTombstones } from "../daemon/store/tombstones.ts";
import { StoreLimits } from "../proto/config.ts";
import { type Bench, leastCpuMs } from "./figure.ts";
import { listedGates } from "./rig/listed.ts";

const GATES = 10_000;
const RUNS = 12;
const REASONS_MAX = 8;
const GOAL_MS = 50;
const never = new AbortController().signal;

function filled(store: Store): CardListDeps {
  return { store, ...listedGates(store, GATES, (n) => n % (REASONS_MAX + 1), null), tombstones: openTombstones(store), artifacts: { blobs: { get: () => Promise.resolve(undefined) } } };
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "ms-cards-"));
  const store = openStore({ state_dir: folder, limits: Value.Create(StoreLimits), fatal: () => undefined });
  const peer = new Database(join(folder, "peer.sqlite"));
  try {
    const deps = filled(store);
    const page = (before: number | null) => cardPage(deps, before, () => true, never);
    peer.run("create table cards (place integer primary key, row text)");
    const insert = peer.prepare("insert into cards values (?, ?)");
    const whole: { readonly place: number }[] = [];
    for (let before: number | null = null; ; ) {
      const { rows, next } = await page(before);
      whole.push(...rows);
      if (next === null) break;
      before = next;
    }
    if (whole.length !== GATES) throw new Error(`${whole.length} rows of ${GATES}`);
    peer.transaction(() => whole.forEach((row) => insert.run(row.place, JSON.stringify(row))))();
    const select = peer.prepare<{ readonly row: string }, [number]>("select row from cards where place < ? order by place desc limit 500");
    const before = GATES / 2;
    const ours = await leastCpuMs(RUNS, async () => JSON.stringify(await page(before)));
    const theirs = await leastCpuMs(RUNS, () => JSON.stringify(select.all(before).map(({ row }): unknown => JSON.parse(row))));
    figure({
      figure: `a page of 500 rows of ${GATES} gates, to JSON`, value: ours, unit: "ms of processor", better: "less", goal: { value: GOAL_MS }, hard: true,
      peer: { name: "bun:sqlite, whole rows as text by their place, nothing checked or joined", value: theirs },
      note: "the peer checks no record, looks up no newer attempt and no money",
    });
  } finally {
    peer.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** A page of 500 decided gates of 10,000, as `GET /v1/cards/:before` makes it: each row checked by its hash, its newest attempt looked up, its money read from the ledger. */
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { cardPage, type CardListDeps } from "../daemon/gate/card-list.ts";
import { ChangeCosts } from "../daemon/gate/cost/change-cost.ts";
import { openStore, type Store } from "../daemon/store/db.ts";
import { type GateRow, openGates } from "../daemon/store/gates.ts";
import { placeKey } from "../daemon/store/releases.ts";
import { openTombstones } from "../daemon/store/tombstones.ts";
import { openLedger } from "../daemon/tenants/ledger/index.ts";
import { openRunUsage } from "../daemon/tenants/usage.ts";
import { SAMPLE_DECISION, SAMPLE_IDENTITY, sampleCard } from "../daemon/testing/evidence.ts";
import type { Card } from "../proto/card.ts";
import { StoreLimits } from "../proto/config.ts";
import { toBase32 } from "../proto/encoding.ts";
import { type Bench, leastCpuMs } from "./figure.ts";

const GATES = 10_000;
const BATCH = 500;
const RUNS = 12;
const REASONS_MAX = 8;
const GOAL_MS = 50;
const NOW_S = 1_790_000_000;
const never = new AbortController().signal;

const reason = (n: number): Card["reasons"][number] => ({ rule: "size.unreviewable", check: "size", effect: "hold", observed: false, because: `the change touches ${40 + n} files in ${n} folders, and more than 40 are more than one person reads`, ranges: [{ path: { u: `src/folder/file-${n}.ts` }, start_line: 1, end_line: 4 }], excerpt: null, fingerprints: [] });

function rowOf(n: number): GateRow {
  const id = new Uint8Array(32);
  new DataView(id.buffer).setUint32(0, n);
  return {
    gate_id: `gate:${toBase32(id)}`, attempt: { attempt: 1, supersedes: null, issued_at: "2026-11-22T09:59:00Z", valid_until: "2026-11-23T09:59:00Z" }, verdict: "hold", repo_id: "acme/app", head: n.toString(16).padStart(40, "0"),
    owner_uid: 7, log_index: n, reply: `sha256:${"0".repeat(64)}`, bundle: `sha256:${n.toString(16).padStart(64, "0")}`,
  };
}

function filled(store: Store): CardListDeps {
  const gates = openGates(store);
  const ledger = openLedger({ store, now_s: () => NOW_S });
  const run_usage = openRunUsage({ store, now_s: () => NOW_S });
  const costs = new ChangeCosts({ tenants: { pay: () => Promise.reject(new Error("nobody pays here")), budgetLeft: () => null, ledger }, run_usage });
  const sample = sampleCard(SAMPLE_IDENTITY, SAMPLE_DECISION, 1, "local");
  for (let at = 0; at < GATES; at += BATCH) {
    store.atomic(() => {
      for (let n = at; n < at + BATCH; n++) {
        const row = rowOf(n);
        gates.add(row, null);
        const card = { ...sample, title: `change ${n}: a title of usual length`, reasons: Array.from({ length: n % (REASONS_MAX + 1) }, (_, i) => reason(i)) };
        gates.cards.put(row, { card, timings: { total_us: n, facts_us: 0, checks_us: 0, policy_us: 0, evidence_us: 0, by_check: [] } }, null);
        if (n % 2 === 0) run_usage.link(placeKey({ repo_id: row.repo_id, target_ref: card.target_ref, head: row.head }), "uid:7", [`run-${n.toString().padStart(8, "0")}`]);
        if (n % 2 === 0) run_usage.report("uid:7", { run_id: `run-${n.toString().padStart(8, "0")}`, calls_made: 1, calls_reported: 1, tokens: 1, micro_usd: n });
      }
    });
  }
  return { store, gates, costs, tombstones: openTombstones(store), artifacts: { blobs: { get: () => Promise.resolve(undefined) } } };
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

/** Decided gates as they are listed, put straight into a store: rows of usual length, and money of every second one. */
import { sha256 } from "@noble/hashes/sha2.js";
import { ChangeCosts } from "../../daemon/gate/cost/change-cost.ts";
import type { Store } from "../../daemon/store/db.ts";
import { type GateRow, type Gates, openGates } from "../../daemon/store/gates.ts";
import { placeKey } from "../../daemon/store/releases.ts";
import { openLedger } from "../../daemon/tenants/ledger/index.ts";
import { openRunUsage } from "../../daemon/tenants/usage.ts";
import { SAMPLE_DECISION, SAMPLE_IDENTITY, sampleCard } from "../../daemon/testing/evidence.ts";
import type { Card } from "../../proto/card.ts";
import { toBase32, toHex, utf8 } from "../../proto/encoding.ts";

const BATCH = 500;
const NOW_S = 1_790_000_000;

const reason = (n: number): Card["reasons"][number] => ({ rule: "size.unreviewable", check: "size", effect: "hold", observed: false, because: `the change touches ${40 + n} files in ${n} folders, and more than 40 are more than one person reads`, ranges: [{ path: { u: `src/folder/file-${n}.ts` }, start_line: 1, end_line: 4 }], excerpt: null, fingerprints: [] });

export function gateRow(n: number): GateRow {
  // Spread as digests are: names are looked up by how they begin.
  const id = sha256(utf8(String(n)));
  return {
    gate_id: `gate:${toBase32(id)}`, attempt: { attempt: 1, supersedes: null, issued_at: "2026-11-22T09:59:00Z", valid_until: "2026-11-23T09:59:00Z" }, verdict: "hold", repo_id: "acme/app", head: toHex(id).slice(0, 40),
    owner_uid: 7, log_index: n, reply: `sha256:${"0".repeat(64)}`, bundle: `sha256:${toHex(id)}`,
  };
}

/** `reasons`: how many hold the n-th; `held_s`: since when each waits. */
export function listedGates(store: Store, count: number, reasons: (n: number) => number, held_s: number | null): { readonly gates: Gates; readonly costs: ChangeCosts } {
  const gates = openGates(store);
  const ledger = openLedger({ store, now_s: () => NOW_S });
  const run_usage = openRunUsage({ store, now_s: () => NOW_S });
  const costs = new ChangeCosts({ tenants: { pay: () => Promise.reject(new Error("nobody pays here")), budgetLeft: () => null, ledger }, run_usage });
  const sample = sampleCard(SAMPLE_IDENTITY, SAMPLE_DECISION, 1, "local");
  for (let at = 0; at < count; at += BATCH) {
    store.atomic(() => {
      for (let n = at; n < at + BATCH; n++) {
        const row = gateRow(n);
        gates.add(row, null);
        const card = { ...sample, title: `change ${n}: a title of usual length`, reasons: Array.from({ length: reasons(n) }, (_, i) => reason(i)) };
        gates.cards.put(row, { card, timings: { total_us: n, facts_us: 0, checks_us: 0, policy_us: 0, evidence_us: 0, by_check: [] } }, held_s);
        if (n % 2 === 0) run_usage.link(placeKey({ repo_id: row.repo_id, target_ref: card.target_ref, head: row.head }), "uid:7", [`run-${n.toString().padStart(8, "0")}`]);
        if (n % 2 === 0) run_usage.report("uid:7", { run_id: `run-${n.toString().padStart(8, "0")}`, calls_made: 1, calls_reported: 1, tokens: 1, micro_usd: n });
      }
    });
  }
  return { gates, costs };
}

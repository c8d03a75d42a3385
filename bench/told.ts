/** What rules about decided changes cost a gate: its row read, the rules that ship asked of it, and those in time told. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { listedRow } from "../daemon/gate/card-list.ts";
import { type Fields, Guards, openWatching, tellDecided, type Watching } from "../daemon/guarding/index.ts";
import { shippedDocuments } from "../daemon/guarding/shipped.ts";
import { openStore } from "../daemon/store/db.ts";
import { FakeClock } from "../daemon/testing/clock.ts";
import { CHANGE_DECIDED, changeDecided } from "../proto/change-decided.ts";
import { StoreLimits } from "../proto/config.ts";
import { Limits } from "../proto/limits.ts";
import { type Bench, leastCpuMs } from "./figure.ts";
import { gateRow, listedGates } from "./rig/listed.ts";

const GATES = 2_000;
const RUNS = 15;
const REASONS = 3;
const NOW_S = 1_790_000_000;
/** A thousandth of what a gate takes (bench `gate`). */
const GOAL_US = 250;
const US_PER_MS = 1_000;

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "ms-told-"));
  const store = openStore({ state_dir: folder, limits: Value.Create(StoreLimits), fatal: () => undefined });
  try {
    const deps = listedGates(store, GATES, () => REASONS, NOW_S);
    const ids = Array.from({ length: GATES }, (_, n) => gateRow(n).gate_id);
    const perGate = async (work: (gate_id: string) => void): Promise<number> => {
      const ms = await leastCpuMs(RUNS, async () => {
        for (const gate_id of ids) work(gate_id);
        // What was told of own events is looked at right after.
        await Promise.resolve();
      });
      return (ms / GATES) * US_PER_MS;
    };
    const read = await perGate((gate_id) => void listedRow(deps, gate_id, 1));
    const rows = new Map(ids.map((gate_id) => [gate_id, listedRow(deps, gate_id, 1)!]));
    const clock = new FakeClock();
    let watching: Watching | undefined;
    const guards = new Guards({ ...shippedDocuments(), passed: (event: string, fields: Fields) => watching?.events.own(event, fields) });
    const asked = await perGate((gate_id) => void guards.tell(CHANGE_DECIDED, changeDecided(rows.get(gate_id)!)));
    watching = openWatching({ store, clock, now_s: () => NOW_S, guards, limits: Value.Create(Limits), breakers: {}, warn: (what, error) => { throw new Error(what, { cause: error }); } });
    const tell = tellDecided({ guards, rowOf: (...of) => listedRow(deps, ...of), warn: (what, error) => { throw new Error(what, { cause: error }); } });
    const whole = await perGate((gate_id) => {
      watching?.events.own("gate_created", { gate_id, attempt: 1 });
      tell(gate_id, 1);
    });
    const { events } = watching;
    events.tick();
    if (events.counts.violated + events.counts.inconclusive + guards.counts.told.size > 0) throw new Error("a rule does not hold of what is sound");
    const rules = guards.of(CHANGE_DECIDED).length;
    figure({ figure: `a decided gate, its row read and ${rules} rules asked and told`, value: whole, unit: "us of processor", better: "less", goal: { value: GOAL_US }, note: `its row read ${read.toFixed(1)}, the rules on single changes ${asked.toFixed(1)}` });
    events.close();
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

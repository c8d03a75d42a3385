/** What watching costs: time of an event, bytes of a key, and a deadline nobody met. */
import { compile } from "../daemon/invariants/index.ts";
import { type Arrived, Watch } from "../daemon/invariants/monitor/watch.ts";
import { type Bench, median } from "./figure.ts";

const KEYS = 50_000;
const EVENTS = 100_000;
const ROUNDS = 5;
const START_MS = 1_767_225_600_000;

function watchOf(formula: string, keys_max: number): Watch {
  const result = compile(`id: A.B\nscope: s\nwhen: [{event: call}, {event: reply}]\nfields: {agent: string, ok: bool}\nper: agent\nkeys_max: ${keys_max}\ntemporal:\n  - formula: ${JSON.stringify(formula)}\n`);
  if ("errors" in result) throw new Error(result.errors[0]?.message);
  const report = (): void => undefined;
  return new Watch({ invariants: [result.ok], reorder_ms: 0, waiting_max: 1, report });
}

const event = (name: string, i: number, keys: number, at_ms = START_MS + i): Arrived => ({ at_ms, event: name, fields: { agent: `agent-${i % keys}`, ok: true }, source: "s", seq: i });

function heapBytes(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}

/** Each key with its one obligation or its one remembered past. */
function bytesPerKey(formula: string): number {
  const texts = Array.from({ length: KEYS }, (_, i) => event("call", i, KEYS));
  const watch = watchOf(formula, KEYS);
  watch.tick({ wall_ms: START_MS, steady_ms: 0 });
  const before = heapBytes();
  for (const one of texts) watch.offer(one);
  const bytes = (heapBytes() - before) / KEYS;
  if (watch.monitors[0]?.keys !== KEYS) throw new Error("keys were lost");
  return bytes;
}

function nanoseconds(formula: string, keys: number): number {
  return median(
    Array.from({ length: ROUNDS }, () => {
      const watch = watchOf(formula, keys);
      const events = Array.from({ length: EVENTS }, (_, i) => event(i % 2 === 0 ? "call" : "reply", i >> 1, keys, START_MS + i));
      watch.tick({ wall_ms: START_MS, steady_ms: 0 });
      const start = performance.now();
      for (const one of events) watch.offer(one);
      return ((performance.now() - start) * 1e6) / EVENTS;
    }),
  );
}

export const bench: Bench = (figure) => {
  const forms = { leads_to: "call leads_to reply within 1h", once: "always !reply || once call in 1h", count: "count(call where ok) in 1h <= 200" };
  for (const [name, formula] of Object.entries(forms)) {
    figure({ figure: `one event of 1,000 keys, ${name}`, value: nanoseconds(formula, 1_000), unit: "ns", better: "less" });
    figure({ figure: `memory of a key, ${name}`, value: bytesPerKey(formula), unit: "B", better: "less", goal: { value: 1_024 } });
  }
  const watch = watchOf(forms.leads_to, KEYS);
  watch.tick({ wall_ms: START_MS, steady_ms: 0 });
  for (let i = 0; i < KEYS; i++) watch.offer(event("call", i, KEYS));
  const start = performance.now();
  watch.tick({ wall_ms: START_MS + 7_200_000, steady_ms: 7_200_000 });
  figure({ figure: `deadlines of ${KEYS} keys that nobody met, noticed in one look`, value: performance.now() - start, unit: "ms", better: "less" });
};

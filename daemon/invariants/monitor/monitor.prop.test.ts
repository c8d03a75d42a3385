/** The monitor, which keeps next to nothing, against the plain meaning of every form over the whole trace. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { judgeTrace, type TraceEvent } from "../index.ts";
import { Dice } from "../testing/expressions.ts";
import { ClauseState, type Ruling } from "./clause.ts";
import { type Finding } from "./monitor.ts";
import { planOf } from "./plan.ts";
import { compiled, Formulas, randomTrace } from "./testing/formulas.ts";
import { type Arrived, Watch } from "./watch.ts";
import { SEED } from "../../testing/seed.ts";

// A machine under load takes several times as long.
setDefaultTimeout(60_000);
const KEYS = { k: "one" };
const word = (ruling: Ruling): string => (typeof ruling === "string" ? ruling : "violated");

/** What the monitor says after each event and between them, until the rule is broken; beside it what the whole trace says. */
function* both(formula: string, events: readonly TraceEvent[]): Generator<{ readonly at_ms: number; readonly ours: string; readonly meant: string }> {
  const clause = compiled(formula).temporal[0]!;
  const state = new ClauseState(planOf(clause));
  const meant = (count: number, end_ms: number): string => judgeTrace(clause.formula, clause.counts, { events: events.slice(0, count), end_ms, keys: KEYS }).verdict;
  for (const [i, event] of events.entries()) {
    for (const at_ms of i === 0 ? [] : [events[i - 1]!.at_ms + 1, event.at_ms]) {
      if (at_ms > event.at_ms) continue;
      const ours = word(state.tick(at_ms));
      yield { at_ms, ours, meant: meant(i, at_ms) };
      // The reference goes on to ask what no longer matters, and stumbles over what cannot be computed there.
      if (ours === "violated" || state.over) return;
    }
    const ours = word(state.step(event, KEYS));
    yield { at_ms: event.at_ms, ours, meant: meant(i + 1, event.at_ms) };
    if (ours === "violated" || state.over) return;
  }
}

test(`random formulas over random traces: at every moment the monitor says what the whole trace says, seed ${SEED}`, () => {
  const dice = new Dice(SEED);
  const said = new Map<string, number>();
  for (let i = 0; i < 400; i++) {
    const formula = new Formulas(dice).outermost(3);
    // Of `until` the whole-trace meaning also asks what no longer matters, and so finds errors there that nobody met.
    const events = randomTrace(dice, 12, i % 3 === 0 && !formula.includes(" until "));
    for (const { at_ms, ours, meant } of both(formula, events)) {
      if (ours !== meant) expect({ seed: SEED, formula, events, at_ms, ours }).toEqual({ seed: SEED, formula, events, at_ms, ours: meant });
      said.set(ours, (said.get(ours) ?? 0) + 1);
    }
  }
  // A monitor that always says the same would agree with formulas that always are.
  expect([...said.keys()].sort()).toEqual(["kept", "open", "violated"]);
  expect([...said.values()].every((count) => count > 50)).toBe(true);
});

/** All violations of one key, as a watch reports them. */
function violations(formula: string, arrived: readonly Arrived[], reorder_ms: number, end_ms: number): string[] {
  const findings: Finding[] = [];
  const watch = new Watch({ invariants: [compiled(formula)], reorder_ms, waiting_max: 1_000, report: (finding) => findings.push(finding) });
  for (const one of arrived) {
    const now = Math.max(one.at_ms, ...arrived.slice(0, arrived.indexOf(one)).map(({ at_ms }) => at_ms));
    watch.tick({ wall_ms: now, steady_ms: now });
    expect(watch.offer(one)).toBe(true);
  }
  for (let now = end_ms; now <= end_ms + reorder_ms + 1; now += reorder_ms + 1) watch.tick({ wall_ms: now, steady_ms: now });
  return findings.map(({ verdict, because }) => `${verdict} ${because}`);
}

test(`events that come in another order within the window change nothing, seed ${SEED}`, () => {
  const dice = new Dice(SEED + 1);
  let broken = 0;
  for (let i = 0; i < 120; i++) {
    const formula = new Formulas(dice).outermost(2);
    const inOrder = randomTrace(dice, 10, false).map((event, seq): Arrived => ({ ...event, source: "s", seq }));
    const end_ms = inOrder.at(-1)!.at_ms + 60_000;
    // Each is put off by less than the window, so none comes after its time.
    const shuffled = inOrder.map((event) => ({ event, comes: event.at_ms + dice.below(3_000) })).sort((a, b) => a.comes - b.comes).map(({ event }) => event);
    const [one, other] = [violations(formula, inOrder, 3_000, end_ms), violations(formula, shuffled, 3_000, end_ms)];
    if (JSON.stringify(one) !== JSON.stringify(other)) expect({ seed: SEED, formula, inOrder, other }).toEqual({ seed: SEED, formula, inOrder, other: one });
    broken += one.length;
  }
  expect(broken).toBeGreaterThan(15);
});

test(`after a violation the next event is judged with the past it has, seed ${SEED}`, () => {
  const dice = new Dice(SEED + 2);
  let rearmed = 0;
  for (let i = 0; i < 150; i++) {
    const formula = `always ${new Formulas(dice).inner(2)}`;
    const events = randomTrace(dice, 12, false);
    const clause = compiled(formula).temporal[0]!;
    const state = new ClauseState(planOf(clause));
    let from = 0;
    for (const [j, event] of events.entries()) {
      const expected = (): string => judgeTrace(clause.formula, clause.counts, { events: events.slice(0, j + 1), end_ms: event.at_ms, keys: KEYS }, from).verdict;
      if (word(state.tick(event.at_ms)) === "violated") {
        state.rearm();
        from = j;
      }
      const ours = word(state.step(event, KEYS));
      expect({ formula, events, j, from, ours }).toEqual({ formula, events, j, from, ours: expected() });
      if (ours !== "violated") continue;
      state.rearm();
      from = j + 1;
      rearmed += 1;
    }
  }
  expect(rearmed).toBeGreaterThan(30);
});

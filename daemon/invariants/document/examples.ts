/** Examples are tried while compiling: the one that holds must hold, the one that breaks must break. */
import type { Example, InvariantDocument } from "../../../proto/invariant.ts";
import { readField, type Context } from "../evaluate/values.ts";
import { Failure } from "../evaluate/failure.ts";
import { durationMs } from "../syntax/durations.ts";
import { judgeTrace, type Trace, type TraceEvent } from "../temporal/trace.ts";
import { integer, MICROS } from "../types/literals.ts";
import type { Fields } from "../types/scope.ts";
import { typeText, type Type } from "../types/type.ts";
import type { Clause, TemporalClause } from "./clauses.ts";
import type { Report, Resolved } from "./fields.ts";
import type { Path } from "./path.ts";

export interface Tried {
  readonly resolved: Resolved;
  readonly keys: readonly string[];
  readonly assert: readonly Clause[];
  readonly pre: readonly Clause[];
  readonly post: readonly Clause[];
  readonly temporal: readonly TemporalClause[];
}

/** An event writes money as micro-dollars and times as milliseconds; an example may also say "$12.50" and "5m". */
export function givenValue(value: unknown, type: Type): unknown {
  if (Array.isArray(value) && type.name === "list") return value.map((item) => givenValue(item, type.item));
  if (typeof value !== "string") return value;
  switch (type.name) {
    case "int":
      return /^-?[0-9]{1,19}$/.test(value) ? integer(BigInt(value)) : value;
    case "money": {
      const [, sign, whole = "", fraction = ""] = /^(-?)\$([0-9]{1,13})(?:\.([0-9]{1,6}))?$/.exec(value) ?? [];
      return sign === undefined ? value : integer((sign === "-" ? -1n : 1n) * (BigInt(whole) * MICROS + BigInt(fraction.padEnd(6, "0"))));
    }
    case "duration":
      return Number(durationMs(value) ?? Number.NaN);
    case "double":
      return /^(?:NaN|-?Infinity)$/.test(value) ? Number(value) : value;
    default:
      return value;
  }
}

const HINTS: Readonly<Partial<Record<Type["name"], string>>> = { money: 'whole micro-dollars, or "$12.50"; below zero "-$0.50"', duration: 'whole milliseconds, or "5m"', int: "a whole number, in quotes where it is beyond 2^53" };

function exampleFields(given: Readonly<Record<string, unknown>>, fields: Fields, path: Path, report: Report): Context {
  const event: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const field = fields.get(name);
    if (field === undefined) {
      report([...path, name], `there is no field ${name}`, `there are ${[...fields.keys()].join(", ")}`);
      continue;
    }
    event[name] = givenValue(value, field.type);
    try {
      readField(event, name, field.type);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      report([...path, name], `this is no ${typeText(field.type)}`, `write ${HINTS[field.type.name] ?? typeText(field.type)}`);
    }
  }
  return event;
}

class Examples {
  constructor(
    private readonly tried: Tried,
    private readonly report: Report,
  ) {}

  /** The sentence of the first violation, or `null` where all holds. */
  private single(example: Example, path: Path): string | null {
    const { resolved, assert, pre, post } = this.tried;
    const fields = example.event === undefined ? resolved.fields : (resolved.byEvent.get(example.event) ?? resolved.fields);
    if (example.event !== undefined && !resolved.byEvent.has(example.event)) this.report([...path, "event"], `when does not name the event ${example.event}`, `name one of ${[...resolved.byEvent.keys()].join(", ")}`);
    const event = exampleFields(example.with ?? {}, fields, [...path, "with"], this.report);
    const old = example.old === undefined ? undefined : exampleFields(example.old, fields, [...path, "old"], this.report);
    const around = old === undefined ? {} : { old };
    const judged = [...assert.map((one) => one.check(event)), ...pre.map((one) => one.check(old ?? event)), ...post.map((one) => one.check(event, around))];
    for (const one of judged) if (!one.ok) return one.message;
    return null;
  }

  private traces(example: Example, path: Path): readonly Trace[] {
    const { resolved, keys } = this.tried;
    const instances = new Map<string, TraceEvent[]>();
    let end_ms = 0;
    for (const [i, { at, event, with: given = {} }] of (example.trace ?? []).entries()) {
      const here = [...path, "trace", i];
      const ms = durationMs(at);
      if (ms === null || Number(ms) < end_ms) this.report([...here, "at"], ms === null ? "this is no time" : "time runs backwards", "write the time since the beginning, such as 90s, the earlier event first");
      end_ms = Math.max(end_ms, Number(ms ?? 0n));
      if (event === undefined) continue;
      const fields = resolved.byEvent.get(event);
      if (fields === undefined) this.report([...here, "event"], `when does not name the event ${event}`, `name one of ${[...resolved.byEvent.keys()].join(", ")}`);
      const read = exampleFields(given, fields ?? new Map(), [...here, "with"], this.report);
      const instance = JSON.stringify(keys.map((key) => String(read[key])));
      instances.set(instance, [...(instances.get(instance) ?? []), { at_ms: end_ms, event, fields: read }]);
    }
    return [...instances.values()].map((events) => ({ events, end_ms, keys: Object.fromEntries(keys.map((key) => [key, events[0]?.fields[key]])) }));
  }

  /** As `single`, of a trace; `open` says that the trace ends too early to tell. */
  private trace(example: Example, path: Path): string | null | "open" {
    const traces = this.traces(example, path);
    const verdicts = this.tried.temporal.filter(({ model_only }) => !model_only).flatMap((clause) => traces.map((trace) => ({ clause, verdict: judgeTrace(clause.formula, clause.counts, trace) })));
    const violated = verdicts.find(({ verdict }) => verdict.verdict === "violated");
    if (violated !== undefined) return violated.clause.text;
    return verdicts.some(({ verdict }) => verdict.verdict === "open") ? "open" : null;
  }

  try(example: Example, path: Path, holds: boolean): void {
    if ((example.trace === undefined) === (example.with === undefined)) return this.report(path, "an example is one event or a trace", "give it with: the fields of one event, or trace: a list of events");
    const { assert, pre, post, temporal } = this.tried;
    if (example.trace !== undefined && temporal.length === 0) return this.report([...path, "trace"], "the rule has no formula, so a trace shows nothing of it", "write one event in with:, or add temporal:");
    if (example.trace === undefined && assert.length + pre.length + post.length === 0) return this.report([...path, "with"], "the rule has formulas alone, so one event shows nothing of it", "write a trace: of events in time");
    const result = example.trace === undefined ? this.single(example, path) : this.trace(example, path);
    if (holds && result === "open") this.report(path, "the trace ends before the formula is decided", "add a later moment without an event, such as - at: 10m");
    else if (holds && result !== null) this.report(path, `the example that holds breaks the rule: ${result}`, "mend the rule, or the example");
    else if (!holds && (result === null || result === "open")) this.report(path, result === null ? "the example that breaks the rule holds" : "the trace ends before the formula is broken", result === null ? "mend the rule, or the example" : "add a later moment without an event, such as - at: 10m");
  }
}

/** Reports each example that says otherwise than its name. */
export function tryExamples({ holds, breaks }: NonNullable<InvariantDocument["examples"]>, tried: Tried, report: Report): void {
  const examples = new Examples(tried, report);
  for (const [name, given] of [["holds", holds], ["breaks", breaks]] as const) {
    if (!Array.isArray(given)) examples.try(given, ["examples", name], name === "holds");
    else for (const [i, one] of given.entries()) examples.try(one, ["examples", name, i], name === "holds");
  }
}

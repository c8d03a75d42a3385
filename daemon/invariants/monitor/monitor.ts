/**
 * One invariant's temporal conditions, watched as events come: an instance per key, each with bounded memory. Events come in order here;
 * watch.ts sees to that. Where something had to be forgotten the verdict is `inconclusive`, never a guess.
 */
import { SEVERITY_DEFAULT, type InvariantDocument } from "../../../proto/invariant.ts";
import type { Compiled } from "../document/build.ts";
import { Failure } from "../evaluate/failure.ts";
import { violation } from "../evaluate/message.ts";
import { readField, type Context } from "../evaluate/values.ts";
import { ClauseState, type Ruling, type Seen } from "./clause.ts";
import { planOf, type Plan } from "./plan.ts";

/** Why nothing can be told: more keys than fit, an event behind its time, more to remember than the bounds allow, a clock that jumped, events that were lost, a restart. */
export type Forgotten = "keys" | "late" | "full" | "clock" | "lost" | "restart";

export interface Finding {
  readonly invariant: string;
  readonly severity: NonNullable<InvariantDocument["severity"]>;
  readonly scope: string;
  /** The condition's text. */
  readonly formula: string;
  /** Values of `per`, in its order; `null` where many instances are meant. */
  readonly key: readonly string[] | null;
  readonly verdict: "violated" | "inconclusive";
  readonly at_ms: number;
  readonly because: "false" | "missing" | "error" | Forgotten;
  /** What a person reads: the invariant's own message, escaped, or what was forgotten. */
  readonly message: string;
}

interface Instance {
  readonly keys: Context;
  readonly states: ClauseState[];
  /** Until then it may lack a past that mattered. */
  unsure_until_ms: number;
}

const KEY_CHARACTERS_MAX = 256;
/** A look at every key takes its time, so with very many of them there is one only so often: deadlines are noticed a little later. */
const KEYS_SWEPT_PER_MS = 100;
/** Keys that have nothing left to remember go after a window of their rule, and where that is short, after this. */
const KEPT_MS_MIN = 60_000;
const SAYS: Readonly<Record<Forgotten, string>> = {
  keys: "more keys were live than keys_max, so what was known of the one that was quiet longest is forgotten",
  late: "an event came after its time had been decided",
  full: "more was to be remembered than a monitor keeps",
  clock: "the clock jumped, so no deadline of before can be told",
  lost: "events were lost before they were looked at",
  restart: "the daemon ended while this was watched",
};

export class Monitor {
  private readonly plans: readonly Plan[];
  /** Least recently touched first. */
  private readonly instances = new Map<string, Instance>();
  private readonly events: ReadonlySet<string>;
  private readonly past_ms: number;
  private readonly keys_max: number;
  private lost_ms = -Infinity;
  private next_due_ms = Infinity;
  private swept_ms = -Infinity;
  private evicted = 0;

  constructor(
    readonly compiled: Compiled,
    /** `detail`: what was missing or failed, where that broke it. */
    private readonly report: (finding: Finding, detail?: string) => void,
  ) {
    this.plans = compiled.temporal.filter(({ model_only }) => !model_only).map(planOf);
    this.events = new Set(compiled.events);
    this.past_ms = Math.max(0, ...this.plans.map(({ past_ms }) => past_ms));
    this.keys_max = compiled.per?.keys_max ?? 1;
  }

  get keys(): number {
    return this.instances.size;
  }

  /** Before this time no deadline passes. */
  get due_ms(): number {
    return this.next_due_ms;
  }

  /** Instances with something still to come. */
  get pending(): number {
    let count = 0;
    for (const { states } of this.instances.values()) if (states.some((state) => state.pending)) count += 1;
    return count;
  }

  hears(event: string): boolean {
    return this.plans.length > 0 && this.events.has(event);
  }

  accept(seen: Seen): void {
    const keys = this.keysOf(seen);
    if (keys === null) return;
    const name = nameOf(keys);
    const known = this.instances.get(name);
    // Deleted and set again it is the one touched last.
    if (known !== undefined) this.instances.delete(name);
    else this.makeRoom(seen.at_ms);
    const instance = known ?? this.fresh(keys, this.lost_ms + this.past_ms);
    this.instances.set(name, instance);
    for (const [i, state] of instance.states.entries()) {
      if (known !== undefined) this.judge(instance, i, state.tick(seen.at_ms), seen.at_ms, keys);
      const ruling = state.step(seen, keys);
      this.judge(instance, i, ruling, seen.at_ms, seen.fields);
      this.next_due_ms = Math.min(this.next_due_ms, state.nextDue());
      if (typeof ruling === "string" || ("broken" in ruling && ruling.broken === "false")) continue;
      // It broke off half way, so it has not seen all of the past it needs.
      if (this.plans[i]!.outer.form === "everywhere" || "full" in ruling) instance.states[i] = new ClauseState(this.plans[i]!);
      instance.unsure_until_ms = Math.max(instance.unsure_until_ms, seen.at_ms + this.past_ms);
    }
    // A new instance would say the same, so most keys take no memory once they have had what they waited for.
    if (seen.at_ms >= instance.unsure_until_ms && instance.states.every((state) => state.idleAt(seen.at_ms))) this.instances.delete(name);
  }

  /** Time alone: what nobody did in time is noticed here. Where nothing is due it costs nothing. */
  tick(now_ms: number): void {
    if (this.instances.size === 0) {
      this.next_due_ms = Infinity;
      return;
    }
    const due = now_ms > this.next_due_ms && now_ms >= this.swept_ms + this.instances.size / KEYS_SWEPT_PER_MS;
    if (due || now_ms > this.swept_ms + Math.max(this.past_ms, KEPT_MS_MIN)) this.sweep(now_ms);
  }

  /** As `tick`, of every instance; those with nothing left to remember go. */
  sweep(now_ms: number): void {
    this.next_due_ms = Infinity;
    this.swept_ms = now_ms;
    for (const [name, instance] of this.instances) {
      let idle = now_ms >= instance.unsure_until_ms;
      for (const [i, state] of instance.states.entries()) {
        this.judge(instance, i, state.tick(now_ms), now_ms, instance.keys);
        this.next_due_ms = Math.min(this.next_due_ms, state.nextDue());
        idle &&= state.idleAt(now_ms);
      }
      if (idle) this.instances.delete(name);
    }
  }

  /** An event that came after its time was decided: of its key nothing can be told. */
  late(seen: Seen, now_ms: number): void {
    const keys = this.keysOf(seen);
    if (keys !== null) this.begin(nameOf(keys), keys, "late", now_ms);
  }

  /** Everything is forgotten; said once, where there was something to forget. `surely`: also where nothing is known of. */
  forget(because: Forgotten, now_ms: number, surely = false): void {
    if (this.plans.length === 0) return;
    const had = surely || this.instances.size > 0;
    this.instances.clear();
    this.next_due_ms = Infinity;
    this.swept_ms = -Infinity;
    this.lost_ms = now_ms;
    if (had) this.report(this.finding(null, 0, "inconclusive", because, SAYS[because], now_ms));
  }

  /** Says once of all keys that had to make room since it was last asked. */
  flush(now_ms: number): void {
    if (this.evicted === 0) return;
    const text = `${SAYS.keys} (${this.evicted} of them, keys_max ${this.keys_max})`;
    this.evicted = 0;
    this.report(this.finding(null, 0, "inconclusive", "keys", text, now_ms));
  }

  private keysOf(seen: Seen): Context | null {
    try {
      const names = this.compiled.per?.keys ?? [];
      const entries = names.map((name) => [name, readField(seen.fields, name, this.compiled.fields.get(name)!.type)] as const);
      const long = entries.find(([, value]) => String(value).length > KEY_CHARACTERS_MAX);
      if (long !== undefined) throw new Failure("error", `${long[0]} is longer than ${KEY_CHARACTERS_MAX} characters`);
      return Object.fromEntries(entries);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // Whose it is cannot be told, and a rule that cannot be told is not kept.
      this.report(this.finding(null, 0, "violated", error.because, error.detail, seen.at_ms));
      return null;
    }
  }

  private fresh(keys: Context, unsure_until_ms: number): Instance {
    return { keys, states: this.plans.map((plan) => new ClauseState(plan)), unsure_until_ms };
  }

  private begin(name: string, keys: Context, because: Forgotten, now_ms: number): void {
    this.instances.delete(name);
    this.makeRoom(now_ms);
    this.instances.set(name, this.fresh(keys, now_ms + this.past_ms));
    this.report(this.finding(keys, 0, "inconclusive", because, SAYS[because], now_ms));
  }

  private makeRoom(now_ms: number): void {
    if (this.instances.size < this.keys_max) return;
    const [oldest] = this.instances;
    if (oldest === undefined) return;
    const [name, instance] = oldest;
    this.instances.delete(name);
    // What time has decided already is said: nobody hides a silence behind a crowd of keys.
    for (const [i, state] of instance.states.entries()) this.judge(instance, i, state.tick(now_ms), now_ms, instance.keys);
    if (now_ms >= instance.unsure_until_ms && instance.states.every((state) => state.idleAt(now_ms))) return;
    this.lost_ms = now_ms;
    this.evicted += 1;
  }

  private judge(instance: Instance, i: number, ruling: Ruling, at_ms: number, fields: Context): void {
    if (typeof ruling === "string") return;
    if ("full" in ruling) return this.report(this.finding(instance.keys, i, "inconclusive", "full", `${SAYS.full}: ${ruling.full}`, at_ms));
    const { broken: because, detail } = ruling;
    const message = violation(this.plans[i]!.clause.template, { because, detail }, fields, { keys: instance.keys });
    // Something that was forgotten may have kept it; what cannot be computed is broken whatever came before.
    const unsure = because === "false" && at_ms < instance.unsure_until_ms;
    this.report(unsure ? this.finding(instance.keys, i, "inconclusive", "lost", `${message} (unless what was forgotten kept it)`, at_ms) : this.finding(instance.keys, i, "violated", because, message, at_ms), detail);
    instance.states[i]!.rearm();
  }

  /** What came from outside is withheld here as it is in messages. */
  private shown(keys: Context): string[] {
    return Object.entries(keys).map(([name, value]) => (this.compiled.fields.get(name)?.tainted === false ? String(value) : "(withheld)"));
  }

  private finding(keys: Context | null, i: number, verdict: Finding["verdict"], because: Finding["because"], message: string, at_ms: number): Finding {
    const { id, document } = this.compiled;
    return { invariant: id, severity: document.severity ?? SEVERITY_DEFAULT, scope: document.scope, formula: this.plans[i]!.clause.text, key: keys === null ? null : this.shown(keys), verdict, at_ms, because, message };
  }
}

const nameOf = (keys: Context): string => {
  const values = Object.values(keys);
  return values.length === 1 ? String(values[0]) : JSON.stringify(values.map(String));
};

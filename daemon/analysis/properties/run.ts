/** A property test of one target and one invariant: made, run in the sandbox, and believed only as far as it was seen again. */
import { type Candidate, counterexampleBytes } from "../../../proto/counterexample.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { PropertyCounts, PropertyOutcome, PropertyRow } from "../../../proto/property.ts";
import { replayed } from "../../checking/replayed.ts";
import { casesOf, type Step } from "./cases.ts";
import { seedOf, testFile } from "./emit/test-file.ts";
import { exactly } from "./inside/exact.ts";
import { TEST, TEST_FOLDER } from "./job.ts";
import { actionText, candidateOf, conditional, judged, type Driven } from "./judge.ts";
import type { Plan } from "../../invariants/index.ts";
import type { Report } from "./report.ts";
import { insideSources, orBecause, type PropertyDeps, type RunOptions, Sandboxed } from "./sandboxed.ts";
import { INSIDE } from "../../platform/sandbox/job.ts";

export interface PropertyOptions {
  readonly seed?: number;
  readonly path?: string;
  readonly runs?: number;
}

type Unavailable = Extract<PropertyOutcome, { readonly result: "unavailable" }>;

const BECAUSE_CHARACTERS_MAX = 2_000;
/** So that the cases from outside are others than fast-check's. */
const OUTSIDE = 0x5eed;
/** Cases driven from outside after a test that found nothing. */
const CASES_SEEN_AGAIN_MAX = 25;

const unavailable = (reason: Unavailable["reason"], because: string): Unavailable => ({ result: "unavailable", reason, because: because.slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed() });

/** One call in so many cases: a `pre` may leave most of them out, and not nearly all. */
const CALLS_OF_RUNS_MIN = 10;

/** Why nothing was shown although nothing failed, or `null`. */
export function vacuous(plan: Plan, { cases, calls, asked, changed, skipped, actions }: PropertyCounts, runs: number): string | null {
  if (cases < runs || calls < Math.ceil(runs / CALLS_OF_RUNS_MIN)) return `${calls} call(s) in ${cases} case(s) of ${runs}${skipped === 0 ? "" : `; pre left ${skipped} out`}`;
  const never = plan.actions.find(({ name }) => (actions[name] ?? 0) === 0);
  if (never !== undefined) return `${never.name} never came to be called in ${cases} cases${skipped === 0 ? "" : `; pre left ${skipped} call(s) out`}`;
  if (asked === 0) return `the rule was asked of no state: no action that ran is an event of its \`when\` (${plan.invariant.events.join(", ")})`;
  return changed === 0 ? `${calls} call(s) changed none of ${plan.fields.join(", ")}: the target swallows them, or the rule looks at something else` : null;
}

const stepsOf = (plan: Plan, trace: NonNullable<Report["failed"]>["trace"]): Step[] =>
  plan.kind === "function" ? trace.slice(0, 1).map(({ args }) => ({ action: plan.export, args })) : trace.slice(1).map(({ action, args }) => ({ action, args }));

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a, exactly) === JSON.stringify(b, exactly);
const shown = (steps: readonly Step[]): string => steps.map(({ action, args }) => actionText(action, args)).join("; ");

function cannotBeKept(candidate: Candidate): string | null {
  try {
    counterexampleBytes({ ...candidate, replay: { command: candidate.replay.command, verdict: "reproduced" } });
    return null;
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "request.too_large") throw error;
    return error.detail;
  }
}

class Test {
  constructor(
    private readonly plan: Plan,
    private readonly runs: Sandboxed,
    private readonly signal: AbortSignal,
  ) {}

  private async once(steps: readonly Step[]): Promise<Driven | { readonly because: string }> {
    const driven = await orBecause(() => this.runs.driven([steps], this.signal));
    return "because" in driven ? driven : (driven[0] ?? { because: "no case was driven" });
  }

  /** Driven twice more, in a new process each time; it is shown only where it breaks both times. */
  private async broken(steps: readonly Step[], found: { readonly seed: number; readonly path: string } | null, reported: readonly unknown[] | null, counts: PropertyCounts): Promise<PropertyOutcome> {
    const { plan } = this;
    const first = await this.once(steps);
    if ("because" in first) return unavailable("flaky", `a failure was found once, and could not be looked at again: ${first.because}`);
    const { broken } = judged(plan, steps, first);
    if (broken === null) {
      const again = reported !== null && same(reported, first.states) ? unavailable("internal", `the generated test and the rule itself do not agree about ${shown(steps)}: this is a fault of Maestro's, please report it`) : null;
      return again ?? unavailable("flaky", `seen once and not again: ${shown(steps)}${found === null ? "" : ` (seed ${found.seed}, path ${found.path})`}; the target remembers earlier cases, or depends on time or chance`);
    }
    const candidate = candidateOf(plan, steps, first, broken, found);
    const too_large = cannotBeKept(candidate);
    if (too_large !== null) return unavailable("target", `the rule is broken, and what breaks it is too much to be shown: ${too_large}; ${shown(steps)}`);
    const answer = await replayed(candidate, {
      engine: "fast-check",
      breaks: async () => {
        const second = await this.once(steps);
        if ("because" in second) throw new MaestroError("sandbox.failed", second.because);
        return same(second.states.slice(0, broken.at + 1), first.states.slice(0, broken.at + 1));
      },
    });
    if (answer.kind === "not-reproduced") return unavailable("flaky", `broken twice, each time another way: ${shown(steps)}`);
    return { result: "fail", counterexample: answer.counterexample, counts };
  }

  /** Nothing was found: the same is asked from outside, of cases that no test inside could know. */
  private async confirmed(counts: PropertyCounts, { seed, runs }: RunOptions): Promise<PropertyOutcome> {
    const { plan } = this;
    const cases = casesOf(plan, seed, Math.min(runs, CASES_SEEN_AGAIN_MAX));
    const driven = await orBecause(() => this.runs.driven(cases, this.signal));
    if ("because" in driven) return unavailable("not_run", `the generated test found nothing, and cases driven from outside did not come back: ${driven.because}`);
    let asked = 0;
    const needed = new Set<string>();
    for (const [i, one] of driven.entries()) {
      const steps = cases[i] ?? [];
      if (one.failed !== null) return unavailable("target", `the target failed after ${shown(steps.slice(0, one.states.length))}: ${one.failed}`);
      // It may not say less than it was asked: a state for each action, and the one before.
      if (one.states.length !== steps.length + 1) return unavailable("target", `${one.states.length} states for ${steps.length} actions`);
      const answer = judged(plan, steps, one);
      asked += answer.asked;
      for (const path of answer.needed) needed.add(path);
      if (answer.broken !== null) return this.broken(steps.slice(0, answer.broken.at), null, null, counts);
    }
    if (asked === 0) return unavailable("vacuous", "the rule was asked of no state of the cases driven from outside");
    return { result: "pass", counts, unmet: conditional(plan.invariant).map(({ path }) => path.join(".")).filter((path) => !needed.has(path)) };
  }

  async run(options: RunOptions): Promise<PropertyOutcome> {
    const report = await orBecause(() => this.runs.tested(options, this.signal));
    if ("because" in report) return unavailable("not_run", this.plan.kind === "command" && report.because.includes("wall_ms") ? `${report.because} (does the program write out each answer at once?)` : report.because);
    const { counts, failed } = report;
    if (failed === null) {
      if (options.path !== "") return unavailable("flaky", `nothing fails at path ${options.path} of seed ${options.seed}`);
      const empty = vacuous(this.plan, counts, options.runs);
      if (empty !== null) return unavailable("vacuous", empty);
      return report.trouble === null ? this.confirmed(counts, { ...options, seed: options.seed ^ OUTSIDE }) : unavailable("target", `no case broke the rule, and yet ${report.trouble}`);
    }
    const steps = stepsOf(this.plan, failed.trace);
    if (failed.kind !== "rule") return unavailable(failed.kind === "target" ? "target" : "internal", `${failed.said}${steps.length === 0 ? "" : `, after ${shown(steps)}`}`);
    return this.broken(steps, { seed: failed.seed, path: failed.path }, failed.trace.map(({ state }) => state), counts);
  }
}

const US = 1_000;

/** Throws `request.cancelled` and `daemon.draining` alone. */
export async function runProperty(plan: Plan, deps: PropertyDeps, options: PropertyOptions, signal: AbortSignal, monotonic_ms: () => number): Promise<PropertyRow> {
  const { seed = seedOf(plan), path = "", runs = plan.runs } = options;
  const started = monotonic_ms();
  const row = (outcome: PropertyOutcome): PropertyRow => ({ target: plan.target, invariant: plan.invariant.id, seed, outcome, us: Math.max(0, Math.round((monotonic_ms() - started) * US)) });
  const written = testFile(plan, { specifier: `${INSIDE.tree}/${plan.module}`, file: `${TEST_FOLDER}/${TEST}`, inside: insideSources() });
  if ("because" in written) return row(unavailable("not_expressible", written.because));
  using sandboxed = new Sandboxed(plan, written.text, deps);
  return row(await new Test(plan, sandboxed, signal).run({ seed, path, runs }));
}

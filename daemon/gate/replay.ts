/** What the rules would have said of a repository's past: judged like a gate, and nothing is signed, logged or kept. */
import type { ReplayChange, ReplayRequest } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { pathText } from "../../proto/scalar.ts";
import type { Repository, RepositoryStore } from "../platform/git/repository-store.ts";
import { type Keyed, unnamed } from "../release/pseudonyms.ts";
import type { Amount } from "../tenants/index.ts";
import { onTheHouse, type Payer } from "./cost/cost.ts";
import { reasonOf } from "../checking/failure.ts";
import { requireIds, tenantOf, type Intake } from "./intakes.ts";
import type { Judge, Judgement } from "./judge.ts";
import type { Lane } from "../checking/lane.ts";

export interface ReplayDeps {
  readonly judge: Judge;
  readonly repositories: RepositoryStore;
  readonly changes_max: number;
  /** What one change may take at most. */
  readonly worst: Amount;
  /** Changes judged side by side; one check process each. */
  readonly lanes: number;
  /** Makes the pseudonyms of persons. */
  readonly keyed?: Keyed;
}

const quiet = { stage: () => undefined, check: () => undefined };
const WHERE_MAX = 300;

function whereOf({ ranges }: Judgement["decision"]["reasons"][number]): string | null {
  const [range] = ranges;
  return range === undefined ? null : `${pathText(range.path)}:${range.start_line}`.slice(0, WHERE_MAX);
}

function eventOf(head: string, { facts, decision, outcomes, left_out }: Judgement, keyed: Keyed | undefined): ReplayChange {
  return {
    event: "change",
    head,
    title: (keyed === undefined ? facts : unnamed(facts, keyed)).title,
    actor: facts.actor.class,
    verdict: decision.verdict,
    effects: decision.reasons.map((reason) => ({ rule: reason.rule, effect: reason.effect, observed: reason.observed, where: whereOf(reason) })),
    unavailable: outcomes.filter(({ result }) => result === "unavailable").map(({ check }) => check),
    ...(left_out.length === 0 ? {} : { left_out: [...left_out] }),
    because: facts.change.history === "unknown" ? facts.change.because : null,
  };
}

export class Replay {
  constructor(private readonly deps: ReplayDeps) {}

  /** Changes come out in the order they were asked for. A change whose facts cannot be collected is a hold. Throws `request.too_large`, `request.cancelled`. */
  async *run(intake: Intake, { target_ref, heads }: ReplayRequest, signal: AbortSignal, pay: Payer = onTheHouse): AsyncGenerator<ReplayChange, void> {
    const { judge, repositories, changes_max, lanes } = this.deps;
    if (!intake.received) throw new MaestroError("intake.incomplete", "no pack was sent for this intake");
    if (heads.length > changes_max) throw new MaestroError("request.too_large", `${heads.length} changes, replay_changes_max is ${changes_max}`);
    requireIds(intake, heads);
    const repository = await repositories.open(intake.repo_id, intake.object_format);
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    await using stack = new AsyncDisposableStack();
    const free = Array.from({ length: Math.min(lanes, heads.length) }, () => stack.use(judge.lane(both, tenantOf(intake))));
    const turns: Promise<unknown>[] = free.map(() => Promise.resolve());
    // Ends before the lanes do: work that is told to stop and waited for takes no further process and leaves no folder.
    stack.defer(async () => {
      stop.abort(new MaestroError("request.cancelled", "the replay ended"));
      await Promise.all(turns);
    });
    const pending = heads.map((head, place) => {
      const slot = place % free.length;
      const mine = turns[slot]!.then(() => this.paid(pay, free[slot]!, () => this.one(repository, target_ref, head, free[slot]!, both)));
      // The next change of a lane waits for this one, whatever came of it; its own failure is seen where it is awaited below.
      turns[slot] = mine.catch(() => undefined);
      return mine;
    });
    // A lane gives its process back after its last change: two replays would else hold one each and wait for the other's for ever.
    free.forEach((lane, slot) => {
      turns[slot] = turns[slot]!.then(() => lane.rest());
    });
    for (const change of pending) yield await change;
  }

  /** Each change is paid for like a gate, so a long replay holds no more of a budget than what it is doing. */
  private paid<T>(pay: Payer, lane: Lane, work: () => Promise<T>): Promise<T> {
    return pay(this.deps.worst, async (spent) => {
      const before = lane.usage.cpu_us;
      try {
        return await work();
      } finally {
        spent({ cpu_us: Math.max(0, lane.usage.cpu_us - before) });
      }
    });
  }

  private async one(repository: Repository, target_ref: string, head: string, lane: Lane, signal: AbortSignal): Promise<ReplayChange> {
    if (signal.aborted) throw new MaestroError("request.cancelled", "the replay ended");
    try {
      return eventOf(head, await this.deps.judge.judge({ repository, mode: "local", target_ref, target: head, head, want_tree_sha256: false, fresh: true }, lane, quiet, signal), this.deps.keyed);
    } catch (error) {
      return { event: "change", head, title: "", actor: "unknown", verdict: "hold", effects: [], unavailable: ["facts"], because: reasonOf(error) };
    }
  }
}

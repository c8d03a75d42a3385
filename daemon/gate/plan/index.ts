/** Answers an announcement: the gate's own checks, policy and decision over what is said, and the ledger over what it may cost. Nothing is signed, logged or kept. */
import type { Actor } from "../../../proto/actor.ts";
import type { Decision, NextStep, PolicyResult, Reason } from "../../../proto/decision.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { PlanJobReply, PlanReason, PlanReply, PlanRequest } from "../../../proto/plan.ts";
import { pathText } from "../../../proto/scalar.ts";
import { reasonOf } from "../../checking/failure.ts";
import { Lane } from "../../checking/lane.ts";
import type { Host } from "../../config/host.ts";
import { mergeGateConfig } from "../../config/merge.ts";
import type { Clock } from "../../platform/clock.ts";
import type { WorkerPool } from "../../platform/pool/pool.ts";
import { policyInput } from "../../policy/input.ts";
import { perhapsNamed, type Gates } from "../../store/gates.ts";
import { maySee, mayUse, type Principal, type Tenants } from "../../tenants/index.ts";
import { decide } from "../decide.ts";
import { tenantOf } from "../intakes.ts";
import { placeOf, type Place } from "../place.ts";

export interface PlanDeps {
  readonly host: Host;
  readonly pool: WorkerPool;
  readonly clock: Clock;
  readonly gates: Pick<Gates, "newest" | "named">;
  readonly tenants: Pick<Tenants, "left">;
  readonly host_policy: { readonly path: string };
}

const WHERE_MAX = 20;
const step = (action: NextStep["action"], text: string, cost: NextStep["cost"], command: string[] | null = null): NextStep => ({ action, text, command, rule: null, cost, risk: "none" });
const GO = step("merge", "go ahead; the gate still judges what comes of it", "none");
const GATE = step("retry", "gate the head, then announce the push again", "seconds", ["maestro", "gate"]);
const PERSON = step("ask_person", "ask the person who started you", "a person");
const TELL = step("retry", "say which packages come in, as an action of kind install, and announce again", "none");

const own = (rule: string, effect: Reason["effect"], because: string): PlanReason => ({ rule, effect, observed: false, because, where: [] });

/** What one action by itself leads to, with what to do about it. */
interface Said {
  readonly reasons: readonly PlanReason[];
  readonly next: readonly NextStep[];
}

export class Planner {
  constructor(private readonly deps: PlanDeps) {}

  /** Throws `auth.denied` for a repository that is not the caller's, and what a check process may throw. */
  async plan(principal: Principal, request: PlanRequest, signal: AbortSignal): Promise<PlanReply> {
    const place = placeOf(this.deps.host, principal, request);
    if (!mayUse(principal, place.repo_id)) throw new MaestroError("auth.denied", `${request.repository} is none of the repositories that this tenant or its token may name`);
    const actor = request.actor ?? "agent";
    const packages = request.actions.flatMap((action) => (action.do === "install" ? action.packages : []));
    const nothing = request.files.length === 0 && packages.length === 0;
    const judged = nothing ? null : await this.judged(principal, place, request, signal);
    const actions = [this.pushes(principal, place, request), this.approvals(request), this.budget(principal, request)];
    const reasons = [...actions.flatMap((said) => said.reasons), ...(judged === null ? [] : judged.reasons)];
    const effects = new Set(reasons.filter(({ observed }) => !observed).map(({ effect }) => effect));
    const answer = effects.has("refuse") ? "refuse" : effects.has("hold") ? "ask" : "allow";
    const next = [...actions.flatMap((said) => said.next), ...(judged?.next ?? [])].slice(0, 4);
    const not_seen = [...(judged?.not_seen ?? []), ...(request.actions.some((action) => action.do === "run") ? ["what commands do: the agent's hook reads them, and the gate what they leave"] : [])];
    return { answer, actor: judged?.actor ?? actor, reasons: reasons.slice(0, 500), next: next.length === 0 || answer === "allow" ? [GO] : next, not_seen };
  }

  private async judged(principal: Principal, place: Place, request: PlanRequest, signal: AbortSignal): Promise<Said & Pick<PlanReply, "actor" | "not_seen">> {
    const { host, pool } = this.deps;
    const config = mergeGateConfig(host, null, place.repo_id, place.mode);
    await using lane = new Lane(pool, signal, tenantOf(principal));
    const packages = request.actions.flatMap((action) => (action.do === "install" ? action.packages : []));
    const seen = await lane.run({ kind: "plan", files: request.files, packages, thresholds: config.thresholds }, host.limits.worker.check_deadline_ms);
    const policy = await this.askPolicy(lane, place, request, seen);
    const required = seen.outcomes.map(({ check }) => check);
    const decision = decide({ outcomes: seen.outcomes, policy, config: { ...config, required }, base_config: { state: "absent" }, history: "known", conflicts: [], empty: false });
    const actor = policy.result === "decided" ? (policy.answers[0]?.actor ?? "unknown") : "unknown";
    const untold = decision.reasons.some(({ check, rule }) => rule === "gate.check-unavailable" && check === "dependencies");
    return { actor, reasons: decision.reasons.map(short), next: untold ? [TELL, ...stepsOf(decision)] : stepsOf(decision), not_seen: seen.not_seen };
  }

  private async askPolicy(lane: Lane, { repo_id, mode }: Place, { actor = "agent" }: PlanRequest, { outcomes, files, lines }: PlanJobReply): Promise<PolicyResult> {
    const { host, host_policy } = this.deps;
    const who: Actor = { class: actor, authenticated: false, name: "", agent: null, signs: [] };
    const input = policyInput({ mode, repository: repo_id, target_ref: "", title: "", actor: who, files, added_lines: lines, removed_lines: 0, history: "known", conflicts: 0, empty: false, required: outcomes.map(({ check }) => check), outcomes });
    try {
      const { result } = await lane.run({ kind: "policy", bundles: [host_policy.path], input }, host.limits.worker.policy_deadline_ms);
      return result;
    } catch (error) {
      return { result: "unavailable", because: reasonOf(error) };
    }
  }

  /** A push is let through by the verdict on the very commit it pushes, while that holds. */
  private pushes(principal: Principal, { repo_id }: Place, { actions }: PlanRequest): Said {
    const reasons: PlanReason[] = [];
    for (const action of actions) {
      if (action.do !== "push") continue;
      const { head } = action;
      if (head === undefined) {
        reasons.push(own("plan.push-ungated", "hold", "a push is judged by the commit it pushes, which does not exist yet"));
        continue;
      }
      const row = perhapsNamed(this.deps.gates, [head]).findLast((one) => one.head === head && one.repo_id === repo_id && maySee(principal, one));
      const holds = row !== undefined && Date.parse(row.attempt.valid_until) > this.deps.clock.now_ms();
      if (row === undefined || !holds) reasons.push(own("plan.push-ungated", "hold", row === undefined ? "that commit has not been gated" : "the verdict on that commit has run out"));
      else if (row.verdict !== "admit") reasons.push(own(`plan.push-${row.verdict === "refuse" ? "refused" : "held"}`, row.verdict, `the gate of that commit says ${row.verdict}`));
    }
    return { reasons, next: reasons.length === 0 ? [] : [GATE] };
  }

  private approvals({ actions, actor = "agent" }: PlanRequest): Said {
    const asks = actions.some((action) => action.do === "approve") && actor !== "human";
    return asks ? { reasons: [own("plan.approval", "refuse", "only a person who is not the author releases what the gate holds")], next: [PERSON] } : { reasons: [], next: [] };
  }

  /** What is announced must fit into what is left; work of a size nobody named needs something to be left at all. */
  private budget(principal: Principal, { budget, actions }: PlanRequest): Said {
    if (budget === undefined && !actions.some((action) => action.do === "spend")) return { reasons: [], next: [] };
    const short = this.deps.tenants.left(principal, { wall_us: budget?.wall_us ?? 1, cpu_us: budget?.cpu_us ?? 1, model_tokens: budget?.model_tokens ?? 1 });
    return short === null ? { reasons: [], next: [] } : { reasons: [own("plan.budget", "refuse", short)], next: [PERSON] };
  }
}

function short({ rule, effect, observed, because, ranges }: Reason): PlanReason {
  return { rule, effect, observed, because, where: ranges.slice(0, WHERE_MAX).map(({ path }) => pathText(path)) };
}

const stepsOf = ({ verdict, next }: Decision): NextStep[] => (verdict === "admit" ? [] : next);

/** Absolute, or with a step upward, also one that stands in a pattern's braces. */
const leavesRepository = (path: string): boolean => /^(?:\/|~(?:\/|$)|[A-Za-z]:[\\/])/.test(path) || path.split(/[/\\{},]/).includes("..");

/** Announcements that a plan cannot answer are the caller's to mend. */
export function checkAnnounced({ files, actions }: PlanRequest): void {
  if (files.length === 0 && actions.length === 0) throw new MaestroError("request.malformed", "an announcement without files and actions");
  const named = [...files.map(({ path }) => path), ...actions.flatMap((action) => (action.do === "install" ? action.packages.flatMap(({ manifest }) => manifest ?? []) : []))];
  const outside = named.find(leavesRepository);
  if (outside !== undefined) throw new MaestroError("request.malformed", `${JSON.stringify(outside.slice(0, 120))} is no path inside the repository; announce paths from its root, without a leading / and without ..`);
}

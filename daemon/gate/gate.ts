/** One change's way from two commit names to a logged verdict; the only writer of gates. */
import type { Card, CardProof, Timings } from "../../proto/card.ts";
import { gateId, type Identity } from "../../proto/change.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { GateRequest, GateResult, ProgressEvent } from "../../proto/api.ts";
import { recordId } from "../../proto/record.ts";
import { VERSION } from "../../proto/version.ts";
import { policyId } from "../policy/index.ts";
import { makeCard } from "./card.ts";
import { CHECKS } from "./checks/index.ts";
import type { Judge, JudgeDeps, Judgement } from "./judge.ts";
import { tenantOf, type Intake } from "./intakes.ts";
import { recordGate, type RecordDeps } from "./record.ts";
import { readReply } from "./reply.ts";
import { SingleFlight } from "./single-flight.ts";
import { Turnstile } from "./turnstile.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";

export interface GateDeps extends JudgeDeps, RecordDeps {
  readonly judge: Judge;
  readonly repositories: RepositoryStore;
  /** Bytes of the host's policy bundle, as they were when the daemon started. */
  readonly host_policy_bytes: Uint8Array;
}

export type Progress = (typeof ProgressEvent)["static"];

const CHECKS_VERSION = recordId("checks", 1, { version: VERSION, checks: CHECKS.map(({ id }) => id) });

export class GateKeeper {
  private readonly flights = new SingleFlight<Progress, GateResult>();
  private readonly turnstile: Turnstile;

  constructor(private readonly deps: GateDeps) {
    const { gates_max, queue_max } = deps.host.limits.gate;
    this.turnstile = new Turnstile(gates_max, queue_max);
  }

  get counts(): { readonly running: number; readonly waiting: number; readonly total: number } {
    return { running: this.turnstile.inside, waiting: this.turnstile.waiting, total: this.deps.gates.count() };
  }

  /** Judges, records, and answers only once the verdict is durable. Clients asking for the same share one run. */
  async submit(intake: Intake, request: GateRequest, listen: (event: Progress) => void, signal: AbortSignal): Promise<GateResult> {
    if (!intake.received) throw new MaestroError("intake.incomplete", "no pack was sent for this intake");
    if (!this.deps.host.modes.includes("local")) throw new MaestroError("auth.denied", "gates run in mode local, which `modes` of the host configuration does not list");
    const { target_ref, target, head, rerun = false } = request;
    const key = JSON.stringify([intake.repo_id, intake.object_format, target_ref, target, head, rerun]);
    const start = (emit: (event: Progress) => void, abort: AbortSignal) => {
      emit({ event: "progress", stage: "queued", check: null, result: null, duration_us: 0 });
      return this.turnstile.pass(() => this.run(intake, request, emit, abort), abort, tenantOf(intake));
    };
    return this.flights.join(key, start, listen, signal);
  }

  private async run(intake: Intake, request: GateRequest, emit: (event: Progress) => void, signal: AbortSignal): Promise<GateResult> {
    const { clock, judge, repositories } = this.deps;
    const started_ms = clock.monotonic_ms();
    const repository = await repositories.open(intake.repo_id, intake.object_format);
    await using lane = judge.lane(signal, tenantOf(intake));
    const watch = {
      stage: (stage: "facts" | "policy", duration_us: number) => emit({ event: "progress", stage, check: null, result: null, duration_us }),
      check: ({ outcome, duration_us }: Judgement["runs"][number]) => emit({ event: "progress", stage: "checks", check: outcome.check, result: outcome.result, duration_us }),
    };
    const { target_ref, target, head } = request;
    const judgement = await judge.judge({ repository, mode: "local", target_ref, target, head, want_tree_sha256: true }, lane, watch, signal);
    const identity = this.identityOf(intake, request, judgement);
    const standing = request.rerun === true ? null : await this.standing(identity);
    if (standing !== null) return standing;
    // From here on the verdict is written whatever the client does: an attempt that was seen is not undone by leaving.
    return this.record(intake.uid, identity, judgement, started_ms, emit);
  }

  private identityOf({ repo_id, object_format }: Intake, { target_ref, target, head }: GateRequest, { facts, config, base_policy }: Judgement): Identity {
    const { change, tree_sha256 } = facts;
    const known = change.history === "known";
    const bundles = base_policy === null ? [this.deps.host_policy_bytes] : [this.deps.host_policy_bytes, base_policy];
    return {
      repo_id,
      target_ref,
      base: known ? change.base : target,
      head,
      merge_tree: known ? change.merge_tree : null,
      object_format,
      tree_sha256,
      policy: policyId(bundles),
      config: recordId("config", 1, config),
      checks: CHECKS_VERSION,
      trust_domain: this.deps.evidence.trust_domain,
    };
  }

  /** The last attempt's answer, if nothing in it was unavailable and it still holds. */
  private async standing(identity: Identity): Promise<GateResult | null> {
    const { gates, artifacts, evidence } = this.deps;
    const last = gates.attempts(gateId(identity)).at(-1);
    if (last === undefined || Date.parse(last.attempt.valid_until) <= Math.max(evidence.now_s() * 1000, this.deps.clock.now_ms())) return null;
    const stored = await readReply(artifacts, last);
    if (stored === null || !complete(stored.reply.card)) return null;
    return resultOf(last.gate_id, last.attempt.attempt, stored.reply, stored.bundle, true);
  }

  private cardOf(gate_id: string, attempt: number, { repo_id, target_ref, base, head, policy }: Identity, { decision, facts, outcomes, config }: Judgement): Card {
    const named = { name: this.deps.host_policy.name, id: policy };
    return makeCard({ decision, gate_id, attempt, mode: "local", repository: repo_id, target_ref, base, head, facts, outcomes, required: config.required, policy: named, warnings: facts.change.history === "known" && facts.change.kind === "landed" ? [CLAIMED, LANDED] : [CLAIMED] });
  }

  private async record(uid: number, identity: Identity, judgement: Judgement, started_ms: number, emit: (event: Progress) => void): Promise<GateResult> {
    const { gates, host, clock } = this.deps;
    const gate_id = gateId(identity);
    const last = gates.attempts(gate_id).at(-1)?.attempt.attempt ?? null;
    const attempt = (last ?? 0) + 1;
    const card = this.cardOf(gate_id, attempt, identity, judgement);
    const evidence_ms = clock.monotonic_ms();
    const { decision, outcomes, facts } = judgement;
    const input = {
      identity, mode: "local" as const, attempt, supersedes: last, valid_for_s: host.limits.gate.valid_for_s,
      card, decision, outcomes, obligations: [], documents: [{ name: "facts", sha256: facts.facts_sha256 }],
    };
    const since = (from_ms: number) => Math.max(0, Math.round((clock.monotonic_ms() - from_ms) * 1000));
    const { reply, bundle } = await recordGate(this.deps, uid, input, () => timingsOf(judgement, since(evidence_ms), since(started_ms)));
    emit({ event: "progress", stage: "evidence", check: null, result: null, duration_us: since(evidence_ms) });
    return resultOf(gate_id, attempt, reply, bundle, false);
  }
}

/** Whatever was unavailable may answer next time. */
const complete = ({ checks, reasons }: Card): boolean => checks.every(({ result }) => result !== "unavailable") && reasons.every(({ rule }) => rule !== "gate.policy-unavailable");

const LANDED = "the head is part of the target already: judged was this one commit against its first parent";
const CLAIMED = "mode local: target, author and repository name are what the caller said";

function timingsOf({ us, runs }: Judgement, evidence_us: number, total_us: number): Timings {
  const by_check = runs.map(({ outcome, duration_us }) => ({ check: outcome.check, us: duration_us }));
  return { total_us, facts_us: us.facts, checks_us: us.checks, policy_us: us.policy, evidence_us, by_check };
}

function resultOf(gate_id: string, attempt: number, { card, proof, timings }: { card: Card; proof: CardProof; timings: Timings }, bundle: Uint8Array, recorded: boolean): GateResult {
  return { event: "result", gate_id, attempt, recorded, verdict: card.verdict, card, proof, timings, bundle: toBase64(bundle) };
}

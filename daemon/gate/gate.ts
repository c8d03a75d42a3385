/** One change's way from two commit names to a logged verdict; the only writer of gates. */
import type { Card, CardProof, Timings } from "../../proto/card.ts";
import { gateId, type Identity, type Mode } from "../../proto/change.ts";
import { canonicalText } from "../../proto/canonical.ts";
import { fromBase64, fromUtf8Lossy, toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { GateRequest, GateResult, ProgressEvent } from "../../proto/api.ts";
import { recordBytes, recordId } from "../../proto/record.ts";
import { SBOM_DOCUMENT } from "../../proto/sbom.ts";
import { VERSION } from "../../proto/version.ts";
import type { PolicyDigest } from "../../proto/worker.ts";
import { policyId } from "../policy/index.ts";
import type { Bill, Spent } from "../tenants/index.ts";
import { makeCard } from "./card.ts";
import { validFor } from "./comparison.ts";
import { CHECKS } from "./checks/index.ts";
import { reuseFor } from "../commands/reuse.ts";
import { checkHanded, handedDigest, unreadReports } from "../commands/reports/handed.ts";
import type { ChangeCosts } from "./cost/change-cost.ts";
import { onTheHouse, worstGate, type Payer } from "./cost/cost.ts";
import type { Asked, Judge, JudgeDeps, Judgement, Subject } from "./judge.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import type { Usage } from "../platform/process/usage.ts";
import { recalledIntake, tenantOf, type Intake } from "./intakes.ts";
import type { GateRow } from "../store/gates.ts";
import type { ReuseScope } from "../store/kept-bodies.ts";
import { placeKey } from "../store/releases.ts";
import { payerName } from "../store/usage.ts";
import { leftOutWords, type Travelling, travellingOf } from "./counterexamples.ts";
import { hidesNumbers } from "./hidden.ts";
import { keptReports } from "./learned-obligations.ts";
import { guardDecision, guardRecalled, toldOf } from "./guarded.ts";
import { InTurn } from "./in-turn.ts";
import { recordGate, type RecordDeps } from "./record.ts";
import { readReply, type StoredReply } from "./reply.ts";
import { checkCode } from "./reusing/check-code.ts";
import { partsOf, Reuse, type ReuseDeps } from "./reusing/reuse.ts";
import { carriedAnswers, carriedDigest } from "./carried.ts";
import { keptDocument } from "./sbom-of.ts";
import type { KeptOutcomeTable } from "../store/reuse.ts";
import { carriedWords, type ReleaseShelf } from "./releasing/released.ts";
import { keptAuthors, unnamed } from "../release/pseudonyms.ts";
import { APPROVAL_RULE, endsAt, namedReleases } from "../release/index.ts";
import { SingleFlight } from "./single-flight.ts";
import type { Targets } from "./targets.ts";
import { Turnstile } from "./turnstile.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";

export interface GateDeps extends JudgeDeps, RecordDeps {
  /** The market as it stands, as a document of the evidence; null where none is configured. */
  readonly priced?: () => Travelling | null;
  readonly judge: Judge;
  readonly repositories: RepositoryStore;
  readonly targets: Pick<Targets, "settled">;
  readonly outcomes: KeptOutcomeTable;
  readonly shelf: ReleaseShelf;
  /** Asked of each place in the line and of each decision before it is signed; absent where nobody guards. */
  readonly act?: ActionGuard;
  /** Hears of each attempt once it is on record; throws nothing. */
  readonly decided?: (gate_id: string, attempt: number) => void;
  /** Absent where nobody keeps bills, as in tests of a keeper alone. */
  readonly costs?: ChangeCosts;
  /** Of the host's policy bundle, as it was when the daemon started. */
  readonly host_policy_digest: PolicyDigest;
}

export type Progress = (typeof ProgressEvent)["static"];

const CHECKS_VERSION = recordId("checks", 1, { version: VERSION, checks: CHECKS.map(({ id }) => id) });

type Ran = Pick<Judgement, "stopped_by_budget"> & { readonly result: GateResult };

export class GateKeeper {
  private readonly flights = new SingleFlight<Progress, Ran & { readonly payer: string }>(({ result: { gate_id, attempt, recorded } }) => ({ gate_id, attempt, recorded }));
  private readonly recording = new InTurn();
  private readonly turnstile: Turnstile;

  constructor(private readonly deps: GateDeps) {
    const { gates_max, queue_max } = deps.host.limits.gate;
    this.turnstile = new Turnstile(gates_max, queue_max, deps.act);
  }

  get counts(): { readonly running: number; readonly waiting: number; readonly total: number } {
    return { running: this.turnstile.inside, waiting: this.turnstile.waiting, total: this.deps.gates.count() };
  }

  /** Judges, records, and answers only once the verdict is durable. Clients asking for the same share one run. */
  async submit(intake: Intake, request: GateRequest, listen: (event: Progress) => void, signal: AbortSignal, payer: Payer = this.deps.costs?.house ?? onTheHouse): Promise<GateResult> {
    if (!intake.received) throw new MaestroError("intake.incomplete", "no pack was sent for this intake");
    checkHanded(request.reports, this.deps.host.limits.command.handed_bytes_max);
    const bill = billOf(intake, request);
    const pay: Payer = (worst, work) => payer(worst, work, bill);
    const target = await this.deps.targets.settled(intake, request, signal, pay);
    const result = await this.judged(intake, { ...request, target }, listen, signal, pay, bill.payer);
    // After its own run is on the bill.
    const cost = this.deps.costs?.of(bill.change, intake.tenant) ?? null;
    return cost === null ? result : { ...result, cost };
  }

  /** A gate on record once more, for whoever submitted it then: after a release. Its objects are in the store; its target is asked for anew. */
  again(row: GateRow, { mode, target_ref, head }: Pick<Card, "mode" | "target_ref" | "head">, target: string, listen: (event: Progress) => void, signal: AbortSignal): Promise<GateResult> {
    return this.submit(recalledIntake(row, mode), { intake_id: "", target_ref, target, head }, listen, signal);
  }

  private async judged(intake: Intake, request: GateRequest, listen: (event: Progress) => void, signal: AbortSignal, pay: Payer, payer: string): Promise<GateResult> {
    const { target_ref, target, head, rerun = false } = request;
    const key = JSON.stringify([this.deps.shelf.mark({ repo_id: intake.repo_id, target_ref, head }), intake.repo_id, intake.mode, intake.object_format, target_ref, target, head, rerun, this.handedKey(intake, request), request.carried === undefined ? null : carriedDigest(bytesOf(request.carried))]);
    const start = (emit: (event: Progress) => void, abort: AbortSignal) => {
      emit({ event: "progress", stage: "queued", check: null, result: null, duration_us: 0 });
      const line = { tenant: tenantOf(intake), queued: this.turnstile.waiting, queue_max: this.deps.host.limits.gate.queue_max };
      return toldOf(this.deps.act, line, () => this.turnstile.pass(() => pay(worstGate(this.deps.host.limits), async (spent) => ({ ...(await this.run(intake, request, emit, abort, spent)), payer })), abort, line.tenant));
    };
    const ran = await this.flights.join(key, start, listen, signal);
    // Somebody else's budget stopped it, which says nothing about this one's.
    if (ran.payer !== payer && ran.stopped_by_budget) return (await this.flights.join(`${payer} ${key}`, start, listen, signal)).result;
    return ran.result;
  }

  private async run(intake: Intake, request: GateRequest, emit: (event: Progress) => void, signal: AbortSignal, spent: Spent): Promise<Ran> {
    const { clock, judge, repositories } = this.deps;
    const started_ms = clock.monotonic_ms();
    const repository = await repositories.open(intake.repo_id, intake.object_format);
    const lane = judge.lane(signal, tenantOf(intake));
    const began_s = this.deps.shelf.deps.now_s();
    await using stack = new AsyncDisposableStack();
    // After the lane has ended: only then is it known what its processes used.
    stack.defer(() => spent(lane.usage));
    stack.use(lane);
    const watch = {
      stage: (stage: "facts" | "policy", duration_us: number) => emit({ event: "progress", stage, check: null, result: null, duration_us }),
      check: ({ outcome, duration_us }: Judgement["runs"][number]) => emit({ event: "progress", stage: "checks", check: outcome.check, result: outcome.result, duration_us }),
    };
    const { target_ref, target, head } = request;
    const bill = billOf(intake, request);
    const { costs } = this.deps;
    const handed = this.handedKey(intake, request);
    let reuse: Reuse | undefined;
    const reusing = (facts: Judgement["facts"], numbers: ConstructorParameters<typeof Reuse>[3]): Reuse => (reuse = this.reuseOf(intake, facts, numbers));
    const subject = { repository, ...(costs === undefined ? {} : { spent: () => costs.before(bill) }), reuse: reusing, mode: intake.mode, sees: intake.tenant, target_ref, target, head, want_tree_sha256: true, fresh: request.rerun === true, ...this.broughtAlong(intake, request), released: await this.deps.shelf.onRecord({ repo_id: intake.repo_id, target_ref, head }, intake.uid), tools: { handed: request.reports ?? [], reuse: reuseFor(this.keptBodies(), checkCode(), scopeOf(intake), request.rerun === true) } };
    const judgement = await judge.judge(subject, lane, watch, signal, async (asked) => {
      costs?.link(bill, asked.facts.runs ?? []);
      return subject.fresh ? null : this.standing(this.identityOf(intake, request, asked), handed, asked);
    });
    if ("recorded" in judgement) return { result: judgement, stopped_by_budget: false };
    // From here on the verdict is written whatever the client does: an attempt that was seen is not undone by leaving.
    const result = await this.record(intake, this.identityOf(intake, request, judgement), { ...judgement, usage: lane.usage, began_s, handed, target, unread: unreadReports(judgement.config, request.reports), reuse }, started_ms, emit);
    return { result, stopped_by_budget: judgement.stopped_by_budget };
  }

  /** Another node's evidence, held against what this gate turns out to be. */
  private broughtAlong(intake: Intake, request: GateRequest): Pick<Subject, "carried"> {
    const { carried } = request;
    if (carried === undefined) return {};
    const { evidence } = this.deps;
    return { carried: (asked) => carriedAnswers(bytesOf(carried), this.identityOf(intake, request, asked), asked.config, evidence.trust, evidence.now_s()) };
  }

  private policies(base_policy: Asked["base_policy"]): PolicyDigest[] {
    return base_policy === null ? [this.deps.host_policy_digest] : [this.deps.host_policy_digest, base_policy];
  }

  /** For an auditor, since the identity holds digests alone. */
  private judgedBy({ config, base_policy }: Pick<Asked, "config" | "base_policy">): NonNullable<StoredReply["rules"]> {
    return { configuration: fromUtf8Lossy(recordBytes("config", 1, config)), policies: this.policies(base_policy) };
  }

  private reuseOf(intake: Intake, facts: Judgement["facts"], numbers: ConstructorParameters<typeof Reuse>[3]): Reuse {
    return new Reuse(this.keptBodies(), scopeOf(intake), partsOf(facts), numbers);
  }

  private keptBodies(): ReuseDeps {
    const { outcomes: table, artifacts, evidence, host, clock } = this.deps;
    // Log time stands still after a clock jumped: what is kept must not outlive its age by that.
    const now_s = () => Math.max(evidence.now_s(), Math.floor(clock.now_ms() / 1000));
    return { table, blobs: artifacts.blobs, code: checkCode(), now_s, age_s: host.limits.command.reuse_age_s };
  }

  private identityOf({ repo_id, object_format }: Intake, { target_ref, target, head }: GateRequest, { facts, config, base_policy }: Asked): Identity {
    const { change, tree_sha256 } = facts;
    const known = change.history === "known";
    return {
      repo_id,
      target_ref,
      base: known ? change.base : target,
      head,
      merge_tree: known ? change.merge_tree : null,
      object_format,
      tree_sha256,
      policy: policyId(this.policies(base_policy)),
      config: recordId("config", 1, config),
      checks: CHECKS_VERSION,
      trust_domain: this.deps.evidence.trust_domain,
    };
  }

  /** The last attempt's answer, if nothing in it was unavailable and it still holds. */
  private async standing(identity: Identity, handed: string | null, { releases, approvals }: Asked): Promise<GateResult | null> {
    const { gates, artifacts, evidence } = this.deps;
    const last = gates.attempts(gateId(identity)).at(-1);
    if (last === undefined || Date.parse(last.attempt.valid_until) <= Math.max(evidence.now_s() * 1000, this.deps.clock.now_ms())) return null;
    const stored = await readReply(artifacts, last);
    if (stored === null || !complete(stored.reply.card)) return null;
    // Other reports are another question: the old answer is not about them.
    if ((stored.reply.reports_sha256 ?? null) !== handed) return null;
    // A release since then, or one that has ended, makes it another answer.
    if (canonicalText(stored.reply.card.releases ?? []) !== canonicalText(namedReleases(releases))) return null;
    // Whoever left a group no longer counts for the paths of it.
    if (wantedIn(stored.reply.card.reasons) !== wantedIn(approvals)) return null;
    guardRecalled(this.deps.act, last, stored);
    return resultOf(last.gate_id, last.attempt.attempt, stored.reply, stored.bundle, true);
  }

  private readonly keyed = (text: string): string => this.deps.evidence.keyed("person", text);

  private cardOf(gate_id: string, attempt: number, { repo_id, target_ref, base, head, policy }: Identity, { decision, facts, outcomes, obligations, evaluated, config, unread, releases, runs, sbom, carried }: Judged): Card {
    const named = { name: this.deps.host_policy.name, id: policy };
    const landed = facts.change.history === "known" && facts.change.kind === "landed";
    const warnings = [WHOSE_WORD[config.mode], ...(landed ? [LANDED] : []), ...carriedWords(facts, releases), ...(sbom !== null && "because" in sbom ? [`no bill of materials of the lock files: ${sbom.because}`.slice(0, 1000)] : []), ...(carried?.said ?? []), ...leftOutWords(outcomes), ...unread.map((name) => `report ${name} was handed in and no obligation reads it`), ...runs.flatMap(({ outcome, asked_because }) => (asked_because === undefined ? [] : [`${outcome.check} was asked again: ${asked_because}`]))];
    const reported = this.deps.costs?.reported(placeKey({ repo_id, target_ref, head })) ?? null;
    return makeCard({ ...(reported === null ? {} : { cost_micro_usd: reported }), decision, gate_id, attempt, mode: config.mode, repository: repo_id, target_ref, base, head, facts: unnamed(facts, this.keyed), outcomes, obligations, evaluated, required: config.required, history: facts.change.history, releases: namedReleases(releases), policy: named, warnings: [...warnings, ...releases.ignored.slice(0, IGNORED_MAX).map(({ release, because }) => `a release by ${release.release.request.person} does not count: ${because}`.slice(0, 1000))] });
  }

  /** No admit outlasts the override it rests on. */
  private validFor({ releases }: Judged): number {
    const ends_s = endsAt(releases);
    const { valid_for_s } = this.deps.host.limits.gate;
    return ends_s === null ? valid_for_s : Math.max(1, Math.min(valid_for_s, ends_s - this.deps.evidence.now_s()));
  }

  /**
   * Keyed, since it is kept: a report of one number could be guessed from a plain digest. And each payer's own, since an answer that is given
   * again would tell whoever tries that another one handed in the same.
   */
  private handedKey(intake: Intake, { reports }: GateRequest): string | null {
    const digest = handedDigest(reports);
    return digest === null ? null : this.deps.evidence.keyed("reports", JSON.stringify([payerName(intake), digest]));
  }

  /** A proof of hidden numbers takes a moment, in which no other attempt of this gate may take the same number. */
  private record(owner: Intake, identity: Identity, judgement: Judged, started_ms: number, emit: (event: Progress) => void): Promise<GateResult> {
    const work = () => this.recordNow(owner, identity, judgement, started_ms, emit);
    return hidesNumbers(judgement.config) ? this.recording.run(gateId(identity), work) : work();
  }

  private async recordNow(owner: Intake, identity: Identity, judgement: Judged, started_ms: number, emit: (event: Progress) => void): Promise<GateResult> {
    const { gates, clock } = this.deps;
    const gate_id = gateId(identity);
    // Before the attempt has its number: from there on nothing may wait.
    const keep = await judgement.reuse?.keeping(judgement.runs);
    const { sbom } = judgement;
    const listed = sbom !== null && "bytes" in sbom ? await this.deps.artifacts.blobs.put(keptDocument(sbom.bytes)) : null;
    const last = gates.lastAttempt(gate_id);
    const attempt = (last ?? 0) + 1;
    const card = this.cardOf(gate_id, attempt, identity, judgement);
    const evidence_ms = clock.monotonic_ms();
    const { decision, outcomes, facts } = judgement;
    const valid_for_s = validFor(this.validFor(judgement), outcomes, Math.max(this.deps.evidence.now_s() * 1000, clock.now_ms()));
    guardDecision(this.deps, { gate_id, identity, card, judgement, owner_uid: owner.uid, valid_for_s });
    const input = {
      identity, mode: owner.mode, attempt, supersedes: last, valid_for_s,
      card, decision, outcomes, obligations: judgement.obligations, documents: [{ name: "facts", sha256: facts.facts_sha256 }, ...keptReports(judgement.evaluated)], travelling: travellingOf(judgement, this.deps.priced?.() ?? null), ...(sbom !== null && "bytes" in sbom ? { beside: [{ name: SBOM_DOCUMENT, sha256: sbom.sha256 }] } : {}),
    };
    const since = (from_ms: number) => Math.max(0, Math.round((clock.monotonic_ms() - from_ms) * 1000));
    const { reply, bundle } = await recordGate(this.deps, owner, input, () => timingsOf(judgement, since(evidence_ms), since(started_ms)), { ...(judgement.handed === null ? {} : { reports_sha256: judgement.handed }), target: judgement.target, authors: keptAuthors(facts.authors, this.keyed), rules: this.judgedBy(judgement) }, () => keep?.({ gate_id, attempt }), listed).finally(() => this.tell(gate_id, attempt));
    emit({ event: "progress", stage: "evidence", check: null, result: null, duration_us: since(evidence_ms) });
    return resultOf(gate_id, attempt, reply, bundle, false);
  }

  /** It is on record with its entry, also where the disk was full when its answer was to be written. */
  private tell(gate_id: string, attempt: number): void {
    if (this.deps.gates.get(gate_id, attempt) !== undefined) this.deps.decided?.(gate_id, attempt);
  }
}

/** Checked as base64 where the request came in. */
const bytesOf = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array(0);

/** Whatever was unavailable may answer next time, and what was carried may be run. */
const complete = ({ checks, obligations = [], reasons }: Card): boolean => [...checks, ...obligations].every(({ result }) => result !== "unavailable") && checks.every(({ observer }) => observer !== "external") && reasons.every(({ rule }) => rule !== "gate.policy-unavailable");

/** Which approvals were wanted, whatever became of it. */
const wantedIn = (reasons: Card["reasons"] | Asked["approvals"]): string => canonicalText(reasons.filter(({ rule }) => rule === APPROVAL_RULE).flatMap(({ fingerprints }) => fingerprints).sort());

/** A judgement, and what its check processes used. */
type Judged = Judgement & { readonly usage: Usage; readonly began_s: number; readonly target: string; readonly handed: string | null; readonly unread: readonly string[]; readonly reuse: Reuse | undefined };

/** A tenant who gates what another one gates too has a bill, and with it a budget, of its own. */
const billOf = (intake: Intake, { target_ref, head }: Pick<GateRequest, "target_ref" | "head">): Bill => ({
  change: placeKey({ repo_id: intake.repo_id, target_ref, head }),
  payer: payerName(intake),
});

const scopeOf = (intake: Intake): ReuseScope => ({ payer: payerName(intake), repo_id: intake.repo_id, mode: intake.mode });

/** Releases without effect that a card names. */
const IGNORED_MAX = 8;
const LANDED = "the head is part of the target already: judged was this one commit against its first parent";
/** What of the card is somebody's claim. */
const WHOSE_WORD: Readonly<Record<Mode, string>> = {
  local: "mode local: target, author and repository name are what the caller said",
  host: "mode host: base and configuration are what the operator's remote holds; author and trailers are what the commits say",
  fork: "mode fork: base and configuration are what the operator's remote holds; the change, its author and trailers are a stranger's",
  sealed: "mode sealed: base and configuration are those of the last admitted commit; author and trailers are what the commits say",
};

function timingsOf({ us, runs, usage }: Judged, evidence_us: number, total_us: number): Timings {
  const by_check = runs.map(({ outcome, duration_us, usage, saved_us }) => ({ check: outcome.check, us: duration_us, ...(usage === undefined ? {} : { usage }), ...(saved_us === undefined ? {} : { saved_us }) }));
  return { total_us, facts_us: us.facts, checks_us: us.checks, policy_us: us.policy, evidence_us, by_check, usage };
}

function resultOf(gate_id: string, attempt: number, { card, proof, timings }: { card: Card; proof: CardProof; timings: Timings }, bundle: Uint8Array, recorded: boolean): GateResult {
  return { event: "result", gate_id, attempt, recorded, verdict: card.verdict, card, proof, timings, bundle: toBase64(bundle) };
}

// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Body, Events, Input, Options } from "../request.ts";
import { ROUTES, type Route } from "./routes.ts";
import type { ClockReply, ClockResetReply, ClockResetRequest, ConfigReply, GateEvent, GateReply, GateRequest, HealthReply, IntakeReply, IntakeRequest, PackReply, ReplayEvent, ReplayRequest, RepositoriesReply, RulesReply, StatusReply, StopReply, TargetReply, TargetRequest, TrustReply, VersionReply } from "./api.ts";
import type { SigstoreBundle } from "./attestation.ts";
import type { BreakerResetAsk, BreakerResetReply, BreakersReply } from "./breaker.ts";
import type { BuildEvent, BuildFilesEvent, BuildRequest } from "./build-api.ts";
import type { CardsReply, ChangeContextReply } from "./cards.ts";
import type { DraftReply, DraftRequest } from "./drafting.ts";
import type { EffectiveRequest } from "./effective.ts";
import type { EpisodePage, EpisodesReply, EpisodesRequest, OutcomeReply } from "./episode.ts";
import type { EvaluationReply, EvaluationRequest, FitReply, FitRequest } from "./evaluation.ts";
import type { EventBatch, EventsReply, MonitorsReply } from "./event.ts";
import type { EvidenceBundleReply } from "./evidence-bundle.ts";
import type { BundleReply, FeedReply } from "./feed.ts";
import type { FindingsReply } from "./findings.ts";
import type { GuardReply, GuardRequest } from "./guard.ts";
import type { BackupReply, BackupRequest, FsckEvent, GcReply, GcRequest, ReleaseReply } from "./integrity.ts";
import type { KeylessSigned } from "./keyless.ts";
import type { LearningReply } from "./learning.ts";
import type { LineageReply } from "./lineage.ts";
import type { LogRotateReply, LogRotateRequest } from "./log.ts";
import type { MarketAskedReply, MarketReply, MarketSlotsReply } from "./market.ts";
import type { ModelImported, ModelRemoved, ModelVerified, ModelsReply } from "./models-api.ts";
import type { ExportEvent, ExportRequest } from "./partition.ts";
import type { PlanReply, PlanRequest } from "./plan.ts";
import type { RangeOpening } from "./range.ts";
import type { ReleaseAnswer, ReleaseAsk, ReleaseOffer, SimulateReply, SimulateRequest } from "./release-api.ts";
import type { ReportReply } from "./report-kpi.ts";
import type { ForgetReply, ForgetRequest, HoldReply, HoldRequest, RetentionReply } from "./retention.ts";
import type { OutcomeRequest, RouteReply, RouteRequest } from "./routing.ts";
import type { GateSbomReply, SbomReply, SbomRequest } from "./sbom.ts";
import type { ShipmentBundleReply } from "./shipment-bundle.ts";
import type { ShipReply, ShipRequest, ShipmentReply } from "./shipping.ts";
import type { UsageReply, UsageReport } from "./usage.ts";
import type { WitnessesReply } from "./witness.ts";

/** Every route as a method. Each throws `MaestroError`. */
export abstract class Methods {
  protected abstract ask<R>(route: Route, input: Input): Promise<R>;
  protected abstract listen<E extends { readonly event: string }>(route: Route, input: Input): Events<E>;

  /** The process answers. `GET /healthz` */
  health(options: Options = {}): Promise<HealthReply> {
    return this.ask(ROUTES.health, { ...options });
  }
  /** The daemon can do its work. `GET /readyz` */
  ready(options: Options = {}): Promise<HealthReply> {
    return this.ask(ROUTES.ready, { ...options });
  }
  /** This document. `GET /openapi.json` */
  openapi(options: Options = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.ask(ROUTES.openapi, { ...options });
  }
  /** What the daemon counts of itself, for Prometheus. `GET /metrics` */
  metrics(options: Options = {}): Promise<string> {
    return this.ask(ROUTES.metrics, { ...options });
  }
  /** Versions of the daemon and what it runs on. `GET /v1/version` */
  version(options: Options = {}): Promise<VersionReply> {
    return this.ask(ROUTES.version, { ...options });
  }
  /** The trust file that bundles of this daemon verify under; whether to believe it is for you to say. `GET /v1/trust` */
  trust(options: Options = {}): Promise<TrustReply> {
    return this.ask(ROUTES.trust, { ...options });
  }
  /** What the daemon is, holds and does. `GET /v1/status` */
  status(options: Options = {}): Promise<StatusReply> {
    return this.ask(ROUTES.status, { ...options });
  }
  /** Every setting with its value, origin and meaning. `GET /v1/config` */
  config(options: Options = {}): Promise<ConfigReply> {
    return this.ask(ROUTES.config, { ...options });
  }
  /** Every rule, what it asks and cannot see, and what it leads to. `GET /v1/rules` */
  rules(options: Options = {}): Promise<RulesReply> {
    return this.ask(ROUTES.rules, { ...options });
  }
  /** Finish what is running, then end. `POST /v1/stop` */
  stop(options: Options = {}): Promise<StopReply> {
    return this.ask(ROUTES.stop, { ...options });
  }
  /** Log time, and whether it stands still. `GET /v1/clock` */
  clock(options: Options = {}): Promise<ClockReply> {
    return this.ask(ROUTES.clock, { ...options });
  }
  /** Report what an agent or a job did, for the invariants about time; numbered by its source, so that sent twice it counts once. `POST /v1/events` */
  reportEvents(body: EventBatch, options: Options = {}): Promise<EventsReply> {
    return this.ask(ROUTES.reportEvents, { body, ...options });
  }
  /** What the invariants about time say of the caller's own events; of everybody's and the daemon's for whoever runs it. `GET /v1/monitors` */
  monitors(options: Options = {}): Promise<MonitorsReply> {
    return this.ask(ROUTES.monitors, { ...options });
  }
  /** Prices of what routed work takes, use of the open slot, shares that are promised, and both sides of the certificate. `GET /v1/market` */
  market(options: Options = {}): Promise<MarketReply> {
    return this.ask(ROUTES.market, { ...options });
  }
  /** Closed slots from one on, and what the prices of their windows went on from, so that anybody can compute them again. `GET /v1/market/slots/:first` */
  marketSlots(params: { readonly first: string }, options: Options = {}): Promise<MarketSlotsReply> {
    return this.ask(ROUTES.marketSlots, { params, ...options });
  }
  /** Requests that prices decided, with all that each could have had, so that anybody can compute what a fixed price would have done; behind an episode or from a time in milliseconds on. `GET /v1/market/asked/:after` */
  marketAsked(params: { readonly after: string }, options: Options = {}): Promise<MarketAskedReply> {
    return this.ask(ROUTES.marketAsked, { params, ...options });
  }
  /** Sign and log the certificate, with the digest of the slots it is about. `POST /v1/market/certify` */
  certifyMarket(options: Options = {}): Promise<{
  readonly log_index: number;
  /** `maestro verify` reads it */
  readonly bundle: SigstoreBundle;
}> {
    return this.ask(ROUTES.certifyMarket, { ...options });
  }
  /** Actions that are refused for a while because they failed, and those that failed of late: the caller's own; everybody's for whoever runs the daemon. `GET /v1/breakers` */
  breakers(options: Options = {}): Promise<BreakersReply> {
    return this.ask(ROUTES.breakers, { ...options });
  }
  /** Close a breaker before its time, as a person of the host configuration; signed and logged before it takes effect. `POST /v1/breakers/reset` */
  resetBreaker(body: BreakerResetAsk, options: Options = {}): Promise<BreakerResetReply> {
    return this.ask(ROUTES.resetBreaker, { body, ...options });
  }
  /** Make the log's next key, go on under it, or both; an entry of the log says so. `POST /v1/log/rotate` */
  rotateLog(body: LogRotateRequest, options: Options = {}): Promise<LogRotateReply> {
    return this.ask(ROUTES.rotateLog, { body, ...options });
  }
  /** Let frozen log time follow the wall clock again; signed and logged before it takes effect. `POST /v1/clock/reset` */
  resetClock(body: ClockResetRequest, options: Options = {}): Promise<ClockResetReply> {
    return this.ask(ROUTES.resetClock, { body, ...options });
  }
  /** The repositories whose base the daemon itself reads from the operator's remote, as far as the caller may name them. `GET /v1/repositories` */
  repositories(options: Options = {}): Promise<RepositoriesReply> {
    return this.ask(ROUTES.repositories, { ...options });
  }
  /** Where a branch of the operator's remote stands, so that a client can plan what to send. `POST /v1/targets` */
  target(body: TargetRequest, options: Options = {}): Promise<TargetReply> {
    return this.ask(ROUTES.target, { body, ...options });
  }
  /** Announce a pack: which repository it is for and which commits will be complete afterwards. `POST /v1/intakes` */
  openIntake(body: IntakeRequest, options: Options = {}): Promise<IntakeReply> {
    return this.ask(ROUTES.openIntake, { body, ...options });
  }
  /** Stream the pack; git checks it in a quarantine and all of it moves in, or nothing. `PUT /v1/intakes/:id/pack` */
  sendPack(params: { readonly id: string }, stream: Body, options: Options = {}): Promise<PackReply> {
    return this.ask(ROUTES.sendPack, { params, stream, ...options });
  }
  /** Judge one change; progress as it happens, the decision with its evidence last. `POST /v1/gates` */
  gate(body: GateRequest, options: Options = {}): Events<GateEvent> {
    return this.listen(ROUTES.gate, { body, ...options });
  }
  /** The newest attempt of a gate, by the start of its id, of its head commit or of its bundle's digest. `GET /v1/gates/:id` */
  recordedGate(params: { readonly id: string }, options: Options = {}): Promise<GateReply> {
    return this.ask(ROUTES.recordedGate, { params, ...options });
  }
  /** What the checks found in a gate's newest attempt, or in the one whose bundle's digest is given: most severe first, and how many findings were left out. `GET /v1/gates/:id/findings` */
  findings(params: { readonly id: string }, options: Options = {}): Promise<FindingsReply> {
    return this.ask(ROUTES.findings, { params, ...options });
  }
  /** The lines of the change around the findings of a gate's newest attempt, or of the one whose bundle's digest is given. `GET /v1/gates/:id/context` */
  changeContext(params: { readonly id: string }, options: Options = {}): Promise<ChangeContextReply> {
    return this.ask(ROUTES.changeContext, { params, ...options });
  }
  /** Decided gates that the reader may see as rows, newest first, those before a place or the newest: the newest attempt of each. `GET /v1/cards/:before` */
  cards(params: { readonly before: string }, options: Options = {}): Promise<CardsReply> {
    return this.ask(ROUTES.cards, { params, ...options });
  }
  /** Texts drafted about a recorded gate, by rules or a model: cause and next step, summary, message, note, changelog, patch, test. A draft decides nothing and changes nothing. `POST /v1/drafts` */
  draft(body: DraftRequest, options: Options = {}): Promise<DraftReply> {
    return this.ask(ROUTES.draft, { body, ...options });
  }
  /** The evidence bundle of a gate's newest attempt. `GET /v1/gates/:id/bundle` */
  gateBundle(params: { readonly id: string }, options: Options = {}): Promise<BundleReply> {
    return this.ask(ROUTES.gateBundle, { params, ...options });
  }
  /** The evidence bundle of a gate with receipts under the newest witnessed checkpoint; another copy of the same statements, as it was where witnesses have not reached it. `GET /v1/gates/:id/bundle/witnessed` */
  witnessedBundle(params: { readonly id: string }, options: Options = {}): Promise<BundleReply> {
    return this.ask(ROUTES.witnessedBundle, { params, ...options });
  }
  /** Everything on record of a gate's newest attempt as one file for an auditor: evidence, earlier attempts, releases, builds, what it was judged by. `GET /v1/gates/:id/evidence` */
  evidenceBundle(params: { readonly id: string }, options: Options = {}): Promise<EvidenceBundleReply> {
    return this.ask(ROUTES.evidenceBundle, { params, ...options });
  }
  /** Sign the statement of a gate's newest attempt once more, as the identity that the operator configured; it goes into the configured log, and nothing is kept here. `POST /v1/gates/:id/keyless` */
  keyless(params: { readonly id: string }, options: Options = {}): Promise<KeylessSigned> {
    return this.ask(ROUTES.keyless, { params, ...options });
  }
  /** A hidden number and what opens its commitment, for an auditor; who asked is logged, the number is not. `POST /v1/gates/:id/openings/:obligation` */
  reveal(params: { readonly id: string; readonly obligation: string }, options: Options = {}): Promise<RangeOpening> {
    return this.ask(ROUTES.reveal, { params, ...options });
  }
  /** Verdicts in the order they were given, from a place on; 0 begins with the first. `GET /v1/feed/:after` */
  feed(params: { readonly after: string }, options: Options = {}): Promise<FeedReply> {
    return this.ask(ROUTES.feed, { params, ...options });
  }
  /** Judge past changes without signing, logging or keeping anything. `POST /v1/replays` */
  replay(body: ReplayRequest, options: Options = {}): Events<ReplayEvent> {
    return this.listen(ROUTES.replay, { body, ...options });
  }
  /** The bill of materials of a commit's lock files, as CycloneDX JSON; nothing is recorded. `POST /v1/sboms` */
  sbom(body: SbomRequest, options: Options = {}): Promise<SbomReply> {
    return this.ask(ROUTES.sbom, { body, ...options });
  }
  /** The bill of materials that a gate recorded, which its leaf document/sbom.cdx.json names. `GET /v1/gates/:id/sbom` */
  gateSbom(params: { readonly id: string }, options: Options = {}): Promise<GateSbomReply> {
    return this.ask(ROUTES.gateSbom, { params, ...options });
  }
  /** Run a build that trusted configuration declares over a commit's tree, in the sandbox; what it left, with provenance signed and logged, last. `POST /v1/builds` */
  build(body: BuildRequest, options: Options = {}): Events<BuildEvent> {
    return this.listen(ROUTES.build, { body, ...options });
  }
  /** What a build left: its record and provenance, then its files piece by piece. `GET /v1/builds/:id/files` */
  buildFiles(params: { readonly id: string }, options: Options = {}): Events<BuildFilesEvent> {
    return this.listen(ROUTES.buildFiles, { params, ...options });
  }
  /** Release an artifact: signs and logs which admitted changes are in it, or names the commits that lack an admit. `POST /v1/shipments` */
  ship(body: ShipRequest, options: Options = {}): Promise<ShipReply> {
    return this.ask(ROUTES.ship, { body, ...options });
  }
  /** A release as it was signed and logged, with receipts as new as witnesses are. `GET /v1/shipments/:id` */
  shipment(params: { readonly id: string }, options: Options = {}): Promise<ShipmentReply> {
    return this.ask(ROUTES.shipment, { params, ...options });
  }
  /** A release of an artifact, by its id or the file's digest, as one file for an auditor: what was signed, and the evidence of every change in it. `GET /v1/shipments/:id/bundle` */
  shipmentBundle(params: { readonly id: string }, options: Options = {}): Promise<ShipmentBundleReply> {
    return this.ask(ROUTES.shipmentBundle, { params, ...options });
  }
  /** What the rules would say of an announced piece of work: allow, ask or refuse, with the smallest safe step; nothing is recorded. `POST /v1/plan` */
  plan(body: PlanRequest, options: Options = {}): Promise<PlanReply> {
    return this.ask(ROUTES.plan, { body, ...options });
  }
  /** Which rules, numbers and waivers speak of one path, from the maestro.yaml files that are sent; nothing is recorded. `POST /v1/config/path` */
  effectiveConfig(body: EffectiveRequest, options: Options = {}): Promise<ConfigReply> {
    return this.ask(ROUTES.effectiveConfig, { body, ...options });
  }
  /** What a person is about to put their name to: approve or override one gate; good once, for ten minutes. `POST /v1/releases/requests` */
  askRelease(body: ReleaseAsk, options: Options = {}): Promise<ReleaseOffer> {
    return this.ask(ROUTES.askRelease, { body, ...options });
  }
  /** Agree to it; it is signed and logged, then the same head is judged again. `POST /v1/releases` */
  release(body: ReleaseAnswer, options: Options = {}): Events<GateEvent> {
    return this.listen(ROUTES.release, { body, ...options });
  }
  /** The card of what would be decided: unsigned, unlogged, no verdict. `POST /v1/simulations` */
  simulate(body: SimulateRequest, options: Options = {}): Promise<SimulateReply> {
    return this.ask(ROUTES.simulate, { body, ...options });
  }
  /** What one run of an agent used so far: totals, taken once however often they are sent; joined to a change by the gate named or by the trailer Maestro-Run. `POST /v1/usage` */
  usage(body: UsageReport, options: Options = {}): Promise<UsageReply> {
    return this.ask(ROUTES.usage, { body, ...options });
  }
  /** Whether the host's invariants hold of events, each named with its fields; what cannot be asked is a violation. Nothing is recorded. `POST /v1/guard` */
  guard(body: GuardRequest, options: Options = {}): Promise<GuardReply> {
    return this.ask(ROUTES.guard, { body, ...options });
  }
  /** Which arm of a router answers a request, at what propensity, for what reason and at what prices; recorded as an episode before it is answered. With replay: a recorded decision drawn again, and whether it is the same. `POST /v1/route` */
  route(body: RouteRequest, options: Options = {}): Promise<RouteReply> {
    return this.ask(ROUTES.route, { body, ...options });
  }
  /** Decisions made elsewhere, each with the arms that were eligible and their propensities; all of them are kept, or none. Personal text is taken out before anything is stored. `POST /v1/episodes` */
  reportEpisodes(body: EpisodesRequest, options: Options = {}): Promise<EpisodesReply> {
    return this.ask(ROUTES.reportEpisodes, { body, ...options });
  }
  /** What came of a decision, once; the very same again changes nothing. `POST /v1/episodes/:id/outcome` */
  episodeOutcome(params: { readonly id: string }, body: OutcomeRequest, options: Options = {}): Promise<OutcomeReply> {
    return this.ask(ROUTES.episodeOutcome, { params, body, ...options });
  }
  /** Episodes in the order of time: of a router or * for all, of one split or all, behind an episode or from a time in milliseconds on. `GET /v1/episodes/:router/:split/:after` */
  episodes(params: { readonly router: string; readonly split: string; readonly after: string }, options: Options = {}): Promise<EpisodePage> {
    return this.ask(ROUTES.episodes, { params, ...options });
  }
  /** Routers of this node: which learned policy decides, what keeps it from deciding, how they answered since the start; and how many episodes are kept. `GET /v1/learn` */
  learning(options: Options = {}): Promise<LearningReply> {
    return this.ask(ROUTES.learning, { ...options });
  }
  /** Whether a learned policy may replace what decides: judged by the half of the asker's own episodes that no candidate was searched on. Each question has less of delta than the one before; the same over the same episodes is asked once. `POST /v1/learn/evaluations` */
  evaluate(body: EvaluationRequest, options: Options = {}): Promise<EvaluationReply> {
    return this.ask(ROUTES.evaluate, { body, ...options });
  }
  /** A candidate from the half of the asker's own episodes that is searched: a table of what each arm brought where. `POST /v1/learn/fits` */
  fit(body: FitRequest, options: Options = {}): Promise<FitReply> {
    return this.ask(ROUTES.fit, { body, ...options });
  }
  /** Episodes of one router as Parquet files, an hour each, of those the asker may see; unless more is asked for, the half that candidates are searched on and what is learned from. `POST /v1/learn/exports` */
  exportEpisodes(body: ExportRequest, options: Options = {}): Events<ExportEvent> {
    return this.listen(ROUTES.exportEpisodes, { body, ...options });
  }
  /** Figures of a window such as 7d, of one repository or * for all the reader may see, each with its formula, how much it rests on, or why it is not measured. `GET /v1/report/:window/:repository` */
  report(params: { readonly window: string; readonly repository: string }, options: Options = {}): Promise<ReportReply> {
    return this.ask(ROUTES.report, { params, ...options });
  }
  /** Who cosigns this node's log and how far, and which logs it cosigns itself. `GET /v1/witnesses` */
  witnesses(options: Options = {}): Promise<WitnessesReply> {
    return this.ask(ROUTES.witnesses, { ...options });
  }
  /** Have a checkpoint of a configured log cosigned; body and answers are those of C2SP tlog-witness. `POST /witness/add-checkpoint` */
  addCheckpoint(stream: Body, options: Options = {}): Promise<string> {
    return this.ask(ROUTES.addCheckpoint, { stream, ...options });
  }
  /** The newest checkpoint of a log that this node cosigned, by the hash of the log's origin. `GET /witness/:origin/checkpoint` */
  witnessedCheckpoint(params: { readonly origin: string }, options: Options = {}): Promise<string> {
    return this.ask(ROUTES.witnessedCheckpoint, { params, ...options });
  }
  /** Where a recorded gate, or a release of an artifact, came from and what came of it, by digest, and what of it is still kept. `GET /v1/lineage/:id` */
  lineage(params: { readonly id: string }, options: Options = {}): Promise<LineageReply> {
    return this.ask(ROUTES.lineage, { params, ...options });
  }
  /** How long each class of what is kept stays. `GET /v1/retention` */
  retention(options: Options = {}): Promise<RetentionReply> {
    return this.ask(ROUTES.retention, { ...options });
  }
  /** Keep everything of a gate whatever its age, or let go of it. `POST /v1/lineage/:id/hold` */
  hold(params: { readonly id: string }, body: HoldRequest, options: Options = {}): Promise<HoldReply> {
    return this.ask(ROUTES.hold, { params, body, ...options });
  }
  /** Remove everything of a gate but its tombstone and its log entries. `POST /v1/lineage/:id/forget` */
  forget(params: { readonly id: string }, body: ForgetRequest, options: Options = {}): Promise<ForgetReply> {
    return this.ask(ROUTES.forget, { params, body, ...options });
  }
  /** Look at everything that is kept, now; the report last. `POST /v1/fsck` */
  fsck(options: Options = {}): Events<FsckEvent> {
    return this.listen(ROUTES.fsck, { ...options });
  }
  /** Remove what nobody refers to any more, or only say what that is. `POST /v1/gc` */
  gc(body: GcRequest, options: Options = {}): Promise<GcReply> {
    return this.ask(ROUTES.gc, { body, ...options });
  }
  /** A consistent snapshot inside the state folder, to be copied away. `POST /v1/backups` */
  backup(body: BackupRequest, options: Options = {}): Promise<BackupReply> {
    return this.ask(ROUTES.backup, { body, ...options });
  }
  /** Remove a snapshot that was copied away. `POST /v1/backups/:name/release` */
  releaseBackup(params: { readonly name: string }, options: Options = {}): Promise<ReleaseReply> {
    return this.ask(ROUTES.releaseBackup, { params, ...options });
  }
  /** Local models that are stored here, those that the lock knows how to obtain, and the engines that are installed. `GET /v1/models` */
  models(options: Options = {}): Promise<ModelsReply> {
    return this.ask(ROUTES.models, { ...options });
  }
  /** Take a model in: one line of JSON that says what follows, then the bytes of its files; all of it is stored, or nothing. `POST /v1/models/imports` */
  importModel(stream: Body, options: Options = {}): Promise<ModelImported> {
    return this.ask(ROUTES.importModel, { stream, ...options });
  }
  /** Read every byte of a model against its digest. `POST /v1/models/:name/verify` */
  verifyModel(params: { readonly name: string }, options: Options = {}): Promise<ModelVerified> {
    return this.ask(ROUTES.verifyModel, { params, ...options });
  }
  /** Forget a model; bytes that nothing else refers to go with the next gc. `POST /v1/models/:name/remove` */
  removeModel(params: { readonly name: string }, options: Options = {}): Promise<ModelRemoved> {
    return this.ask(ROUTES.removeModel, { params, ...options });
  }
}

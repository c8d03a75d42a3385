/**
 * Every route of the socket by name: what the daemon registers and what the
 * client calls. Nothing but data and types, so that a command that asks one
 * question loads no schema.
 */
import type {
  ClockReply,
  ClockResetReply,
  ClockResetRequest,
  ConfigReply,
  GateEvent,
  GateReply,
  GateRequest,
  HealthReply,
  IntakeReply,
  IntakeRequest,
  PackReply,
  ReplayEvent,
  ReplayRequest,
  RepositoriesReply,
  RulesReply,
  StatusReply,
  StopReply,
  TargetReply,
  TargetRequest,
  TrustReply,
  VersionReply,
} from "./api.ts";
import type { BreakerResetAsk, BreakerResetReply, BreakersReply } from "./breaker.ts";
import type { BuildEvent, BuildFilesEvent, BuildRequest } from "./build-api.ts";
import type { GateSbomReply, SbomReply, SbomRequest } from "./sbom.ts";
import type { EpisodePage, EpisodesReply, EpisodesRequest, OutcomeReply } from "./episode.ts";
import type { EventBatch, EventsReply, MonitorsReply } from "./event.ts";
import type { EvidenceBundleReply } from "./evidence-bundle.ts";
import type { BundleReply, FeedReply } from "./feed.ts";
import type { CardsReply, ChangeContextReply } from "./cards.ts";
import type { LogRotateReply, LogRotateRequest } from "./log.ts";
import type { DraftReply, DraftRequest } from "./drafting.ts";
import type { FindingsReply } from "./findings.ts";
import type { KeylessSigned } from "./keyless.ts";
import type { EffectiveReply, EffectiveRequest } from "./effective.ts";
import type { ShipmentBundleReply } from "./shipment-bundle.ts";
import type { ShipmentReply, ShipReply, ShipRequest } from "./shipping.ts";
import type { RangeOpening } from "./range.ts";
import type { LearningReply } from "./learning.ts";
import type { ExportEvent, ExportRequest } from "./partition.ts";
import type { PlanReply, PlanRequest } from "./plan.ts";
import type { MarketAskedReply, MarketReply, MarketSlotsReply } from "./market.ts";
import type { MarketCertifyReply } from "./predicates/market.ts";
import type { OutcomeRequest, RouteReply, RouteRequest } from "./routing.ts";
import type { GuardReply, GuardRequest } from "./guard.ts";
import type { WitnessesReply } from "./witness.ts";
import type { UsageReply, UsageReport } from "./usage.ts";
import type { EvaluationReply, EvaluationRequest, FitReply, FitRequest } from "./evaluation.ts";
import type { ReportReply } from "./report-kpi.ts";
import type { ReleaseAnswer, ReleaseAsk, ReleaseOffer, SimulateReply, SimulateRequest } from "./release-api.ts";
import type { LineageReply } from "./lineage.ts";
import type { ForgetReply, ForgetRequest, HoldReply, HoldRequest, RetentionReply } from "./retention.ts";
import type { ChatCompletion, ChatCompletionRequest, Completion, CompletionRequest, EmbeddingList, EmbeddingRequest, OpenAiModel, OpenAiModels } from "./openai.ts";
import type { ModelImported, ModelRemoved, ModelsReply, ModelVerified } from "./models-api.ts";
import type { BackupReply, BackupRequest, FsckEvent, GcReply, GcRequest, ReleaseReply } from "./integrity.ts";

/**
 * Sent with every request and reply; a mismatch is `api.version`. It is raised when one side would misread the other: a route, field or
 * meaning goes or changes. What is only added raises nothing: a command that asks for a route its daemon lacks says that the daemon is older.
 */
export const API_VERSION = "1";
/** How the detail begins where no route fits; a client tells an older daemon by it. */
export const NO_ROUTE = "no such route";
export const API_VERSION_HEADER = "maestro-api";
export const REQUEST_ID_HEADER = "maestro-request-id";

/** One JSON document per line, sent as it happens. */
export const NDJSON = "application/x-ndjson";
/** Server-sent events: HTML Living Standard, section 9.2. */
export const EVENT_STREAM = "text/event-stream";
/** Everything below it answers in OpenAI's forms, failures included. */
export const OPENAI_PATH = "/openai/";
/** Prometheus text format 0.0.4. */
export const TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
export const JSON_TYPE = "application/json";
/** A body that is passed on as it comes, for example a git pack. */
export const BYTES_TYPE = "application/octet-stream";

export interface RouteShape {
  readonly method: "GET" | "POST" | "PUT";
  /** `:name` stands for one segment. */
  readonly path: `/${string}`;
  readonly body: "none" | "json" | "stream";
  readonly reply: "json" | "events" | "text";
  /** Done twice it does something else than done once: a client whose connection was cut does not ask again by itself. */
  readonly once?: true;
  /** Its body may hold fractions: chances, rewards, what was measured. */
  readonly fractions?: true;
  /** Speaks as another interface does: its errors have that form, and a handler may answer with server-sent events. */
  readonly dialect?: "openai";
}

const get = <P extends `/${string}`>(path: P) => ({ method: "GET", path, body: "none", reply: "json" }) as const;

export const ROUTES = {
  health: get("/healthz"),
  ready: get("/readyz"),
  openapi: get("/openapi.json"),
  metrics: { method: "GET", path: "/metrics", body: "none", reply: "text" },
  version: get("/v1/version"),
  trust: get("/v1/trust"),
  status: get("/v1/status"),
  config: get("/v1/config"),
  rules: get("/v1/rules"),
  stop: { method: "POST", path: "/v1/stop", body: "none", reply: "json" },
  clock: get("/v1/clock"),
  reportEvents: { method: "POST", path: "/v1/events", body: "json", reply: "json" },
  monitors: get("/v1/monitors"),
  market: get("/v1/market"),
  marketSlots: get("/v1/market/slots/:first"),
  marketAsked: get("/v1/market/asked/:after"),
  certifyMarket: { method: "POST", path: "/v1/market/certify", body: "none", reply: "json", once: true },
  breakers: get("/v1/breakers"),
  resetBreaker: { method: "POST", path: "/v1/breakers/reset", body: "json", reply: "json", once: true },
  rotateLog: { method: "POST", path: "/v1/log/rotate", body: "json", reply: "json", once: true },
  resetClock: { method: "POST", path: "/v1/clock/reset", body: "json", reply: "json", once: true },
  repositories: get("/v1/repositories"),
  target: { method: "POST", path: "/v1/targets", body: "json", reply: "json" },
  openIntake: { method: "POST", path: "/v1/intakes", body: "json", reply: "json" },
  sendPack: { method: "PUT", path: "/v1/intakes/:id/pack", body: "stream", reply: "json" },
  gate: { method: "POST", path: "/v1/gates", body: "json", reply: "events" },
  recordedGate: get("/v1/gates/:id"),
  findings: get("/v1/gates/:id/findings"),
  changeContext: get("/v1/gates/:id/context"),
  cards: get("/v1/cards/:before"),
  draft: { method: "POST", path: "/v1/drafts", body: "json", reply: "json" },
  gateBundle: get("/v1/gates/:id/bundle"),
  witnessedBundle: get("/v1/gates/:id/bundle/witnessed"),
  evidenceBundle: get("/v1/gates/:id/evidence"),
  keyless: { method: "POST", path: "/v1/gates/:id/keyless", body: "none", reply: "json", once: true },
  reveal: { method: "POST", path: "/v1/gates/:id/openings/:obligation", body: "none", reply: "json" },
  feed: get("/v1/feed/:after"),
  replay: { method: "POST", path: "/v1/replays", body: "json", reply: "events" },
  sbom: { method: "POST", path: "/v1/sboms", body: "json", reply: "json" },
  gateSbom: get("/v1/gates/:id/sbom"),
  build: { method: "POST", path: "/v1/builds", body: "json", reply: "events", once: true },
  buildFiles: { method: "GET", path: "/v1/builds/:id/files", body: "none", reply: "events" },
  ship: { method: "POST", path: "/v1/shipments", body: "json", reply: "json", once: true },
  shipment: get("/v1/shipments/:id"),
  shipmentBundle: get("/v1/shipments/:id/bundle"),
  plan: { method: "POST", path: "/v1/plan", body: "json", reply: "json" },
  effectiveConfig: { method: "POST", path: "/v1/config/path", body: "json", reply: "json" },
  askRelease: { method: "POST", path: "/v1/releases/requests", body: "json", reply: "json", once: true },
  release: { method: "POST", path: "/v1/releases", body: "json", reply: "events", once: true },
  simulate: { method: "POST", path: "/v1/simulations", body: "json", reply: "json" },
  usage: { method: "POST", path: "/v1/usage", body: "json", reply: "json" },
  guard: { method: "POST", path: "/v1/guard", body: "json", reply: "json" },
  route: { method: "POST", path: "/v1/route", body: "json", reply: "json", once: true, fractions: true },
  reportEpisodes: { method: "POST", path: "/v1/episodes", body: "json", reply: "json", fractions: true },
  episodeOutcome: { method: "POST", path: "/v1/episodes/:id/outcome", body: "json", reply: "json", fractions: true },
  episodes: get("/v1/episodes/:router/:split/:after"),
  learning: get("/v1/learn"),
  evaluate: { method: "POST", path: "/v1/learn/evaluations", body: "json", reply: "json" },
  fit: { method: "POST", path: "/v1/learn/fits", body: "json", reply: "json", fractions: true },
  exportEpisodes: { method: "POST", path: "/v1/learn/exports", body: "json", reply: "events" },
  report: get("/v1/report/:window/:repository"),
  witnesses: get("/v1/witnesses"),
  addCheckpoint: { method: "POST", path: "/witness/add-checkpoint", body: "stream", reply: "text" },
  witnessedCheckpoint: { method: "GET", path: "/witness/:origin/checkpoint", body: "none", reply: "text" },
  lineage: get("/v1/lineage/:id"),
  retention: get("/v1/retention"),
  hold: { method: "POST", path: "/v1/lineage/:id/hold", body: "json", reply: "json" },
  forget: { method: "POST", path: "/v1/lineage/:id/forget", body: "json", reply: "json", once: true },
  fsck: { method: "POST", path: "/v1/fsck", body: "none", reply: "events" },
  gc: { method: "POST", path: "/v1/gc", body: "json", reply: "json" },
  backup: { method: "POST", path: "/v1/backups", body: "json", reply: "json", once: true },
  releaseBackup: { method: "POST", path: "/v1/backups/:name/release", body: "none", reply: "json" },
  models: get("/v1/models"),
  importModel: { method: "POST", path: "/v1/models/imports", body: "stream", reply: "json" },
  verifyModel: { method: "POST", path: "/v1/models/:name/verify", body: "none", reply: "json" },
  removeModel: { method: "POST", path: "/v1/models/:name/remove", body: "none", reply: "json" },
  openaiModels: { ...get("/openai/v1/models"), dialect: "openai" },
  openaiModel: { ...get("/openai/v1/models/:name"), dialect: "openai" },
  openaiChat: { method: "POST", path: "/openai/v1/chat/completions", body: "json", reply: "json", once: true, fractions: true, dialect: "openai" },
  openaiCompletion: { method: "POST", path: "/openai/v1/completions", body: "json", reply: "json", once: true, fractions: true, dialect: "openai" },
  openaiEmbedding: { method: "POST", path: "/openai/v1/embeddings", body: "json", reply: "json", once: true, fractions: true, dialect: "openai" },
} as const satisfies Record<string, RouteShape>;

export type RouteName = keyof typeof ROUTES;

/** What travels on each route. `request` is absent where there is no JSON body; `reply` is one event where the reply is a stream. */
export interface RouteTypes {
  health: { reply: HealthReply };
  ready: { reply: HealthReply };
  openapi: { reply: Readonly<Record<string, unknown>> };
  metrics: { reply: string };
  version: { reply: VersionReply };
  trust: { reply: TrustReply };
  status: { reply: StatusReply };
  config: { reply: ConfigReply };
  rules: { reply: RulesReply };
  stop: { reply: StopReply };
  reportEvents: { request: EventBatch; reply: EventsReply };
  monitors: { reply: MonitorsReply };
  market: { reply: MarketReply };
  marketSlots: { reply: MarketSlotsReply };
  marketAsked: { reply: MarketAskedReply };
  certifyMarket: { reply: MarketCertifyReply };
  breakers: { reply: BreakersReply };
  resetBreaker: { request: BreakerResetAsk; reply: BreakerResetReply };
  clock: { reply: ClockReply };
  resetClock: { request: ClockResetRequest; reply: ClockResetReply };
  rotateLog: { request: LogRotateRequest; reply: LogRotateReply };
  repositories: { reply: RepositoriesReply };
  target: { request: TargetRequest; reply: TargetReply };
  openIntake: { request: IntakeRequest; reply: IntakeReply };
  sendPack: { reply: PackReply };
  gate: { request: GateRequest; reply: GateEvent };
  recordedGate: { reply: GateReply };
  findings: { reply: FindingsReply };
  changeContext: { reply: ChangeContextReply };
  cards: { reply: CardsReply };
  draft: { request: DraftRequest; reply: DraftReply };
  gateBundle: { reply: BundleReply };
  witnessedBundle: { reply: BundleReply };
  evidenceBundle: { reply: EvidenceBundleReply };
  keyless: { reply: KeylessSigned };
  reveal: { reply: RangeOpening };
  feed: { reply: FeedReply };
  replay: { request: ReplayRequest; reply: ReplayEvent };
  sbom: { request: SbomRequest; reply: SbomReply };
  gateSbom: { reply: GateSbomReply };
  build: { request: BuildRequest; reply: BuildEvent };
  buildFiles: { reply: BuildFilesEvent };
  ship: { request: ShipRequest; reply: ShipReply };
  shipment: { reply: ShipmentReply };
  shipmentBundle: { reply: ShipmentBundleReply };
  plan: { request: PlanRequest; reply: PlanReply };
  effectiveConfig: { request: EffectiveRequest; reply: EffectiveReply };
  askRelease: { request: ReleaseAsk; reply: ReleaseOffer };
  release: { request: ReleaseAnswer; reply: GateEvent };
  simulate: { request: SimulateRequest; reply: SimulateReply };
  usage: { request: UsageReport; reply: UsageReply };
  guard: { request: GuardRequest; reply: GuardReply };
  route: { request: RouteRequest; reply: RouteReply };
  reportEpisodes: { request: EpisodesRequest; reply: EpisodesReply };
  episodeOutcome: { request: OutcomeRequest; reply: OutcomeReply };
  episodes: { reply: EpisodePage };
  learning: { reply: LearningReply };
  evaluate: { request: EvaluationRequest; reply: EvaluationReply };
  fit: { request: FitRequest; reply: FitReply };
  exportEpisodes: { request: ExportRequest; reply: ExportEvent };
  report: { reply: ReportReply };
  witnesses: { reply: WitnessesReply };
  addCheckpoint: { reply: string };
  witnessedCheckpoint: { reply: string };
  lineage: { reply: LineageReply };
  retention: { reply: RetentionReply };
  hold: { request: HoldRequest; reply: HoldReply };
  forget: { request: ForgetRequest; reply: ForgetReply };
  fsck: { reply: FsckEvent };
  gc: { request: GcRequest; reply: GcReply };
  backup: { request: BackupRequest; reply: BackupReply };
  releaseBackup: { reply: ReleaseReply };
  models: { reply: ModelsReply };
  importModel: { reply: ModelImported };
  verifyModel: { reply: ModelVerified };
  removeModel: { reply: ModelRemoved };
  openaiModels: { reply: OpenAiModels };
  openaiModel: { reply: OpenAiModel };
  openaiChat: { request: ChatCompletionRequest; reply: ChatCompletion };
  openaiCompletion: { request: CompletionRequest; reply: Completion };
  openaiEmbedding: { request: EmbeddingRequest; reply: EmbeddingList };
}

export type RequestOf<K extends RouteName> = RouteTypes[K] extends { request: infer R } ? R : undefined;
export type ReplyOf<K extends RouteName> = RouteTypes[K]["reply"];
/** Names in a route's path, for example `id`. */
export type ParamsOf<K extends RouteName> = Record<ParamNames<(typeof ROUTES)[K]["path"]>, string>;
type ParamNames<P extends string> = P extends `${string}:${infer N}/${infer Rest}` ? N | ParamNames<`/${Rest}`> : P extends `${string}:${infer N}` ? N : never;

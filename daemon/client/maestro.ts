import { MaestroError } from "../../proto/errors.ts";
import type { SplitFilter } from "../../proto/episode.ts";
import type { ReplyOf, RequestOf } from "../../proto/routes.ts";
import { type Body, type ClientOptions, SocketClient } from "./socket.ts";

type Events<K extends "gate" | "replay" | "fsck" | "release" | "build" | "buildFiles" | "exportEpisodes"> = AsyncGenerator<Exclude<ReplyOf<K>, { event: "failure" }>, void>;

/** The daemon's interface as methods. Each throws what `SocketClient` throws. */
export class MaestroClient {
  private readonly socket: SocketClient;

  constructor(
    path: string,
    private readonly options: ClientOptions = {},
  ) {
    this.socket = new SocketClient(path, options);
  }

  /** Whether a daemon of ours is there now. A socket of somebody else's is an error, not an absence. */
  async answers(): Promise<boolean> {
    try {
      await new SocketClient(this.socket.path, { ...this.options, patience_ms: 0 }).request("health", {});
      return true;
    } catch (thrown) {
      if (thrown instanceof MaestroError && thrown.code === "daemon.unreachable") return false;
      throw thrown;
    }
  }

  version(): Promise<ReplyOf<"version">> {
    return this.socket.request("version", {});
  }

  status(): Promise<ReplyOf<"status">> {
    return this.socket.request("status", {});
  }

  trust(): Promise<ReplyOf<"trust">> {
    return this.socket.request("trust", {});
  }

  config(): Promise<ReplyOf<"config">> {
    return this.socket.request("config", {});
  }

  rules(): Promise<ReplyOf<"rules">> {
    return this.socket.request("rules", {});
  }

  stop(): Promise<ReplyOf<"stop">> {
    return this.socket.request("stop", {});
  }

  /** Who cosigns this node's log, and which logs it cosigns. */
  witnesses(): Promise<ReplyOf<"witnesses">> {
    return this.socket.request("witnesses", {});
  }

  /** Reports what happened; sent twice it counts once. */
  reportEvents(body: RequestOf<"reportEvents">): Promise<ReplyOf<"reportEvents">> {
    return this.socket.request("reportEvents", { body });
  }

  monitors(): Promise<ReplyOf<"monitors">> {
    return this.socket.request("monitors", {});
  }

  market(): Promise<ReplyOf<"market">> {
    return this.socket.request("market", {});
  }

  marketSlots(first: number): Promise<ReplyOf<"marketSlots">> {
    return this.socket.request("marketSlots", { params: { first: String(first) } });
  }

  /** Behind an episode, or from a time in milliseconds on. */
  marketAsked(after: string): Promise<ReplyOf<"marketAsked">> {
    return this.socket.request("marketAsked", { params: { after } });
  }

  certifyMarket(): Promise<ReplyOf<"certifyMarket">> {
    return this.socket.request("certifyMarket", {});
  }

  breakers(): Promise<ReplyOf<"breakers">> {
    return this.socket.request("breakers", {});
  }

  resetBreaker(body: RequestOf<"resetBreaker">): Promise<ReplyOf<"resetBreaker">> {
    return this.socket.request("resetBreaker", { body });
  }

  models(): Promise<ReplyOf<"models">> {
    return this.socket.request("models", {});
  }

  /** Takes a model in; what is streamed is one line that says what follows, and then the files. */
  importModel(stream: Body): Promise<ReplyOf<"importModel">> {
    return this.socket.request("importModel", { stream });
  }

  verifyModel(name: string): Promise<ReplyOf<"verifyModel">> {
    return this.socket.request("verifyModel", { params: { name } });
  }

  removeModel(name: string): Promise<ReplyOf<"removeModel">> {
    return this.socket.request("removeModel", { params: { name } });
  }

  clock(): Promise<ReplyOf<"clock">> {
    return this.socket.request("clock", {});
  }

  resetClock(body: RequestOf<"resetClock">): Promise<ReplyOf<"resetClock">> {
    return this.socket.request("resetClock", { body });
  }

  /** Changes the key that the daemon's log signs with. */
  rotateLog(body: RequestOf<"rotateLog">): Promise<ReplyOf<"rotateLog">> {
    return this.socket.request("rotateLog", { body });
  }

  repositories(): Promise<ReplyOf<"repositories">> {
    return this.socket.request("repositories", {});
  }

  /** Where a branch of the operator's remote stands, by the daemon's own look. */
  target(body: RequestOf<"target">): Promise<ReplyOf<"target">> {
    return this.socket.request("target", { body });
  }

  /** What the rules would say of announced work. */
  plan(body: RequestOf<"plan">, signal?: AbortSignal): Promise<ReplyOf<"plan">> {
    return this.socket.request("plan", { body, ...(signal === undefined ? {} : { signal }) });
  }

  /** What configuration says of one path. */
  effectiveConfig(body: RequestOf<"effectiveConfig">): Promise<ReplyOf<"effectiveConfig">> {
    return this.socket.request("effectiveConfig", { body });
  }

  openIntake(body: RequestOf<"openIntake">): Promise<ReplyOf<"openIntake">> {
    return this.socket.request("openIntake", { body });
  }

  sendPack(id: string, stream: Body, signal?: AbortSignal): Promise<ReplyOf<"sendPack">> {
    return this.socket.request("sendPack", { params: { id }, stream, ...(signal === undefined ? {} : { signal }) });
  }

  gate(body: RequestOf<"gate">, signal?: AbortSignal): Events<"gate"> {
    return this.socket.events("gate", { body, ...(signal === undefined ? {} : { signal }) });
  }

  replay(body: RequestOf<"replay">, signal?: AbortSignal): Events<"replay"> {
    return this.socket.events("replay", { body, ...(signal === undefined ? {} : { signal }) });
  }

  /** What a commit's lock files pin. */
  sbom(body: RequestOf<"sbom">): Promise<ReplyOf<"sbom">> {
    return this.socket.request("sbom", { body });
  }

  gateSbom(id: string): Promise<ReplyOf<"gateSbom">> {
    return this.socket.request("gateSbom", { params: { id } });
  }

  /** Has an artifact released, or hears which commits lack an admit. */
  ship(body: RequestOf<"ship">): Promise<ReplyOf<"ship">> {
    return this.socket.request("ship", { body });
  }

  shipment(id: string): Promise<ReplyOf<"shipment">> {
    return this.socket.request("shipment", { params: { id } });
  }

  /** By the release's id, or by the digest of the file. */
  shipmentBundle(id: string): Promise<ReplyOf<"shipmentBundle">> {
    return this.socket.request("shipmentBundle", { params: { id } });
  }

  /** Has a declared build run; what comes last says what became of it. */
  build(body: RequestOf<"build">): Events<"build"> {
    return this.socket.events("build", { body });
  }

  /** What a build left, piece by piece. */
  buildFiles(id: string): Events<"buildFiles"> {
    return this.socket.events("buildFiles", { params: { id } });
  }

  /** Whether a candidate may decide; asked again over the same episodes it spends nothing. */
  evaluate(body: RequestOf<"evaluate">): Promise<ReplyOf<"evaluate">> {
    return this.socket.request("evaluate", { body });
  }

  fit(body: RequestOf<"fit">): Promise<ReplyOf<"fit">> {
    return this.socket.request("fit", { body });
  }

  /** Episodes as Parquet files, hour by hour and piece by piece. */
  exportEpisodes(body: RequestOf<"exportEpisodes">): Events<"exportEpisodes"> {
    return this.socket.events("exportEpisodes", { body });
  }

  /** A gate as recorded, by the start of its id or of its head commit. */
  gateRecord(id: string): Promise<ReplyOf<"recordedGate">> {
    return this.socket.request("recordedGate", { params: { id } });
  }

  /** Texts about a recorded gate. */
  draft(body: RequestOf<"draft">): Promise<ReplyOf<"draft">> {
    return this.socket.request("draft", { body });
  }

  /** What the checks of a recorded gate found. */
  findings(id: string): Promise<ReplyOf<"findings">> {
    return this.socket.request("findings", { params: { id } });
  }

  /** The statement of a recorded gate's newest attempt, signed once more with a certificate of minutes; for whoever runs the daemon. */
  keyless(id: string): Promise<ReplyOf<"keyless">> {
    return this.socket.request("keyless", { params: { id } });
  }

  /** The evidence of a recorded gate's newest attempt. */
  gateBundle(id: string): Promise<ReplyOf<"gateBundle">> {
    return this.socket.request("gateBundle", { params: { id } });
  }

  /** The same evidence with receipts under the newest checkpoint that witnesses cosigned; as it was where there is none. */
  witnessedBundle(id: string): Promise<ReplyOf<"witnessedBundle">> {
    return this.socket.request("witnessedBundle", { params: { id } });
  }

  /** Everything on record of a gate's newest attempt, as one file for an auditor. */
  evidenceBundle(id: string): Promise<ReplyOf<"evidenceBundle">> {
    return this.socket.request("evidenceBundle", { params: { id } });
  }

  /** A hidden number with what opens its commitment; for whoever runs the daemon. */
  reveal(id: string, obligation: string): Promise<ReplyOf<"reveal">> {
    return this.socket.request("reveal", { params: { id, obligation } });
  }

  /** Which arm answers; asked again under the same key, the same episode does. */
  route(body: RequestOf<"route">): Promise<ReplyOf<"route">> {
    return this.socket.request("route", { body });
  }

  /** Decisions made elsewhere: all of them are kept, or none. */
  reportEpisodes(body: RequestOf<"reportEpisodes">): Promise<ReplyOf<"reportEpisodes">> {
    return this.socket.request("reportEpisodes", { body });
  }

  /** What came of a decision, once. */
  episodeOutcome(id: string, body: RequestOf<"episodeOutcome">): Promise<ReplyOf<"episodeOutcome">> {
    return this.socket.request("episodeOutcome", { params: { id }, body });
  }

  learning(): Promise<ReplyOf<"learning">> {
    return this.socket.request("learning", {});
  }

  /** A page of one router, or of `*`; `after` is an id, or milliseconds since 1970. */
  episodes(router: string, split: SplitFilter, after: string): Promise<ReplyOf<"episodes">> {
    return this.socket.request("episodes", { params: { router, split, after } });
  }

  /** Decided gates before a place, or the newest. */
  cards(before: number | "newest"): Promise<ReplyOf<"cards">> {
    return this.socket.request("cards", { params: { before: String(before) } });
  }

  /** Lines of the change around what was found in it. */
  changeContext(id: string): Promise<ReplyOf<"changeContext">> {
    return this.socket.request("changeContext", { params: { id } });
  }

  /** Verdicts from a place on, in the order they were given. */
  feed(after: number): Promise<ReplyOf<"feed">> {
    return this.socket.request("feed", { params: { after: String(after) } });
  }

  askRelease(body: RequestOf<"askRelease">): Promise<ReplyOf<"askRelease">> {
    return this.socket.request("askRelease", { body });
  }

  /** Agrees to a request to release; what comes is the new attempt. */
  release(body: RequestOf<"release">): Events<"release"> {
    return this.socket.events("release", { body });
  }

  simulate(body: RequestOf<"simulate">): Promise<ReplyOf<"simulate">> {
    return this.socket.request("simulate", { body });
  }

  /** Whether the host's invariants hold of events. */
  guard(body: RequestOf<"guard">): Promise<ReplyOf<"guard">> {
    return this.socket.request("guard", { body });
  }

  /** Totals of an agent's run so far. */
  usage(body: RequestOf<"usage">): Promise<ReplyOf<"usage">> {
    return this.socket.request("usage", { body });
  }

  /** Figures of a window such as 7d; `*` stands for every repository the caller may see. */
  report(window: string, repository: string): Promise<ReplyOf<"report">> {
    return this.socket.request("report", { params: { window, repository } });
  }

  fsck(): Events<"fsck"> {
    return this.socket.events("fsck", {});
  }

  lineage(id: string): Promise<ReplyOf<"lineage">> {
    return this.socket.request("lineage", { params: { id } });
  }

  /** How long what is kept stays. */
  retention(): Promise<ReplyOf<"retention">> {
    return this.socket.request("retention", {});
  }

  hold(id: string, body: RequestOf<"hold">): Promise<ReplyOf<"hold">> {
    return this.socket.request("hold", { params: { id }, body });
  }

  forget(id: string): Promise<ReplyOf<"forget">> {
    return this.socket.request("forget", { params: { id }, body: { confirm: true } });
  }

  gc(body: RequestOf<"gc">): Promise<ReplyOf<"gc">> {
    return this.socket.request("gc", { body });
  }

  backup(body: RequestOf<"backup">): Promise<ReplyOf<"backup">> {
    return this.socket.request("backup", { body });
  }

  releaseBackup(name: string): Promise<ReplyOf<"releaseBackup">> {
    return this.socket.request("releaseBackup", { params: { name } });
  }
}

// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
/** Sent with every request and reply; another one is `api.version`. */
export const API_VERSION = "1";
export const API_VERSION_HEADER = "maestro-api";
/** Carries a capability token, which begins so. */
export const CAPABILITY_HEADER = "maestro-capability";
export const CAPABILITY_PREFIX = "mcap1.";

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly body: "none" | "json" | "stream";
  readonly reply: "json" | "events" | "text";
  /** Done twice it does something else than done once. */
  readonly once?: true;
  /** Its body may hold fractions. */
  readonly fractions?: true;
}

export const ROUTES = {
  health: {"method":"GET","path":"/healthz","body":"none","reply":"json"},
  ready: {"method":"GET","path":"/readyz","body":"none","reply":"json"},
  openapi: {"method":"GET","path":"/openapi.json","body":"none","reply":"json"},
  metrics: {"method":"GET","path":"/metrics","body":"none","reply":"text"},
  version: {"method":"GET","path":"/v1/version","body":"none","reply":"json"},
  trust: {"method":"GET","path":"/v1/trust","body":"none","reply":"json"},
  status: {"method":"GET","path":"/v1/status","body":"none","reply":"json"},
  config: {"method":"GET","path":"/v1/config","body":"none","reply":"json"},
  rules: {"method":"GET","path":"/v1/rules","body":"none","reply":"json"},
  stop: {"method":"POST","path":"/v1/stop","body":"none","reply":"json"},
  clock: {"method":"GET","path":"/v1/clock","body":"none","reply":"json"},
  reportEvents: {"method":"POST","path":"/v1/events","body":"json","reply":"json"},
  monitors: {"method":"GET","path":"/v1/monitors","body":"none","reply":"json"},
  market: {"method":"GET","path":"/v1/market","body":"none","reply":"json"},
  marketSlots: {"method":"GET","path":"/v1/market/slots/:first","body":"none","reply":"json"},
  marketAsked: {"method":"GET","path":"/v1/market/asked/:after","body":"none","reply":"json"},
  certifyMarket: {"method":"POST","path":"/v1/market/certify","body":"none","reply":"json","once":true},
  breakers: {"method":"GET","path":"/v1/breakers","body":"none","reply":"json"},
  resetBreaker: {"method":"POST","path":"/v1/breakers/reset","body":"json","reply":"json","once":true},
  rotateLog: {"method":"POST","path":"/v1/log/rotate","body":"json","reply":"json","once":true},
  resetClock: {"method":"POST","path":"/v1/clock/reset","body":"json","reply":"json","once":true},
  repositories: {"method":"GET","path":"/v1/repositories","body":"none","reply":"json"},
  target: {"method":"POST","path":"/v1/targets","body":"json","reply":"json"},
  openIntake: {"method":"POST","path":"/v1/intakes","body":"json","reply":"json"},
  sendPack: {"method":"PUT","path":"/v1/intakes/:id/pack","body":"stream","reply":"json"},
  gate: {"method":"POST","path":"/v1/gates","body":"json","reply":"events"},
  recordedGate: {"method":"GET","path":"/v1/gates/:id","body":"none","reply":"json"},
  findings: {"method":"GET","path":"/v1/gates/:id/findings","body":"none","reply":"json"},
  changeContext: {"method":"GET","path":"/v1/gates/:id/context","body":"none","reply":"json"},
  cards: {"method":"GET","path":"/v1/cards/:before","body":"none","reply":"json"},
  draft: {"method":"POST","path":"/v1/drafts","body":"json","reply":"json"},
  gateBundle: {"method":"GET","path":"/v1/gates/:id/bundle","body":"none","reply":"json"},
  witnessedBundle: {"method":"GET","path":"/v1/gates/:id/bundle/witnessed","body":"none","reply":"json"},
  evidenceBundle: {"method":"GET","path":"/v1/gates/:id/evidence","body":"none","reply":"json"},
  keyless: {"method":"POST","path":"/v1/gates/:id/keyless","body":"none","reply":"json","once":true},
  reveal: {"method":"POST","path":"/v1/gates/:id/openings/:obligation","body":"none","reply":"json"},
  feed: {"method":"GET","path":"/v1/feed/:after","body":"none","reply":"json"},
  replay: {"method":"POST","path":"/v1/replays","body":"json","reply":"events"},
  sbom: {"method":"POST","path":"/v1/sboms","body":"json","reply":"json"},
  gateSbom: {"method":"GET","path":"/v1/gates/:id/sbom","body":"none","reply":"json"},
  build: {"method":"POST","path":"/v1/builds","body":"json","reply":"events","once":true},
  buildFiles: {"method":"GET","path":"/v1/builds/:id/files","body":"none","reply":"events"},
  ship: {"method":"POST","path":"/v1/shipments","body":"json","reply":"json","once":true},
  shipment: {"method":"GET","path":"/v1/shipments/:id","body":"none","reply":"json"},
  shipmentBundle: {"method":"GET","path":"/v1/shipments/:id/bundle","body":"none","reply":"json"},
  plan: {"method":"POST","path":"/v1/plan","body":"json","reply":"json"},
  effectiveConfig: {"method":"POST","path":"/v1/config/path","body":"json","reply":"json"},
  askRelease: {"method":"POST","path":"/v1/releases/requests","body":"json","reply":"json","once":true},
  release: {"method":"POST","path":"/v1/releases","body":"json","reply":"events","once":true},
  simulate: {"method":"POST","path":"/v1/simulations","body":"json","reply":"json"},
  usage: {"method":"POST","path":"/v1/usage","body":"json","reply":"json"},
  guard: {"method":"POST","path":"/v1/guard","body":"json","reply":"json"},
  route: {"method":"POST","path":"/v1/route","body":"json","reply":"json","once":true,"fractions":true},
  reportEpisodes: {"method":"POST","path":"/v1/episodes","body":"json","reply":"json","fractions":true},
  episodeOutcome: {"method":"POST","path":"/v1/episodes/:id/outcome","body":"json","reply":"json","fractions":true},
  episodes: {"method":"GET","path":"/v1/episodes/:router/:split/:after","body":"none","reply":"json"},
  learning: {"method":"GET","path":"/v1/learn","body":"none","reply":"json"},
  evaluate: {"method":"POST","path":"/v1/learn/evaluations","body":"json","reply":"json"},
  fit: {"method":"POST","path":"/v1/learn/fits","body":"json","reply":"json","fractions":true},
  exportEpisodes: {"method":"POST","path":"/v1/learn/exports","body":"json","reply":"events"},
  report: {"method":"GET","path":"/v1/report/:window/:repository","body":"none","reply":"json"},
  witnesses: {"method":"GET","path":"/v1/witnesses","body":"none","reply":"json"},
  addCheckpoint: {"method":"POST","path":"/witness/add-checkpoint","body":"stream","reply":"text"},
  witnessedCheckpoint: {"method":"GET","path":"/witness/:origin/checkpoint","body":"none","reply":"text"},
  lineage: {"method":"GET","path":"/v1/lineage/:id","body":"none","reply":"json"},
  retention: {"method":"GET","path":"/v1/retention","body":"none","reply":"json"},
  hold: {"method":"POST","path":"/v1/lineage/:id/hold","body":"json","reply":"json"},
  forget: {"method":"POST","path":"/v1/lineage/:id/forget","body":"json","reply":"json","once":true},
  fsck: {"method":"POST","path":"/v1/fsck","body":"none","reply":"events"},
  gc: {"method":"POST","path":"/v1/gc","body":"json","reply":"json"},
  backup: {"method":"POST","path":"/v1/backups","body":"json","reply":"json","once":true},
  releaseBackup: {"method":"POST","path":"/v1/backups/:name/release","body":"none","reply":"json"},
  models: {"method":"GET","path":"/v1/models","body":"none","reply":"json"},
  importModel: {"method":"POST","path":"/v1/models/imports","body":"stream","reply":"json"},
  verifyModel: {"method":"POST","path":"/v1/models/:name/verify","body":"none","reply":"json"},
  removeModel: {"method":"POST","path":"/v1/models/:name/remove","body":"none","reply":"json"},
} as const satisfies Record<string, Route>;

/**
 * Every table and every route that changes something, and which rules guard it. A new one without a row fails the test beside this file, and
 * so does a rule that is gone, or whose events do not come from there.
 */
import type { Cover } from "../invariants/coverage.ts";
import type { ROUTES } from "../../proto/routes.ts";


type Changing = { [K in keyof typeof ROUTES]: (typeof ROUTES)[K]["method"] extends "GET" ? never : K }[keyof typeof ROUTES];

const INDEX = { derived: "an index: made again from the records it points to" } as const;
const BYTES = { derived: "bytes in use by payer: counted anew from what is kept" } as const;

export const CRITICAL_TABLES: Readonly<Record<string, Cover>> = {
  breakers: { derived: "what failed of late; a record that is gone closes a breaker early, and `maestro breaker reset` is the logged way" },
  erasures: { derived: "files that go with a tombstone of the same transaction; asked again until they are gone" },
  "events.sources": { derived: "how far each source has counted; without it what came is taken once more, and late" },
  "events.watched": { derived: "whose rules had something to remember; says after a restart what nobody can tell" },
  "evidence.time": ["INV.TIME.FREEZE_STAYS"],
  floors: ["INV.NUMBERS.KEPT", "INV.NUMBERS.NEVER_AGAIN"],
  gate_names: INDEX,
  gate_names_filled: INDEX,
  gate_order: ["INV.GATE.PLACE_ONCE", "INV.GATE.PLACE_STAYS"],
  gate_submitters: ["INV.IDENTITY.SUBMITTER"],
  gate_tree_of: INDEX,
  gate_trees: INDEX,
  gates: ["INV.GATE.ATTEMPTS_GROW", "INV.GATE.LOGGED", "INV.GATE.UNDER_ITS_NAME", "INV.GATE.VALIDITY", "INV.GATE.WRITTEN_ONCE"],
  holds: { open: "an operator's word: any is allowed, and what it protects is guarded where a tombstone is written" },
  kept_outcomes: ["INV.REUSE.ONLY_ANSWERS"],
  kept_outcomes_bytes: BYTES,
  kept_outcomes_large: INDEX,
  kept_outcomes_order: INDEX,
  ledger_accounts: ["INV.LEDGER.NOT_FORGOTTEN", "INV.LEDGER.NOT_NEGATIVE", "INV.LEDGER.SPENT_GROWS", "INV.LEDGER.WINDOW_FORWARD"],
  ledger_change_payers: ["INV.LEDGER.PARTS", "INV.LEDGER.RUNS_ONE_BY_ONE"],
  ledger_changes: ["INV.LEDGER.RUNS_ONE_BY_ONE"],
  ledger_reservations: ["INV.LEDGER.PROMISE_ONCE"],
  lineage_edges: INDEX,
  "log.cosigned": ["INV.LOG.WITNESSED_FORWARD", "INV.LOG.WITNESSED_WITHIN"],
  "log.entries": ["INV.LOG.ENTRY_ONCE", "INV.LOG.ENTRY_STAYS"],
  "log.head": ["INV.LOG.APPEND_ONLY", "INV.LOG.TIME_FORWARD"],
  "log.nodes": ["INV.LOG.NODE_KEPT", "INV.LOG.NODE_STAYS"],
  "log.rotations": ["INV.LOG.ROTATION_LOGGED"],
  meta: ["INV.STATE.VERSION_FORWARD"],
  outbox: ["INV.PROMISE.LOGGED"],
  releases: ["INV.RELEASE.LOGGED"],
  "shipments.asked": INDEX,
  "shipments.files": INDEX,
  "shipments.gates": INDEX,
  summaries: ["INV.TENANT.SUMMARY_OWNED"],
  "summaries.changes": ["INV.REPORT.HELD_SINCE"],
  "summaries.waivers": ["INV.WAIVER.SINCE"],
  "tests.history": ["INV.TESTS.COUNTED"],
  tombstones: ["INV.HOLD.RESPECTED", "INV.TOMBSTONE.DIGEST", "INV.TOMBSTONE.STAYS"],
  "usage.evidence": BYTES,
  "usage.kept": BYTES,
  "usage.links": INDEX,
  "usage.packs": BYTES,
  "usage.payers": { derived: "how many runs a payer has: counted anew from usage.runs" },
  "usage.runs": ["INV.USAGE.TOTALS_GROW"],
  "witness.heads": ["INV.WITNESS.FORWARD"],
};

/** Asked of every request, whatever its route. */
const ACCESS = ["INV.ACCESS.OPERATOR", "INV.ACCESS.SOCKET", "INV.ACCESS.VERB"] as const;

export const CRITICAL_ROUTES: Readonly<Record<Changing, Cover>> = {
  stop: ACCESS,
  reportEvents: ACCESS,
  resetBreaker: ACCESS,
  rotateLog: ACCESS,
  resetClock: ACCESS,
  target: ACCESS,
  openIntake: ACCESS,
  sendPack: ACCESS,
  gate: ACCESS,
  keyless: ACCESS,
  reveal: ACCESS,
  replay: ACCESS,
  sbom: ACCESS,
  build: ACCESS,
  ship: ACCESS,
  plan: ACCESS,
  effectiveConfig: ACCESS,
  askRelease: ACCESS,
  release: ACCESS,
  simulate: ACCESS,
  usage: ACCESS,
  guard: ACCESS,
  addCheckpoint: ACCESS,
  hold: ACCESS,
  forget: ACCESS,
  fsck: ACCESS,
  gc: ACCESS,
  backup: ACCESS,
  releaseBackup: ACCESS,
};

/** What is done rather than written or asked for, by the event that it is told as. */
export const CRITICAL_ACTS: Readonly<Record<string, readonly string[]>> = {
  gate_decided: ["INV.CONFIG.FROM_BASE", "INV.DECIDE.COMPLETE", "INV.DECIDE.NOTHING_STANDS", "INV.DECIDE.NOT_LONGER_THAN_RELEASED", "INV.EVIDENCE.NO_SECRETS"],
  ledger_promised: ["INV.LEDGER.CAP"],
  place_given_back: ["INV.QUEUE.NO_IDLE_PLACE"],
  place_taken: ["INV.QUEUE.BOUNDED", "INV.QUEUE.FAIR"],
  release_counted: ["INV.RELEASE.ENDS", "INV.RELEASE.NOT_BY_AUTHOR"],
  restart_planned: ["INV.RETRY.BACKOFF"],
  worker_answered: ["INV.WORKER.DEADLINE"],
};

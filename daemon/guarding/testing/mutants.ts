/**
 * Faults in the daemon's own code, one for each rule: `from` becomes `to` in a file as it is loaded, and nothing on the disk changes.
 * The rule must stop the scene then. Played without the rule, the fault mostly goes on unnoticed; where something else stops it later, the nightly run says what.
 */
import type { Fault } from "../../testing/mutant.ts";

export interface Mutant {
  /** The rule that must trip. */
  readonly id: string;
  readonly scene: string;
  readonly edits: readonly Fault[];
}

const one = (id: string, scene: string, file: string, from: string, to: string): Mutant => ({ id, scene, edits: [{ file, from, to }] });

const LEDGER = "daemon/tenants/ledger/index.ts";
const LEDGER_CORE = "daemon/tenants/ledger/core.ts";
const GATES = "daemon/store/gates.ts";
const GROWING = "daemon/evidence/log/growing.ts";
const BEGIN = "daemon/evidence/log/begin.ts";
const TOMBSTONES = "daemon/store/tombstones.ts";
const FLOORS = "daemon/store/floors.ts";
const RECORD = "daemon/gate/record.ts";
const TURNSTILE = "daemon/gate/turnstile.ts";
const ACCESS = "daemon/api/access.ts";

const MONEY: readonly Mutant[] = [
  one("INV.LEDGER.SPENT_GROWS", "ledger", LEDGER_CORE, "return window > row.window ?", "return window >= row.window ?"),
  one("INV.LEDGER.WINDOW_FORWARD", "ledger", LEDGER_CORE, "return window > row.window ?", "return window !== row.window ?"),
  {
    id: "INV.LEDGER.NOT_NEGATIVE", scene: "ledger", edits: [
      { file: LEDGER_CORE, from: "wall_us: Count, cpu_us: Count, model_tokens: Count", to: "wall_us: Type.Integer(), cpu_us: Type.Integer(), model_tokens: Type.Integer()" },
      { file: LEDGER_CORE, from: "(a = 0, b = 0): number => a - b;", to: "(a = 0, b = 0): number => a - 2 * b;" },
    ],
  },
  one("INV.LEDGER.NOT_FORGOTTEN", "ledger", LEDGER, "value.touched_s < now_s() - IDLE_S_MAX && !owes(value.reserved)", "value.touched_s <= now_s()"),
  one("INV.LEDGER.CAP", "ledger", LEDGER_CORE, "const taken = add(spent, reserved);", "const taken = spent;"),
  one("INV.LEDGER.RUNS_ONE_BY_ONE", "ledger", LEDGER_CORE, "({ runs: row.runs + 1,", "({ runs: row.runs,"),
  one("INV.LEDGER.PARTS", "ledger", LEDGER, "if (change !== undefined) changes.put(", "if (change !== undefined && payer === undefined) changes.put("),
  one("INV.LEDGER.PROMISE_ONCE", "ledger", LEDGER, "const id = ++last;", "const id = last;"),
  one("INV.USAGE.TOTALS_GROW", "ledger", "daemon/tenants/usage.ts", "before !== null && (now === null || now < before)", "before !== null && now === null"),
  one("INV.USAGE.REPORTED_WITHIN", "ledger", "daemon/tenants/usage.ts", "if (now.calls_made !== null && now.calls_reported > now.calls_made) return", "if (now.calls_made !== null && now.calls_reported < 0) return"),
];

const LOG: readonly Mutant[] = [
  one("INV.LOG.APPEND_ONLY", "log", GROWING, "const head: Head = { size, frontier", "const head: Head = { size: before.size, frontier"),
  one("INV.LOG.TIME_FORWARD", "log", GROWING, "signer, next), time_s };", "signer, next), time_s: time_s - 3600 * before.size };"),
  one("INV.LOG.ENTRY_ONCE", "log", GROWING, "putEntry(tables, before.size + i, entry)", "putEntry(tables, i, entry)"),
  one("INV.LOG.ENTRY_STAYS", "log", BEGIN, "tables.head.remove(HEAD);", ""),
  { id: "INV.LOG.NODE_KEPT", scene: "log", edits: [{ file: BEGIN, from: "tables.head.remove(HEAD);", to: "" }, { file: BEGIN, from: "clear(tables.entries);", to: "" }] },
  one("INV.LOG.NODE_STAYS", "log", GROWING, "tables.nodes.put([level, index], hash)", "tables.nodes.put([level, 0], hash)"),
  one("INV.LOG.ROTATION_LOGGED", "log", GROWING, "putRotation(this.tables, receipt.index,", "putRotation(this.tables, receipt.index + 1,"),
  one("INV.LOG.WITNESSED_FORWARD", "cosigned", "daemon/evidence/cosigned/rows.ts", "this.table.put(WITNESSED, { size,", "this.table.put(WITNESSED, { size: this.table.get(WITNESSED) === undefined ? size : 0,"),
  one("INV.LOG.WITNESSED_WITHIN", "cosigned", "daemon/evidence/cosigned/rows.ts", "this.table.put(WITNESSED, { size,", "this.table.put(WITNESSED, { size: size + 1,"),
  one("INV.WITNESS.KEPT", "witness", "daemon/witness/index.ts", "this.heads.put(origin, head);", "this.heads.remove(origin); this.heads.put(origin, head);"),
  one("INV.WITNESS.FORWARD", "witness", "daemon/witness/index.ts", "if (refusal !== null) return refusal;", ""),
  one("INV.TIME.FREEZE_STAYS", "time", "daemon/evidence/time/core.ts", "if (record.frozen !== null || step_ms", "if (step_ms"),
];

const GATE: readonly Mutant[] = [
  one("INV.GATE.LOGGED", "gates", RECORD, "      log_index, reply: sha256Digest(bytes)", "      log_index: log_index + 9, reply: sha256Digest(bytes)"),
  one("INV.GATE.ATTEMPTS_GROW", "gates", GATES, "floors.next(gate_id) - 1);", "0);"),
  one("INV.GATE.WRITTEN_ONCE", "gates", GATES, "if (rows.get([gate_id, attempt]) !== undefined) throw", "if (attempt < 0) throw"),
  one("INV.GATE.VALIDITY", "gates", "daemon/evidence/record.ts", "valid_until: timestampOf(time_s + valid_for_s)", "valid_until: timestampOf(time_s)"),
  one("INV.GATE.UNDER_ITS_NAME", "gates", GATES, "rows.put([gate_id, attempt], row);", "rows.put([gate_id, attempt + 1], row);"),
  one("INV.GATE.PLACE_ONCE", "gates", GATES, "Math.max(nextIn(order), floors.next(PLACES))", "nextIn(order)"),
  one("INV.GATE.PLACE_STAYS", "gates", GATES, "return (last?.key ?? -1) + 1;", "return last?.key ?? 0;"),
  one("INV.IDENTITY.SUBMITTER", "gates", GATES, "submitted.put([submittedKey(row.repo_id, row.head), row.owner_uid]", "submitted.put([submittedKey(row.repo_id, row.head), 0]"),
  one("INV.TENANT.SUMMARY_OWNED", "gates", "daemon/store/summaries.ts", "owner_uid: row.owner_uid, ...(row.owner_tenant", "owner_uid: 0, ...(row.owner_tenant"),
  one("INV.RELEASE.LOGGED", "gates", "daemon/gate/releasing/record.ts", "{ log_index, statement_sha256, bundle: sha256Digest(bundle) }", "{ log_index: log_index + 1, statement_sha256, bundle: sha256Digest(bundle) }"),
  one("INV.PROMISE.LOGGED", "gates", RECORD, "outbox.hold({ id: log_index,", "outbox.hold({ id: log_index + 9,"),
  one("INV.REPORT.HELD_SINCE", "gates", "daemon/store/summaries.ts", "if (before !== null && before <= at_s) return before;", ""),
  one("INV.WAIVER.SINCE", "gates", "daemon/store/summaries.ts", "first_s: Math.min(first_s, at_s)", "first_s: Math.max(first_s, at_s)"),
];

const KEPT: readonly Mutant[] = [
  one("INV.TOMBSTONE.STAYS", "keeping", TOMBSTONES, "rows.put([name, of], tombstone);", "rows.remove([name, of]); rows.put([name, of], tombstone);"),
  one("INV.TOMBSTONE.DIGEST", "keeping", TOMBSTONES, "rows.put([name, of], tombstone);", "rows.put([name, of], rows.get([name, of]) === undefined ? tombstone : { ...tombstone, digests: [] });"),
  one("INV.NUMBERS.NEVER_AGAIN", "keeping", FLOORS, "if (next > (rows.get(name)?.next ?? 0)) rows.put", "rows.put"),
  one("INV.NUMBERS.KEPT", "gates", GATES, "floors.raise(PLACES, place + 1);", "floors.raise(PLACES, place + 1); floors.forget(PLACES);"),
  one("INV.TESTS.COUNTED", "keeping", "daemon/commands/history.ts", "const counted = { ...row, runs: row.runs + 1, failures", "const counted = { ...row, failures"),
  one("INV.STATE.VERSION_FORWARD", "version", "daemon/store/schema.ts", "if (found !== undefined && found.version !== version) throw", "if (found !== undefined && found.version !== version) store.atomic(() => meta.put(\"schema\", { version }));\n  if (found === null) throw"),
  one("INV.HOLD.RESPECTED", "held", "daemon/integrity/due.ts", "else if (!holding.isHeld(gate_id) && (of", "else if ((of"),
  one("INV.RECORD.BURIED", "expired", "daemon/integrity/expiry.ts", "        tombstones.bury(tombstone, erasures);\n", ""),
  one("INV.MODEL.LICENSED", "modelled", "daemon/models/library/incoming.ts", "if (!files.some(({ role }) => role === \"licence\")) throw", "if (files.length === 0) throw"),
  {
    id: "INV.MODEL.WRITTEN_ONCE", scene: "modelled", edits: [
      { file: "daemon/models/library/index.ts", from: "standing.digest !== record.digest)", to: "standing.name !== record.name)" },
      { file: "daemon/models/library/index.ts", from: "if (standing === undefined) {", to: "{" },
    ],
  },
  one("INV.REUSE.ONLY_ANSWERS", "kept", "daemon/gate/reusing/reuse.ts", "outcome.result === \"unavailable\" || ", ""),
];

const ACTS: readonly Mutant[] = [
  one("INV.QUEUE.BOUNDED", "queue", "daemon/platform/pool/shares.ts", "this.#total < heldMax(this.#places);", "true;"),
  one("INV.QUEUE.FAIR", "queue", "daemon/platform/pool/shares.ts", "return !this.#held.has(key) && this.#total", "return this.#total"),
  one("INV.QUEUE.NO_IDLE_PLACE", "queue", TURNSTILE, "this.shares.give(tenant);\n      this.advance();", "this.shares.give(tenant);"),
  one("INV.TENANT.READS", "reading", "daemon/tenants/principal.ts", "return mine && reaches(principal, local.name);", "return mine || reaches(principal, local.name);"),
  one("INV.GATE.RECALLED", "recalled", "daemon/gate/gate.ts", "const stored = await readReply(artifacts, last);", "const stored = await readReply(artifacts, gates.after(-1, 1)[0]?.row ?? last);"),
  one("INV.RETRY.BOUNDED", "delivery", "daemon/reporter/reporter.ts", "this.tries >= TRIES_MAX", "this.tries > TRIES_MAX"),
  one("INV.GATE.DECIDED", "answered", TURNSTILE, "      next.item.enter();\n", ""),
  one("INV.WORKER.DEADLINE", "late", "daemon/platform/process/conversation.ts", "`${deadline_ms} ms`)), deadline_ms);", "`${deadline_ms} ms`)), deadline_ms * 1_000);"),
  // No code is changed here: the process that reads the configuration is another one, and lies.
  { id: "INV.CONFIG.FROM_BASE", scene: "liar", edits: [] },
  one("INV.RETRY.BACKOFF", "restarts", "daemon/platform/pool/pool.ts", "restart_backoff_ms * 2 ** this.#failures_in_a_row", "restart_backoff_ms"),
  one("INV.ACCESS.OPERATOR", "requests", ACCESS, "operator: [\"operate\"],", "operator: [\"inspect\"],"),
  one("INV.ACCESS.VERB", "requests", ACCESS, "replay: [\"replay\"],", "replay: [\"gate\"],"),
  one("INV.ACCESS.SOCKET", "requests", "daemon/tenants/principal.ts", "verify: [\"read\", \"inspect\"],", "verify: [\"read\", \"inspect\", \"gate\"],"),
  one("INV.DECIDE.COMPLETE", "died", "daemon/gate/decide.ts", "if (result === \"unavailable\") reasons.push", "if (required && result === \"unavailable\" && check === \"\") reasons.push"),
  one("INV.DECIDE.NOTHING_STANDS", "empty", "daemon/gate/decide.ts", "decides(\"hold\") ? \"hold\" : \"admit\"", "\"admit\""),
  one("INV.INFERENCE.PROMISED", "generating", "daemon/models/serving/promise.ts", "= purse.reserve(name, amounts, until_ms, { served: worth, due: worth });", "= purse.reserve(name, { ...amounts, tokens: 1 }, until_ms, { served: worth, due: worth });"),
  one("INV.INFERENCE.PROMISED", "generating", "daemon/purse.ts", "if (accounts.length > 0) ledger.hold(", "if (accounts.length > 9) ledger.hold("),
  one("INV.EVIDENCE.NO_SECRETS", "blurted", "daemon/checking/lane.ts", "published(error.detail)", "error.detail"),
];

const STANDING = "daemon/release/standing.ts";
const RELEASED: readonly Mutant[] = [
  one("INV.DECIDE.NOT_LONGER_THAN_RELEASED", "overridden", "daemon/gate/gate.ts", "return ends_s === null ? valid_for_s :", "return ends_s !== null ? valid_for_s :"),
  one("INV.DECIDE.OVERRIDE_ENDS", "overridden", STANDING, "request.expires === null ? []", "request.kind === \"override\" || request.expires === null ? []"),
  one("INV.RELEASE.ENDS", "overridden", STANDING, "Date.parse(request.expires) <= now_s * 1000) return", "Date.parse(request.expires) < now_s) return"),
  {
    id: "INV.RELEASE.NOT_BY_AUTHOR", scene: "own_change", edits: [
      { file: STANDING, from: "return author === null ? null :", to: "return author !== undefined ? null :" },
      { file: "daemon/gate/releasing/releaser.ts", from: "if (author !== null) throw", to: "if (author === \"\") throw" },
    ],
  },
];

const CARD_ROWS = "daemon/store/card-rows.ts";
const CHANGE_DECIDED = "proto/change-decided.ts";
const [SUMMED, LISTED] = ["    gates.summaries.add(row, reply);\n", "    gates.cards.put(row, reply, gates.summaries.get(row)?.held_s ?? null);\n"];
const CHANGES: readonly Mutant[] = [
  one("INV.CHANGE.AGENT_NAMED", "listed", CARD_ROWS, "actor: { class: actor.class,", "actor: { class: actor.authenticated ? actor.class : \"human\","),
  one("INV.CHANGE.AS_COUNTED", "listed", CARD_ROWS, "reason.effect === effect && !reason.observed)", "reason.effect === effect && reason.observed)"),
  one("INV.CHANGE.AS_COUNTED", "listed", CHANGE_DECIDED, "effect !== \"note\" && !observed), observed_rules", "!observed), observed_rules"),
  one("INV.CHANGE.COUNTS", "listed", CARD_ROWS, "asked: checks.length,", "asked: checks.filter(({ result }) => result === \"pass\").length,"),
  one("INV.CHANGE.LINES_IN_FILES", "listed", "daemon/gate/card.ts", "files: facts.files,", "files: decision.reasons.filter(({ ranges }) => ranges.length > 0).length,"),
  one("INV.CHANGE.REASON_NAMED", "listed", CHANGE_DECIDED, "rules: rulesOf(row, ({ effect, observed }) => effect !== \"note\" && !observed)", "rules: rulesOf(row, ({ effect }) => effect === \"refuse\")"),
  one("INV.CHANGE.TOLD", "listed", "daemon/gate/gate.ts", "if (this.deps.gates.get(gate_id, attempt) !== undefined) this.deps.decided", "if (attempt === 1) this.deps.decided"),
  one("INV.CHANGE.WAITS_SINCE", "listed", RECORD, `${SUMMED}${LISTED}`, `${LISTED}${SUMMED}`),
];

const ASKED = "daemon/learning/evaluation/asked.ts";
const EPISODES = "daemon/learning/episodes/index.ts";
const EPISODE_ROWS = "daemon/learning/episodes/rows.ts";
const LEARNED: readonly Mutant[] = [
  one("INV.LEARN.ASKED_STAYS", "evaluations", ASKED, "questions.put([...of, last + 1]", "questions.put([...of, 1]"),
  one("INV.LEARN.ASKED_IN_TURN", "evaluations", ASKED, "questions.put([...of, last + 1]", "questions.put([...of, last + 2]"),
  one("INV.EPISODE.DRAWN", "episodes", EPISODE_ROWS, "eligible.find(({ arm }) => arm === executed)?.propensity ?? 0", "eligible[0]?.propensity ?? 0"),
  one("INV.EPISODE.PRIVATE", "episodes", EPISODE_ROWS, "context, eligible: eligible.map(", "context: decision.context, eligible: eligible.map("),
  one("INV.EPISODE.WRITTEN_ONCE", "episodes", EPISODES, "newest === undefined ? 0 : newest.key[1] + 1", "0"),
  one("INV.EPISODE.OUTCOME_ONCE", "episodes", EPISODES, "if (before !== undefined) {", "if (before === null) {"),
  one("INV.EPISODE.OUTCOME_DECIDED", "episodes", EPISODES, "this.tables.outcomes.put(key, {", "this.tables.outcomes.put([key[0], key[1] + 9 + (outcome.reward ?? 0)], {"),
];

const ROUTED: readonly Mutant[] = [
  one("INV.ROUTING.DECIDER_STAYS", "routing", "daemon/learning/routing/kept.ts", "parts.put([digest, part++]", "parts.put([digest, part]"),
  one("INV.ROUTING.VIOLATED_STAYS", "routing", "daemon/learning/routing/monitor.ts", "violated: state.violated || held", "violated: held"),
  one("INV.ROUTING.WATCHED_ONE_BY_ONE", "routing", "daemon/learning/routing/watched.ts", "watched(before, value", "watched(before.seen > 1 ? FRESH : before, value"),
];

const PRICED: readonly Mutant[] = [
  one("INV.MARKET.EPOCH_FORWARD", "market", "daemon/market/index.ts", "row === undefined ? 0 : row.epoch + 1", "0"),
  one("INV.MARKET.SLOT_STAYS", "market", "daemon/market/closing.ts", "tables.slots.put(row.epoch, closed)", "tables.slots.put(row.window, closed)"),
  one("INV.MARKET.WINDOW_STAYS", "market", "daemon/market/closing.ts", "if (row.window === row.epoch) tables.windows.put(row.epoch,", "tables.windows.put(row.window,"),
];

export const MUTANTS: readonly Mutant[] = [...ROUTED, ...CHANGES, ...PRICED, ...LEARNED, ...RELEASED, ...MONEY, ...LOG, ...GATE, ...KEPT, ...ACTS];

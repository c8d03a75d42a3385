/** A verdict becomes evidence: manifest, signed statement, log entry, bundle; durable before anyone hears of it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BreakerReset } from "../../proto/breaker.ts";
import type { RangeOpening } from "../../proto/range.ts";
import type { ReleaseProof, ReleaseRequest } from "../../proto/release.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { LogRotateReply, LogRotateRequest } from "../../proto/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { Store } from "../store/db.ts";
import { tlogProofText } from "../verifier/tlog-proof.ts";
import type { Trust } from "../verifier/trust.ts";
import { timestampOf } from "../verifier/time.ts";
import { signStatement } from "./attest/index.ts";
import { logBreakerReset } from "./breaker.ts";
import type { Mode } from "../../proto/change.ts";
import { type DraftClaim, logDraft, type LoggedDraft } from "./draft.ts";
import { type LoggedMarket, logMarket, type MarketClaim } from "./market.ts";
import { openKeys, type Keys } from "./keys/index.ts";
import { liveKeys } from "./keys/live.ts";
import { checkSums } from "./keys/sums.ts";
import { openLog, type Log, type LogState } from "./log/index.ts";
import { checkMark, mark } from "./log/mark.ts";
import { Turn } from "./log/turn.ts";
import { openSite, type LogSite } from "./log/site.ts";
import { HEAD, openTables, type LogTables } from "./log/tables.ts";
import { provenanceSigner, type ProvenanceSigner } from "./provenance.ts";
import { keyedDigest, unsealOpenings } from "./range/blinding.ts";
import { recordVerdict, type Recorded, type RecordInput } from "./record.ts";
import { logRelease, type LoggedRelease } from "./release.ts";
import { shipmentSigner, type ShipmentSigner } from "./shipment.ts";
import { finishRotation } from "./rotation/folders.ts";
import { isDue, rotationStep } from "./rotation/index.ts";
import { renew, type Renewal } from "./succession/renew.ts";
import { openLogTime, type Freeze, type LogTime } from "./time/index.ts";
import { resetStatement, type TimeReset } from "./time/reset.ts";

export type { Recorded, RecordInput } from "./record.ts";

export interface EvidenceDeps {
  readonly store: Store;
  readonly state_dir: string;
  /** `null`: a trust domain of this node's own. */
  readonly trust_domain: string | null;
  readonly version: string;
  /** See `KeysDeps`; absent where the daemon's own word is all there is. */
  readonly operator?: NonNullable<Parameters<typeof openKeys>[0]["operator"]>;
  /** Absent where nobody asks whether the folder was copied, as in tests of the log alone. */
  readonly renewal?: Renewal;
  readonly clock: Pick<Clock, "now_ms" | "boottime_ms" | "boot_id">;
  /** Called when the wall clock jumped ahead and log time stopped. */
  readonly time_froze: (step_ms: number) => void;
  /** Called when the log's files could not be written; the log itself goes on. */
  readonly projection_failed: (error: unknown) => void;
  /** Called once what was appended to the log is on disk. */
  readonly appended?: () => void;
}

export interface Evidence extends ProvenanceSigner, ShipmentSigner {
  readonly trust_bytes: Uint8Array;
  readonly trust_path: string;
  readonly trust_domain: string;
  readonly self_made_trust: boolean;
  readonly trust: Trust;
  /** The log itself, to look at. */
  readonly log: Pick<Log, "entry" | "receipt" | "audit" | "state" | "consistencyProof" | "path">;
  /** The log's files at any size it had, as strangers read them. */
  readonly site: LogSite;
  /** Throws `evidence.keys` where a private key is no longer what it was made as. */
  checkKeys(): void;
  logState(): LogState;
  /** Seconds that count as now wherever something expires: the wall clock, but never before the newest entry, and standing still while frozen. */
  now_s(): number;
  /** `null` while log time follows the wall clock. */
  frozen(): Freeze | null;
  /**
   * Signs and logs that the clock is right again; `keep` stores the signed envelope before the entry that commits to it. Throws
   * `time.reset`. Resolves, with the entry's index, once durable.
   */
  resetTime(reset: TimeReset, keep: (envelope: Uint8Array) => Promise<void>): Promise<{ readonly log_index: number; readonly time_s: number }>;
  receiptText(index: number): string;
  /** Makes the log's next key, goes on under it, or both; see docs/log.md. Throws `evidence.keys`, `log.next_key`. */
  rotateLog(step: LogRotateRequest["step"]): Promise<LogRotateReply>;
  /**
   * Signs and logs one verdict. `commit` runs in the log's own transaction:
   * what it writes is kept exactly when the entry is. Resolves when durable.
   */
  record(input: RecordInput, commit: (recorded: Recorded) => void): Promise<Recorded>;
  /**
   * Signs and logs what a person released. `commit` runs in the log's own transaction. Resolves once durable: nothing may be released
   * before. Throws `evidence.keys` where the trust file does not let this node say it.
   */
  release(request: ReleaseRequest, proof: ReleaseProof, commit: (logged: LoggedRelease) => void): Promise<LoggedRelease>;
  /** Signs and logs that a person closed a breaker; see `logBreakerReset`. */
  resetBreaker(reset: BreakerReset, keep: (envelope: Uint8Array) => Promise<void>, commit: () => void): Promise<number>;
  /** Signs and logs the certificate of the market's prices; see `logMarket`. */
  certifyMarket(mode: Mode, claim: MarketClaim, sha256: string): Promise<LoggedMarket>;
  /** Signs and logs which arm wrote which drafts; `commit` runs in the log's own transaction. See `logDraft`. */
  drafted(claim: DraftClaim, manifest_root: string, commit: (logged: LoggedDraft) => void): Promise<LoggedDraft>;
  /** What opens one hidden number of a gate, out of what `record` sealed. Throws `request.not_found`, `store.corrupt`. */
  reveal(sealed: string, of: { readonly gate_id: string; readonly attempt: number }, obligation: string): Pick<RangeOpening, "value" | "blinding">;
  /** Keyed digest of what stays here and could be guessed from a plain one. */
  keyed(purpose: string, value: string): string;
  /** Resolves when the log's files show its newest checkpoint; await it before closing the store they are made from. */
  published(): Promise<void>;
}

/** The newest second that anything here was issued or valid from. A clock that was set back must not put an entry before it. */
function newestSeconds(log: Log, keys: Keys): number {
  return Math.max(log.state().time_s, ...keys.trust.entries.map((entry) => entry.from_s));
}

/** New keys could not go on with a log that stands, and would take the place of the old ones in `trust.json`. Throws `evidence.keys`. */
function requireKeys(folder: string, tables: LogTables): void {
  if (existsSync(folder) || existsSync(`${folder}.next`) || tables.head.get(HEAD) === undefined) return;
  throw new MaestroError("evidence.keys", `${folder} is missing, and the log was signed with it: put it back from a backup made with keys, or restore a backup into an empty folder`);
}

interface Opened {
  readonly keys_folder: string;
  readonly keys: Keys;
  readonly log: Log;
  readonly time: LogTime;
  readonly site: LogSite;
  readonly rotateLog: Evidence["rotateLog"];
}

/** Keys, clock and log in an order in which none of them is made anew beside what the others already are. */
async function openAll(deps: EvidenceDeps): Promise<Opened> {
  const { store, state_dir, clock, trust_domain, operator, renewal } = deps;
  const tables = openTables(store);
  const keys_folder = join(state_dir, "keys");
  requireKeys(keys_folder, tables);
  const time = openLogTime({ store, clock, froze: deps.time_froze });
  finishRotation(state_dir, tables.head.get(HEAD)?.checkpoint ?? null);
  // Frozen log time is frozen for the log that follows, too.
  if (renewal !== undefined) await renew({ ...deps, ...renewal, tables, now_s: time.next_s(tables.head.get(HEAD)?.time_s ?? 0) });
  const read = () => openKeys({ state_dir, now: new Date(clock.now_ms()), trust_domain, ...(operator === undefined ? {} : { operator }) });
  let opened = read();
  const keys = liveKeys(() => opened);
  if (tables.head.get(HEAD) === undefined) checkMark(keys_folder, keys.log_note.name);
  const log = await openLog({ ...deps, tables, key: keys.log_note, older: keys.log_notes.slice(1), sign: keys.log.sign });
  mark(keys_folder, keys.log_note.name);
  const rotations = new Turn();
  const rotateLog: Evidence["rotateLog"] = (step) =>
    rotations.take(async () => {
      await log.settled();
      // The operator's trust file may name the next key by now.
      const changed = (): void => void (opened = read());
      changed();
      const reply = await rotationStep(log, step, () => ({ state_dir, keys, changed, time_s: time.next_s(newestSeconds(log, keys)) }));
      return { ...reply, key: keys.log.key.fingerprint };
    });
  if (isDue({ state_dir, keys })) await rotateLog("activate");
  return { keys_folder, keys, log, time, rotateLog, site: openSite(tables, () => ({ key: keys.log_note, sign: keys.log.sign })) };
}

/** Opens keys and log under `state_dir`; see `openKeys` and `openLog` for what they refuse. */
export async function createEvidence(deps: EvidenceDeps): Promise<Evidence> {
  const { keys_folder, keys, log, time, site, rotateLog } = await openAll(deps);
  const newest_s = () => newestSeconds(log, keys);

  return {
    get trust_bytes() {
      return keys.trust_bytes;
    },
    trust_path: keys.trust_path,
    trust_domain: keys.trust.trust_domain,
    self_made_trust: keys.trust.self_made,
    get trust() {
      return keys.trust;
    },
    log,
    site,
    rotateLog,
    checkKeys: () => checkSums(keys_folder),
    logState: () => log.state(),
    now_s: () => time.next_s(newest_s()),
    frozen: () => time.frozen(newest_s()),
    receiptText(index) {
      const { proof, checkpoint } = log.receipt(index);
      return tlogProofText({ index, hashes: proof, checkpoint });
    },

    record: (input, commit) => recordVerdict({ log, keys, version: deps.version }, time.next_s(newest_s()), input, commit),

    async resetTime(reset, keep) {
      const wall_s = Math.floor(deps.clock.now_ms() / 1000);
      const { envelope, entry } = signStatement(resetStatement(reset, time.frozen(newest_s()), log.state(), wall_s), keys.gate);
      await keep(canonicalBytes(envelope));
      const time_s = Math.max(wall_s, newest_s());
      return log.append([entry], time_s, ([receipt]) => {
        if (receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for the entry");
        time.thaw();
        return { log_index: receipt.index, time_s };
      });
    },

    release(request, proof, commit) {
      const time_s = time.next_s(newest_s());
      return logRelease(log, time_s, { request, proof, at: timestampOf(time_s) }, keys, commit);
    },

    resetBreaker: (reset, keep, commit) => logBreakerReset(log, time.next_s(newest_s()), reset, keys, keep, commit),

    drafted: (claim, manifest_root, commit) => logDraft(log, time.next_s(newest_s()), keys, claim, manifest_root, commit),

    certifyMarket: (mode, claim, sha256) => logMarket(log, time.next_s(newest_s()), keys, mode, claim, sha256),

    ...provenanceSigner(log, () => time.next_s(newest_s()), keys),
    ...shipmentSigner(log, () => time.next_s(newest_s()), keys, deps.version),

    reveal(sealed, of, obligation) {
      const found = unsealOpenings(keys.salt_secret, of, sealed)[obligation];
      if (found === undefined) throw new MaestroError("request.not_found", `attempt ${of.attempt} of ${of.gate_id} hides no ${obligation}`);
      return found;
    },

    keyed: (purpose, value) => keyedDigest(keys.salt_secret, purpose, value),
    published: () => log.published(),
  };
}

/**
 * This node's log, shown to its witnesses: after what was appended, together, one question to each at a time. No gate waits for it. The
 * newest checkpoint that enough of them cosigned is kept, and lies beside the log's files.
 */
import { join } from "node:path";
import { acted } from "../../platform/actions/index.ts";
import { equalBytes } from "../../../proto/encoding.ts";
import type { WitnessLimits } from "../../../proto/limits.ts";
import type { WitnessEntry, WitnessState } from "../../../proto/witness.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Random } from "../../platform/random.ts";
import type { Store } from "../../store/db.ts";
import { parseCosignerKey, type CosignerKey } from "../../verifier/cosignature.ts";
import { timestampOf } from "../../verifier/time.ts";
import type { Trust } from "../../verifier/trust.ts";
import { majorityOf } from "../../verifier/witnesses.ts";
import { writePublicFile } from "../keys/files.ts";
import type { Log } from "../log/index.ts";
import { Backoff } from "./backoff.ts";
import { cosignature, type Asked, type ShownHead } from "./peer.ts";
import { receiptTextUnder, receiptUnder, type Witnessed, type WitnessedReceipt } from "./receipt.ts";
import { CosignedRows, type Named } from "./rows.ts";

export interface CosignedDeps {
  readonly store: Pick<Store, "table" | "atomic">;
  readonly state_dir: string;
  readonly log: Pick<Log, "state" | "consistencyProof" | "receipt" | "path">;
  readonly trust: () => Trust;
  readonly witnesses: readonly WitnessEntry[];
  /** Reaches a witness; throws `egress.*`. */
  readonly ask: (entry: WitnessEntry, body: string) => Promise<Asked>;
  readonly limits: Pick<WitnessLimits, "cosign_debounce_ms" | "cosign_backoff_ms" | "cosign_backoff_ms_max">;
  readonly now_s: () => number;
  readonly monotonic_ms: () => number;
  readonly random: Random;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Cosigned {
  /** Something was appended. */
  nudge(): void;
  /** How many cosignatures make a witnessed checkpoint: as the trust file says, else more than half. 0 where nobody is asked. */
  quorum(): number;
  states(): WitnessState[];
  witnessed(): Witnessed | null;
  /** Receipt under the newest witnessed checkpoint, with the cosignatures that the trust file knows; `null` where it does not reach the entry. */
  receipt(index: number): WitnessedReceipt | null;
  /** The same as a C2SP tlog-proof, with every cosignature there is. */
  receiptText(index: number): string | null;
  /** What is still being asked is not waited for, and its answer not kept. */
  stop(): void;
}

/** One witness, and how asking it goes. */
interface Peer extends Named {
  readonly backoff: Backoff;
  busy: boolean;
}

const FILE = "checkpoint.witnessed";

function keyOf({ name, vkey }: WitnessEntry): CosignerKey {
  const key = parseCosignerKey(vkey);
  if (key === null) throw new MaestroError("internal.bug", `the configuration let the key of witness ${name} pass`);
  return key;
}

export const openCosigned = (deps: CosignedDeps): Cosigned => new Cosigning(deps);

class Cosigning implements Cosigned {
  private readonly rows: CosignedRows<Peer>;
  private readonly peers: readonly Peer[];
  /** What all are being asked for; a further one is begun when this one has its quorum, or everybody's answer. */
  private target: ShownHead | null = null;
  private timer: { readonly handle: ReturnType<typeof setTimeout>; readonly due_ms: number } | null = null;
  private stopped = false;

  constructor(private readonly deps: CosignedDeps) {
    const { limits, monotonic_ms, random, store, witnesses } = deps;
    this.peers = witnesses.map((entry) => ({ entry, key: keyOf(entry), backoff: new Backoff(limits, monotonic_ms, random), busy: false }));
    this.rows = new CosignedRows(store, this.peers);
    this.nudge();
  }

  nudge(): void {
    if (this.peers.length > 0) this.later(this.deps.limits.cosign_debounce_ms);
  }

  quorum(): number {
    return this.peers.length === 0 ? 0 : (this.deps.trust().witnesses.quorum ?? majorityOf(this.peers.length));
  }

  witnessed(): Witnessed | null {
    return this.rows.witnessed(this.deps.log.state().origin);
  }

  states(): WitnessState[] {
    return this.peers.map((peer) => {
      const { entry: { name, url }, key, backoff: { failures, because } } = peer;
      const row = this.rows.newestOf(peer);
      return { name, url, key: key.name, size: row?.size ?? null, at: row === undefined ? null : timestampOf(row.time_s), failures, because };
    });
  }

  receipt(index: number): WitnessedReceipt | null {
    return receiptUnder(this.deps.log, this.deps.trust(), this.witnessed(), index);
  }

  receiptText(index: number): string | null {
    return receiptTextUnder(this.deps.log, this.witnessed(), index);
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer.handle);
  }

  /** A full disk, or one that cannot be written, is no reason to end: what was cosigned is asked for again later. */
  private turn(): void {
    if (this.stopped || this.peers.length === 0) return;
    try {
      this.round();
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      this.deps.warn("what witnesses cosigned could not be kept", error);
      this.later(this.deps.limits.cosign_backoff_ms_max);
    }
  }

  /** Begins the next round where the last one is over, and asks whoever is free, due, and has not cosigned. */
  private round(): void {
    // Kept also where the last answer that was missing came late.
    const over = this.target === null || this.keep(this.target) || !this.peers.some(({ busy }) => busy);
    const { size, checkpoint } = this.deps.log.state();
    const head = this.target === null || over ? { size, checkpoint } : this.target;
    this.target = head;
    if (head.size === 0) return;
    const missing = this.rows.missing(head);
    for (const peer of missing) {
      if (peer.busy || peer.backoff.wait_ms > 0) continue;
      peer.busy = true;
      acted?.("WitnessedLog", this.deps.log, "Show", { size: head.size, witness: peer.entry.name });
      void this.ask(peer, head).finally(() => {
        peer.busy = false;
        this.turn();
      });
    }
    // Whoever failed is tried again; what was appended meanwhile comes in by itself.
    const waits_ms = missing.flatMap(({ busy, backoff }) => (busy ? [] : [backoff.wait_ms]));
    if (waits_ms.length > 0) this.later(Math.min(...waits_ms));
  }

  private async ask(peer: Peer, head: ShownHead): Promise<void> {
    const { ask, log, now_s, warn } = this.deps;
    const { entry, key, backoff } = peer;
    try {
      const found = await cosignature({ entry, key, ask, consistencyProof: log.consistencyProof, now_s }, this.rows.newestOf(peer)?.size ?? 0, head);
      if (this.stopped) return;
      this.rows.answered(peer, head.size, found);
      backoff.good();
      if (found.forgot) warn(`witness ${entry.name} had forgotten what it cosigned before`, new MaestroError("egress.refused", "its state was put back from an older copy, so its word may stand under two histories"));
    } catch (error) {
      // Said once, not at each try; how it stands is for `maestro witness` and the metrics.
      if (backoff.failures === 0) warn(`witness ${entry.name} did not cosign`, error);
      backoff.bad(error instanceof MaestroError ? error.detail : String(error));
    }
  }

  /** Of the witnesses that were asked those that a verifier would count: where the trust file asks for a quorum, its own. */
  private counted(lines: readonly { readonly peer: Peer }[]): number {
    const { keys, quorum } = this.deps.trust().witnesses;
    const known = quorum === null ? lines : lines.filter(({ peer }) => keys.some(({ key }) => key.name === peer.key.name && equalBytes(key.hash, peer.key.hash)));
    return new Set(known.map(({ peer }) => peer.key.name)).size;
  }

  /** Once there are enough, and again for each that comes later; whether there are. */
  private keep(head: ShownHead): boolean {
    const lines = this.rows.linesUnder(head);
    if (lines.length === 0 || this.counted(lines) < this.quorum()) return false;
    const before = this.witnessed();
    if (before !== null && (before.size > head.size || (before.size === head.size && before.lines.length >= lines.length))) return true;
    this.rows.keep(head, lines);
    acted?.("WitnessedLog", this.deps.log, "Cosign", { size: head.size });
    try {
      writePublicFile(join(this.deps.state_dir, "log", FILE), Buffer.from(head.checkpoint + lines.map(({ line }) => line).join("")));
    } catch (error) {
      this.deps.warn(`log/${FILE} could not be written`, error);
    }
    return true;
  }

  /** Sooner than what was planned, never later: what is appended all the time must not put it off for ever. */
  private later(ms: number): void {
    const due_ms = this.deps.monotonic_ms() + ms;
    if (this.stopped || (this.timer !== null && this.timer.due_ms <= due_ms)) return;
    if (this.timer !== null) clearTimeout(this.timer.handle);
    const handle = setTimeout(() => {
      this.timer = null;
      this.turn();
    }, ms);
    handle.unref();
    this.timer = { handle, due_ms };
  }
}

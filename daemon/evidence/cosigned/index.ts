/**
 * This node's log, shown to its witnesses: after what was appended, together, one question to each at a time. No gate waits for it. The
 * newest checkpoint that enough of them cosigned is kept, and lies beside the log's files.
 */
import { join } from "node:path";
import type { WitnessLimits } from "../../../proto/limits.ts";
import type { WitnessEntry, WitnessState } from "../../../proto/witness.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Random } from "../../platform/random.ts";
import type { Store } from "../../store/db.ts";
import { isOf, parseCosignerKey, type CosignerKey } from "../../verifier/cosignature.ts";
import { parseSignatureLine } from "../../verifier/note.ts";
import { timestampOf } from "../../verifier/time.ts";
import type { Trust } from "../../verifier/trust.ts";
import { majorityOf } from "../../verifier/witnesses.ts";
import { writePublicFile } from "../keys/files.ts";
import type { Log } from "../log/index.ts";
import { Backoff } from "./backoff.ts";
import { cosignature, lineIn, type Asked, type ShownHead } from "./peer.ts";
import { receiptTextUnder, receiptUnder, type Witnessed, type WitnessedReceipt } from "./receipt.ts";
import { newestKey, openCosignedTable, quorumKey, WITNESSED } from "./table.ts";

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
interface Peer {
  readonly entry: WitnessEntry;
  readonly key: CosignerKey;
  readonly backoff: Backoff;
  busy: boolean;
}

const FILE = "checkpoint.witnessed";

function keyOf({ name, vkey }: WitnessEntry): CosignerKey {
  const key = parseCosignerKey(vkey);
  if (key === null) throw new MaestroError("internal.bug", `the configuration let the key of witness ${name} pass`);
  return key;
}

export function openCosigned(deps: CosignedDeps): Cosigned {
  const { log, limits, store } = deps;
  const table = openCosignedTable(store);
  const peers: readonly Peer[] = deps.witnesses.map((entry) => ({ entry, key: keyOf(entry), backoff: new Backoff(limits, deps.monotonic_ms, deps.random), busy: false }));
  /** Size that all are being asked for; a further one is begun when this one has its quorum, or everybody's answer. */
  let target: ShownHead | null = null;
  let timer: { readonly handle: ReturnType<typeof setTimeout>; readonly due_ms: number } | null = null;
  let stopped = false;

  const quorum = (): number => (peers.length === 0 ? 0 : (deps.trust().witnesses.quorum ?? majorityOf(peers.length)));
  /** Of the key that is configured now, and of this log; what is left of others is not counted. */
  const newestOf = ({ entry, key }: Peer) => {
    const row = table.get(newestKey(entry.name));
    const signature = row === undefined ? null : parseSignatureLine(row.text.trimEnd());
    return signature !== null && isOf(key, signature) ? row : undefined;
  };
  const witnessed = (): Witnessed | null => {
    const row = table.get(WITNESSED);
    if (row === undefined || row.text.slice(0, row.text.indexOf("\n")) !== log.state().origin) return null;
    const lines = peers.flatMap(({ entry, key }) => {
      const line = table.get(quorumKey(entry.name));
      const found = line?.size === row.size ? lineIn(line.text, key, row.text) : null;
      return found === null ? [] : [{ name: key.name, ...found }];
    });
    return { size: row.size, checkpoint: row.text, lines };
  };
  const have = ({ size, checkpoint }: ShownHead) => peers.flatMap((peer) => {
    const row = newestOf(peer);
    const found = row?.size === size ? lineIn(row.text, peer.key, checkpoint) : null;
    return found === null ? [] : [{ peer, ...found }];
  });

  /** Kept once there are enough, and again for each that comes later. */
  function keep(head: ShownHead): boolean {
    const lines = have(head);
    if (lines.length === 0 || lines.length < quorum()) return false;
    const before = witnessed();
    if (before !== null && (before.size > head.size || (before.size === head.size && before.lines.length >= lines.length))) return true;
    store.atomic(() => {
      table.put(WITNESSED, { size: head.size, time_s: Math.min(...lines.map(({ time_s }) => time_s)), text: head.checkpoint });
      for (const { peer, line, time_s } of lines) table.put(quorumKey(peer.entry.name), { size: head.size, time_s, text: line });
    });
    try {
      writePublicFile(join(deps.state_dir, "log", FILE), Buffer.from(head.checkpoint + lines.map(({ line }) => line).join("")));
    } catch (error) {
      deps.warn(`log/${FILE} could not be written`, error);
    }
    return true;
  }

  async function askOne(peer: Peer, head: ShownHead): Promise<void> {
    try {
      const found = await cosignature({ entry: peer.entry, key: peer.key, ask: deps.ask, consistencyProof: log.consistencyProof, now_s: deps.now_s }, newestOf(peer)?.size ?? 0, head);
      if (stopped) return;
      store.atomic(() => table.put(newestKey(peer.entry.name), { size: head.size, time_s: found.time_s, text: found.line }));
      peer.backoff.good();
      if (found.forgot) deps.warn(`witness ${peer.entry.name} had forgotten what it cosigned before`, new MaestroError("egress.refused", "its state was put back from an older copy, so its word may stand under two histories"));
    } catch (error) {
      const because = error instanceof MaestroError ? error.detail : String(error);
      // Said once, not at each try; how it stands is for `maestro witness` and the metrics.
      if (peer.backoff.failures === 0) deps.warn(`witness ${peer.entry.name} did not cosign`, error);
      peer.backoff.bad(because);
    } finally {
      peer.busy = false;
    }
  }

  const missing = (head: ShownHead): readonly Peer[] => {
    const done = new Set(have(head).map(({ peer }) => peer));
    return peers.filter((peer) => !done.has(peer));
  };

  function turn(): void {
    if (stopped || peers.length === 0) return;
    const { size, checkpoint } = log.state();
    // Kept also where the last answer that was missing came late.
    const over = target === null || keep(target) || !peers.some(({ busy }) => busy);
    if (over) target = { size, checkpoint };
    const head = target ?? { size, checkpoint };
    if (head.size === 0) return;
    for (const peer of missing(head)) {
      if (peer.busy || peer.backoff.wait_ms > 0) continue;
      peer.busy = true;
      void askOne(peer, head).finally(() => {
        if (!stopped) turn();
      });
    }
    wake(missing(head).flatMap(({ busy, backoff }) => (busy ? [] : [backoff.wait_ms])));
  }

  /** For whoever failed; what was appended meanwhile comes in by itself. */
  function wake(waits_ms: readonly number[]): void {
    if (waits_ms.length > 0) later(Math.min(...waits_ms));
  }

  /** Sooner than what was planned, never later: what is appended all the time must not put it off for ever. */
  function later(ms: number): void {
    const due_ms = deps.monotonic_ms() + ms;
    if (stopped || (timer !== null && timer.due_ms <= due_ms)) return;
    if (timer !== null) clearTimeout(timer.handle);
    const handle = setTimeout(() => {
      timer = null;
      turn();
    }, ms);
    handle.unref();
    timer = { handle, due_ms };
  }

  if (peers.length > 0) later(limits.cosign_debounce_ms);
  return {
    nudge() {
      if (peers.length > 0) later(limits.cosign_debounce_ms);
    },
    quorum,
    witnessed,
    states: () =>
      peers.map((peer) => {
        const row = newestOf(peer);
        return { name: peer.entry.name, url: peer.entry.url, key: peer.key.name, size: row?.size ?? null, at: row === undefined ? null : timestampOf(row.time_s), failures: peer.backoff.failures, because: peer.backoff.because };
      }),
    receipt: (index) => receiptUnder(log, deps.trust(), witnessed(), index),
    receiptText: (index) => receiptTextUnder(log, witnessed(), index),
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer.handle);
    },
  };
}

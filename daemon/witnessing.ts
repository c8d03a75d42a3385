/** This node as a witness, and its own witnesses, put together: which way each is asked, and what is said of all of them. */
import { join } from "node:path";
import { MaestroError } from "../proto/errors.ts";
import { WITNESS_PREFIX, type WitnessEntry, type WitnessesReply } from "../proto/witness.ts";
import type { Host } from "./config/host.ts";
import { isLocal } from "./config/witnesses.ts";
import type { Egress } from "./egress/index.ts";
import { openCosigned, type Cosigned } from "./evidence/cosigned/index.ts";
import type { Asked } from "./evidence/cosigned/peer.ts";
import { furtherKey } from "./evidence/keys/further.ts";
import type { WitnessReading } from "./metrics/witnesses.ts";
import type { Clock } from "./platform/clock.ts";
import { post } from "./platform/post.ts";
import type { Random } from "./platform/random.ts";
import type { State } from "./state.ts";
import { cosignerKey } from "./verifier/cosignature.ts";
import { parseVerifierKey } from "./verifier/note.ts";
import { timestampOf } from "./verifier/time.ts";
import { createWitness, type Witness } from "./witness/index.ts";

export interface WitnessingDeps {
  readonly host: Host;
  readonly state_dir: string;
  readonly state: Pick<State, "store" | "evidence">;
  readonly egress: Pick<Egress, "cosign">;
  readonly clock: Clock;
  readonly random: Random;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Witnessing {
  /** Others' logs; `null` where this node is no witness. */
  readonly witness: Witness | null;
  /** This node's own log. */
  readonly cosigned: Cosigned;
  said(): WitnessesReply;
  /** The same as figures. */
  reading(): WitnessReading;
}

const REPLY_BYTES_MAX = 128 * 1024;

/** A socket of this machine is asked by the daemon itself; whatever leaves the machine goes through the helper. */
function asker({ host, egress }: WitnessingDeps): (entry: WitnessEntry, body: string) => Promise<Asked> {
  const deadline_ms = host.limits.witness.cosign_deadline_ms;
  return (entry, body) => {
    if (!isLocal(entry)) return egress.cosign(entry.name, body, deadline_ms);
    const [, socket = "", prefix = WITNESS_PREFIX] = entry.url.split(":");
    return post({ url: `http://witness${prefix.replace(/\/+$/, "")}/add-checkpoint`, socket, who: entry.url, body, deadline_ms, reply_bytes_max: REPLY_BYTES_MAX });
  };
}

function ownWitness({ host, state_dir, state: { store, evidence }, clock, warn }: WitnessingDeps): Witness | null {
  if (host.witness === null) return null;
  const { key, sign } = furtherKey(join(state_dir, "keys"), "witness.pem");
  const logs = host.witness.logs.map((text) => {
    const log = parseVerifierKey(text);
    if (log === null) throw new MaestroError("internal.bug", "the configuration let a log's key pass");
    return log;
  });
  return createWitness({ store, state_dir, key: cosignerKey(host.witness.name, key), sign, logs, limits: host.limits.witness, monotonic_ms: () => clock.monotonic_ms(), now_s: evidence.now_s, warn });
}

function readingOf({ log_size, witnessed, witnesses, own }: WitnessesReply, answers: ReadonlyMap<number, number>): WitnessReading {
  return {
    behind: witnesses.length === 0 ? null : log_size - (witnessed?.size ?? 0),
    peers: witnesses.map(({ name, size, failures, at }) => ({ name, behind: log_size - (size ?? 0), failures, cosigned_s: at === null ? null : Date.parse(at) / 1000 })),
    answers,
    refused: own?.logs.filter(({ refused }) => refused !== null).length ?? 0,
  };
}

/** Throws `evidence.keys` where the witness's key is not what it was. */
export function openWitnessing(deps: WitnessingDeps): Witnessing {
  const { host, state_dir, state: { store, evidence }, clock, random, warn } = deps;
  const witness = ownWitness(deps);
  const cosigned = openCosigned({ store, state_dir, log: evidence.log, trust: () => evidence.trust, witnesses: host.witnesses, ask: asker(deps), limits: host.limits.witness, now_s: evidence.now_s, monotonic_ms: () => clock.monotonic_ms(), random, warn });
  const said = (): WitnessesReply => {
    const found = cosigned.witnessed();
    const { origin, size } = evidence.logState();
    const first_s = found === null ? 0 : Math.min(...found.lines.map(({ time_s }) => time_s));
    return {
      origin,
      log_size: size,
      quorum: cosigned.quorum(),
      witnessed: found === null || found.lines.length === 0 ? null : { size: found.size, at: timestampOf(first_s), names: found.lines.map(({ name }) => name) },
      witnesses: cosigned.states(),
      own: witness === null ? null : { name: witness.name, key: witness.vkey, logs: witness.logs() },
    };
  };
  return { witness, cosigned, said, reading: () => readingOf(said(), witness?.answers ?? new Map()) };
}

/** The entry by which a person closes a breaker before its time. */
import { STATEMENT_TYPE, type BreakerResetStatement } from "../../proto/attestation.ts";
import { BREAKER_RESET_PREDICATE, type BreakerReset } from "../../proto/breaker.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { signStatement } from "./attest/index.ts";
import type { Keys } from "./keys/index.ts";
import type { Log } from "./log/index.ts";

/**
 * Signs and appends; `keep` stores the signed envelope before the entry that commits to it, `commit` runs in the log's own transaction. Resolves
 * with the entry's index once durable.
 */
export async function logBreakerReset(log: Pick<Log, "append" | "state">, time_s: number, reset: BreakerReset, keys: Keys, keep: (envelope: Uint8Array) => Promise<void>, commit: () => void): Promise<number> {
  const { origin, root } = log.state();
  const statement: BreakerResetStatement = { _type: STATEMENT_TYPE, subject: [{ name: origin, digest: { sha256: toHex(root) } }], predicateType: BREAKER_RESET_PREDICATE, predicate: reset };
  const { envelope, entry } = signStatement(statement, keys.gate);
  await keep(canonicalBytes(envelope));
  return log.append([entry], time_s, ([receipt]) => {
    if (receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for the entry");
    commit();
    return receipt.index;
  });
}

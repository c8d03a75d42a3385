/** Which arm wrote which drafts, signed and logged: a statement beside the gate's own, which it does not touch. */
import { STATEMENT_TYPE, type SigstoreBundle } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { DraftPredicate, DraftStatement } from "../../proto/predicates/draft.ts";
import { DRAFT_PREDICATE } from "../../proto/predicates/draft-type.ts";
import { verifyDraft } from "../verifier/draft.ts";
import { timestampOf } from "../verifier/time.ts";
import { signStatement, sigstoreBundle } from "./attest/index.ts";
import type { Keys } from "./keys/index.ts";
import type { Log } from "./log/index.ts";

/** Who says it, and when, is added here. */
export type DraftClaim = Omit<DraftPredicate, "trust_domain" | "at">;

export interface LoggedDraft {
  readonly log_index: number;
  readonly bundle: SigstoreBundle;
}

/** `manifest_root` of the attempt; `commit` runs in the log's own transaction. Durable when it resolves. Throws `evidence.keys` where the trust file does not let this node say it. */
export function logDraft(log: Pick<Log, "append">, time_s: number, { trust, gate }: Keys, claim: DraftClaim, manifest_root: string, commit: (logged: LoggedDraft) => void): Promise<LoggedDraft> {
  const statement: DraftStatement = { _type: STATEMENT_TYPE, subject: [{ name: `${claim.gate_id} attempt ${claim.attempt}`, digest: { sha256: manifest_root } }], predicateType: DRAFT_PREDICATE, predicate: { trust_domain: trust.trust_domain, at: timestampOf(time_s), ...claim } };
  const signed = signStatement(statement, gate);
  return log.append([signed.entry], time_s, ([receipt]) => {
    if (receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for the entry");
    const bundle = sigstoreBundle(signed, receipt);
    // What our own verifier would refuse is not logged at all: the throw undoes the transaction.
    const verified = verifyDraft(canonicalBytes(bundle), trust, { now: new Date(time_s * 1000), witnesses: "later" });
    if (verified.result !== "verified") throw new MaestroError("evidence.keys", `the statement would not verify: ${verified.reason.detail}; where the trust file does not let this node say it, sign the node's trust.json anew with maestro trust sign`);
    const logged = { log_index: receipt.index, bundle };
    commit(logged);
    return logged;
  });
}

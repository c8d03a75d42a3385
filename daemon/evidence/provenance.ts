/** What a build that this node ran is signed and logged as. Nothing else in the daemon can sign provenance, and no request carries any. */
import { sha256 } from "@noble/hashes/sha2.js";
import { STATEMENT_TYPE } from "../../proto/attestation.ts";
import { PROVENANCE_PREDICATE } from "../../proto/build.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { BUILD_TYPE, builderId, type ProvenanceStatement } from "../../proto/predicates/provenance.ts";
import type { LoggedProvenance, RanBuild } from "../store/builds.ts";
import { verifyProvenance } from "../verifier/provenance.ts";
import { timestampOf } from "../verifier/time.ts";
import { entriesOf, permits } from "../verifier/trust.ts";
import { signStatement, sigstoreBundle } from "./attest/index.ts";
import type { Keys } from "./keys/index.ts";
import type { Log } from "./log/index.ts";

/** Why a build's provenance could not be signed, before the build is run for nothing. */
function whyNoProvenance({ trust, gate }: Pick<Keys, "trust" | "gate">, repo_id: string, mode: Mode, now_s: number): string | null {
  const allowed = permits(entriesOf(trust, gate.key.fingerprint), { role: "gate", predicate_type: PROVENANCE_PREDICATE, repo_id, mode, issued_at_s: now_s });
  return allowed.ok ? null : allowed.reason.detail;
}

function statementOf({ subject, externalParameters, internalParameters, resolvedDependencies, version, invocation, started_s, byproducts }: RanBuild, trust_domain: string, time_s: number): ProvenanceStatement {
  return {
    _type: STATEMENT_TYPE,
    subject,
    predicateType: PROVENANCE_PREDICATE,
    predicate: {
      buildDefinition: { buildType: BUILD_TYPE, externalParameters, internalParameters, resolvedDependencies },
      runDetails: {
        builder: { id: builderId(trust_domain, internalParameters.mode), version },
        metadata: { invocationId: `urn:maestro:build-run:${invocation}`, startedOn: timestampOf(started_s), finishedOn: timestampOf(time_s) },
        byproducts,
      },
    },
  };
}

/** Signs and appends; `commit` runs in the log's own transaction. Durable when it resolves. Throws `evidence.keys`. */
function logProvenance(log: Pick<Log, "append">, time_s: number, ran: RanBuild, keys: Keys, commit: (logged: LoggedProvenance) => void): Promise<LoggedProvenance> {
  const refused = whyNoProvenance(keys, ran.externalParameters.repository, ran.internalParameters.mode, time_s);
  if (refused !== null) throw new MaestroError("evidence.keys", `the trust file does not let this node sign provenance (${refused}); sign the node's trust.json anew with maestro trust sign`);
  const signed = signStatement(statementOf(ran, keys.trust.trust_domain, time_s), keys.gate);
  return log.append([signed.entry], time_s, ([receipt]) => {
    if (receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for the entry");
    const bundle = canonicalBytes(sigstoreBundle(signed, receipt));
    // What our own verifier would refuse is not logged at all: the throw undoes the transaction.
    const verified = verifyProvenance(bundle, keys.trust, { artifact_sha256: null, now: new Date(time_s * 1000), witnesses: "later" });
    if (verified.result !== "verified") throw new MaestroError("internal.bug", `provenance: ${verified.reason.code}: ${verified.reason.detail}`);
    const logged = { statement_sha256: toHex(sha256(fromBase64(signed.envelope.payload) ?? new Uint8Array())), bundle, log_index: receipt.index };
    commit(logged);
    return logged;
  });
}

export interface ProvenanceSigner {
  /** Signs and logs what a build that ran here was and left. `commit` runs in the log's own transaction; durable when it resolves. Throws `evidence.keys`. */
  provenance(ran: RanBuild, commit: (logged: LoggedProvenance) => void): Promise<LoggedProvenance>;
  /** Why this node may not sign provenance of that repository in that mode; null where it may. */
  whyNoProvenance(repo_id: string, mode: Mode): string | null;
}

export const provenanceSigner = (log: Pick<Log, "append">, next_s: () => number, keys: Keys): ProvenanceSigner => ({
  provenance: (ran, commit) => logProvenance(log, next_s(), ran, keys, commit),
  whyNoProvenance: (repo_id, mode) => whyNoProvenance(keys, repo_id, mode, next_s()),
});

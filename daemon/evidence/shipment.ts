/** What a release of an artifact is signed and logged as: our own statement and in-toto's, two entries of one batch. */
import { sha256 } from "@noble/hashes/sha2.js";
import { STATEMENT_TYPE } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { verifierId } from "../../proto/predicates/derived.ts";
import { packageReleaseOf, type ShipmentPredicate, type ShipmentStatement } from "../../proto/predicates/shipping.ts";
import { PACKAGE_RELEASE_PREDICATE, SHIPMENT_PREDICATE } from "../../proto/predicates/shipping-types.ts";
import type { LoggedShipment, Shipped } from "../store/shipments.ts";
import { verifyPackageRelease, verifyShipment } from "../verifier/shipment.ts";
import { timestampOf } from "../verifier/time.ts";
import { entriesOf, permits } from "../verifier/trust.ts";
import { logged } from "./attest/further.ts";
import { signStatement } from "./attest/index.ts";
import type { Keys } from "./keys/index.ts";
import type { Log } from "./log/index.ts";

export interface ShipmentSigner {
  /** Signs and logs a release. `commit` runs in the log's own transaction; durable when it resolves. Throws `evidence.keys`. */
  ship(shipped: Shipped, commit: (logged: LoggedShipment) => void): Promise<LoggedShipment>;
  /** Why this node may not sign releases of that repository in that mode; null where it may. */
  whyNoShipment(repo_id: string, mode: Mode): string | null;
}

function whyNot({ trust, gate }: Pick<Keys, "trust" | "gate">, repo_id: string, mode: Mode, issued_at_s: number): string | null {
  const lines = entriesOf(trust, gate.key.fingerprint);
  for (const predicate_type of [SHIPMENT_PREDICATE, PACKAGE_RELEASE_PREDICATE]) {
    const allowed = permits(lines, { role: "gate", predicate_type, repo_id, mode, issued_at_s });
    if (!allowed.ok) return allowed.reason.detail;
  }
  return null;
}

async function ship(log: Pick<Log, "append">, time_s: number, { subject, ...shipped }: Shipped, keys: Keys, version: string, commit: (logged: LoggedShipment) => void): Promise<LoggedShipment> {
  const refused = whyNot(keys, shipped.repository, shipped.mode, time_s);
  if (refused !== null) throw new MaestroError("evidence.keys", `the trust file does not let this node sign releases of artifacts (${refused}); sign the node's trust.json anew with maestro trust sign`);
  const { trust, gate } = keys;
  const predicate: ShipmentPredicate = { verifier: { id: verifierId(trust.trust_domain, shipped.mode), version }, trust_domain: trust.trust_domain, ...shipped, at: timestampOf(time_s) };
  const statement: ShipmentStatement = { _type: STATEMENT_TYPE, subject, predicateType: SHIPMENT_PREDICATE, predicate };
  const signed = [signStatement(statement, gate), signStatement(packageReleaseOf(statement), gate)];
  return log.append(signed.map(({ entry }) => entry), time_s, (receipts) => {
    const [shipment, release] = logged(signed, receipts).map((bundle) => canonicalBytes(bundle));
    const [receipt] = receipts;
    if (shipment === undefined || release === undefined || receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for an entry");
    // What our own verifier would refuse is not logged at all: the throw undoes the transaction.
    const options = { now: new Date(time_s * 1000), witnesses: "later" } as const;
    const verified = verifyShipment(shipment, trust, { ...options, artifact_sha256: null });
    const reason = verified.result === "verified" ? verifyPackageRelease(release, verified, trust, options) : verified.reason;
    if (reason !== null) throw new MaestroError("internal.bug", `release of an artifact: ${reason.code}: ${reason.detail}`);
    const made = { statement_sha256: toHex(sha256(fromBase64(signed[0]?.envelope.payload ?? "") ?? new Uint8Array())), shipment, release, log_index: receipt.index };
    commit(made);
    return made;
  });
}

export const shipmentSigner = (log: Pick<Log, "append">, next_s: () => number, keys: Keys, version: string): ShipmentSigner => ({
  ship: (shipped, commit) => ship(log, next_s(), shipped, keys, version, commit),
  whyNoShipment: (repo_id, mode) => whyNot(keys, repo_id, mode, next_s()),
});

import { GATE_PREDICATES } from "../../../proto/attestation.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { toBase64 } from "../../../proto/encoding.ts";
import type { TrustBody, TrustFile, TrustedKey } from "../../../proto/trust.ts";
import { trustSignedBytes } from "../../verifier/trust.ts";
import { timestampOf } from "../../verifier/time.ts";
import type { Signer } from "./signer.ts";

const VALID_FOR_S = 10 * 365 * 86_400;

export interface SelfMadeTrust {
  readonly trust_domain: string;
  readonly log_origin: string;
  readonly gate: Signer;
  readonly log: Signer;
  readonly root: Signer;
  readonly now: Date;
}

/** A key's line in a self-made trust file, good from `from_s` on. */
export function trustLine({ key }: Signer, role: "gate" | "log", log_origin: string | null, from_s: number): TrustedKey {
  return {
    fingerprint: key.fingerprint,
    algorithm: key.algorithm,
    public_key: toBase64(key.spki),
    role,
    predicate_types: role === "gate" ? [...GATE_PREDICATES] : [],
    repository_ids: ["*"],
    modes: ["local"],
    log_origin,
    from: timestampOf(from_s),
    to: timestampOf(from_s + VALID_FOR_S),
  };
}

/**
 * The trust file a daemon without an operator writes for itself: for mode
 * `local` only, and it says that it is self-made. Integrity, not authority.
 */
export function selfMadeTrust({ trust_domain, log_origin, gate, log, root, now }: SelfMadeTrust): TrustFile {
  const from_s = now.getTime() / 1000;
  const body: TrustBody = { trust_domain, self_made: true, keys: [trustLine(gate, "gate", null, from_s), trustLine(log, "log", log_origin, from_s)] };
  return signTrust(body, root);
}

export function signTrust(body: TrustBody, root: Signer): TrustFile {
  const { algorithm, spki, fingerprint } = root.key;
  return {
    type: "maestro.trust",
    v: 1,
    body,
    root: { algorithm, public_key: toBase64(spki), fingerprint },
    signature: toBase64(root.sign(trustSignedBytes(body))),
  };
}

export const trustFileBytes = (file: TrustFile): Uint8Array => canonicalBytes(file);

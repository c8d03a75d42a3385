import { equalBytes, fromBase64 } from "../../../proto/encoding.ts";
import { ForeignTrustedRoot } from "../../../proto/foreign-bundle.ts";
import { publicKeyFromSpki, type PublicKey } from "../keys.ts";
import { readForeign } from "../schema.ts";
import { pass, stop, type Step } from "../step.ts";
import { foreignSeconds } from "../time.ts";

/** A log that a trusted root names. */
export interface SigstoreLog {
  /** Name of its signature lines: the host of `baseUrl`. */
  readonly host: string;
  readonly log_id: Uint8Array;
  readonly key: PublicKey;
  readonly from_s: number;
  /** Inclusive. */
  readonly to_s: number;
}

const ROOT_LIMITS = { bytes_max: 4 * 1024 * 1024, depth_max: 16 } as const;
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.[12]\+json)$/;
const ALGORITHMS = { PKIX_ECDSA_P256_SHA_256: "ecdsa-p256-sha256", PKIX_ED25519: "ed25519" } as const;

type Line = NonNullable<ForeignTrustedRoot["tlogs"]>[number];

/** `null` for a log of an algorithm that is not read here: nothing it signs is believed. */
function openLog({ baseUrl, publicKey, logId }: Line): SigstoreLog | null {
  const { keyDetails, rawBytes, validFor } = publicKey;
  if (keyDetails !== "PKIX_ECDSA_P256_SHA_256" && keyDetails !== "PKIX_ED25519") return null;
  const spki = fromBase64(rawBytes);
  const key = spki === null ? null : publicKeyFromSpki(ALGORITHMS[keyDetails], spki);
  const log_id = fromBase64(logId.keyId);
  if (key === null || log_id === null || log_id.length !== 32 || !URL.canParse(baseUrl)) return null;
  // A window without a beginning trusts a key for all time; the specification asks for one.
  const from_s = foreignSeconds(validFor?.start ?? "");
  // In protobuf JSON null is a field that is not there.
  const end = validFor?.end ?? null;
  const to_s = end === null ? Number.POSITIVE_INFINITY : foreignSeconds(end);
  if (from_s === null || to_s === null) return null;
  return { host: new URL(baseUrl).hostname, log_id, key, from_s, to_s };
}

/** The logs of a `trusted_root.json` whose keys are read here. */
export function openTrustedRoot(bytes: Uint8Array): Step<readonly SigstoreLog[]> {
  const document = readForeign(ForeignTrustedRoot, bytes, ROOT_LIMITS);
  if ("because" in document) return stop("trust.malformed", `trusted root: ${document.because}`);
  if (!MEDIA_TYPE.test(document.value.mediaType)) return stop("trust.malformed", "the file is no Sigstore trusted root");
  return pass((document.value.tlogs ?? []).map(openLog).filter((log) => log !== null));
}

export const logsNamed = (logs: readonly SigstoreLog[], log_id: Uint8Array): SigstoreLog[] => logs.filter((log) => equalBytes(log.log_id, log_id));

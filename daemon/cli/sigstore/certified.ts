/** Bundles with a certificate: the library's verifier, and what it does not ask (docs/verify-bundle.md has the list). */
import type { Bundle, TransparencyLogEntry } from "@sigstore/bundle";
import type { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, VerificationError, Verifier, type SignedEntity, type Signer } from "@sigstore/verify";
import { equalBytes } from "../../../proto/encoding.ts";
import type { SigstoreCode, SigstoreVerdict } from "../../../proto/sigstore.ts";
import type { Artifact } from "./artifact.ts";
import { openBundle } from "./bundle.ts";
import { messageContent } from "./content.ts";
import { checkEntryCertificate } from "./entry-certificate.ts";
import { Refusal } from "./refusal.ts";
import { checkStatement } from "./statement.ts";
import { openTrustedRoot } from "./trusted-root.ts";

export interface Wanted {
  readonly identity: string;
  readonly issuer: string;
}

type Verified = Extract<SigstoreVerdict, { result: "verified" }>;

/** The library's codes in our words. */
const CODES: Readonly<Record<string, SigstoreCode>> = {
  TIMESTAMP_ERROR: "timestamp.invalid",
  CERTIFICATE_ERROR: "certificate.chain",
  TLOG_ERROR: "log.unknown",
  TLOG_INCLUSION_PROOF_ERROR: "log.proof",
  TLOG_INCLUSION_PROMISE_ERROR: "log.entry",
  TLOG_MISSING_INCLUSION_ERROR: "log.proof",
  TLOG_BODY_ERROR: "log.entry",
  SIGNATURE_ERROR: "signature.invalid",
};

export async function judgeCertified(bytes: Uint8Array, trusted_root: Uint8Array, artifact: Artifact, wanted: Wanted): Promise<SigstoreVerdict> {
  try {
    return await verified(bytes, trusted_root, artifact, wanted);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof VerificationError) throw new Refusal(CODES[error.code] ?? "bundle.malformed", error.message, { cause: error });
    // The libraries throw whatever their decoders throw at bytes that are no certificate, key or timestamp. Those verify nothing.
    if (error instanceof Error) throw new Refusal("bundle.malformed", `it cannot be read: ${error.message}`, { cause: error });
    throw error;
  }
}

async function verified(bytes: Uint8Array, trusted_root: Uint8Array, artifact: Artifact, wanted: Wanted): Promise<Verified> {
  const root = openTrustedRoot(trusted_root);
  const { bundle, leaf } = openBundle(bytes);
  const entity = await entityOf(bundle, artifact);
  const signer = new Verifier(toTrustMaterial(root), { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 }).verify(entity);
  const times = timesOf(entity);
  for (const entry of entity.tlogEntries) {
    checkEntryCertificate(entry, leaf);
    checkLogWindow(entry, root, times);
  }
  return {
    result: "verified",
    signer: identified(signer, wanted),
    digest: `sha256:${artifact.sha256.toString("hex")}`,
    predicate_type: checkStatement(bundle, artifact),
    log_entries: entity.tlogEntries.map(({ logId, logIndex }) => ({ log: root.tlogs.find((log) => isLog(log, logId.keyId))?.baseUrl ?? "", index: logIndex })),
    timestamps: times.map((time) => time.toISOString()),
    not_proved: ["that whoever the certificate names meant to sign: its issuer vouches for a token it was shown"],
  };
}

async function entityOf(bundle: Bundle, artifact: Artifact): Promise<SignedEntity> {
  const message = await messageContent(bundle, artifact);
  const entity = toSignedEntity(bundle);
  return message === null ? entity : { ...entity, signature: message };
}

/** Compared whole: the library's own policy would take the wanted identity for a pattern. */
function identified({ identity }: Signer, wanted: Wanted): Verified["signer"] {
  const name = identity?.subjectAlternativeName;
  const issuer = identity?.extensions?.issuer;
  if (name === undefined || issuer === undefined) throw new Refusal("certificate.identity", "the certificate names no identity and issuer");
  if (name !== wanted.identity) throw new Refusal("certificate.identity", `the certificate is of ${name}, not of ${wanted.identity}`);
  if (issuer !== wanted.issuer) throw new Refusal("certificate.identity", `${issuer} vouched for it, not ${wanted.issuer}`);
  return { kind: "certificate", identity: name, issuer };
}

/** Of timestamps the library has verified; a time that nothing signs is none. */
function timesOf({ timestamps }: SignedEntity): Date[] {
  return timestamps.flatMap((stamp) => {
    if (stamp.$case === "timestamp-authority") return [stamp.timestamp.signingTime];
    return stamp.tlogEntry.inclusionPromise === undefined ? [] : [new Date(Number(stamp.tlogEntry.integratedTime) * 1000)];
  });
}

type Log = TrustedRoot["tlogs"][number];
const isLog = ({ checkpointKeyId, logId }: Log, keyId: Buffer): boolean => equalBytes((checkpointKeyId ?? logId)?.keyId ?? new Uint8Array(), keyId);

/** The library asks for the window of a log's key only where the log itself says the time, which a Rekor of version 2 does not. */
function checkLogWindow({ logId }: TransparencyLogEntry, root: TrustedRoot, times: readonly Date[]): void {
  const windows = root.tlogs.filter((log) => isLog(log, logId.keyId)).map(({ publicKey }) => publicKey?.validFor);
  for (const time of times) {
    const covered = windows.some((window) => window?.start !== undefined && window.start <= time && (window.end === undefined || time <= window.end));
    if (!covered) throw new Refusal("log.key", `the log's key did not count at ${time.toISOString()}`);
  }
}

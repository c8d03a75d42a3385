/** What lies beside an artifact, read and verified. Anything that is not there or does not hold is said as that. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Bundle } from "../../proto/bundle.ts";
import type { SigstoreBundle } from "../../proto/attestation.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ShippedArtifact } from "../../proto/shipping.ts";
import type { VerifyReason } from "../../proto/verification.ts";
import { verifyProvenance, verifyShipment, verifyWithTrust, type Trust } from "../verifier/index.ts";
import type { GateEvidence } from "../verifier/deploy/gate.ts";
import type { ReleaseEvidence } from "../verifier/deploy/release.ts";
import { EVIDENCE_FOLDER, PROVENANCE_FILE, SHIPMENT_FILE, statementOf } from "./shipped-files.ts";
import { readBundleFile } from "./verification.ts";

/** Whether a file lies there that ends; also behind a link. */
export function isPlain(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

/** Bytes of a file or folder of evidence, one bundle at a time. Of a folder only plain files: a pipe or a device in one that somebody else packed would never end. */
export function* bundlesAt(path: string): Generator<{ readonly path: string; readonly bytes: Uint8Array }, void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new MaestroError("cli.usage", `${path} cannot be read`);
  if (!found.isDirectory()) {
    yield { path, bytes: readBundleFile(path) };
    return;
  }
  const paths = readdirSync(path).filter((one) => one.endsWith(".json")).sort().map((name) => join(path, name));
  for (const one of paths) if (isPlain(one)) yield { path: one, bytes: readBundleFile(one) };
}

const sha256Of = (bytes: Uint8Array): string => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

/** Witnesses count here: whoever deploys comes after they could have answered. */
export function gateEvidence(bytes: Uint8Array, trust: Trust, now: Date): GateEvidence | { readonly reason: VerifyReason } {
  const verification = verifyWithTrust(bytes, trust, { now });
  if (verification.result === "verified") return { verification: { ...verification, result: "verified" }, bundle: JSON.parse(new TextDecoder().decode(bytes)) as Bundle };
  return { reason: verification.reasons[0] ?? { code: "bundle.malformed", detail: "it does not verify" } };
}

function provenanceAt(path: string | null, trust: Trust, artifact_sha256: string, now: Date): ReleaseEvidence["provenance"] {
  if (path === null) return null;
  const bytes = readBundleFile(path);
  const verified = verifyProvenance(bytes, trust, { artifact_sha256, now });
  if (verified.result !== "verified") return { verified, statement_sha256: null };
  const { dsseEnvelope } = JSON.parse(new TextDecoder().decode(bytes)) as SigstoreBundle;
  return { verified, statement_sha256: sha256Of(fromBase64(dsseEnvelope.payload) ?? new Uint8Array()) };
}

type Found = ReturnType<typeof gateEvidence>;

const seenBy = ({ verification: { witnesses } }: GateEvidence): number => witnesses?.names.length ?? 0;

/** Of two copies with different receipts, the one that verifies and that more witnesses saw. */
function better(one: Found | undefined, other: Found): Found {
  if (one === undefined || "reason" in one) return other;
  return "reason" in other || seenBy(other) <= seenBy(one) ? one : other;
}

export interface Places {
  readonly path: string;
  readonly release: string | undefined;
  readonly provenance: string | undefined;
  readonly bundles: readonly string[];
}

const there = (path: string): string | null => (existsSync(path) ? path : null);

/** Reads what is named, else what stands beside the artifact under the names a release gives. */
export function evidenceBeside(artifact: ShippedArtifact, { path, release, provenance, bundles }: Places, trust: Trust, now: Date): ReleaseEvidence {
  const shipment = release ?? there(`${path}${SHIPMENT_FILE}`);
  const folder = there(`${path}${EVIDENCE_FOLDER}`);
  const gates = new Map<string, ReturnType<typeof gateEvidence>>();
  for (const place of [...(folder === null ? [] : [folder]), ...bundles]) {
    for (const { bytes } of bundlesAt(place)) {
      const name = statementOf(bytes);
      const found = gateEvidence(bytes, trust, now);
      if (name !== null) gates.set(name, better(gates.get(name), found));
    }
  }
  return {
    artifact: { name: basename(path), sha256: artifact.sha256 },
    shipment: shipment === null ? null : verifyShipment(readBundleFile(shipment), trust, { artifact_sha256: artifact.sha256, now }),
    provenance: provenanceAt(provenance ?? there(`${path}${PROVENANCE_FILE}`), trust, artifact.sha256, now),
    gates,
  };
}

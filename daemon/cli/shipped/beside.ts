/** What lies beside a release's own Sigstore bundle, under the names that `maestro release` gives. Anything that is not there is left out, and the verifier says what follows. */
import { existsSync } from "node:fs";
import { SigstoreBundle } from "../../../proto/attestation.ts";
import { Bundle } from "../../../proto/bundle.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { ShipmentStatement } from "../../../proto/predicates/shipping.ts";
import type { VerifyReason } from "../../../proto/verification.ts";
import { BUNDLE_LIMITS, STATEMENT_LIMITS } from "../../verifier/limits.ts";
import { readDocument } from "../../verifier/schema.ts";
import { gateStatement, type ShippedParts } from "../../verifier/shipped/index.ts";
import { artifactAt } from "../artifact-file.ts";
import { bundlesAt, isPlain } from "../deploy-evidence.ts";
import { EVIDENCE_FOLDER, PROVENANCE_FILE, RELEASE_FILE, SHIPMENT_FILE } from "../shipped-files.ts";
import { readBundleFile } from "../verification.ts";

export interface FoundBeside {
  readonly parts: ShippedParts;
  /** Of the file itself, where it lies there or was named. */
  readonly artifact_sha256: string | null;
}

/** The statements that a release claims to rest on; to be verified before any of it is believed. */
function claimedGates(shipment: Uint8Array): ReadonlySet<string> {
  const bundle = readDocument(SigstoreBundle, shipment, BUNDLE_LIMITS);
  if ("because" in bundle) return new Set();
  const statement = readDocument(ShipmentStatement, fromBase64(bundle.value.dsseEnvelope.payload) ?? new Uint8Array(), STATEMENT_LIMITS);
  return new Set("because" in statement ? [] : statement.value.predicate.steps.map(({ statement_sha256 }) => statement_sha256));
}

const sizeOf = ({ attestations: [first] }: Bundle): number => Number(first?.verificationMaterial.tlogEntries[0]?.inclusionProof.treeSize ?? 0);

/** Of copies with several receipts the newest: witnesses may have come since. */
function gatesAt(folder: string, claimed: ReadonlySet<string>): ShippedParts["gates"] {
  const gates = new Map<string, { readonly bundle: Bundle; readonly releases: readonly SigstoreBundle[] }>();
  if (!existsSync(folder)) return gates;
  for (const { bytes } of bundlesAt(folder)) {
    const read = readDocument(Bundle, bytes, BUNDLE_LIMITS);
    if ("because" in read) continue;
    const name = gateStatement(read.value);
    const before = gates.get(name);
    if (claimed.has(name) && (before === undefined || sizeOf(before.bundle) < sizeOf(read.value))) gates.set(name, { bundle: read.value, releases: [] });
  }
  return gates;
}

/** `path`: of the shipment's or of in-toto's statement; `bytes`: what it holds. */
export async function besideRelease(path: string, bytes: Uint8Array, artifact: string | undefined): Promise<FoundBeside | VerifyReason> {
  const ours = path.endsWith(SHIPMENT_FILE) || !path.endsWith(RELEASE_FILE);
  const start = path.replace(ours ? SHIPMENT_FILE : RELEASE_FILE, "");
  const named = path !== start;
  const there = (suffix: string): Uint8Array | null => (named && isPlain(`${start}${suffix}`) ? readBundleFile(`${start}${suffix}`) : null);
  const shipment = ours ? bytes : there(SHIPMENT_FILE);
  if (shipment === null) return { code: "release.incomplete", detail: `it says which file is which package, and nothing of the changes in it; bring ${SHIPMENT_FILE.slice(1)} along, or have cosign check the signature` };
  const found = there(PROVENANCE_FILE);
  const provenance = found === null ? null : readDocument(SigstoreBundle, found, BUNDLE_LIMITS);
  if (provenance !== null && "because" in provenance) return { code: "bundle.malformed", detail: `${start}${PROVENANCE_FILE}: ${provenance.because}` };
  const file = artifact ?? (named && isPlain(start) ? start : undefined);
  const parts = { shipment, package_release: ours ? there(RELEASE_FILE) : bytes, gates: named ? gatesAt(`${start}${EVIDENCE_FOLDER}`, claimedGates(shipment)) : new Map<string, never>(), provenance: provenance?.value ?? null, sbom: null };
  return { parts, artifact_sha256: file === undefined ? null : (await artifactAt(file)).sha256 };
}

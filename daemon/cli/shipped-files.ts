/** What a release leaves beside its artifact: what was signed of it, and the evidence that it names. */
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Bundle } from "../../proto/bundle.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ShipmentReply } from "../../proto/shipping.ts";
import type { MaestroClient } from "../client/maestro.ts";
import { openTrust, verifyPackageRelease, verifyShipment, type VerifiedShipment } from "../verifier/index.ts";
import { writeFile } from "./write-file.ts";

/** Names of the files that a release leaves, and that `maestro verify-deploy` looks for. */
export const SHIPMENT_FILE = ".shipment.sigstore.json";
export const RELEASE_FILE = ".release.sigstore.json";
export const PROVENANCE_FILE = ".provenance.sigstore.json";
export const EVIDENCE_FOLDER = ".evidence";

const KEPT = "the daemon keeps it: fetch it again by its id";

const bytesOf = (base64: string): Uint8Array => {
  const bytes = fromBase64(base64);
  if (bytes === null) throw new MaestroError("worker.protocol", "the daemon's reply carries no strict base64");
  return bytes;
};

/** SHA-256 of the obligations statement; `null` for what is no bundle. It stays as it is when receipts are made anew. */
export function statementOf(bytes: Uint8Array): string | null {
  try {
    const { attestations } = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
    const payload = fromBase64(attestations[0]?.dsseEnvelope.payload ?? "");
    return payload === null ? null : new Bun.CryptoHasher("sha256").update(payload).digest("hex");
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Before anything is called released: what was received is what was signed. Throws `evidence.log`. */
export function checkedShipment({ row, shipment, release }: ShipmentReply, trust_bytes: Uint8Array): VerifiedShipment {
  const trust = openTrust(trust_bytes);
  if (!trust.ok) throw new MaestroError("trust.malformed", trust.reason.detail);
  const options = { now: new Date(), witnesses: "later" } as const;
  const verified = verifyShipment(bytesOf(shipment), trust.value, { ...options, artifact_sha256: row.artifact.sha256 });
  const reason = verified.result === "verified" ? verifyPackageRelease(bytesOf(release), verified, trust.value, options) : verified.reason;
  if (verified.result !== "verified" || reason !== null) throw new MaestroError("evidence.log", `the release just received does not verify: ${reason?.code}: ${reason?.detail}`);
  return verified;
}

/** The evidence of every change, with receipts as new as witnesses are, so by the digest of what was signed and not of the file; `brought` came along with the request. */
async function gateBundles(client: MaestroClient, { statement }: VerifiedShipment, folder: string, brought: readonly Uint8Array[]): Promise<number> {
  const own = new Map(brought.map((bytes) => [new Bun.CryptoHasher("sha256").update(bytes).digest("hex"), bytes]));
  const named = new Map(statement.predicate.steps.map(({ statement_sha256, bundle_sha256 }) => [statement_sha256, bundle_sha256]));
  for (const [statement_sha256, bundle_sha256] of named) {
    const bytes = own.get(bundle_sha256) ?? bytesOf((await client.witnessedBundle(bundle_sha256)).bundle);
    if (statementOf(bytes) !== statement_sha256) throw new MaestroError("worker.protocol", "the daemon sent other evidence than the release names");
    writeFile(join(folder, `${statement_sha256}.json`), bytes, 0o644, KEPT);
  }
  return named.size;
}

/** What the release says that the artifact was made of, with its receipt as new as witnesses are; null where it names nothing, or where that went with its time. */
export async function provenanceOf(client: MaestroClient, { statement: { predicate: { provenance } } }: VerifiedShipment): Promise<string | null> {
  if (provenance === null) return null;
  try {
    for await (const event of client.buildFiles(provenance.build_id)) if (event.event === "record") return event.bundle;
  } catch (error) {
    if (!(error instanceof MaestroError) || (error.code !== "request.not_found" && error.code !== "record.expired")) throw error;
  }
  return null;
}

export interface LeftFiles {
  readonly shipment: string;
  readonly release: string;
  readonly provenance: string | null;
  readonly evidence: string;
  readonly gates: number;
}

/** Writes them and says where. */
export async function leaveFiles(client: MaestroClient, reply: ShipmentReply & { readonly provenance: string | null }, verified: VerifiedShipment, at: { readonly artifact: string; readonly out: string | undefined; readonly brought: readonly Uint8Array[] }): Promise<LeftFiles> {
  const folder = at.out ?? dirname(at.artifact);
  const start = join(folder, basename(at.artifact));
  const evidence = `${start}${EVIDENCE_FOLDER}`;
  mkdirSync(evidence, { recursive: true });
  const gates = await gateBundles(client, verified, evidence, at.brought);
  const provenance = reply.provenance === null ? null : `${start}${PROVENANCE_FILE}`;
  if (provenance !== null && reply.provenance !== null) writeFile(provenance, bytesOf(reply.provenance), 0o644, KEPT);
  writeFile(`${start}${RELEASE_FILE}`, bytesOf(reply.release), 0o644, KEPT);
  writeFile(`${start}${SHIPMENT_FILE}`, bytesOf(reply.shipment), 0o644, KEPT);
  return { shipment: `${start}${SHIPMENT_FILE}`, release: `${start}${RELEASE_FILE}`, provenance, evidence, gates };
}

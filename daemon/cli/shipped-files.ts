/** What a release leaves beside its artifact: what was signed of it, and the evidence that it names. */
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
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

/** The evidence of every change, by the digests that the release names; `brought` came along with the request. */
async function gateBundles(client: MaestroClient, { statement }: VerifiedShipment, folder: string, brought: readonly Uint8Array[]): Promise<number> {
  const own = new Map(brought.map((bytes) => [new Bun.CryptoHasher("sha256").update(bytes).digest("hex"), bytes]));
  const digests = new Set(statement.predicate.steps.map(({ bundle_sha256 }) => bundle_sha256));
  for (const sha256 of digests) {
    const bytes = own.get(sha256) ?? bytesOf((await client.gateBundle(sha256)).bundle);
    if (new Bun.CryptoHasher("sha256").update(bytes).digest("hex") !== sha256) throw new MaestroError("worker.protocol", "the daemon sent other evidence than the release names");
    writeFile(join(folder, `${sha256}.json`), bytes, 0o644, KEPT);
  }
  return digests.size;
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

/** The card to comment with: of a recorded gate, or of a bundle file where the daemon is out of reach. */
import { Value } from "@sinclair/typebox/value";
import { Bundle } from "../../../../proto/bundle.ts";
import { parseCanonical } from "../../../../proto/canonical.ts";
import type { Card, CardProof, Timings } from "../../../../proto/card.ts";
import type { ChangeCost } from "../../../../proto/usage.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { MaestroClient } from "../../../client/maestro.ts";
import { readBundleFile, readTrustFile, verifyAgainst } from "../../verification.ts";

const LIMITS = { bytes_max: 128 * 1024 * 1024, depth_max: 24 };

export interface CardSource {
  readonly card: Card;
  readonly proof: CardProof | null;
  readonly timings: Timings | null;
  /** Where it has a price; without anybody's budget, because a comment is everybody's. */
  readonly cost?: ChangeCost;
  /** Origin of the log it stands in. */
  readonly origin: string;
  readonly bundle_sha256: string;
}

/** A job's folder holds what the change put there: a bundle is believed where it verifies, and nothing else is. */
function verified(path: string, bytes: Uint8Array, trust: string): void {
  const { result, reasons } = verifyAgainst(bytes, readTrustFile(trust), { witnesses: "later" });
  if (result !== "verified") throw new MaestroError("bundle.malformed", `${path} is not believed: ${result === "unknown_signer" ? "unknown signer" : reasons.map(({ code }) => code).join(", ")}`);
}

function read(path: string, bytes: Uint8Array): Bundle {
  const value: unknown = parseCanonical(bytes, LIMITS);
  if (!Value.Check(Bundle, value)) throw new MaestroError("bundle.malformed", path);
  return value;
}

/** The first line of a checkpoint is its log's origin (C2SP tlog-checkpoint). Throws `bundle.malformed`, `trust.malformed`. */
export function fromBundle(path: string, trust: string, head: string): CardSource {
  const bytes = readBundleFile(path);
  verified(path, bytes, trust);
  const { card, attestations } = read(path, bytes);
  const envelope = attestations[0]?.verificationMaterial.tlogEntries[0]?.inclusionProof.checkpoint.envelope;
  const origin = envelope?.split("\n")[0];
  if (card === null || origin === undefined || origin === "") throw new MaestroError("bundle.malformed", `${path}: the card is hidden in this bundle, or it names no log`);
  if (card.head !== head) throw new MaestroError("cli.usage", `${path} is about ${card.head.slice(0, 12)}, and this job about ${head.slice(0, 12)}`);
  return { card, proof: null, timings: null, origin, bundle_sha256: Bun.SHA256.hash(bytes, "hex") };
}

export async function fromGate(client: MaestroClient, name: string): Promise<CardSource> {
  const { card, proof, timings, cost } = await client.gateRecord(name);
  return { ...(cost?.market === undefined ? {} : { cost: { ...cost, paid: [] } }), card, proof, timings, origin: proof.log_origin, bundle_sha256: proof.bundle_sha256 };
}

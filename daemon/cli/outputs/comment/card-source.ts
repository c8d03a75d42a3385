/** The card to comment with: of a recorded gate, or of a bundle file where the daemon is out of reach. */
import { Value } from "@sinclair/typebox/value";
import { Bundle } from "../../../../proto/bundle.ts";
import { parseCanonical } from "../../../../proto/canonical.ts";
import type { Card, CardProof, Timings } from "../../../../proto/card.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { MaestroClient } from "../../../client/maestro.ts";
import { readBundleFile } from "../../verification.ts";

const LIMITS = { bytes_max: 128 * 1024 * 1024, depth_max: 24 };

export interface CardSource {
  readonly card: Card;
  readonly proof: CardProof | null;
  readonly timings: Timings | null;
  /** Origin of the log it stands in. */
  readonly origin: string;
}

function read(path: string): Bundle {
  const value: unknown = parseCanonical(readBundleFile(path), LIMITS);
  if (!Value.Check(Bundle, value)) throw new MaestroError("bundle.malformed", path);
  return value;
}

/** The first line of a checkpoint is its log's origin (C2SP tlog-checkpoint). Throws `bundle.malformed`. */
export function fromBundle(path: string): CardSource {
  const { card, attestations } = read(path);
  const envelope = attestations[0]?.verificationMaterial.tlogEntries[0]?.inclusionProof.checkpoint.envelope;
  const origin = envelope?.split("\n")[0];
  if (card === null || origin === undefined || origin === "") throw new MaestroError("bundle.malformed", `${path}: the card is hidden in this bundle, or it names no log`);
  return { card, proof: null, timings: null, origin };
}

export async function fromGate(client: MaestroClient, name: string): Promise<CardSource> {
  const { card, proof, timings } = await client.gateRecord(name);
  return { card, proof, timings, origin: proof.log_origin };
}

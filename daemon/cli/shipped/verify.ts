/** `maestro verify` of a release of an artifact: of what `maestro bundle` wrote, or of the files that `maestro release` left. */
import { createHash } from "node:crypto";
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import type { ShipmentBundle, ShippedVerification } from "../../../proto/shipment-bundle.ts";
import { openTrust, type Trust } from "../../verifier/index.ts";
import { judgeShipped, notShipped, readShipmentBundle, verifyShipmentBundle, type ShippedOptions } from "../../verifier/shipped/index.ts";
import { artifactAt } from "../artifact-file.ts";
import { textOf, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { besideRelease } from "./beside.ts";
import { shippedScreen } from "./screen.ts";

const EXITS = { verified: VERIFY_EXIT.verified, failed: VERIFY_EXIT.failed, unknown_signer: VERIFY_EXIT.unknown_signer } as const;

function opened(trust_bytes: Uint8Array): Trust {
  const trust = openTrust(trust_bytes);
  if (!trust.ok) throw new MaestroError("trust.malformed", trust.reason.detail);
  return trust.value;
}

const judgeFile = (bytes: Uint8Array, trust: Uint8Array, options: ShippedOptions): ShippedVerification => verifyShipmentBundle(bytes, opened(trust), createHash("sha256").update(trust).digest("hex"), options);

/** By the node's own trust file, before it is written anywhere. Throws `bundle.malformed`. */
export function requireSoundShipment(bytes: Uint8Array, trust: Uint8Array): { readonly judged: ShippedVerification; readonly bundle: ShipmentBundle } {
  const judged = judgeFile(bytes, trust, { now: new Date(), witnesses: "later", artifact_sha256: null });
  const read = readShipmentBundle(bytes);
  if (judged.result !== "verified" || "because" in read) throw new MaestroError("bundle.malformed", `nothing was written: ${judged.reasons.map(({ code, detail }) => `${code}: ${detail}`).join("; ")}`);
  return { judged, bundle: read.value };
}

function answer(judged: ShippedVerification, values: Values, trust_path: string): number {
  if (values["json"] === true) printJson(judged);
  else {
    print(shippedScreen(judged));
    if (values["trust"] === undefined) note(`trust file: ${trust_path} (give --trust FILE to name the operator's)`);
  }
  return EXITS[judged.result];
}

/** Prints it and returns the exit code. */
export async function verifyShipped(bytes: Uint8Array, trust: Uint8Array, values: Values, trust_path: string): Promise<number> {
  const artifact = textOf(values, "artifact");
  const judged = judgeFile(bytes, trust, { now: new Date(), artifact_sha256: artifact === undefined ? null : (await artifactAt(artifact)).sha256 });
  const folder = textOf(values, "extract");
  if (folder !== undefined) {
    const read = readShipmentBundle(bytes);
    if (judged.result !== "verified" || "because" in read) note("nothing was extracted: it did not verify");
    else (await import("./extract.ts")).extractShipment(folder, read.value, judged);
  }
  return answer(judged, values, trust_path);
}

/** As `verifyShipped`, of a release's own Sigstore bundle and what lies beside it. */
export async function verifyReleaseFile(path: string, bytes: Uint8Array, trust: Uint8Array, values: Values, trust_path: string): Promise<number> {
  const found = await besideRelease(path, bytes, textOf(values, "artifact"));
  const judged = "parts" in found ? judgeShipped(found.parts, opened(trust), { now: new Date(), artifact_sha256: found.artifact_sha256 }) : notShipped(found);
  return answer(judged, values, trust_path);
}

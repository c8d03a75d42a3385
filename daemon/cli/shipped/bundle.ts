/** `maestro bundle` of a release: what was signed, and the evidence of every change in it. Written only where all of it verifies. */
import { createHash } from "node:crypto";
import { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { ShipmentStatement } from "../../../proto/predicates/shipping.ts";
import type { HeldChange, ShipmentBundle, ShipmentBundleReply } from "../../../proto/shipment-bundle.ts";
import { BUNDLE_LIMITS, STATEMENT_LIMITS } from "../../verifier/limits.ts";
import { readDocument } from "../../verifier/schema.ts";
import { gateStatement, readShipmentBundle } from "../../verifier/shipped/index.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { readBundleFile } from "../verification.ts";
import { writeOut } from "../write-file.ts";
import { requireSoundShipment } from "./verify.ts";

const IS_SHIPMENT = /^shipment-[0-9a-f]{32}$/;
const IS_FILE = /^(?:sha256:)?[0-9a-f]{64}$/;
const SHORT_ID = "shipment-".length + 12;

/** The release of that id, or the newest of a file with that digest; null for what names no release. */
export async function shipmentNamed(client: MaestroClient, id: string): Promise<ShipmentBundleReply | null> {
  if (IS_SHIPMENT.test(id)) return client.shipmentBundle(id);
  if (!IS_FILE.test(id)) return null;
  try {
    return await client.shipmentBundle(id);
  } catch (error) {
    // A digest may be a gate's bundle or a commit as well.
    if (error instanceof MaestroError && error.code === "request.not_found") return null;
    throw error;
  }
}

function stepsOf({ shipment }: ShipmentBundle): ShipmentStatement["predicate"]["steps"] {
  const read = readDocument(ShipmentStatement, fromBase64(shipment.bundle.dsseEnvelope.payload) ?? new Uint8Array(), STATEMENT_LIMITS);
  if ("because" in read) throw new MaestroError("worker.protocol", `the daemon's release: ${read.because}`);
  return read.value.predicate.steps;
}

/** Evidence of other nodes is where whoever released had it from. */
function withBrought(bytes: Uint8Array, paths: readonly string[]): Uint8Array {
  const read = readShipmentBundle(bytes);
  if ("because" in read) throw new MaestroError("worker.protocol", `the daemon's bundle of the release: ${read.because}`);
  if (paths.length === 0) return bytes;
  const brought = paths.map((path): HeldChange => {
    const one = readDocument(Bundle, readBundleFile(path), BUNDLE_LIMITS);
    if ("because" in one) throw new MaestroError("cli.usage", `${path} is no gate's bundle: ${one.because}`);
    return { bundle: one.value, releases: [] };
  });
  const held = new Map([...brought, ...read.value.gates].map((one) => [gateStatement(one.bundle), one]));
  const steps = stepsOf(read.value);
  const gates = steps.flatMap(({ statement_sha256 }) => held.get(statement_sha256) ?? []);
  const found = new Set(steps.filter(({ statement_sha256 }) => held.has(statement_sha256)).map(({ attempt, gate_id }) => `attempt ${attempt} of ${gate_id}`));
  return canonicalBytes({ ...read.value, gates, left_out: read.value.left_out.filter(({ what }) => !found.has(what)) });
}

export async function bundleShipment(client: MaestroClient, made: ShipmentBundleReply, values: Values, brought: readonly string[]): Promise<number> {
  const strict = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array();
  const bytes = withBrought(strict(made.content), brought);
  const { judged, bundle } = requireSoundShipment(bytes, strict((await client.trust()).trust));
  const path = textOf(values, "out") ?? `${made.shipment_id.slice(0, SHORT_ID)}.json`;
  writeOut(path, bytes, 0o644, "what is on record stays there", values["force"] === true);
  const folder = textOf(values, "oci");
  const artifact = folder === undefined ? null : (await import("../oci/write.ts")).writeShipment(folder, textOf(values, "subject"), bytes, judged, bundle);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (values["json"] === true) printJson({ shipment_id: made.shipment_id, path, sha256, bytes: bytes.length, artifact, left_out: judged.left_out });
  else {
    print(`${escapeTerminal(path)}  ${bytes.length} bytes, sha256:${sha256}: ${made.shipment_id}, ${judged.changes.length} changes`);
    if (artifact !== null) print(`${escapeTerminal(folder ?? "")}  ${artifact.digest} refers to ${artifact.subject}`);
    for (const { what, because } of judged.left_out) note(`not in it: ${escapeTerminal(what)} (${escapeTerminal(because)})`);
    note(`check it elsewhere with the operator's trust file: maestro verify ${escapeTerminal(path)} --trust FILE --artifact FILE`);
  }
  return EXIT.admit;
}

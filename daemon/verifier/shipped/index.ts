/** What `maestro bundle` wrote of a release: everything in it belongs to that release, and nothing else is in it. Pure, as everything here. */
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { SHIPMENT_BUNDLE_TYPE, ShipmentBundle, type ShippedVerification } from "../../../proto/shipment-bundle.ts";
import { EVIDENCE_LIMITS } from "../limits.ts";
import { resultOf } from "../signed.ts";
import { readDocument, type Document } from "../schema.ts";
import { pass, stop, type Step } from "../step.ts";
import type { Trust } from "../trust.ts";
import { checkAnswered } from "../whole/answered.ts";
import { gateStatement } from "./changes.ts";
import { judgeShipped, notShipped, type ShippedOptions, type ShippedParts } from "./judge.ts";

export { gateStatement } from "./changes.ts";
export { judgeShipped, notShipped, type ShippedOptions, type ShippedParts } from "./judge.ts";

/** Keys of canonical JSON are sorted, so the first ones tell the kind without reading the rest. */
export const isShipmentBundle = (bytes: Uint8Array): boolean => new TextDecoder().decode(bytes.subarray(0, 10)).startsWith('{"gates":[');

/** Throws nothing; says why the bytes are none. */
export const readShipmentBundle = (bytes: Uint8Array): Document<ShipmentBundle> => readDocument(ShipmentBundle, bytes, EVIDENCE_LIMITS);

/** The parts, each under the digest by which the release names it. */
function partsOf({ shipment, package_release, gates, provenance, sbom }: ShipmentBundle): ShippedParts {
  const held = gates.map(({ bundle, releases }) => [gateStatement(bundle), { bundle, releases: releases.map((one) => one.bundle) }] as const);
  return { shipment: canonicalBytes(shipment.bundle), package_release: canonicalBytes(package_release.bundle), gates: new Map(held), provenance: provenance?.bundle ?? null, sbom: sbom === null ? null : (fromBase64(sbom) ?? new Uint8Array()) };
}

/** Nothing is in it that the release does not name: what nobody judged must not look as if somebody had. */
function checkNamed({ gates, provenance, sbom }: ShipmentBundle, { predicate }: NonNullable<ShippedVerification["statement"]>): Step<null> {
  const wanted = predicate.steps.map(({ statement_sha256 }) => statement_sha256);
  let next = 0;
  for (const [at, { bundle }] of gates.entries()) {
    const found = wanted.indexOf(gateStatement(bundle), next);
    if (found < 0) return stop("release.mismatch", `gate ${at + 1} is none that the release names, out of order or there twice`);
    next = found + 1;
  }
  if (provenance !== null && predicate.provenance === null) return stop("attestation.mismatch", "the release names no provenance, and here is some");
  return sbom !== null && predicate.sbom === null ? stop("document.mismatch", "the release names no bill of materials, and here is one") : pass(null);
}

/** Receipts that were made anew: the log only grew in between. */
function checkGrown({ shipment, package_release, gates, provenance }: ShipmentBundle, trust: Trust): Step<ShippedVerification["log_grew"]> {
  for (const { bundle, answered } of gates) {
    const grown = answered === undefined ? pass(null) : checkAnswered(bundle.attestations, answered, trust);
    if (!grown.ok) return grown;
  }
  let log_grew: ShippedVerification["log_grew"] = null;
  for (const held of [package_release, ...gates.flatMap(({ releases }) => releases), ...(provenance === null ? [] : [provenance]), shipment]) {
    const grown = held.answered === undefined ? pass(null) : checkAnswered([held.bundle], held.answered, trust);
    if (!grown.ok) return grown;
    log_grew = grown.value;
  }
  return pass(log_grew);
}

/** Never throws on any input. */
export function verifyShipmentBundle(bytes: Uint8Array, trust: Trust, trust_sha256: string, options: ShippedOptions): ShippedVerification {
  const read = readShipmentBundle(bytes);
  if ("because" in read) return notShipped({ code: "bundle.malformed", detail: `${SHIPMENT_BUNDLE_TYPE}: ${read.because}`.slice(0, 2000) });
  const { value } = read;
  const judged = judgeShipped(partsOf(value), trust, options);
  const { statement, reasons: [reason] } = judged;
  if (statement === null || (reason !== undefined && reason.code !== "release.incomplete")) return judged;
  const refused = (step: Extract<Step<never>, { ok: false }>): ShippedVerification => ({ ...judged, changes: [], result: resultOf(step.reason), reasons: [step.reason] });
  const named = checkNamed(value, statement);
  if (!named.ok) return refused(named);
  const grown = checkGrown(value, trust);
  if (!grown.ok) return refused(grown);
  return { ...judged, log_grew: grown.value, node_trust_file: value.trust_sha256 === trust_sha256, left_out: [...value.left_out, ...judged.left_out].slice(0, 128) };
}

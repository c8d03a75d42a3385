import { existsSync, readdirSync } from "node:fs";
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { locate } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { isReleaseBundle, type VerifyOptions } from "../../verifier/index.ts";
import { isShipmentBundle } from "../../verifier/shipped/index.ts";
import { describeEvidence, judgeEvidence } from "../verified/evidence.ts";
import { isReceipt, verifyReceipt } from "../verified/receipt.ts";
import { readBundleFile, readTrustFile } from "../verification.ts";

const EXITS = { verified: VERIFY_EXIT.verified, failed: VERIFY_EXIT.failed, unknown_signer: VERIFY_EXIT.unknown_signer } as const;
const PREFIX_MIN = 6;

/** A file, or the start of the digest of a bundle that `maestro gate` kept. */
function bundlePath(name: string, state_dir: string): string {
  if (existsSync(name)) return name;
  const folder = `${state_dir}/bundles`;
  const kept = name.length >= PREFIX_MIN && existsSync(folder) ? readdirSync(folder).filter((file) => file.startsWith(name) && file.endsWith(".json")) : [];
  if (kept.length > 1) throw new MaestroError("cli.usage", `${name} is the start of ${kept.length} bundles; give more characters`);
  if (kept[0] === undefined) throw new MaestroError("cli.usage", `there is no bundle ${JSON.stringify(name)}: give a file, or the start of a digest that maestro gate printed`);
  return `${folder}/${kept[0]}`;
}

/** Files an auditor brings along for numbers that stay hidden. */
function hiddenFiles(values: Values): Pick<VerifyOptions, "bounds" | "opening"> {
  const [bounds, opening] = [textOf(values, "bounds"), textOf(values, "opening")];
  return { ...(bounds === undefined ? {} : { bounds: readBundleFile(bounds) }), ...(opening === undefined ? {} : { opening: readBundleFile(opening) }) };
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const [name] = positionals;
  if (name === undefined) throw new MaestroError("cli.usage", "verify takes the bundle's file, or the start of its digest");
  const locations = locate(values);
  const trust_path = textOf(values, "trust") ?? locations.trust_path;
  const json = values["json"] === true;
  const provenance = textOf(values, "provenance");
  if (provenance !== undefined) return (await import("../provenance.ts")).verifyArtifact(name, provenance, trust_path, json);
  const leaf = textOf(values, "leaf");
  const path = bundlePath(name, locations.state_dir);
  const bytes = readBundleFile(path);
  const trust = readTrustFile(trust_path);
  // What it is follows from what is in the file, whatever the file is called.
  if (isReceipt(bytes)) return verifyReceipt(path, bytes, textOf(values, "entry"), trust, json);
  if (isShipmentBundle(bytes)) return (await import("../shipped/verify.ts")).verifyShipped(bytes, trust, values, trust_path);
  if (isReleaseBundle(bytes)) return (await import("../verified/attestation.ts")).verifyAttestation(path, bytes, trust, values, trust_path);
  const judged = judgeEvidence(bytes, trust, { now: new Date(), ...(leaf === undefined ? {} : { leaf }), ...hiddenFiles(values) });
  const { verification, whole } = judged;
  if (values["extract"] !== undefined || values["artifact"] !== undefined) await (await import("../export/extract.ts")).extract(judged, values);
  if (json) printJson(whole ?? verification);
  else {
    print(describeEvidence(judged));
    if (values["trust"] === undefined) note(`trust file: ${trust_path} (give --trust FILE to name the operator's)`);
  }
  // A trust file that makes no sense says nothing of the bundle: the command line named the wrong file.
  return verification.reasons.some(({ code }) => code.startsWith("trust.")) ? VERIFY_EXIT.usage : EXITS[verification.result];
};

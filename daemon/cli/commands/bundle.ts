/** `maestro bundle`: everything on record of a gate as one file for an auditor, and as an OCI artifact. Written only where all of it verifies. */
import { existsSync, readFileSync } from "node:fs";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64, toBase64 } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { EvidenceBundle, FILE_BYTES_MAX, KEYLESS_FILE } from "../../../proto/evidence-bundle.ts";
import { readDocument } from "../../verifier/schema.ts";
import { EVIDENCE_LIMITS } from "../../verifier/whole/index.ts";
import { textOf, type CommandModule } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { bundleShipment, shipmentNamed } from "../shipped/bundle.ts";
import { artifactAt } from "../artifact-file.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { requireSound, sha256Hex } from "../verified/evidence.ts";
import { writeOut } from "../write-file.ts";

/** What `maestro keyless` left beside the evidence here: the daemon does not keep it. */
function withKeyless(bytes: Uint8Array, answered_sha256: string, folder: string): Uint8Array {
  const path = `${folder}/${answered_sha256}.${KEYLESS_FILE}`;
  if (!existsSync(path)) return bytes;
  const read = readDocument(EvidenceBundle, bytes, EVIDENCE_LIMITS);
  if ("because" in read) throw new MaestroError("worker.protocol", `the daemon's evidence bundle: ${read.because}`);
  const content = readFileSync(path);
  if (content.length > FILE_BYTES_MAX) throw new MaestroError("cli.usage", `${path} has ${content.length} bytes; a file of ${FILE_BYTES_MAX} fits`);
  const files = [...read.value.files.filter(({ name }) => name !== KEYLESS_FILE), { name: KEYLESS_FILE, content: toBase64(content) }].sort((a, b) => (a.name < b.name ? -1 : 1));
  return canonicalBytes({ ...read.value, files });
}

const strict = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array();

/** A file that was released, by its content: a gate's id has neither dots nor slashes. */
async function named(id: string): Promise<string> {
  return /[./]/.test(id) && existsSync(id) ? `sha256:${(await artifactAt(id)).sha256}` : id;
}

export const run: CommandModule["run"] = async ({ values, positionals: [id], lists }) => {
  if (id === undefined) throw new MaestroError("cli.usage", "bundle takes a gate (the start of its id, of its head commit or of its bundle's digest), or a release (its id, the file or its digest)");
  if (textOf(values, "oci") === undefined && values["subject"] !== undefined) throw new MaestroError("cli.usage", "--subject goes with --oci DIR");
  const { client, locations } = await connectOrStart(values);
  const gate = await named(id);
  const brought = lists?.["bundle"] ?? [];
  const shipment = await shipmentNamed(client, gate);
  if (shipment !== null) return bundleShipment(client, shipment, values, brought);
  if (brought.length > 0) throw new MaestroError("cli.usage", "--bundle goes with a release: it brings another node's evidence of a change in it");
  const [made, trust] = [await client.evidenceBundle(gate), strict((await client.trust()).trust)];
  const first = requireSound(strict(made.content), trust);
  const bytes = withKeyless(strict(made.content), first.whole?.answered_sha256 ?? "", `${locations.state_dir}/bundles`);
  const judged = requireSound(bytes, trust);
  const path = textOf(values, "out") ?? `evidence-${made.gate_id.slice("gate:".length, "gate:".length + 12)}-${made.attempt}.json`;
  writeOut(path, bytes, 0o644, "what is on record stays there", values["force"] === true);
  const folder = textOf(values, "oci");
  const artifact = folder === undefined ? null : (await import("../oci/write.ts")).writeArtifact(folder, textOf(values, "subject"), bytes, judged);
  const left_out = judged.whole?.left_out ?? [];
  const digest = sha256Hex(bytes);
  if (values["json"] === true) printJson({ gate_id: made.gate_id, attempt: made.attempt, path, sha256: digest, bytes: bytes.length, artifact, left_out });
  else {
    print(`${escapeTerminal(path)}  ${bytes.length} bytes, sha256:${digest}`);
    if (artifact !== null) print(`${escapeTerminal(folder ?? "")}  ${artifact.digest} refers to ${artifact.subject}`);
    for (const { what, because } of left_out) note(`not in it: ${escapeTerminal(what)} (${escapeTerminal(because)})`);
    note(`check it elsewhere with the operator's trust file: maestro verify ${escapeTerminal(path)} --trust FILE`);
  }
  return EXIT.admit;
};

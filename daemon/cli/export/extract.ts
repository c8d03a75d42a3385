/** `maestro verify BUNDLE --extract DIR`: only what verified is written. */
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { EvidenceBundle } from "../../../proto/evidence-bundle.ts";
import { asAnswered } from "../../verifier/whole/answered.ts";
import type { JudgedEvidence } from "../verified/evidence.ts";
import { textOf, type Values } from "../command.ts";
import { note } from "../output.ts";
import { ARTIFACT_FILE, treeArtifact } from "./artifact.ts";
import { attestationFiles } from "./attestations.ts";
import { writeFolder } from "./folder.ts";

/** What an evidence bundle holds beside the gate's attestations. Names are ours or of a closed form: none leaves the folder. */
function* furtherFiles({ gate: { bundle, answered }, earlier, releases, provenance, drafts = [], files }: EvidenceBundle): Generator<[string, Uint8Array]> {
  yield ["bundle.json", canonicalBytes(bundle)];
  const then = answered === undefined ? null : asAnswered(bundle.attestations, answered);
  if (then !== null) yield ["bundle-as-answered.json", canonicalBytes({ ...bundle, attestations: then })];
  for (const [i, one] of earlier.entries()) yield [`earlier-${i + 1}.bundle.json`, canonicalBytes(one.bundle)];
  for (const [i, one] of releases.entries()) yield [`release-${i + 1}.sigstore.json`, canonicalBytes(one.bundle)];
  for (const [i, one] of provenance.entries()) yield [`provenance-${i + 1}.sigstore.json`, canonicalBytes(one.bundle)];
  for (const [i, one] of drafts.entries()) yield [`drafts-${i + 1}.sigstore.json`, canonicalBytes(one.bundle)];
  for (const { name, content } of files) yield [`file-${name}`, fromBase64(content) ?? new Uint8Array()];
}

export async function extract({ bundle, verification, opened }: JudgedEvidence, values: Values): Promise<void> {
  const [folder, repository] = [textOf(values, "extract"), textOf(values, "artifact")];
  if (folder === undefined) {
    if (repository !== undefined) throw new MaestroError("cli.usage", "--artifact goes with --extract DIR");
    return;
  }
  const { statement } = verification;
  if (verification.result !== "verified" || statement === null) {
    note("nothing was extracted: it did not verify");
    return;
  }
  const files = new Map(attestationFiles(bundle, verification));
  for (const [name, content] of opened === null ? [] : furtherFiles(opened)) files.set(name, content);
  if (repository !== undefined) files.set(ARTIFACT_FILE, await treeArtifact(repository, statement.predicate.identity));
  writeFolder(folder, files);
  note(`extracted ${files.size} files to ${folder}`);
}

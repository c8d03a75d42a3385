/** `maestro verify BUNDLE --extract DIR`: only what verified is written. */
import type { Verification } from "../../../proto/verification.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { textOf, type Values } from "../command.ts";
import { note } from "../output.ts";
import { ARTIFACT_FILE, treeArtifact } from "./artifact.ts";
import { attestationFiles } from "./attestations.ts";
import { writeFolder } from "./folder.ts";

export async function extract(bytes: Uint8Array, verification: Verification, values: Values): Promise<void> {
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
  const files = new Map(attestationFiles(bytes, verification));
  if (repository !== undefined) files.set(ARTIFACT_FILE, await treeArtifact(repository, statement.predicate.identity));
  writeFolder(folder, files);
  note(`extracted ${files.size} files to ${folder}`);
}

import type { RepositoryConfig } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { REPOSITORY_CONFIG_NAME } from "../../config/repository.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { blobAt } from "../../platform/git/tree-entry.ts";
import { brokenBecause, rootConfig } from "./base-config.ts";
import type { KnownChange } from "./change.ts";

export type Compared = Pick<KnownChange, "basis" | "config_commit" | "old_tree" | "new_tree">;

/** What the root's `maestro.yaml` would say once the change is in: it is compared with the base's, and never followed. Undefined where the file is the base's own to the letter. */
export async function configAfter(reader: GitReader, { basis, config_commit, old_tree, new_tree }: Compared): Promise<{ readonly config: RepositoryConfig | null } | { readonly broken: string } | undefined> {
  const trusted = config_commit === null ? null : ((await reader.history.commit(config_commit))?.tree ?? null);
  const [now, was, forked] = [await blobAt(reader.objects, new_tree, REPOSITORY_CONFIG_NAME), trusted === null ? null : await blobAt(reader.objects, trusted, REPOSITORY_CONFIG_NAME), await blobAt(reader.objects, old_tree, REPOSITORY_CONFIG_NAME)];
  // On a conflict nothing is merged: what the target declared since the change forked off, the change takes nothing of.
  if (now !== null && (now === was || (basis === "base..head" && now === forked))) return undefined;
  try {
    return { config: await rootConfig(reader, new_tree) };
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return { broken: brokenBecause(error) };
  }
}

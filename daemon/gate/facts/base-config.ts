import { MaestroError } from "../../../proto/errors.ts";
import type { RepositoryConfig } from "../../../proto/config.ts";
import type { FactsJob, FactsReply } from "../../../proto/worker.ts";
import { parseRepositoryConfig, REPOSITORY_CONFIG_NAME } from "../../config/repository.ts";
import type { Oid } from "../../platform/git/object-format.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { blobAt, standsAt } from "../../platform/git/tree-entry.ts";

/** What is read at all; the parser has its own, lower limit and names it. */
const CONFIG_BYTES_MAX = 1024 * 1024;
const POLICY_BYTES_MAX = 16 * 1024 * 1024;

/**
 * `maestro.yaml` of the trusted base, and the policy bundle it names, written
 * to `policy_path`. What stands in head is never read here. A file that is
 * there and cannot be used is `broken`, which holds the gate: no configuration
 * and a broken one are different things.
 */
export async function baseConfig(reader: GitReader, commit: Oid | null, job: Pick<FactsJob, "policy_path">): Promise<FactsReply["config"]> {
  const tree = commit === null ? null : ((await reader.history.commit(commit))?.tree ?? null);
  if (tree === null) return { state: "absent" };
  try {
    const config = await rootConfig(reader, tree);
    if (config === null) return { state: "absent" };
    if (config.policy === undefined) return { state: "read", config, policy: null };
    const bundle = await blobAt(reader.objects, tree, config.policy);
    if (bundle === null) throw new MaestroError("policy.load", `${REPOSITORY_CONFIG_NAME} names ${config.policy}, which is not a file at the base`);
    const bytes = await contentOf(reader, bundle, config.policy, POLICY_BYTES_MAX);
    await Bun.write(job.policy_path, bytes);
    // Unpacked here, where it may cost this process its life, and not in the core, which needs to know what it is.
    const { bundleDigest } = await import("../../policy/index.ts");
    return { state: "read", config, policy: bundleDigest(bytes, config.policy) };
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return { state: "broken", because: brokenBecause(error) };
  }
}

/** As the facts have room for it. */
export const brokenBecause = (error: MaestroError): string => `${error.row.sentence} (${error.detail})`.slice(0, 2000).toWellFormed();

/** `maestro.yaml` in the root of a tree, null where nothing stands there. Throws a `MaestroError` for one that cannot be used. */
export async function rootConfig(reader: GitReader, tree: Oid): Promise<RepositoryConfig | null> {
  const oid = await blobAt(reader.objects, tree, REPOSITORY_CONFIG_NAME);
  if (oid !== null) return parseRepositoryConfig(await contentOf(reader, oid, REPOSITORY_CONFIG_NAME, CONFIG_BYTES_MAX));
  if (!(await standsAt(reader.objects, tree, REPOSITORY_CONFIG_NAME))) return null;
  throw new MaestroError("config.malformed", `${REPOSITORY_CONFIG_NAME} is a link, a folder or a submodule, which is not followed`);
}

async function contentOf(reader: GitReader, oid: Oid, path: string, bytes_max: number): Promise<Uint8Array> {
  const read = await reader.objects.read(oid, bytes_max);
  if (read.result === "read") return read.content;
  throw new MaestroError("config.malformed", read.result === "missing" ? `${path} is missing` : `${path} has ${read.info.size} bytes, the limit is ${bytes_max}`);
}

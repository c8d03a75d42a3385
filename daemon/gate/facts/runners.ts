/** Declared commands as the facts hold them, and the files of scripts and targets that their words lead through. */
import type { FactsLimits, RepositoryConfig } from "../../../proto/config.ts";
import { fromBase64, fromUtf8Lossy, toBase64 } from "../../../proto/encoding.ts";
import type { DeclaredCommand, RunnerFile } from "../../../proto/facts.ts";
import type { FactsJob, FactsReply } from "../../../proto/worker.ts";
import type { Oid } from "../../platform/git/object-format.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { blobAt, standsAt } from "../../platform/git/tree-entry.ts";
import { traceOf } from "../checks/running/trace.ts";

const FILES_MAX = 64;
const FILE_BYTES_MAX = 1024 * 1024;

/** What host and trusted base declare; under one name the host's word counts. */
export function declaredCommands(host: FactsJob["declared"], base: FactsReply["config"]): DeclaredCommand[] {
  const read: Partial<RepositoryConfig> = base.state === "read" ? base.config : {};
  const obligations = Object.entries({ ...read.obligations, ...host.obligations }).filter(([, { required = true }]) => required);
  return Object.entries({ ...read.commands, ...host.commands }).map(([name, { run, cwd = "", env = {}, guards = [], required = true }]) => ({
    name, run, cwd, env: Object.values(env), guards, required,
    obligations: obligations.filter(([, { from }]) => from.command === name).map(([obligation]) => obligation),
  }));
}

export interface Sides {
  readonly old: Oid;
  readonly new: Oid;
}

/** Each round reads what the words of the round before lead to. */
export async function runnerFiles(reader: GitReader, trees: Sides, commands: readonly DeclaredCommand[], limits: FactsLimits): Promise<RunnerFile[]> {
  const known = new Map<string, RunnerFile>();
  while (known.size < FILES_MAX) {
    const wanted = new Set(commands.flatMap((command) => (["old", "new"] as const).flatMap((side) => [...traceOf(command, textOf(known, side)).wants])));
    if (wanted.size === 0) break;
    // What is left out stays wanted, and the check says that it was not handed over.
    for (const path of [...wanted].slice(0, FILES_MAX - known.size)) known.set(path, await runnerFile(reader, trees, path, Math.min(FILE_BYTES_MAX, limits.content_bytes_max)));
  }
  return [...known.values()];
}

const textOf = (known: ReadonlyMap<string, RunnerFile>, side: "old" | "new") => (path: string): string | null | undefined => {
  const file = known.get(path);
  const bytes = file?.[side];
  return file === undefined ? undefined : bytes === null || bytes === undefined ? null : fromUtf8Lossy(fromBase64(bytes) ?? new Uint8Array(0));
};

export async function runnerFile(reader: GitReader, trees: Sides, path: string, bytes_max: number): Promise<RunnerFile> {
  const [before, after] = [await sideOf(reader, trees.old, path, bytes_max), await sideOf(reader, trees.new, path, bytes_max)];
  return { path, old: before.bytes, new: after.bytes, unread: before.unread ?? after.unread };
}

async function sideOf(reader: GitReader, tree: Oid, path: string, bytes_max: number): Promise<{ readonly bytes: string | null; readonly unread: string | null }> {
  const oid = await blobAt(reader.objects, tree, path);
  if (oid === null) return { bytes: null, unread: (await standsAt(reader.objects, tree, path)) ? "a link, a folder or a submodule stands there, which is not followed" : null };
  const read = await reader.objects.read(oid, bytes_max);
  if (read.result === "read") return { bytes: toBase64(read.content), unread: null };
  return { bytes: null, unread: read.result === "missing" ? "its content is missing" : `it has ${read.info.size} bytes, the limit is ${bytes_max}` };
}

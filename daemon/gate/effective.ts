/** `maestro config --path`: what rules, numbers and waivers speak of one path, from the files above it as they stand on somebody's disk. Nothing is recorded. */
import { utf8 } from "../../proto/encoding.ts";
import { canonicalText } from "../../proto/canonical.ts";
import type { RuleSetting } from "../../proto/config.ts";
import type { ConfigsJob, ConfigsReply, EffectiveReply, EffectiveRequest } from "../../proto/effective.ts";
import { matchesPath } from "../checking/globs.ts";
import { Lane } from "../checking/lane.ts";
import { folderOf, inside } from "../config/folder-of.ts";
import type { Host } from "../config/host.ts";
import { mergeGateConfig } from "../config/merge.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";

type Entry = EffectiveReply["entries"][number];

/** In a check process. Throws `config.malformed` or `config.unknown_key` with path and line. */
export async function configsJob({ files }: ConfigsJob): Promise<ConfigsReply> {
  const { parseFolderConfig, parseRepositoryConfig } = await import("../config/repository.ts");
  const root = files.find(({ folder }) => folder === "");
  return {
    kind: "configs",
    root: root === undefined ? { version: 1 } : parseRepositoryConfig(utf8(root.text)),
    folders: files.flatMap(({ folder, text }) => (folder === "" ? [] : [{ path: folder, config: parseFolderConfig(utf8(text), folder) }])),
  };
}

function ruleEntries(rules: Readonly<Record<string, RuleSetting>>, origin: Entry["origin"], where: string): Entry[] {
  return Object.entries(rules).flatMap(([rule, setting]) => Object.entries(setting).map(([part, value]) => ({ key: `rules.${rule}.${part}`, value: canonicalText(value), origin, meaning: where })));
}

/** Throws what reading throws, and `config.loosens` naming what is looser than what stands above it. */
export async function effectiveConfig({ host, pool }: { readonly host: Host; readonly pool: WorkerPool }, tenant: string, { path, files }: EffectiveRequest, signal: AbortSignal): Promise<EffectiveReply> {
  await using lane = new Lane(pool, signal, tenant);
  const { root, folders } = await lane.run({ kind: "configs", files: [...files] }, host.limits.worker.check_deadline_ms);
  const config = mergeGateConfig(host, { config: root, folders, policy_path: null }, "");
  const folder = folderOf(config.folders, path);
  const where = folder === null ? "maestro.yaml" : `${folder.path}/maestro.yaml and what stands above it`;
  const thresholds = folder?.thresholds ?? config.thresholds;
  const waivers = (config.waivers ?? []).filter((entry) => (entry.folder === "" || inside(path, entry.folder)) && matchesPath(entry.paths, entry.folder === "" ? path : path.slice(entry.folder.length + 1)));
  return {
    entries: [
      ...ruleEntries(config.rules, "host", "the host's configuration"),
      ...ruleEntries(folder?.rules ?? config.base_rules, "base", where),
      ...Object.entries(thresholds).map(([name, value]): Entry => ({ key: `thresholds.${name}`, value: canonicalText(value), origin: value === host.thresholds[name as keyof typeof thresholds] ? "host" : "base", meaning: where })),
      ...waivers.map(({ folder: at, ...entry }): Entry => ({ key: `waivers.${entry.rule}`, value: canonicalText(entry), origin: "base", meaning: at === "" ? "maestro.yaml" : `${at}/maestro.yaml` })),
    ],
  };
}

/** What the commands of one gate that ask for re-use are shown, told before any of them runs. */
import type { Command } from "../../proto/command.ts";
import type { GateConfig } from "../../proto/config.ts";
import { reasonOf } from "../checking/failure.ts";
import type { Lane } from "../checking/lane.ts";
import type { Host } from "../config/host.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import { machineKind } from "../platform/machine.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";
import type { TestHistory } from "./history.ts";
import { hidingCommands } from "./conceal.ts";
import { CommandPlans, type CommandReuse, type Sight } from "./reuse.ts";
import type { ToolChains } from "./tools/chains.ts";
import { shownTo } from "./written.ts";

interface Deps {
  readonly host: Host;
  readonly git: GitTools;
  readonly sandbox: Sandbox;
  readonly history?: TestHistory;
  readonly chains: ToolChains;
}

interface Question {
  readonly repository: Repository;
  readonly config: GateConfig;
  readonly lane: Lane;
  readonly reuse?: CommandReuse | undefined;
  readonly deadline_ms: () => number;
  /** What a command is to leave below its scratch. */
  readonly files: (name: string) => readonly string[];
}

type View = Sight["view"];

/** A tree by its name, or a part of it by what is in it. */
async function views({ git, host }: Deps, { repository, lane, deadline_ms }: Question, asking: ReadonlyMap<string, Command>, tree: string): Promise<ReadonlyMap<string, View>> {
  const { git_dir, object_format } = repository;
  const told = new Map<string, View>([...asking.keys()].map((name) => [name, { sha256: tree }]));
  const parts = [...asking].flatMap(([name, command]) => {
    const globs = shownTo(command);
    return globs === null ? [] : [{ name, globs: [...globs] }];
  });
  for (const { name } of parts) told.set(name, { because: "what it is shown was not told" });
  if (parts.length === 0) return told;
  try {
    const reply = await lane.run({ kind: "views", git: { ...git }, git_dir, object_format, tree, views: parts, limits: host.limits.command }, deadline_ms());
    for (const { name, sha256 } of reply.views) told.set(name, sha256 === null ? { because: "the merged tree has too many files (limits.command.tree_entries_max)" } : { sha256 });
  } catch (error) {
    const because = reasonOf(error);
    for (const { name } of parts) told.set(name, { because });
  }
  return told;
}

/** Null where no command asks for re-use, or nothing may be: of strangers' changes. Throws `request.cancelled` and `daemon.draining` only. */
export async function plansFor(deps: Deps, question: Question, touched: ReadonlySet<string>, tree: string): Promise<CommandPlans | null> {
  const { host, sandbox, history, chains } = deps;
  const { config, reuse, lane, repository, deadline_ms, files } = question;
  const asking = new Map(Object.entries(config.commands).filter(([name, command]) => command.reuse === true && touched.has(name)));
  if (reuse === undefined || asking.size === 0) return null;
  const tier = await sandbox.tier("bwrap");
  // What cannot be run says so itself.
  if (!tier.usable) return null;
  // The process at hand has read the change: what answers are kept under is for one to say that has not.
  await lane.rest();
  const shown = await views(deps, question, asking, tree);
  const known = await chains.look(asking, config.mounts, (job) => lane.run(job, Math.max(deadline_ms(), job.deadline_ms)));
  const hiding = hidingCommands(config);
  const sights = new Map([...asking].map(([name, command]): [string, Sight] => {
    const place = { repo_id: repository.repo_id, command: name };
    const flaky = (history?.rates(place, history.watched(place)).size ?? 0) > 0;
    const view: View = hiding.has(name) ? { because: "a number that is hidden is read from what it leaves, and nothing of that is kept" } : flaky ? { because: "it has tests that are known to be flaky" } : (shown.get(name) ?? { because: "what it is shown was not told" });
    return [name, { command, view, chain: known.get(name) ?? { because: "its tool chain was not looked at" }, files: files(name) }];
  }));
  return new CommandPlans(reuse, sights, { mounts: config.mounts, limits: [host.limits.sandbox, host.limits.command.report_bytes_max], sandbox: tier.version, machine: machineKind() });
}

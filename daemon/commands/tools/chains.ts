/** What the tool chains of commands were last seen to be. The core asks and remembers; a check process looks. */
import { canonicalText } from "../../../proto/canonical.ts";
import type { Command, ToolMounts } from "../../../proto/command.ts";
import type { CommandLimits } from "../../../proto/config.ts";
import type { ToolsJob, ToolsReply } from "../../../proto/worker.ts";
import { reasonOf } from "../../checking/failure.ts";
import { SYSTEM_MOUNT } from "../../config/tool-mounts.ts";

/** Larger ones are not looked through for every gate. */
const FRESH_ENTRIES_MAX = 5_000;
/** A look that took longer and told nothing is not taken again before every gate. Waiting for a process counts, too. */
const LOOK_MS_MAX = 3_000;

export interface ChainsDeps {
  readonly limits: Pick<CommandLimits, "tool_entries_max" | "tool_deadline_ms" | "tool_known_ms">;
  readonly now_ms: () => number;
  /** The launcher is a unit of its own. */
  readonly apart: boolean;
  /** Files of one that is looked through for each gate. */
  readonly fresh_entries_max?: number;
}

export type Chain = { readonly sha256: string } | { readonly because: string };
type Asked = Pick<Command, "run" | "mounts" | "env">;
type Folder = ToolMounts[string]["folders"][number];

const chainsOf = ({ mounts = [] }: Asked, known: ToolMounts): ToolMounts[string][] => [...new Set([...mounts, SYSTEM_MOUNT])].flatMap((name) => known[name] ?? []);
const foldersOf = (command: Asked, known: ToolMounts): Folder[] => chainsOf(command, known).flatMap(({ folders }) => folders);

/** Folders that are in every sandbox that `host` is in: what lies within one of them is looked through with it, and a folder of another command's is none. */
function beside(host: string, known: ToolMounts): string[] {
  const always = (known[SYSTEM_MOUNT]?.folders ?? []).map((folder) => folder.host);
  const together = Object.values(known).map(({ folders }) => folders.map((folder) => folder.host)).filter((hosts) => hosts.includes(host));
  const [first = [], ...rest] = together;
  return [...new Set([...always, ...first.filter((one) => rest.every((hosts) => hosts.includes(one)))])].filter((one) => one !== host);
}

/** Where its program is looked for; see sandbox-job.ts. */
const pathOf = (command: Asked, known: ToolMounts): string[] => command.env?.["PATH"]?.split(":").filter((folder) => folder !== "") ?? chainsOf(command, known).flatMap(({ path = [] }) => path);

export class ToolChains {
  /** By folder; as many as the host offers. */
  private readonly known = new Map<string, { readonly glance: string; readonly sha256: string; readonly until_ms: number }>();

  /** Folders that took long and could not be told. */
  private readonly untold = new Map<string, { readonly because: string; readonly until_ms: number }>();

  constructor(private readonly deps: ChainsDeps) {}

  /** The tool chain of each command by name, or why it cannot be told. Throws `request.cancelled` and `daemon.draining` only. */
  async look(commands: ReadonlyMap<string, Asked>, mounts: ToolMounts, ask: (job: ToolsJob) => Promise<ToolsReply>): Promise<ReadonlyMap<string, Chain>> {
    try {
      const began_ms = this.deps.now_ms();
      const reply = await ask(this.job(commands, mounts));
      return this.told(commands, mounts, reply, this.deps.now_ms() - began_ms > LOOK_MS_MAX);
    } catch (error) {
      const because = reasonOf(error);
      return new Map([...commands.keys()].map((name) => [name, { because }]));
    }
  }

  private job(commands: ReadonlyMap<string, Asked>, mounts: ToolMounts): ToolsJob {
    const { limits, apart } = this.deps;
    const hosts = new Set([...commands.values()].flatMap((command) => foldersOf(command, mounts)).map(({ host }) => host).filter((host) => this.passedOver(host) === null));
    return {
      kind: "tools",
      folders: [...hosts].map((host) => ({ host, beside: beside(host, mounts), known: this.fresh(host)?.glance ?? null })),
      programs: [...commands].map(([name, command]) => ({ name, program: command.run[0] ?? "", path: pathOf(command, mounts), folders: foldersOf(command, mounts) })),
      apart,
      entries_max: limits.tool_entries_max,
      deadline_ms: limits.tool_deadline_ms,
    };
  }

  private told(commands: ReadonlyMap<string, Asked>, mounts: ToolMounts, reply: ToolsReply, long: boolean): ReadonlyMap<string, Chain> {
    const told = new Map(reply.folders.map((one) => [one.host, this.remember(one, long)]));
    const programs = new Map(reply.programs.map(({ name, sha256 }) => [name, sha256]));
    return new Map([...commands].map(([name, command]) => [name, this.chain(foldersOf(command, mounts), told, programs.get(name) ?? null)]));
  }

  private fresh(host: string): { readonly glance: string; readonly sha256: string } | undefined {
    const before = this.known.get(host);
    return before !== undefined && before.until_ms > this.deps.now_ms() ? before : undefined;
  }

  /** Why it is not looked at. */
  private passedOver(host: string): { readonly because: string } | null {
    const before = this.untold.get(host);
    return before !== undefined && before.until_ms > this.deps.now_ms() ? { because: before.because } : null;
  }

  private remember({ host, told }: ToolsReply["folders"][number], long: boolean): Chain {
    if ("because" in told) {
      if (long) this.untold.set(host, { because: told.because, until_ms: this.deps.now_ms() + this.deps.limits.tool_known_ms });
      return told;
    }
    const { glance, entries, sha256 } = told;
    const before = this.known.get(host);
    if (sha256 === null) return before?.glance === glance ? { sha256: before.sha256 } : { because: `${host} was not looked through` };
    if (entries > (this.deps.fresh_entries_max ?? FRESH_ENTRIES_MAX)) this.known.set(host, { glance, sha256, until_ms: this.deps.now_ms() + this.deps.limits.tool_known_ms });
    return { sha256 };
  }

  private chain(folders: readonly Folder[], told: ReadonlyMap<string, Chain>, program: string | null): Chain {
    const parts: unknown[] = [program];
    for (const { host, inside } of folders) {
      const one = told.get(host) ?? this.passedOver(host) ?? { because: `${host} was not looked at` };
      if ("because" in one) return { because: `its tool chain: ${one.because}` };
      parts.push([host, inside, one.sha256]);
    }
    return { sha256: new Bun.CryptoHasher("sha256").update(canonicalText(parts)).digest("hex") };
  }
}

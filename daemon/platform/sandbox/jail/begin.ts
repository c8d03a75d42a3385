/** From a job to a jail that waits at its gate; at once, or from what stood by. */
import { openSync } from "node:fs";
import { MaestroError } from "../../../../proto/errors.ts";
import type { Cages } from "../../cgroup/cages.ts";
import type { WireJob } from "../wire.ts";
import { type Descriptors, Sealed } from "./descriptors.ts";
import { gvisorConfig, RUNSC_ARGV } from "./gvisor.ts";
import { Jail } from "./jail.ts";
import { ETC, GVISOR, layoutArguments, type MadeFile } from "./layout.ts";
import { removedRules, type Removed } from "./protections.ts";
import { type Architecture, seccompFilter } from "./seccomp/filter.ts";
import type { Ready } from "./standby.ts";
import { canBeTold, commandOf, FIRST_FILE_FD, type Parts, startNow } from "./start.ts";

/** Where the tools are and what the machine allows; one per order. */
export interface Ground {
  readonly bwrap: string;
  readonly runsc: string | null;
  readonly cages: Cages | null;
  readonly architecture: Architecture;
  readonly removed: Removed;
}

export interface Handed {
  readonly parts: Parts;
  /** bubblewrap's arguments, not yet filled in. */
  readonly words: Sealed;
  readonly files: readonly MadeFile[];
}

/** What a jail is given beside its job; with gVisor's configuration where the jail is one for gVisor. */
export function handOver({ removed, architecture }: Pick<Ground, "removed" | "architecture">, gvisor: string | null, fds: Descriptors): Handed {
  const seal = !removed.has("sealed-input");
  const sealed = (bytes: Uint8Array): number => new Sealed(fds, seal).fill(bytes).read_fd;
  const made = Object.entries({ ...ETC, ...(gvisor === null ? {} : { [`${GVISOR.bundle}/config.json`]: gvisor }) });
  const leaked = removed.has("closed-descriptors") ? [fds.own(openSync("/proc/self/status", "r"))] : [];
  const filter = gvisor === null && !removed.has("seccomp") ? seccompFilter(architecture, removedRules(removed, "seccomp")) : null;
  const words = new Sealed(fds, seal);
  return {
    parts: { arguments: words.read_fd, seccomp: filter === null ? null : sealed(filter), files: [...made.map(([, text]) => sealed(Buffer.from(text))), ...leaked] },
    words,
    files: made.map(([inside], index) => ({ inside, fd: FIRST_FILE_FD + index })),
  };
}

/** Whether what stands by will do: it knows one layout, an empty input, and words that fit on a line. */
export const canStandBy = (job: WireJob, { bwrap }: Ground): boolean => job.tier === "bwrap" && job.stdin === null && canBeTold(commandOf(bwrap, { seccomp: null }, job.argv));

/** Requires `canStandBy` where something `ready` is given; its descriptors are `fds` then. */
export function startJail(job: WireJob, ground: Ground, ready: Ready | null, fds: Descriptors): Jail {
  const { removed, bwrap } = ground;
  const runsc = job.tier === "runsc" ? ground.runsc : null;
  if (job.tier === "runsc" && runsc === null) throw new MaestroError("sandbox.unavailable", "runsc is not there");
  const { parts, words, files } = ready ?? handOver(ground, runsc === null ? null : gvisorConfig(job), fds);
  words.fill(Buffer.from(layoutArguments({ job, files, runsc, removed }).map((word) => `${word}\0`).join("")));
  const command = commandOf(bwrap, parts, runsc === null ? job.argv : RUNSC_ARGV);
  if (ready !== null) {
    ready.standing.begin(command);
    return new Jail(ready.standing, fds);
  }
  const stdin = job.stdin === null ? fds.own(openSync("/dev/null", "r")) : new Sealed(fds, !removed.has("sealed-input")).fill(Buffer.from(job.stdin, "base64")).read_fd;
  return new Jail(startNow(command, stdin, parts, fds), fds);
}

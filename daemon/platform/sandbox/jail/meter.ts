/** Watches what a running job uses, and says which limit it has passed. */
import { statfsSync } from "node:fs";
import type { SandboxLimits } from "../../../../proto/config.ts";
import { pidsIn, statIn, statusBytesIn } from "../../kernel/proc.ts";
import type { Group } from "../../cgroup/group.ts";
import { SHM } from "./layout.ts";
import type { Removed } from "./protections.ts";

/** What the kernel keeps for a file of tmpfs beside its content; it counts against no size (shmem.c). */
const INODE_BYTES = 1_024;
const INIT = 1;

export interface Watched {
  /** The job's own /proc, scratch and shared memory, as open folders. */
  readonly proc_fd: number;
  readonly scratch_fd: number;
  readonly shm_fd: number | null;
  readonly cage: Group | null;
  readonly limits: SandboxLimits;
  /** A user-space kernel needs threads and memory of its own; its jobs are counted by the group alone. */
  readonly whole_kernel: boolean;
  readonly removed: Removed;
}

export class Meter {
  memory_bytes_max = 0;
  cpu_us = 0;

  constructor(private readonly watched: Watched) {}

  /** The job begins: what its jail has cost so far is not its own. */
  begin(): void {
    this.watched.cage?.startClock();
  }

  /** One look, about 0.1 ms; null while every limit holds. */
  look(): keyof SandboxLimits | null {
    const { cage, limits, removed, whole_kernel } = this.watched;
    // Without a namespace of its own the job's /proc shows the machine, which is not the job's to answer for.
    const countable = (cage === null || !whole_kernel) && !removed.has("pid-namespace");
    const seen = countable ? this.processes() : null;
    const memory = Math.max(cage?.anonymousBytes() ?? 0, cage === null ? (seen?.memory_bytes ?? 0) : 0);
    this.memory_bytes_max = Math.max(this.memory_bytes_max, memory);
    this.cpu_us = cage?.cpuUs() ?? Math.max(this.cpu_us, seen?.cpu_us ?? 0);
    const over: Partial<Record<keyof SandboxLimits, boolean>> = {
      memory_bytes_max: !removed.has("memory") && (memory > limits.memory_bytes_max || (cage?.oomKills() ?? 0) > 0),
      processes_max: !removed.has("processes") && ((seen?.tasks ?? 0) > limits.processes_max || (cage?.refusedProcesses() ?? 0) > 0),
      cpu_s: !removed.has("cpu") && this.cpu_us > limits.cpu_s * 1e6,
      scratch_bytes_max: !removed.has("scratch-inodes") && this.scratchOver(),
    };
    return limitNames.find((name) => over[name] === true) ?? null;
  }

  private scratchOver(): boolean {
    const { scratch_fd, shm_fd, limits } = this.watched;
    return filled(scratch_fd) > limits.scratch_bytes_max || (shm_fd !== null && filled(shm_fd) > SHM.bytes_max);
  }

  /** All processes of the job but its init, which is bubblewrap's and only counts for the time of those it waited for. */
  private processes(): { readonly tasks: number; readonly memory_bytes: number; readonly cpu_us: number } {
    const total = { tasks: 0, memory_bytes: 0, cpu_us: 0 };
    const proc = `/proc/self/fd/${this.watched.proc_fd}`;
    for (const pid of pidsIn(proc)) {
      // A process may end between the listing and the look.
      const stat = statIn(`${proc}/${pid}`);
      if (stat === undefined) continue;
      total.cpu_us += stat.cpu_us;
      if (pid === INIT) continue;
      const bytes = statusBytesIn(`${proc}/${pid}`);
      total.tasks += stat.threads;
      total.memory_bytes += (bytes?.("RssAnon") ?? 0) + (bytes?.("RssShmem") ?? 0);
    }
    return total;
  }
}

const limitNames: readonly (keyof SandboxLimits)[] = ["memory_bytes_max", "processes_max", "cpu_s", "scratch_bytes_max"];

/** Bytes in use of a tmpfs, with what its files cost beside their content. */
function filled(fd: number): number {
  const { blocks, bfree, bsize, files, ffree } = statfsSync(`/proc/self/fd/${fd}`);
  return (blocks - bfree) * bsize + (files - ffree) * INODE_BYTES;
}

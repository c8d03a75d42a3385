/** What a daemon does before it starts its first process, so that none of them survives it. */
import { realpathSync } from "node:fs";
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex, utf8 } from "../../../proto/encoding.ts";
import { openCgroups, type CgroupHome } from "../cgroup/memory-home.ts";
import { startGuard } from "./guard.ts";
import { killMarked, setMark } from "./mark.ts";

/** Enough that two state folders of one machine never meet. */
const MARK_CHARACTERS = 24;
/** A guard that is killed is replaced this often within a minute; more is somebody's intention. */
const GUARDS_PER_MINUTE_MAX = 5;

export interface WatchOverOptions {
  /** Exists, and its lock is held: what carries this folder's mark belongs to a daemon that is dead. */
  readonly state_dir: string;
  readonly warn: (what: string) => void;
}

export interface WatchOver {
  readonly cgroups: CgroupHome | undefined;
  /** Why the kernel does not enforce the memory limit; null where it does. */
  readonly uncapped_because: string | null;
  /** Processes of an earlier daemon that were still running. */
  readonly leftovers: number;
}

/** The same for every daemon of one state folder, so that a new one knows what the last one left behind. */
export function markOf(state_dir: string): string {
  return `m${toHex(sha256(utf8(`maestro/mark\0${realpathSync(state_dir)}`))).slice(0, MARK_CHARACTERS)}`;
}

/** Ends what an earlier daemon left, opens the control groups and starts the guard. */
export function watchOver({ state_dir, warn }: WatchOverOptions): WatchOver {
  const mark = markOf(state_dir);
  const leftovers = killMarked(mark);
  if (leftovers > 0) warn(`${leftovers} processes of an earlier daemon were still running and have been killed`);
  setMark(mark);
  const home = openCgroups(`maestro-${mark}`);
  const cgroups = "folder" in home ? home : undefined;
  const begun_ms: number[] = [];
  const guard = (): void => {
    const now = performance.now();
    begun_ms.push(now);
    if (begun_ms.filter((at) => at > now - 60_000).length > GUARDS_PER_MINUTE_MAX) return warn("the guard of this daemon's processes is killed again and again; nothing ends them if the daemon is killed");
    if (!startGuard({ mark, cgroups: cgroups?.folder, lost: guard })) warn("there is no /bin/sh, so nothing ends this daemon's processes if it is killed");
  };
  guard();
  return { cgroups, uncapped_because: "folder" in home ? null : home.because, leftovers };
}

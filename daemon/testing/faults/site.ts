/** Names for the calls of a run that change the disk, the same in every run of the same program. */

/** What may happen to a call: its errno, or `null` for the end of its process (asm-generic/errno-base.h). */
export const FAULTS = { kill: null, EIO: 5, ENOSPC: 28 } as const;
export type Fault = keyof typeof FAULTS;

/** The `occurrence`th such call on such a path, counted over all threads and processes. */
export interface Site {
  readonly call: string;
  /** Below the root, empty for the root itself; names that are new in every run are `*`. */
  readonly path: string;
  readonly occurrence: number;
}

export const nameOf = ({ call, path, occurrence }: Site): string => `${call} ${path} #${occurrence}`;

/** Digests with what git appends to them, ids of base32, what mkdtemp and git's own mkstemp append, and the folders of loose objects. */
const RANDOM = [/[0-9a-f]{38,64}(?:\.\d+\.\d+)?/g, /[a-z2-7]{52}/g, /(?<=(?:tmp_\w+_|quarantine-|gate-))[0-9A-Za-z]{6}/g, /(?<=quarantine-\*\/)t\w{6}$/g, /(?<=\/objects\/)[0-9a-f]{2}(?=\/|$)/g] as const;

export const pathClass = (path: string): string => RANDOM.reduce((text, random) => text.replace(random, "*"), path);

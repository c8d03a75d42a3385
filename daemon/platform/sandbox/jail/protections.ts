/**
 * The names of what keeps a job in. A launcher has all of them on; a test takes one out to show that the attack it stops
 * would succeed without it. No job and no setting can name one.
 */
export const PROTECTIONS = [
  "user-namespace", "ipc-namespace", "pid-namespace", "network-namespace", "uts-namespace", "cgroup-namespace",
  "no-capabilities", "new-session", "die-with-parent", "clear-environment",
  "read-only", "read-only-root", "read-only-proc", "own-root", "own-dev", "scratch-size", "scratch-inodes",
  "seccomp", "resource-limits", "cgroup", "wall", "cpu", "memory", "processes", "output",
  "kill-before-collect", "no-links", "regular-files", "file-size", "private-paths", "sealed-input", "closed-descriptors",
] as const;
export type Protection = (typeof PROTECTIONS)[number];

/** What is taken out: protections, and single rules as `seccomp:ptrace` or `limit:core`. */
export type Removed = ReadonlySet<Protection | `seccomp:${string}` | `limit:${string}`>;

export const NOTHING_REMOVED: Removed = new Set();

/** The rules of one kind that are taken out. */
export function removedRules(removed: Removed, kind: "seccomp" | "limit"): Set<string> {
  return new Set([...removed].flatMap((name) => (name.startsWith(`${kind}:`) ? [name.slice(kind.length + 1)] : [])));
}

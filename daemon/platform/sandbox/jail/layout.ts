/** What a job finds around itself, as arguments of bubblewrap (bwrap(1)). Pure. */
import { INSIDE, type Mount } from "../job.ts";
import type { Removed } from "./protections.ts";
import type { WireJob } from "../wire.ts";

/** Who the job is, inside. */
const NOBODY = 1_000;
/** POSIX shared memory; named semaphores of test runners live here too. */
export const SHM = { inside: "/dev/shm", bytes_max: 64 * 1024 * 1024 } as const;
/** The launcher's own corner of a gVisor jail. */
export const GVISOR = { program: "/.maestro/runsc", bundle: "/.maestro/bundle", state: "/.maestro/run", state_bytes_max: 16 * 1024 * 1024 } as const;
/** Where a test that takes `own-root` out finds the machine. */
const HOST_INSIDE = "/host";

/** Small files every program may look for; whoever asks who it is gets an answer. */
export const ETC: Readonly<Record<string, string>> = {
  "/etc/passwd": `root:x:0:0:root:/scratch:/bin/sh\njob:x:${NOBODY}:${NOBODY}:job:/scratch:/bin/sh\n`,
  "/etc/group": `root:x:0:\njob:x:${NOBODY}:\n`,
  "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
};

/** A file made inside from an open descriptor; the number is the one bubblewrap sees. */
export interface MadeFile {
  readonly fd: number;
  readonly inside: string;
}

export interface LayoutOptions {
  readonly job: Pick<WireJob, "cwd" | "tree_dir" | "mounts" | "env" | "limits">;
  readonly files: readonly MadeFile[];
  /** Path of the host's `runsc` where the jail is one for gVisor, which brings its own kernel and needs what that takes. */
  readonly runsc: string | null;
  readonly removed: Removed;
}

/** Everything between `bwrap` and `--`, descriptors but those of `files` left out. */
export function layoutArguments({ job, files, runsc, removed }: LayoutOptions): string[] {
  const root = runsc !== null;
  // As somebody else than 0, bubblewrap puts the job into a second user namespace that owns none of the others: capabilities would be of no use there.
  const powerful = root || removed.has("no-capabilities");
  return [
    ...namespaces(removed, powerful ? 0 : NOBODY),
    ...unless(removed.has("die-with-parent"), "--die-with-parent"),
    ...unless(removed.has("new-session"), "--new-session"),
    ...(powerful ? ["--cap-add", "ALL"] : ["--cap-drop", "ALL"]),
    ...environment(root ? {} : job.env, removed),
    ...files.flatMap(({ fd, inside }) => (covered(inside, job.mounts) ? [] : ["--perms", "0444", "--file", String(fd), inside])),
    ...mounts(job, removed),
    ...(removed.has("own-root") ? ["--ro-bind", "/", HOST_INSIDE] : []),
    ...kernelFolders(removed, root),
    // runsc builds its root in /tmp, which must then be a folder; the job finds its scratch there in either case.
    ...(covered("/tmp", job.mounts) ? [] : root ? ["--dir", "/tmp"] : ["--symlink", INSIDE.scratch.slice(1), "/tmp"]),
    ...(root ? ["--ro-bind", runsc, GVISOR.program, "--size", String(GVISOR.state_bytes_max), "--tmpfs", GVISOR.state] : []),
    "--dir", INSIDE.scratch,
    ...unless(removed.has("read-only-root"), "--remount-ro", "/"),
    // Last: once it is there, everything is; the launcher waits for it.
    ...unless(removed.has("scratch-size"), "--size", String(job.limits.scratch_bytes_max)),
    "--tmpfs", INSIDE.scratch,
    "--chdir", root ? "/" : job.cwd,
  ];
}

const unless = (off: boolean, ...words: string[]): string[] => (off ? [] : words);

function namespaces(removed: Removed, uid: number): string[] {
  return [
    ...unless(removed.has("user-namespace"), "--unshare-user", "--uid", String(uid), "--gid", String(uid)),
    ...unless(removed.has("ipc-namespace"), "--unshare-ipc"),
    ...unless(removed.has("pid-namespace"), "--unshare-pid"),
    ...unless(removed.has("network-namespace"), "--unshare-net"),
    ...unless(removed.has("uts-namespace"), "--unshare-uts", "--hostname", "sandbox"),
    ...unless(removed.has("cgroup-namespace"), "--unshare-cgroup-try"),
  ];
}

function environment(env: Readonly<Record<string, string>>, removed: Removed): string[] {
  return [...unless(removed.has("clear-environment"), "--clearenv"), ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value])];
}

function mounts({ tree_dir, mounts: given }: Pick<WireJob, "tree_dir" | "mounts">, removed: Removed): string[] {
  const bind = removed.has("read-only") ? "--bind" : "--ro-bind";
  const all: Mount[] = [...given, { host: tree_dir, inside: INSIDE.tree }];
  // A mount hides what lay there before, so the outer ones come first.
  return all.sort((a, b) => a.inside.split("/").length - b.inside.split("/").length).flatMap(({ host, inside }) => [bind, host, inside]);
}

/** `runsc` writes the maps of its own user namespace into /proc; the job under it sees another. */
function kernelFolders(removed: Removed, runsc: boolean): string[] {
  // A private /proc needs a PID namespace it belongs to.
  const own = removed.has("pid-namespace") ? ["--ro-bind", "/proc", "/proc"] : ["--proc", "/proc"];
  // The kernel's settings ask who one is on the host, not for a capability (proc_sys_permission), and bubblewrap takes them for read-only already: of a daemon that runs as root they would be the job's to write.
  const proc = removed.has("read-only-proc") ? own : [...own, "--ro-bind", "/proc/sys", "/proc/sys", ...(runsc ? [] : ["--remount-ro", "/proc"])];
  if (removed.has("own-dev")) return [...proc, "--dev-bind", "/dev", "/dev"];
  return [...proc, "--dev", "/dev", "--perms", "1777", "--size", String(SHM.bytes_max), "--tmpfs", SHM.inside, "--remount-ro", "/dev"];
}

function covered(inside: string, given: readonly Mount[]): boolean {
  return given.some((mount) => inside === mount.inside || inside.startsWith(`${mount.inside}/`));
}

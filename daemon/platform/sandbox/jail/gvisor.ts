/** How a job runs under gVisor: bubblewrap lays the same jail out, and `runsc` in it puts a kernel of its own between job and host. */
import { INSIDE } from "../job.ts";
import { GVISOR, SHM } from "./layout.ts";
import type { WireJob } from "../wire.ts";

/** Without a user-space network stack to the outside, without control groups of its own (the launcher's hold it), as the user it is started by. */
export const RUNSC_ARGV: readonly string[] = [GVISOR.program, "--rootless", "--ignore-cgroups", "--network=none", "--root", GVISOR.state, "run", "--bundle", GVISOR.bundle, "job"];

/** Threads of `runsc` itself and of its gofer, and host threads per thread of the job. */
const KERNEL_THREADS = 96;
const THREADS_PER_TASK = 3;
/** What the user-space kernel and its gofer take for themselves. */
const KERNEL_BYTES = 192 * 1024 * 1024;

/** What the group around the whole of gVisor may use, so that the job itself gets its limits. */
export const gvisorCage = (limits: WireJob["limits"]): { memory_bytes_max: number; processes_max: number } => ({
  memory_bytes_max: limits.memory_bytes_max + KERNEL_BYTES,
  processes_max: limits.processes_max * THREADS_PER_TASK + KERNEL_THREADS,
});

/** `config.json` of the OCI runtime specification 1.0.2. Inside, the job is root without a capability: the only user the jail has. */
export function gvisorConfig(job: WireJob): string {
  const rlimit = (type: string, value: number) => ({ type: `RLIMIT_${type}`, soft: value, hard: value });
  return JSON.stringify({
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: job.argv,
      env: Object.entries(job.env).map(([name, value]) => `${name}=${value}`),
      cwd: job.cwd,
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: [rlimit("NOFILE", job.limits.open_files_max), rlimit("FSIZE", job.limits.file_bytes_max), rlimit("CPU", job.limits.cpu_s), rlimit("CORE", 0)],
    },
    root: { path: "/", readonly: true },
    hostname: "sandbox",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs" },
      { destination: SHM.inside, type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", `size=${SHM.bytes_max}`] },
      // The launcher's corner is not for the job.
      { destination: "/.maestro", type: "tmpfs", source: "tmpfs", options: ["ro"] },
      ...[INSIDE.scratch, "/tmp"].map((destination) => ({ destination, type: "bind", source: INSIDE.scratch, options: ["rw", "rbind"] })),
    ],
    linux: { namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })) },
  });
}

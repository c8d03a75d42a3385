/** The table of attempts; docs/sandbox.md lists the same. */
import { readdirSync, readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { SandboxJob, SandboxResult } from "../job.ts";
import type { Protection } from "../jail/protections.ts";
import type { Canaries } from "./canaries.ts";
import { attackJob, contentOf, shellJob } from "./rig.ts";

type Removable = Protection | `seccomp:${string}` | `limit:${string}`;

export interface Attempt {
  readonly name: string;
  readonly job: (canaries: Canaries) => SandboxJob;
  /** Taken out, the attempt works. More than one where several stop it each by itself. */
  readonly without: readonly Removable[];
  /** Taken out in both runs, so that what is asked about stands alone. */
  readonly always?: readonly Removable[];
  readonly escaped: (ran: SandboxResult | null, canaries: Canaries, refused: string) => boolean;
  /** What must be said where it fails. */
  readonly held?: string;
  /** Why it cannot be tried on this machine. */
  readonly impossible?: () => string | null;
}

const MiB = 1024 * 1024;
const said = (ran: SandboxResult | null): boolean => Buffer.from(ran?.stdout ?? []).includes("ESCAPED");
const file = (ran: SandboxResult | null, path: string): string | null => {
  const found = ran?.files.get(path);
  return found?.state === "kept" ? contentOf(found) : null;
};
const root = (): string | null => (process.getuid?.() === 0 ? null : "only root could do it without the protection, and the tests run as somebody else");
const setting = (path: string): string => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
};

const kernel = (name: string, attack: string, without: readonly Removable[], more: Partial<Attempt> & { readonly args?: readonly string[] } = {}): Attempt => ({
  name,
  job: () => attackJob(attack, more.args ?? []),
  without,
  escaped: said,
  ...more,
});

const x64 = (): string | null => (process.arch === "x64" ? null : "the call is one of x86-64");
const OWN_CGROUP = setting("/proc/self/cgroup").split("\n").map((line) => line.split(":").slice(2).join(":")).sort((a, b) => b.length - a.length)[0] ?? "/";
const ORDINARY_DEVICES = new Set(["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fd", "stdin", "stdout", "stderr", "core", "console"]);
const foreignDevice = (): string | undefined => readdirSync("/dev").find((name) => !ORDINARY_DEVICES.has(name));

const NETWORK: readonly Attempt[] = [
  { name: "TCP to a port of this machine", job: (c) => attackJob("tcp", [String(c.tcp_port)]), without: ["network-namespace"], escaped: said },
  { name: "UDP to a port of this machine", job: (c) => attackJob("udp", [String(c.udp_port)]), without: ["network-namespace"], escaped: (_, c) => c.heard.includes("CANARY-UDP") },
  { name: "a DNS question with a secret in the name", job: (c) => attackJob("dns", [String(c.udp_port)]), without: ["network-namespace"], escaped: (_, c) => c.heard.some((bytes) => bytes.includes("secret")) },
  { name: "an abstract Unix socket", job: (c) => attackJob("abstract-socket", [c.abstract]), without: ["network-namespace"], escaped: said },
  { name: "names of the network interfaces", job: () => attackJob("interfaces"), without: ["network-namespace"], escaped: said, impossible: () => (Object.keys(networkInterfaces()).some((name) => name !== "lo") ? null : "this machine has no network interface to see") },
  { name: "the daemon's socket by its path", job: (c) => attackJob("unix-socket", [c.socket]), without: ["own-root"], escaped: said },
  kernel("a raw socket", "raw-socket", ["no-capabilities"]),
  kernel("a packet socket", "packet-socket", ["no-capabilities", "seccomp:socket"]),
  kernel("a socket to the host of this virtual machine (vsock)", "socket-family", ["seccomp:socket"], { args: ["40"], impossible: () => (setting("/proc/net/protocols").includes("AF_VSOCK") ? null : "this kernel has no vsock") }),
  kernel("a netlink socket for device events", "socket-family", ["seccomp:socket"], { args: ["16", "15"] }),
];

const FILES: readonly Attempt[] = [
  { name: "a key in the state folder", job: (c) => attackJob("read", [c.key]), without: ["own-root"], escaped: said },
  { name: "a mount that would show the state folder", job: (c) => attackJob("read-mounted", ["/outside/state/keys/gate.key"], { mounts: [{ host: c.dir, inside: "/outside" }] }), without: ["private-paths"], escaped: said, held: "would show" },
  { name: "a mount of the keys themselves", job: (c) => attackJob("read-mounted", ["/outside/gate.key"], { mounts: [{ host: `${c.state_dir}/keys`, inside: "/outside" }] }), without: ["private-paths"], escaped: said, held: "would show" },
  { name: "/sys", job: () => attackJob("there", ["/sys"]), without: ["own-root"], escaped: said },
  // What it writes is what stands there: the machine is not changed by a test.
  { name: "the kernel's settings", job: () => shellJob('now=$(cat /proc/sys/kernel/core_pattern); echo "$now" > /proc/sys/kernel/core_pattern && echo ESCAPED'), without: ["read-only-proc"], escaped: said, impossible: root },
  { name: "memory of another process by its file", job: () => shellJob("sleep 2 & exec 3<>/proc/$!/mem && echo ESCAPED"), without: ["read-only-proc"], escaped: said },
  { name: "/tmp of the machine", job: (c) => attackJob("there", [c.dir]), without: ["own-root"], escaped: said },
  { name: "writing the tree", job: (c) => attackJob("write", ["/change/written"], { tree_dir: c.tree_dir }), without: ["read-only"], escaped: said },
  { name: "writing the tool chain", job: (c) => attackJob("write", ["/tools/written"], { mounts: [{ host: c.tools_dir, inside: "/tools" }] }), without: ["read-only"], escaped: said },
  kernel("writing beside scratch", "write", ["read-only-root"], { args: ["/written"] }),
  { name: "a device of the machine", job: () => attackJob("device", [foreignDevice() ?? ""]), without: ["own-dev"], escaped: said, impossible: () => (foreignDevice() === undefined ? "this machine has no further device" : null) },
  kernel("making a device node", "device-node", ["user-namespace", "no-capabilities"], { impossible: root }),
  { name: "rewriting standard input behind the launcher's back", job: () => attackJob("stdin-rewrite", [], { stdin: Buffer.from("as it was given") }), without: ["sealed-input"], escaped: said },
];

const COLLECTOR: readonly Attempt[] = [
  { name: "a link to a key as wanted file", job: (c) => attackJob("link", [c.key, "report"], { wanted: [{ path: "report", bytes_max: 100 }] }), without: ["no-links"], escaped: (ran) => file(ran, "report") === "CANARY-KEY" },
  { name: "a link to a folder on the way to a wanted file", job: (c) => attackJob("link", [`${c.state_dir}/keys`, "out"], { wanted: [{ path: "out/gate.key", bytes_max: 100 }] }), without: ["no-links"], escaped: (ran) => file(ran, "out/gate.key") === "CANARY-KEY" },
  { name: "a magic link of the launcher itself as wanted file", job: () => attackJob("link", ["/proc/self/status", "report"], { wanted: [{ path: "report", bytes_max: 10_000 }] }), without: ["no-links"], escaped: (ran) => file(ran, "report") !== null },
  { name: "a FIFO as wanted file", job: () => shellJob("mkfifo report", { wanted: [{ path: "report", bytes_max: 100 }] }), without: ["regular-files"], escaped: (ran) => file(ran, "report") !== null },
  // Then the launcher sends it, and what stops it is the core, which counts for itself.
  { name: "a wanted file larger than asked for", job: () => shellJob("head -c 1000 /dev/zero > report", { wanted: [{ path: "report", bytes_max: 100 }] }), without: ["file-size"], escaped: (_ran, _canaries, refused) => refused.includes("more than the 100 bytes that were asked for of report") },
  {
    name: "a survivor that rewrites the result after the end",
    job: () => shellJob("echo true > report; (setsid sh -c 'sleep 1; echo forged > report; sleep 9' >/dev/null 2>&1 &)", { wanted: [{ path: "report", bytes_max: 100 }] }),
    // Without it bubblewrap leaves the first process inside, and so the survivor, where the job has ended.
    always: ["die-with-parent"],
    without: ["kill-before-collect"],
    escaped: (ran) => file(ran, "report") === "forged\n",
  },
];

const PROCESSES: readonly Attempt[] = [
  { name: "the command line of the daemon's processes", job: (c) => attackJob("host-process", [String(c.sleeper_pid), "cmdline"]), without: ["pid-namespace"], escaped: said },
  { name: "the environment of the daemon's processes", job: (c) => attackJob("host-process", [String(c.sleeper_pid), "environ"]), without: ["pid-namespace", "user-namespace", "no-capabilities"], escaped: said, impossible: root },
  { name: "a signal to a process outside", job: (c) => attackJob("kill", [String(c.sleeper_pid)]), without: ["pid-namespace"], escaped: (_, c) => c.sleeper_killed },
  { name: "the launcher's environment", job: () => attackJob("environment"), without: ["clear-environment"], escaped: said },
  { name: "descriptors left open", job: () => shellJob("ls -l /proc/self/fd | grep -v /proc/.*/fd | grep -v pipe: | grep -v /dev/null | grep -q -- '->' && echo ESCAPED"), without: ["closed-descriptors"], escaped: said },
  { name: "the machine's name", job: () => attackJob("hostname", [hostname()]), without: ["uts-namespace"], escaped: said },
  { name: "the machine's control groups", job: () => attackJob("cgroup", [OWN_CGROUP]), without: ["cgroup-namespace"], escaped: said, impossible: () => (OWN_CGROUP === "/" ? "the tests run in no control group with a name" : null) },
  { name: "capabilities", job: () => attackJob("capabilities"), without: ["no-capabilities"], escaped: said },
];

const call = (name: string, attack: string, ...without: Removable[]): Attempt => kernel(name, attack, without);

const KERNEL: readonly Attempt[] = [
  call("ptrace of another process", "ptrace", "seccomp:ptrace"),
  call("memory of another process", "process-vm-readv", "seccomp:process_vm_readv"),
  call("a descriptor of another process", "pidfd-getfd", "seccomp:pidfd_getfd"),
  call("comparing processes", "kcmp", "seccomp:kcmp"),
  call("where pages of a process lie", "move-pages", "seccomp:move_pages"),
  call("placing memory on the machine's nodes", "set-mempolicy", "seccomp:set_mempolicy"),
  call("mount", "mount", "no-capabilities", "seccomp:mount"),
  call("making the tree writable by a remount", "remount", "no-capabilities", "seccomp:mount", "read-only"),
  call("a detached copy of a mount", "open-tree", "no-capabilities", "seccomp:open_tree"),
  call("chroot", "chroot", "no-capabilities", "seccomp:chroot"),
  call("entering a namespace", "setns", "no-capabilities", "seccomp:setns"),
  { name: "a user namespace of its own by unshare", job: () => shellJob("unshare -U true && echo ESCAPED"), without: ["seccomp:unshare"], escaped: said },
  call("a user namespace of its own by clone", "clone-user-namespace", "seccomp:clone"),
  call("a user namespace of its own by clone3", "clone3", "seccomp:clone3"),
  call("the user's key ring", "keyctl", "seccomp:keyctl"),
  call("adding a key", "add-key", "seccomp:add_key"),
  kernel("bpf", "bpf", ["user-namespace", "no-capabilities", "seccomp:bpf"], { impossible: root }),
  kernel("performance counters", "perf-event-open", ["seccomp:perf_event_open"], { impossible: () => (Number(setting("/proc/sys/kernel/perf_event_paranoid")) <= 2 ? null : "this kernel gives them to nobody") }),
  call("userfaultfd", "userfaultfd", "seccomp:userfaultfd"),
  kernel("io_uring", "io-uring", ["seccomp:io_uring_setup"], { impossible: () => (setting("/proc/sys/kernel/io_uring_disabled") === "0" ? null : "this kernel has it switched off") }),
  call("executable memory everywhere by personality", "personality", "seccomp:personality"),
  call("memory of no process (memfd)", "memfd-create", "seccomp:memfd_create"),
  call("memory of no process (System V)", "sysv-memory", "seccomp:shmget"),
  call("a file handle past every path", "file-handle", "seccomp:name_to_handle_at"),
  call("watching file events", "fanotify", "seccomp:fanotify_init"),
  call("the kernel's clock state", "adjtimex", "seccomp:adjtimex"),
  call("renaming the machine", "sethostname", "no-capabilities", "seccomp:sethostname"),
  kernel("a segment of its own", "modify-ldt", ["seccomp:modify_ldt"], { impossible: x64 }),
  kernel("a call of long ago", "sysfs", ["seccomp:sysfs"], { impossible: x64 }),
  kernel("a call newer than this list", "newer-than-known", ["seccomp:newer"], { impossible: () => (Number(setting("/proc/sys/kernel/osrelease").split(".").slice(0, 2).map((part) => part.padStart(3, "0")).join("")) >= 6_017 ? null : "this kernel is older than the list") }),
  kernel("a call by the 32-bit door, whose numbers no rule knows", "int-0x80", ["seccomp:foreign-abi"], { impossible: x64 }),
  kernel("realtime priority", "realtime-priority", ["user-namespace", "no-capabilities", "limit:rtprio"], { impossible: root }),
];

const few = { processes_max: 40 };
const RESOURCES: readonly Attempt[] = [
  { name: "filling the disk", job: () => attackJob("fill", ["/scratch/big", "24"], { limits: { scratch_bytes_max: 8 * MiB } }), without: ["scratch-size", "scratch-inodes"], escaped: said },
  { name: "filling the table of files", job: () => attackJob("inodes", ["20000"], { limits: { scratch_bytes_max: 8 * MiB } }), without: ["scratch-inodes"], escaped: said, held: "scratch_bytes_max" },
  { name: "one file too large", job: () => attackJob("fill", ["/scratch/big", "4"], { limits: { file_bytes_max: MiB } }), without: ["limit:fsize"], escaped: said, held: "" },
  { name: "a fork bomb, a control group around it", job: () => attackJob("forks", ["80"], { limits: few }), without: ["processes"], escaped: said, held: "processes_max" },
  { name: "a fork bomb, watched", job: () => attackJob("forks", ["80"], { limits: few }), always: ["cgroup"], without: ["processes"], escaped: said, held: "processes_max" },
  { name: "a bomb of threads", job: () => attackJob("threads", ["80"], { limits: few }), without: ["processes"], escaped: said, held: "processes_max" },
  { name: "a memory bomb, a control group around it", job: () => attackJob("memory", ["400"], { limits: { memory_bytes_max: 160 * MiB, scratch_bytes_max: 16 * MiB } }), without: ["memory"], escaped: said, held: "memory_bytes_max" },
  { name: "a memory bomb, watched", job: () => attackJob("memory", ["400"], { limits: { memory_bytes_max: 160 * MiB, scratch_bytes_max: 16 * MiB } }), always: ["cgroup"], without: ["memory"], escaped: said, held: "memory_bytes_max" },
  { name: "spinning", job: () => attackJob("spin", ["1500"], { limits: { cpu_s: 1 } }), without: ["cpu"], escaped: said, held: "cpu_s" },
  { name: "staying for ever", job: () => shellJob("sleep 4; echo ESCAPED", { limits: { wall_ms: 300 } }), without: ["wall"], escaped: said, held: "wall_ms" },
  { name: "ignoring every signal that can be ignored", job: () => shellJob("trap '' HUP INT QUIT TERM USR1 USR2; sleep 4; echo ESCAPED", { limits: { wall_ms: 300 } }), without: ["wall"], escaped: said, held: "wall_ms" },
  { name: "a flood on standard output", job: () => attackJob("flood", ["1", "3"], { limits: { output_bytes_max: MiB } }), without: ["output"], escaped: said, held: "output_bytes_max" },
  { name: "a flood on standard error", job: () => attackJob("flood", ["2", "3"], { limits: { output_bytes_max: MiB } }), without: ["output"], escaped: said, held: "output_bytes_max" },
  { name: "more descriptors", job: () => attackJob("open-files", ["400"], { limits: { open_files_max: 200 } }), without: ["limit:nofile"], escaped: said },
  { name: "raising a limit again", job: () => shellJob("ulimit -n 300 && echo ESCAPED", { limits: { open_files_max: 200 } }), without: ["limit:nofile"], escaped: said },
  {
    name: "a core dump",
    job: () => shellJob("ulimit -c unlimited; sh -c 'kill -SEGV $$'; ls core* && echo ESCAPED"),
    without: ["limit:core"],
    escaped: said,
    impossible: () => (/^[^|/]/.test(setting("/proc/sys/kernel/core_pattern")) ? null : "this machine hands core dumps to a program or writes them elsewhere"),
  },
  { name: "shared memory of the machine", job: (c) => shellJob(`grep -q ' ${c.shared_memory} ' /proc/sysvipc/shm && echo ESCAPED`), without: ["ipc-namespace"], escaped: said, impossible: () => (Bun.which("ipcmk") === null ? "ipcmk is not installed" : null) },
];

export const ATTEMPTS: readonly Attempt[] = [...NETWORK, ...FILES, ...COLLECTOR, ...PROCESSES, ...KERNEL, ...RESOURCES];

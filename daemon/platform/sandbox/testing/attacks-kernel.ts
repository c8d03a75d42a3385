/** Attacks on the kernel's interface. Each says whether the call was let through. */
import { openSync } from "node:fs";
import type { Attack } from "./attacks.ts";
import { addressOf, idleThread, runCode, sys, text, type Word } from "./raw.ts";

const CLONE_NEWUSER = 0x1000_0000;
const SIGCHLD = 17;
const SIGKILL = "SIGKILL";

/** A child of the attacker's own, which it may do anything to but what the filter forbids. */
function withChild(attack: (pid: number) => number): boolean {
  const child = Bun.spawn(["/bin/sleep", "5"], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  try {
    return said(attack(child.pid)) >= 0;
  } finally {
    child.kill(SIGKILL);
  }
}

/** For whoever reads why a run held. */
function said(result: number): number {
  process.stdout.write(`the kernel said ${result}\n`);
  return result;
}

const lets = (name: string, ...given: readonly Word[]): boolean => said(sys(name, ...given)) >= 0;

/** The new process must not go on as a second interpreter. */
function forked(result: number): boolean {
  if (result === 0) sys("exit_group", 0);
  if (result > 0) sys("wait4", result, null, 0, null);
  return said(result) > 0;
}


export const KERNEL_ATTACKS: Readonly<Record<string, Attack>> = {
  ptrace: () => withChild((pid) => sys("ptrace", 0x4206, pid, 0, 0)),
  "process-vm-readv": () => {
    const local = new Uint8Array(8);
    const vector = new BigUint64Array([addressOf(local), BigInt(local.byteLength)]);
    return lets("process_vm_readv", process.pid, vector, 1, vector, 1, 0);
  },
  "pidfd-getfd": () => withChild((pid) => sys("pidfd_getfd", sys("pidfd_open", pid, 0), 0, 0)),
  kcmp: () => withChild((pid) => sys("kcmp", process.pid, pid, 1, 0, 0)),
  "move-pages": () => lets("move_pages", 0, 0, null, null, null, 0),
  "set-mempolicy": () => lets("set_mempolicy", 0, null, 0),
  mount: () => lets("mount", text("none"), text("/scratch"), text("tmpfs"), 0, null),
  remount: (folder = "/change") => {
    const MS_REMOUNT_BIND = 0x1020;
    return lets("mount", text("none"), text(folder), null, MS_REMOUNT_BIND, null);
  },
  "open-tree": () => lets("open_tree", -100, text("/scratch"), 1),
  chroot: () => lets("chroot", text("/scratch")),
  "clone-user-namespace": () => forked(sys("clone", CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)),
  clone3: () => {
    const given = new BigUint64Array(8);
    given[0] = BigInt(CLONE_NEWUSER);
    given[4] = BigInt(SIGCHLD);
    return forked(sys("clone3", given, given.byteLength));
  },
  setns: () => lets("setns", openSync("/proc/self/ns/uts", "r"), 0),
  keyctl: () => lets("keyctl", 0, -4, 1, 0, 0),
  "add-key": () => lets("add_key", text("user"), text("maestro-canary"), text("x"), 1, -2),
  bpf: () => {
    const BPF_MAP_CREATE = 0;
    const given = new Uint32Array(32);
    given.set([2, 4, 4, 1]);
    return lets("bpf", BPF_MAP_CREATE, given, given.byteLength);
  },
  "perf-event-open": () => {
    const given = new Uint8Array(128);
    const view = new DataView(given.buffer);
    view.setUint32(0, 1, true);
    view.setUint32(4, 128, true);
    // A software clock of this very process, user space alone: what the kernel gives anybody by default.
    view.setUint32(40, 1 | (1 << 5) | (1 << 6), true);
    return lets("perf_event_open", given, 0, -1, -1, 0);
  },
  userfaultfd: () => lets("userfaultfd", 1),
  "io-uring": () => lets("io_uring_setup", 4, new Uint8Array(120)),
  personality: () => lets("personality", 0x040_0000),
  "memfd-create": () => lets("memfd_create", text("x"), 0),
  "sysv-memory": () => lets("shmget", 0, 4_096, 0o1600),
  "file-handle": () => {
    const handle = new Uint32Array(64);
    handle[0] = 128;
    return lets("name_to_handle_at", -100, text("/proc"), handle, new Int32Array(1), 0) || lets("name_to_handle_at", -100, text("/scratch"), handle, new Int32Array(1), 0);
  },
  fanotify: () => lets("fanotify_init", 0x200, 0),
  adjtimex: () => lets("adjtimex", new Uint8Array(512)),
  sethostname: () => lets("sethostname", text("evil"), 4),
  "modify-ldt": () => lets("modify_ldt", 0, new Uint8Array(64), 64),
  sysfs: () => lets("sysfs", 3, 0, 0),
  "newer-than-known": () => said(sys("file_getattr", -100, text("/scratch"), null, 0, 0)) !== -38,
  "device-node": () => lets("mknodat", -100, text("/scratch/null"), 0o020666, 0x103),
  "realtime-priority": () => lets("sched_setscheduler", 0, 1, new Int32Array([1])),
  "socket-family": (family = "", protocol = "0") => lets("socket", Number(family), 2, Number(protocol)) || lets("socket", Number(family), 5, Number(protocol)),
  "terminal-input": () => {
    const TIOCSTI = 0x5412;
    return lets("ioctl", openSync("/dev/tty", "r+"), TIOCSTI, text("x"));
  },
  "raw-socket": () => lets("socket", 2, 3, 1),
  "packet-socket": () => lets("socket", 17, 3, 0x300),
  // mov eax, 20 (getpid of i386); int 0x80; ret
  "int-0x80": () => said(runCode([0xb8, 0x14, 0, 0, 0, 0xcd, 0x80, 0xc3])) > 0,
  threads: (count = "0") => {
    let made = 0;
    while (made < Number(count) && idleThread()) made += 1;
    return said(made) === Number(count) && waited(3_000);
  },
};

function waited(ms: number): true {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return true;
}

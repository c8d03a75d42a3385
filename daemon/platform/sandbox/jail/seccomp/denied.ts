/**
 * System calls a job may not make, with their numbers on x86-64 and arm64 (arch/x86/entry/syscalls/syscall_64.tbl,
 * include/uapi/asm-generic/unistd.h). What is not named here and came with Linux 6.10 or before was looked at and is allowed;
 * everything newer answers ENOSYS, as an older kernel would.
 */

/** `null`: the architecture never had it. */
type Numbers = readonly [x64: number | null, arm64: number | null];

interface Group {
  readonly why: string;
  /** ENOSYS (38) where programs know how to go on without the call, EPERM (1) otherwise. */
  readonly errno: 1 | 38;
  readonly calls: Readonly<Record<string, Numbers>>;
}

/** mseal(2), Linux 6.10. */
export const NEWEST_KNOWN = 462;

export const GROUPS: readonly Group[] = [
  {
    why: "reads, steers or copies descriptors of another process",
    errno: 1,
    calls: {
      ptrace: [101, 117], process_vm_readv: [310, 270], process_vm_writev: [311, 271], kcmp: [312, 272], pidfd_getfd: [438, 438],
      process_madvise: [440, 440], process_mrelease: [448, 448], move_pages: [279, 239], migrate_pages: [256, 238],
    },
  },
  {
    why: "changes what is mounted where",
    errno: 1,
    calls: {
      mount: [165, 40], umount2: [166, 39], pivot_root: [155, 41], chroot: [161, 51], move_mount: [429, 429], open_tree: [428, 428],
      fsopen: [430, 430], fsconfig: [431, 431], fsmount: [432, 432], fspick: [433, 433], mount_setattr: [442, 442], statmount: [457, 457], listmount: [458, 458],
    },
  },
  {
    why: "makes or enters a namespace; most holes of the last ten years in the kernel began with a user namespace of one's own",
    errno: 1,
    calls: { unshare: [272, 97], setns: [308, 268] },
  },
  {
    why: "its flags lie in memory where a filter cannot look, so that programs must fall back to clone(2), whose flags are looked at",
    errno: 38,
    calls: { clone3: [435, 435] },
  },
  {
    why: "key rings are not in a namespace: keys of the daemon's user would be within reach",
    errno: 1,
    calls: { keyctl: [250, 219], add_key: [248, 217], request_key: [249, 218] },
  },
  {
    why: "large and young parts of the kernel, or its very own settings",
    errno: 1,
    calls: {
      bpf: [321, 280], perf_event_open: [298, 241], userfaultfd: [323, 282], kexec_load: [246, 104], kexec_file_load: [320, 294],
      init_module: [175, 105], finit_module: [313, 273], delete_module: [176, 106], syslog: [103, 116], acct: [163, 89], quotactl: [179, 60],
      quotactl_fd: [443, 443], swapon: [167, 224], swapoff: [168, 225], reboot: [169, 142], iopl: [172, null], ioperm: [173, null],
      modify_ldt: [154, null], vhangup: [153, 58], lookup_dcookie: [212, 18], nfsservctl: [180, 42],
    },
  },
  {
    why: "io_uring makes system calls that no filter sees",
    errno: 38,
    calls: { io_uring_setup: [425, 425], io_uring_enter: [426, 426], io_uring_register: [427, 427] },
  },
  {
    why: "calls of long ago",
    errno: 38,
    calls: { uselib: [134, null], create_module: [174, null], query_module: [178, null], get_kernel_syms: [177, null], _sysctl: [156, null], sysfs: [139, null], ustat: [136, null] },
  },
  {
    why: "clock and name of the machine",
    errno: 1,
    calls: { settimeofday: [164, 170], clock_settime: [227, 112], clock_adjtime: [305, 266], adjtimex: [159, 171], sethostname: [170, 161], setdomainname: [171, 162] },
  },
  {
    why: "opens files by number, past every path, or watches a whole mount",
    errno: 1,
    calls: { name_to_handle_at: [303, 264], open_by_handle_at: [304, 265], fanotify_init: [300, 262], fanotify_mark: [301, 263] },
  },
  {
    why: "memory that belongs to no process, so that no limit on processes counts it",
    errno: 38,
    calls: {
      memfd_create: [319, 279], memfd_secret: [447, 447], shmget: [29, 194], shmat: [30, 196], shmctl: [31, 195], shmdt: [67, 197],
      msgget: [68, 186], msgsnd: [69, 189], msgrcv: [70, 188], msgctl: [71, 187], mq_open: [240, 180],
    },
  },
  {
    why: "moves memory between the machine's nodes",
    errno: 1,
    calls: { mbind: [237, 235], set_mempolicy: [238, 237], set_mempolicy_home_node: [450, 450] },
  },
];

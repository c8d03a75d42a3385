/** The system calls that change a disk or make a change durable, and where each one names its file. */

interface Shape {
  /** Numbers on x86-64 and arm64; `null` where the architecture never had the call. */
  readonly numbers: readonly [x64: number | null, arm64: number | null];
  /** Argument that is the descriptor of the file that is changed. */
  readonly descriptor?: number;
  /** Argument that points to its path, and the one that says which folder a relative path starts from. */
  readonly path?: number;
  readonly folder?: number;
  /** Argument that holds O_CREAT where only making a file counts. */
  readonly creates?: number;
}

/** arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. Of two files that a call names, the first, as strace prints them. */
export const DISK_CALLS = {
  open: { numbers: [2, null], path: 0, creates: 1 },
  openat: { numbers: [257, 56], folder: 0, path: 1, creates: 2 },
  creat: { numbers: [85, null], path: 0 },
  write: { numbers: [1, 64], descriptor: 0 },
  pwrite64: { numbers: [18, 68], descriptor: 0 },
  writev: { numbers: [20, 66], descriptor: 0 },
  pwritev: { numbers: [296, 70], descriptor: 0 },
  pwritev2: { numbers: [328, 287], descriptor: 0 },
  copy_file_range: { numbers: [326, 285], descriptor: 2 },
  sendfile: { numbers: [40, 71], descriptor: 0 },
  fsync: { numbers: [74, 82], descriptor: 0 },
  fdatasync: { numbers: [75, 83], descriptor: 0 },
  truncate: { numbers: [76, 45], path: 0 },
  ftruncate: { numbers: [77, 46], descriptor: 0 },
  fallocate: { numbers: [285, 47], descriptor: 0 },
  rename: { numbers: [82, null], path: 0 },
  renameat: { numbers: [264, 38], folder: 0, path: 1 },
  renameat2: { numbers: [316, 276], folder: 0, path: 1 },
  link: { numbers: [86, null], path: 0 },
  linkat: { numbers: [265, 37], folder: 0, path: 1 },
  symlink: { numbers: [88, null], path: 1 },
  symlinkat: { numbers: [266, 36], folder: 1, path: 2 },
  unlink: { numbers: [87, null], path: 0 },
  unlinkat: { numbers: [263, 35], folder: 0, path: 1 },
  rmdir: { numbers: [84, null], path: 0 },
  mkdir: { numbers: [83, null], path: 0 },
  mkdirat: { numbers: [258, 34], folder: 0, path: 1 },
  chmod: { numbers: [90, null], path: 0 },
  fchmod: { numbers: [91, 52], descriptor: 0 },
  fchmodat: { numbers: [268, 53], folder: 0, path: 1 },
} as const satisfies Record<string, Shape>;

export type DiskCall = keyof typeof DISK_CALLS;

export interface NumberedCall extends Shape {
  readonly name: DiskCall;
  readonly number: number;
}

const COLUMN: Partial<Record<NodeJS.Architecture, 0 | 1>> = { x64: 0, arm64: 1 };

/** Those that this architecture has. */
export function diskCalls(arch: NodeJS.Architecture): NumberedCall[] {
  const column = COLUMN[arch];
  if (column === undefined) throw new Error(`no numbers of system calls are known for ${arch}`);
  return Object.entries(DISK_CALLS).flatMap(([name, shape]) => {
    const number = shape.numbers[column];
    // A key of the table above: Object.entries widens it to any string.
    return number === null ? [] : [{ ...shape, name: name as DiskCall, number }];
  });
}

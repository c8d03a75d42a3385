/**
 * The state folder remembers which one it is: a file in it names its own inode and when that was made, which a rename keeps and a copy cannot have.
 * Two daemons of one folder's keys would sign two histories, one after the other or at once, and each would cosign what the other did not see.
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, statfsSync, statSync, writeSync, type BigIntStats } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { rememberedMachine } from "../evidence/succession/machine.ts";
import { diskCode } from "../platform/disk.ts";
import { syncPathNow } from "../platform/sync.ts";

const FILE = "place";
/** Magic numbers of statfs(2) whose inode numbers stay what they are over mounts and boots: ext, XFS, btrfs, ZFS, F2FS, bcachefs, tmpfs. */
const STEADY: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0xf2f52010, 0xca451a4e, 0x01021994]);

interface Place {
  readonly inode: bigint;
  readonly born_ns: bigint;
}

const checkOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
const placeOf = ({ ino, birthtimeNs }: BigIntStats): Place => ({ inode: ino, born_ns: birthtimeNs });
const steady = (state_dir: string): boolean => STEADY.has(statfsSync(state_dir).type >>> 0);

/** Written anew under a name of its own, since the file that says it is the one that is meant. Nothing where the file system's numbers say nothing. */
export function rememberPlace(state_dir: string): void {
  if (!steady(state_dir)) return;
  const path = join(state_dir, FILE);
  const fd = openSync(`${path}.new`, "w", 0o600);
  try {
    const { inode, born_ns } = placeOf(fstatSync(fd, { bigint: true }));
    const text = `${inode} ${born_ns}`;
    writeSync(fd, `${text} ${checkOf(text)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  syncPathNow(state_dir);
}

/** `null` where there is none yet. Throws `store.corrupt` for a damaged file: a flipped bit must not look like a copy. */
export function rememberedPlace(state_dir: string): Place | null {
  const path = join(state_dir, FILE);
  if (!existsSync(path)) return null;
  const [, inode = "", born_ns = "", check] = /^(\d{1,20}) (\d{1,20}) ([0-9a-f]{16})\n$/.exec(readFileSync(path, "utf8")) ?? [];
  if (check !== checkOf(`${inode} ${born_ns}`)) throw new MaestroError("store.corrupt", `${path} is damaged; remove it if this folder is no copy, otherwise run maestro clone-identity`);
  return { inode: BigInt(inode), born_ns: BigInt(born_ns) };
}

/** Whether the file that names itself is another one. Some file systems have no time of birth and give that of the last change: then the inode alone tells. */
function isCopy(state_dir: string, remembered: Place): boolean {
  const found = statSync(join(state_dir, FILE), { bigint: true });
  const { inode, born_ns } = placeOf(found);
  return steady(state_dir) && (inode !== remembered.inode || (born_ns !== remembered.born_ns && born_ns !== 0n && remembered.born_ns !== 0n && born_ns !== found.ctimeNs));
}

/** Before anything in the folder is touched. Throws `store.copied`. A folder that wakes up on another machine begins a new log by itself. */
export function requirePlace(state_dir: string, machine: string | null): void {
  const remembered = rememberedPlace(state_dir);
  const known = rememberedMachine(state_dir);
  if (remembered === null || (machine !== null && known !== null && machine !== known)) return;
  if (isCopy(state_dir, remembered)) {
    throw new MaestroError("store.copied", `${state_dir} is a copy of another folder, whose keys it has. Where the other one may run again, or ran after the copy was made: maestro clone-identity --state ${state_dir} begins a new log. Where this is the whole newest state, moved here, and the other is gone for good: maestro clone-identity --moved --state ${state_dir}`);
  }
}

/**
 * Once the folder is open and may be believed. Anew at each start: an older copy that is written back over the folder, file by file, names a place
 * that is no more. Returns what a full disk said where the mark that is there still holds: the daemon then starts all the same. Throws where none does.
 */
export function settlePlace(state_dir: string): MaestroError | null {
  try {
    rememberPlace(state_dir);
    return null;
  } catch (error) {
    const code = diskCode(String(error));
    if (code === null) throw error;
    const failure = new MaestroError(code, `${join(state_dir, FILE)} is not made anew: ${String(error)}`, { cause: error });
    const remembered = rememberedPlace(state_dir);
    if (remembered !== null && !isCopy(state_dir, remembered)) return failure;
    throw failure;
  }
}

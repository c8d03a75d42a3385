/** What a program needs beside itself, by its first bytes. Pure, and given bytes that a change chose. */

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
/** elf(5), 64 bits: where the program headers are, how long one is, how many there are. */
const PHOFF = 32;
const PHENTSIZE = 54;
const PHNUM = 56;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const PT_INTERP = 3;

/** The program and, of a script, its argument (execve(2)); null where there is none, or it cannot be told from these bytes. */
export function interpreterOf(head: Buffer): readonly [program: string, argument?: string] | null {
  if (head.subarray(0, ELF.length).equals(ELF)) return loaderOf(head);
  if (head.toString("latin1", 0, 2) !== "#!") return null;
  const line = head.toString("utf8", 2).split("\n")[0] ?? "";
  const [, program, argument] = /^[ \t]*([^ \t]+)(?:[ \t]+([^ \t].*?))?[ \t]*$/.exec(line) ?? [];
  return program === undefined ? null : argument === undefined ? [program] : [program, argument];
}

function loaderOf(head: Buffer): readonly [string] | null {
  if (head.length < HEADER_BYTES) return null;
  const first = head.readBigUInt64LE(PHOFF);
  const length = head.readUInt16LE(PHENTSIZE);
  if (first > BigInt(head.length) || length < PROGRAM_HEADER_BYTES) return null;
  for (let count = 0; count < head.readUInt16LE(PHNUM); count++) {
    const at = Number(first) + count * length;
    if (at + PROGRAM_HEADER_BYTES > head.length) return null;
    if (head.readUInt32LE(at) !== PT_INTERP) continue;
    const [from, bytes] = [head.readBigUInt64LE(at + 8), head.readBigUInt64LE(at + 32)];
    if (bytes < 2n || from + bytes > BigInt(head.length)) return null;
    return [head.toString("utf8", Number(from), Number(from + bytes) - 1)];
  }
  return null;
}

/** Classic BPF as seccomp takes it (seccomp(2), linux/bpf_common.h). Pure: instructions in, bytes out. */

/** One `struct sock_filter`: code, jump if true, jump if false, operand. Jumps count instructions after the next one. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_J*|BPF_K, BPF_RET|BPF_K. */
const CODE = { load: 0x20, equal: 0x15, at_least: 0x35, any_bit: 0x45, ret: 0x06 } as const;
/** BPF_MAXINSNS. */
const INSTRUCTIONS_MAX = 4_096;
const JUMP_MAX = 255;

/** Offsets in `struct seccomp_data`; an argument's low half comes first, both architectures being little-endian. */
export const DATA = { number: 0, architecture: 4, argument: (index: number): number => 16 + 8 * index } as const;

/** SECCOMP_RET_*. */
export const ALLOW = 0x7fff_0000;
export const KILL_PROCESS = 0x8000_0000;
export const errnoOf = (errno: number): number => 0x0005_0000 | errno;

export const load = (offset: number): Instruction => ({ code: CODE.load, jt: 0, jf: 0, k: offset });
export const answer = (action: number): Instruction => ({ code: CODE.ret, jt: 0, jf: 0, k: action });

type Test = "equal" | "at_least" | "any_bit";

/** Runs `then` where the loaded word passes the test, and skips it otherwise. */
export function when(test: Test, k: number, then: readonly Instruction[]): Instruction[] {
  if (then.length > JUMP_MAX) throw new RangeError(`a jump over ${then.length} instructions, at most ${JUMP_MAX} fit`);
  return [{ code: CODE[test], jt: 0, jf: then.length, k }, ...then];
}

/** Runs `otherwise` where the loaded word is not `k`, and skips it where it is. */
export function unlessEqual(k: number, otherwise: readonly Instruction[]): Instruction[] {
  return [{ code: CODE.equal, jt: otherwise.length, jf: 0, k }, ...otherwise];
}

/** The bytes of an array of `struct sock_filter`, as bubblewrap reads them from a descriptor. */
export function assemble(program: readonly Instruction[]): Uint8Array {
  if (program.length === 0 || program.length > INSTRUCTIONS_MAX) throw new RangeError(`${program.length} instructions`);
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k >>> 0, true);
  }
  return bytes;
}

/** Writes small GGUF files: a head as any model has it, and tensors of zeros. */

type Written = string | number | boolean | readonly number[] | readonly string[];

const u32 = (value: number): Buffer => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes; };
const u64 = (value: number | bigint): Buffer => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(value)); return bytes; };
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

function value(written: Written): Buffer {
  if (typeof written === "string") return Buffer.concat([u32(8), text(written)]);
  if (typeof written === "boolean") return Buffer.concat([u32(7), Buffer.of(Number(written))]);
  if (typeof written === "number") return Buffer.concat([u32(4), u32(written)]);
  const items = written.map((item) => (typeof item === "string" ? text(item) : u32(item)));
  return Buffer.concat([u32(9), u32(typeof written[0] === "string" ? 8 : 4), u64(written.length), ...items]);
}

export interface GgufParts {
  readonly values?: Readonly<Record<string, Written>>;
  /** Bytes of each tensor, multiples of 32. */
  readonly tensors?: Readonly<Record<string, number>>;
}

const LAYERS = 4;
/** As small as a model can be and still say everything. */
export const TINY: Required<GgufParts> = {
  values: { "general.architecture": "llama", "llama.block_count": LAYERS, "llama.context_length": 2_048, "llama.embedding_length": 64, "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2, "tokenizer.ggml.tokens": ["a", "b", "c"] },
  tensors: { "token_embd.weight": 4_096, ...Object.fromEntries(Array.from({ length: LAYERS }, (_, nth) => [`blk.${nth}.attn_q.weight`, 1_024 * (nth + 1)])), "output_norm.weight": 256, "output.weight": 8_192 },
};

/** `zeros`: how many bytes of the tensors are written; the rest is for whoever makes the file longer. */
export function ggufFile({ values = TINY.values, tensors = TINY.tensors }: GgufParts = {}, zeros?: number): Buffer {
  let offset = 0;
  const infos = Object.entries(tensors).map(([name, bytes]) => {
    const info = Buffer.concat([text(name), u32(1), u64(bytes), u32(24), u64(offset)]);
    offset += bytes;
    return info;
  });
  const head = Buffer.concat([Buffer.from("GGUF"), u32(3), u64(infos.length), u64(Object.keys(values).length), ...Object.entries(values).flatMap(([key, written]) => [text(key), value(written)]), ...infos]);
  return Buffer.concat([head, Buffer.alloc((32 - (head.length % 32)) % 32), Buffer.alloc(zeros ?? offset)]);
}

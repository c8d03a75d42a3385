/** Writes small LoRA adapters for the locked text model: GGUF version 3 (ggml docs/gguf.md), a low-rank change to some layers' query weights. */
import type { SeededRandom } from "../../daemon/testing/random.ts";

const [U32, F32, STRING] = [4, 6, 8];
const ALIGNMENT = 32;
/** `blk.N.attn_q.weight` of Gemma 3 270M is 640 by 1024. */
const [INPUT, OUTPUT] = [640, 1_024];
const DRAWN_BYTES = 4_096;

const u32 = (value: number): Buffer => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes; };
const u64 = (value: number): Buffer => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(value)); return bytes; };
const f32 = (value: number): Buffer => { const bytes = Buffer.alloc(4); bytes.writeFloatLE(value); return bytes; };
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const padding = (length: number): Buffer => Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);

interface AdapterParts {
  /** Absent: every number of it is zero, and it changes nothing. */
  readonly random?: SeededRandom;
  readonly layers?: number;
  readonly rank?: number;
  /** Rows of the first factor; another number than the model's belongs to another model. */
  readonly input?: number;
}

/** Numbers between -0.5 and 0.5, sixteen bits each. */
function numbers(count: number, random: SeededRandom | undefined): Buffer {
  const floats = new Float32Array(count);
  if (random !== undefined) {
    const drawn = Buffer.concat(Array.from({ length: Math.ceil((count * 2) / DRAWN_BYTES) }, () => random.bytes(DRAWN_BYTES)));
    for (let i = 0; i < count; i++) floats[i] = drawn.readUInt16LE(2 * i) / 65_536 - 0.5;
  }
  return Buffer.from(floats.buffer);
}

export function adapterFile({ random, layers = 4, rank = 4, input = INPUT }: AdapterParts = {}): Buffer {
  const values = [[text("general.type"), u32(STRING), text("adapter")], [text("general.architecture"), u32(STRING), text("gemma3")], [text("general.alignment"), u32(U32), u32(ALIGNMENT)], [text("adapter.type"), u32(STRING), text("lora")], [text("adapter.lora.alpha"), u32(F32), f32(rank)]];
  const shapes = Array.from({ length: layers }, (_, layer) => [
    { name: `blk.${layer}.attn_q.weight.lora_a`, wide: input, high: rank },
    { name: `blk.${layer}.attn_q.weight.lora_b`, wide: rank, high: OUTPUT },
  ]).flat();
  const [infos, bodies]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, wide, high } of shapes) {
    infos.push(text(name), u32(2), u64(wide), u64(high), u32(0), u64(offset));
    const body = numbers(wide * high, random);
    bodies.push(body, padding(body.length));
    offset += body.length + padding(body.length).length;
  }
  const head = Buffer.concat([Buffer.from("GGUF"), u32(3), u64(shapes.length), u64(values.length), ...values.flat(), ...infos]);
  return Buffer.concat([head, padding(head.length), ...bodies]);
}

import { describe, expect, test } from "bun:test";
import { MaestroError } from "../../../proto/errors.ts";
import { encodeFrame, FrameDecoder, type FrameLimits } from "./frames.ts";

const LIMITS: FrameLimits = { frame_bytes_max: 1_000, depth_max: 8, values_max: 50 };

function decode(bytes: Uint8Array, limits = LIMITS): unknown[] {
  return [...new FrameDecoder(limits).push(bytes)];
}

function refusal(bytes: Uint8Array, limits = LIMITS): string {
  try {
    decode(bytes, limits);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "worker.protocol") return error.detail;
    throw error;
  }
  throw new Error("the frame was taken");
}

const frame = (body: string | Uint8Array) => {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes.length);
  return Buffer.concat([header, bytes]);
};

describe("encodeFrame", () => {
  test("is a big-endian u32 length and UTF-8 JSON", () => {
    expect([...encodeFrame("é", 100)]).toEqual([0, 0, 0, 4, 0x22, 0xc3, 0xa9, 0x22]);
  });

  test("counts bytes, not characters, against its limit", () => {
    expect(() => encodeFrame("é", 3)).toThrow("4 bytes to send");
    expect(encodeFrame("é", 4).length).toBe(8);
  });

  test("refuses what is not JSON", () => {
    expect(() => encodeFrame(undefined, 100)).toThrow("not JSON");
  });
});

describe("FrameDecoder", () => {
  test("takes a frame of exactly the limit and refuses one byte more before it arrives", () => {
    expect(decode(frame(`"${"a".repeat(998)}"`))).toEqual(["a".repeat(998)]);
    expect(refusal(Uint8Array.from([0, 0, 3, 233]))).toContain("1001 bytes");
  });

  test("an announced length costs no memory until bytes arrive", () => {
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 100; i++) decode(Uint8Array.from([0x3f, 0xff, 0xff, 0xff]), { ...LIMITS, frame_bytes_max: 2 ** 30 });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  });

  test.each([
    ["an empty frame", "", "empty"],
    ["text that is not JSON", "{'a':1}", "not UTF-8 JSON"],
    ["two documents", "1 2", "not UTF-8 JSON"],
    ["a byte order mark", "\ufeff1", "not UTF-8 JSON"],
    ["nine levels", "[".repeat(9) + "]".repeat(9), "deeper than 8"],
    ["unclosed brackets past the limit", "[".repeat(900), "deeper than 8"],
    ["a flat list of many values", JSON.stringify(Array(60).fill(0)), "more than 50 values"],
    ["many empty lists", JSON.stringify(Array(30).fill([])), "more than 50 values"],
  ])("refuses %s", (_, body, detail) => {
    expect(refusal(frame(body))).toContain(detail);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(refusal(frame(Uint8Array.from([0x22, 0xc3, 0x22])))).toContain("not UTF-8");
  });

  test("takes eight levels and fifty values", () => {
    expect(decode(frame("[".repeat(8) + "]".repeat(8)))).toHaveLength(1);
    expect(decode(frame(JSON.stringify(Array(49).fill(0))))).toEqual([Array(49).fill(0)]);
  });

  test("brackets, commas and escaped quotes inside strings count for nothing", () => {
    const text = '\\"[{,'.repeat(60);
    expect(decode(frame(JSON.stringify([text])))).toEqual([[text]]);
  });

  test("knows whether the stream ended inside a frame", () => {
    const decoder = new FrameDecoder(LIMITS);
    expect(decoder.between_frames).toBe(true);
    for (const byte of frame("12").subarray(0, 5)) {
      expect([...decoder.push(Uint8Array.of(byte))]).toEqual([]);
      expect(decoder.between_frames).toBe(false);
    }
    expect([...decoder.push(Buffer.from("2"))]).toEqual([12]);
    expect(decoder.between_frames).toBe(true);
  });
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { MaestroError } from "../../../proto/errors.ts";
import { encodeFrame, FrameDecoder, type FrameLimits } from "./frames.ts";

const LIMITS: FrameLimits = { frame_bytes_max: 1 << 20, depth_max: 64, values_max: 100_000 };

/** Cuts `bytes` at the given points, in any order and with repeats. */
function pieces(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

test("what was encoded is decoded, however the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 20 }), (values, cuts) => {
      const stream = Buffer.concat(values.map((value) => encodeFrame(value, LIMITS.frame_bytes_max)));
      const decoder = new FrameDecoder(LIMITS);
      const out = pieces(stream, cuts).flatMap((piece) => [...decoder.push(piece)]);
      expect(out).toEqual(values.map((value) => JSON.parse(JSON.stringify(value))));
      expect(decoder.between_frames).toBe(true);
    }),
  );
});

test("any bytes give values or worker.protocol, never another error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, framed) => {
      const stream = framed ? Buffer.concat([Uint8Array.of(0, 0, 0, bytes.length), bytes]) : bytes;
      let thrown: unknown;
      try {
        [...new FrameDecoder(LIMITS).push(stream)];
      } catch (error) {
        thrown = error;
      }
      expect(thrown === undefined || (thrown instanceof MaestroError && thrown.code === "worker.protocol")).toBe(true);
    }),
  );
});

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { fromHex, toHex, utf8 } from "../../../proto/encoding.ts";
import { skipWithout } from "../../testing/skip.ts";
import { rangeGroup } from "./engine.ts";
import { decodeProof, encodeProof } from "./proof.ts";
import { Transcript } from "./transcript.ts";
import { verifyRange } from "./verify.ts";

const VECTORS = new URL("../../../../shared/vectors/bulletproofs/dalek-range-proofs.json", import.meta.url).pathname;
const absent = skipWithout(existsSync(VECTORS), "../shared/vectors/bulletproofs is not there, so no proof of another implementation was verified");

interface Vectors {
  readonly transcript_label: string;
  readonly value_commitments: readonly string[];
  readonly cases: readonly { readonly n: number; readonly m: number; readonly proof: string }[];
}
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

test("a transcript is Merlin's: the challenge of its published example", () => {
  const transcript = Transcript.begin("test protocol");
  transcript.append("some label", utf8("some data"));
  expect(toHex(transcript.challengeBytes("challenge", 32))).toBe("d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615");
});

test("a transcript that forks goes on twice from one past", () => {
  const transcript = Transcript.begin("fork");
  transcript.append("long", new Uint8Array(1000));
  const fork = transcript.fork();
  expect(toHex(fork.challengeBytes("c", 32))).toBe(toHex(transcript.challengeBytes("c", 32)));
  fork.append("more", utf8("x"));
  expect(toHex(fork.challengeBytes("c", 32))).not.toBe(toHex(transcript.challengeBytes("c", 32)));
});

describe.skipIf(absent)("proofs of dalek's bulletproofs", () => {
  const { transcript_label, value_commitments, cases } = absent ? { transcript_label: "", value_commitments: [], cases: [] } : (JSON.parse(readFileSync(VECTORS, "utf8")) as Vectors);
  const verify = (n: number, m: number, proof: Uint8Array, label = transcript_label): boolean => {
    const decoded = decodeProof(proof);
    return decoded !== null && verifyRange(rangeGroup(), Transcript.begin(label), n, value_commitments.slice(0, m).map(bytes), decoded);
  };

  test("all sixteen verify, 8 to 64 bits, one to eight numbers", () => {
    expect(cases.map(({ n, m, proof }) => verify(n, m, bytes(proof)))).toEqual(Array.from({ length: 16 }, () => true));
  });

  test("each is refused under another label, and is written as it was read", () => {
    for (const { n, m, proof } of cases.slice(0, 4)) {
      expect(verify(n, m, bytes(proof), "Something else")).toBe(false);
      const decoded = decodeProof(bytes(proof));
      expect(decoded === null ? null : toHex(encodeProof(decoded))).toBe(proof);
    }
  });

  test("a bit flipped in any element of a proof is refused", () => {
    const one = bytes(cases.find(({ n, m }) => n === 8 && m === 1)?.proof ?? "");
    expect(one.length).toBe(480);
    for (let element = 0; element < one.length / 32; element++) {
      const flipped = one.slice();
      const at = element * 32 + 3;
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      expect(verify(8, 1, flipped), `element ${element}`).toBe(false);
    }
    expect(verify(8, 1, one)).toBe(true);
  });
});

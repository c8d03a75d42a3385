import { describe, expect, test } from "bun:test";
import { toBase64, utf8 } from "../../proto/encoding.ts";
import { newRing, receiptFor } from "../testing/evidence.ts";
import { noteKey } from "./note.ts";
import { parseTlogProof, tlogProofText, verifyTlogProof } from "./tlog-proof.ts";

const ring = newRing();
const entry = utf8("an entry");
const { index, proof, checkpoint } = receiptFor(ring, entry, 20);
const receipt = tlogProofText({ index, hashes: proof, checkpoint });
const key = noteKey(ring.origin, ring.log.key);
const accepts = (text: string, what = entry): boolean => verifyTlogProof(text, what, key).ok;

test("a receipt has the form of the specification and verifies", () => {
  expect(receipt.split("\n").slice(0, 3)).toEqual(["c2sp.org/tlog-proof@v1", "index 10", toBase64(proof[0] ?? new Uint8Array())]);
  expect(verifyTlogProof(receipt, entry, key)).toMatchObject({ ok: true, index: 10, checkpoint: { size: 21, origin: ring.origin } });
});

test("extra data is read over, since nothing authenticates it", () => {
  expect(accepts(receipt.replace("index", `extra ${toBase64(utf8("anything"))}\nindex`))).toBe(true);
  expect(accepts(receipt.replace("index", "extra not base64\nindex"))).toBe(false);
});

describe("a receipt is refused", () => {
  test.each([
    ["for another entry", receipt, utf8("another entry")],
    ["for another index", receipt.replace("index 10", "index 9"), entry],
    ["with an index that has a leading zero", receipt.replace("index 10", "index 010"), entry],
    ["with a hash missing", receipt.replace(`${toBase64(proof[0] ?? new Uint8Array())}\n`, ""), entry],
    ["with two hashes swapped", tlogProofText({ index, checkpoint, hashes: [proof[1], proof[0], ...proof.slice(2)].map((h) => h ?? new Uint8Array(32)) }), entry],
    ["of another version", receipt.replace("@v1", "@v2"), entry],
    ["with its checkpoint cut", receipt.slice(0, -3), entry],
    ["with a checkpoint of another log", tlogProofText({ index, hashes: proof, checkpoint: receiptFor(newRing(), entry, 20).checkpoint }), entry],
  ])("%s", (_, text, what) => {
    expect(accepts(text, what)).toBe(false);
  });
  test("under another origin", () => {
    expect(verifyTlogProof(receipt, entry, noteKey("log.elsewhere.example", ring.log.key))).toEqual({ ok: false, because: `the checkpoint is of ${ring.origin}` });
  });
});

test("a proof of a log with one entry has no hashes", () => {
  const single = receiptFor(ring, entry, 0);
  const text = tlogProofText({ index: 0, hashes: single.proof, checkpoint: single.checkpoint });
  expect(parseTlogProof(text)?.hashes).toEqual([]);
  expect(accepts(text)).toBe(true);
});

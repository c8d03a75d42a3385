import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { concatBytes, fromBase64, fromHex, toHex } from "../../proto/encoding.ts";
import { newSigner } from "../testing/evidence.ts";
import { computedEd25519Key, keyFingerprint, publicKeyFromRaw, publicKeyFromSpki } from "./keys.ts";

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();

describe("fingerprints", () => {
  test("equal what ssh-keygen -l prints for known keys", () => {
    // The Ed25519 and ECDSA host keys GitHub publishes together with their fingerprints.
    const ed = fromBase64("AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl") ?? new Uint8Array();
    const ec =
      fromBase64(
        "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=",
      ) ?? new Uint8Array();
    expect(keyFingerprint("ed25519", ed.slice(-32))).toBe("SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
    expect(keyFingerprint("ecdsa-p256-sha256", ec.slice(-65))).toBe("SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM");
  });
});

describe("a key is refused", () => {
  test("when its SPKI is of another algorithm, longer, shorter or off the curve", () => {
    const { key } = newSigner("ecdsa-p256-sha256");
    expect(publicKeyFromSpki("ecdsa-p256-sha256", key.spki)?.fingerprint).toBe(key.fingerprint);
    expect(publicKeyFromSpki("ed25519", key.spki)).toBeNull();
    expect(publicKeyFromSpki("ecdsa-p256-sha256", concatBytes(key.spki, Uint8Array.of(0)))).toBeNull();
    expect(publicKeyFromSpki("ecdsa-p256-sha256", key.spki.slice(0, -1))).toBeNull();
    const off = key.spki.slice();
    off[90] = (off[90] ?? 0) ^ 1;
    expect(publicKeyFromSpki("ecdsa-p256-sha256", off)).toBeNull();
    expect(publicKeyFromSpki("ecdsa-p256-sha256", new Uint8Array())).toBeNull();
  });

  test("when an Ed25519 point has small order: one signature would fit every message", () => {
    const identity = hex(`01${"00".repeat(31)}`);
    const orderEight = hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
    expect(publicKeyFromRaw("ed25519", identity)).toBeNull();
    expect(publicKeyFromRaw("ed25519", orderEight)).toBeNull();
  });
});

test("a key that was seen before is as it was, whatever its first reader did to the bytes", () => {
  const { key } = newSigner("ed25519");
  const spelled = toHex(key.raw);
  const first = publicKeyFromRaw("ed25519", key.raw.slice());
  first?.raw.fill(0);
  first?.spki.fill(0);
  expect(toHex(publicKeyFromRaw("ed25519", fromHex(spelled)!)?.raw ?? new Uint8Array())).toBe(spelled);
  expect(publicKeyFromRaw("ed25519", fromHex(spelled)!)?.spki).toEqual(key.spki);
});

test("a key computed from a seed is the key that a look at its bytes gives; of another length there is none", () => {
  for (let i = 0; i < 8; i++) {
    // Not through our signer, which takes the short way itself.
    const spki = new Uint8Array(generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }));
    const looked = publicKeyFromSpki("ed25519", spki);
    expect(computedEd25519Key(spki.slice(-32))).toEqual(looked!);
  }
  expect(() => computedEd25519Key(new Uint8Array(31))).toThrow(RangeError);
});

import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { nativeEd25519, nativeP256 } from "../../kernels/signatures/native.ts";
import { concatBytes, fromHex, toHex, utf8 } from "../../proto/encoding.ts";
import { newSigner } from "../testing/evidence.ts";
import { skipWithout } from "../testing/skip.ts";
import { publicKeyFromRaw, publicKeyFromSpki, type PublicKey } from "./keys.ts";
import { adoptEd25519, adoptP256, verifySignature } from "./signature.ts";

const VECTORS = new URL("../../../shared/vectors/", import.meta.url).pathname;
const absent = skipWithout(existsSync(VECTORS), "other people's signature vectors are not here (../shared/vectors)");

const read = <T>(name: string): T => JSON.parse(readFileSync(VECTORS + name, "utf8")) as T;
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();
const accepts = (key: PublicKey | null, message: Uint8Array, signature: Uint8Array): boolean => key !== null && verifySignature(key, message, signature);

interface Wycheproof<K> {
  testGroups: { publicKey: K; publicKeyDer: string; tests: { tcId: number; msg: string; sig: string; result: string }[] }[];
}

/** Whether a valid DER signature has its s in the upper half, by plain arithmetic. */
function hasHighS(signature: Uint8Array): boolean {
  return p256.Signature.fromBytes(signature, "der").s > p256.Point.Fn.ORDER / 2n;
}

test.skipIf(absent).each([["by our own arithmetic", null], ["by the runtime's library", nativeP256]] as const)("Wycheproof ECDSA P-256 %s: every invalid signature is refused, of the valid ones exactly those with low s pass", (_how, builtin) => {
  adoptP256(builtin);
  using _none = { [Symbol.dispose]: () => adoptP256(null) };
  const { testGroups } = read<Wycheproof<{ uncompressed: string }>>("wycheproof/ecdsa_secp256r1_sha256_test.json");
  const count = { accepted: 0, highS: 0, refused: 0 };
  for (const group of testGroups) {
    const key = publicKeyFromSpki("ecdsa-p256-sha256", bytes(group.publicKeyDer));
    for (const { tcId, msg, sig, result } of group.tests) {
      const signature = bytes(sig);
      const wanted = result === "valid" && !hasHighS(signature);
      expect({ tcId, accepted: accepts(key, bytes(msg), signature) }).toEqual({ tcId, accepted: wanted });
      count[wanted ? "accepted" : result === "valid" ? "highS" : "refused"] += 1;
    }
  }
  expect(count).toEqual({ accepted: 103, highS: 71, refused: 310 });
});

describe.each([["by our own arithmetic", null], ["by the runtime's library", nativeEd25519]] as const)("Ed25519 %s", (_how, builtin) => {
  beforeEach(() => adoptEd25519(builtin));
  afterEach(() => adoptEd25519(null));

  test.skipIf(absent)("Wycheproof Ed25519: decided as the vectors say", () => {
    const { testGroups } = read<Wycheproof<{ pk: string }>>("wycheproof/ed25519_test.json");
    const count = { valid: 0, invalid: 0 };
    for (const { publicKey, tests } of testGroups) {
      const key = publicKeyFromRaw("ed25519", bytes(publicKey.pk));
      for (const { tcId, msg, sig, result } of tests) {
        expect({ tcId, accepted: accepts(key, bytes(msg), bytes(sig)) }).toEqual({ tcId, accepted: result === "valid" });
        count[result === "valid" ? "valid" : "invalid"] += 1;
      }
    }
    expect(count).toEqual({ valid: 88, invalid: 63 });
  });

  /** The edge cases of a vector; all of them are ways in which one signature can have two spellings or two verifiers two opinions. */
  test.skipIf(absent)("CCTV Ed25519: of 914 edge cases the one rule accepts the one without any edge", () => {
    const vectors = read<{ number: number; key: string; sig: string; msg: string; flags: string[] | null }[]>("cctv-ed25519/ed25519vectors.json");
    const accepted: number[] = [];
    for (const { number, key, sig, msg } of vectors) {
      if (accepts(publicKeyFromRaw("ed25519", bytes(key)), utf8(msg), bytes(sig))) accepted.push(number);
    }
    expect(vectors.length).toBe(914);
    expect(accepted).toEqual(vectors.filter(({ flags }) => (flags ?? []).length === 0).map(({ number }) => number));
    expect(accepted.length).toBe(1);
  });

  test("a signature with a nonce of zero, which gives the private key away, is refused: its R is the identity", () => {
    const { secretKey, publicKey } = ed25519.keygen(new Uint8Array(32).fill(7));
    const { scalar } = ed25519.utils.getExtendedPublicKey(secretKey);
    const message = utf8("m");
    const R = ed25519.Point.ZERO.toBytes();
    const k = BigInt(`0x${toHex(sha512(concatBytes(R, publicKey, message)).reverse())}`);
    const s = fromHex(((k * scalar) % ed25519.Point.Fn.ORDER).toString(16).padStart(64, "0"))!.reverse();
    const signature = concatBytes(R, s);
    expect(ed25519.verify(signature, message, publicKey, { zip215: true })).toBe(true);
    expect(accepts(publicKeyFromRaw("ed25519", publicKey), message, signature)).toBe(false);
  });
});

test("a P-256 signature respelled with n-s is refused, although it is mathematically valid", () => {
  const signer = newSigner("ecdsa-p256-sha256");
  const message = utf8("a statement");
  const signature = signer.sign(message);
  const { r, s } = p256.Signature.fromBytes(signature, "der");
  const twin = new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes("der");
  expect(p256.verify(twin, message, signer.key.raw, { format: "der", prehash: true, lowS: false })).toBe(true);
  expect(verifySignature(signer.key, message, twin)).toBe(false);
  expect(verifySignature(signer.key, message, signature)).toBe(true);
});

test("our signer writes low s every time", () => {
  const signer = newSigner("ecdsa-p256-sha256");
  const high = Array.from({ length: 64 }, (_, i) => signer.sign(Uint8Array.of(i))).filter(hasHighS);
  expect(high).toEqual([]);
});

test("no key verifies nothing: garbage, empty and foreign signatures are refused without a throw", () => {
  const [ec, ed] = [newSigner("ecdsa-p256-sha256"), newSigner("ed25519")];
  const message = utf8("m");
  const wrong: [PublicKey, Uint8Array][] = [
    [ec.key, new Uint8Array()],
    [ed.key, new Uint8Array()],
    [ec.key, ed.sign(message)],
    [ed.key, ec.sign(message)],
    [ed.key, new Uint8Array(64)],
    [ec.key, new Uint8Array(72).fill(0x30)],
    [ec.key, new Uint8Array([...ec.sign(message), 0])],
  ];
  for (const [key, signature] of wrong) expect(verifySignature(key, message, signature)).toBe(false);
});

import { describe, expect, test } from "bun:test";
import { canonicalBytes } from "../../proto/canonical.ts";
import { fromUtf8, utf8 } from "../../proto/encoding.ts";
import type { TrustedKey, TrustFile } from "../../proto/trust.ts";
import { makeBundle, newRing, newSigner, NOW, trustWith } from "../testing/evidence.ts";
import { verifyBundle } from "./bundle.ts";
import { openTrust } from "./trust.ts";

const ring = newRing();
const text = fromUtf8(ring.trust) ?? "";
const codeOf = (bytes: Uint8Array): string => {
  const opened = openTrust(bytes);
  return opened.ok ? "open" : opened.reason.code;
};
const withKey = (role: TrustedKey["role"], change: Partial<TrustedKey>): string =>
  codeOf(trustWith(ring, (body) => ({ ...body, keys: body.keys.map((key) => (key.role === role ? { ...key, ...change } : key)) })));

test("canary: the untouched file opens and says that it is self-made", () => {
  const opened = openTrust(ring.trust);
  expect(opened.ok && opened.value.self_made).toBe(true);
  expect(opened.ok && opened.value.entries.map(({ entry }) => entry.role)).toEqual(["gate", "log"]);
});

describe("a trust file is refused", () => {
  test("with its root signature altered, or another body under it", () => {
    const file = JSON.parse(text) as TrustFile;
    const first = file.signature.startsWith("A") ? "B" : "A";
    expect(codeOf(canonicalBytes({ ...file, signature: first + file.signature.slice(1) }))).toBe("trust.signature");
    expect(codeOf(utf8(text.replace('"self_made":true', '"self_made":false')))).toBe("trust.signature");
    expect(codeOf(utf8(text.replace('"modes":["local"]', '"modes":["host"]')))).toBe("trust.signature");
  });
  test("with a root key that another fingerprint belongs to", () => {
    const file = JSON.parse(text) as TrustFile;
    expect(codeOf(canonicalBytes({ ...file, root: { ...file.root, fingerprint: ring.log.key.fingerprint } }))).toBe("trust.malformed");
  });
  test("with an unknown field, white space or a key twice", () => {
    expect(codeOf(utf8(text.replace('"v":1', '"v":1,"w":1')))).toBe("trust.malformed");
    expect(codeOf(utf8(`${text} `))).toBe("trust.malformed");
    expect(codeOf(utf8(text.replace('"v":1', '"v":1,"v":1')))).toBe("trust.malformed");
    expect(codeOf(new Uint8Array())).toBe("trust.malformed");
  });
  test("with keys that contradict themselves, though the root signed them", () => {
    expect(withKey("gate", { fingerprint: ring.log.key.fingerprint })).toBe("trust.malformed");
    expect(withKey("gate", { public_key: newSigner("ecdsa-p256-sha256").key.spki.toBase64() })).toBe("trust.malformed");
    expect(withKey("gate", { algorithm: "ed25519" })).toBe("trust.malformed");
    expect(withKey("gate", { role: "log", log_origin: "log.example" })).toBe("trust.malformed");
    expect(withKey("log", { role: "gate", log_origin: null })).toBe("trust.malformed");
    expect(withKey("gate", { log_origin: "log.example" })).toBe("trust.malformed");
    expect(withKey("log", { log_origin: null })).toBe("trust.malformed");
    expect(withKey("gate", { from: "2026-12-01T00:00:00Z", to: "2026-11-01T00:00:00Z" })).toBe("trust.malformed");
    expect(withKey("gate", { to: "2026-13-01T00:00:00Z" })).toBe("trust.malformed");
  });
});

test("a broken trust file never verifies anything", () => {
  const { result, reasons } = verifyBundle(makeBundle(ring), utf8(text.replace('"self_made":true', '"self_made":false')), { now: NOW });
  expect({ result, code: reasons[0]?.code }).toEqual({ result: "failed", code: "trust.signature" });
});

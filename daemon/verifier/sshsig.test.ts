import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "../../proto/encoding.ts";
import { FakeSecurityKey, HAS_SSH_KEYGEN, KeyRing } from "../testing/ssh.ts";
import { skipWithout } from "../testing/skip.ts";
import { parseSshKey } from "./ssh-key.ts";
import { verifySshSignature } from "./sshsig.ts";

const skipped = skipWithout(HAS_SSH_KEYGEN, "ssh-keygen is not installed, so signatures were not compared with OpenSSH's");
const ring = new KeyRing();
afterAll(() => ring[Symbol.dispose]());

const NAMESPACE = "maestro-release";
const TEXT = '{"a":1}';

/** What OpenSSH itself says of a signature by this key. */
function opensshSays(line: string, signature: string, text = TEXT): boolean {
  const [allowed, sig] = [join(ring.folder, "allowed"), join(ring.folder, "sig")];
  writeFileSync(allowed, `alice namespaces="${NAMESPACE}" ${line}\n`);
  writeFileSync(sig, signature);
  return Bun.spawnSync(["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "alice", "-n", NAMESPACE, "-s", sig], { stdin: Buffer.from(text), stdout: "ignore", stderr: "ignore" }).exitCode === 0;
}

describe.skipIf(skipped)("against OpenSSH", () => {
  test.each(["ed25519", "ecdsa"] as const)("what ssh-keygen signs with %s verifies, and its fingerprint is ssh-keygen's", (type) => {
    const line = ring.make(`k-${type}`, type);
    const verified = verifySshSignature(ring.sign(`k-${type}`, TEXT), NAMESPACE, utf8(TEXT));
    const listed = Bun.spawnSync(["ssh-keygen", "-l", "-f", join(ring.folder, `k-${type}.pub`)], { stdout: "pipe" }).stdout.toString();
    expect(verified?.key.fingerprint).toBe(parseSshKey(line)!.fingerprint);
    expect(listed).toContain(verified!.key.fingerprint);
    expect(verified?.touched).toBe(false);
  });

  test("every ECDSA signature verifies, whichever half its s lies in", () => {
    ring.make("many", "ecdsa");
    for (let i = 0; i < 8; i++) expect(verifySshSignature(ring.sign("many", `${i}`), NAMESPACE, utf8(`${i}`))).not.toBeNull();
  });

  test.each(["ed25519", "p256"] as const)("a signature in the form of a security key (%s, made in memory) is taken by both", (curve) => {
    const key = new FakeSecurityKey(curve);
    const signature = key.sign(TEXT);
    expect(opensshSays(key.line, signature)).toBe(true);
    expect(verifySshSignature(signature, NAMESPACE, utf8(TEXT))).toMatchObject({ touched: true, key: { type: key.type, security_key: true } });
  });

  test("attack: nobody touched the security key: the signature says so, and ssh-keygen -Y verify would take it", () => {
    const key = new FakeSecurityKey();
    const signature = key.sign(TEXT, { touched: false });
    expect(verifySshSignature(signature, NAMESPACE, utf8(TEXT))?.touched).toBe(false);
    expect(opensshSays(key.line, signature)).toBe(true);
  });
});

describe.skipIf(skipped)("attacks", () => {
  const line = skipped ? "" : ring.make("victim");
  const good = skipped ? "" : ring.sign("victim", TEXT);

  test("another text, another namespace", () => {
    expect(verifySshSignature(good, NAMESPACE, utf8('{"a":2}'))).toBeNull();
    expect(verifySshSignature(good, "file", utf8(TEXT))).toBeNull();
    expect(verifySshSignature(ring.sign("victim", TEXT, "git"), NAMESPACE, utf8(TEXT))).toBeNull();
  });

  test("every flipped byte of the signature", () => {
    const blob = Buffer.from(good.split("\n").slice(1, -2).join(""), "base64");
    let taken = 0;
    for (let i = 0; i < blob.length; i++) {
      const flipped = Buffer.from(blob);
      flipped[i]! ^= 1;
      const armoured = `-----BEGIN SSH SIGNATURE-----\n${flipped.toString("base64")}\n-----END SSH SIGNATURE-----\n`;
      if (verifySshSignature(armoured, NAMESPACE, utf8(TEXT))?.key.fingerprint === parseSshKey(line)!.fingerprint) taken++;
    }
    expect(taken).toBe(0);
  });

  test("bytes left over, an empty armour, another key's words around this key", () => {
    const blob = Buffer.from(good.split("\n").slice(1, -2).join(""), "base64");
    const armour = (bytes: Uint8Array) => `-----BEGIN SSH SIGNATURE-----\n${Buffer.from(bytes).toString("base64")}\n-----END SSH SIGNATURE-----\n`;
    expect(verifySshSignature(armour(Buffer.concat([blob, Buffer.from([0])])), NAMESPACE, utf8(TEXT))).toBeNull();
    expect(verifySshSignature(armour(blob.subarray(0, 30)), NAMESPACE, utf8(TEXT))).toBeNull();
    expect(verifySshSignature("", NAMESPACE, utf8(TEXT))).toBeNull();
    expect(parseSshKey(line.replace("ssh-ed25519", "ecdsa-sha2-nistp256"))).toBeNull();
    expect(parseSshKey("ssh-rsa AAAA")).toBeNull();
  });
});

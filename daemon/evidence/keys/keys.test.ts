import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { equalBytes, utf8 } from "../../../proto/encoding.ts";
import { NOW } from "../../testing/evidence.ts";
import { verifySignature } from "../../verifier/signature.ts";
import { openTrust } from "../../verifier/trust.ts";
import { openKeys } from "./index.ts";

const folders: string[] = [];
const stateDir = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-keys-"));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const open = (state_dir: string, trust_domain: string | null = null, now = NOW) => openKeys({ state_dir, now, trust_domain });
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  return "accepted";
};

const HARMS: [what: string, harm: (state: string) => void, because: string][] = [
  ["a key file others can read", (state: string) => chmodSync(join(state, "keys", "gate.pem"), 0o640), "can be read by other users"],
  ["a salt others can read", (state: string) => chmodSync(join(state, "keys", "salt.key"), 0o604), "can be read by other users"],
  ["a folder others can enter", (state: string) => chmodSync(join(state, "keys"), 0o750), "is open to other users"],
  ["a missing key: it is never made anew", (state: string) => rmSync(join(state, "keys", "log.pem")), "is missing"],
  ["a key file that is a link", (state: string) => { renameSync(join(state, "keys", "gate.pem"), join(state, "elsewhere")); symlinkSync(join(state, "elsewhere"), join(state, "keys", "gate.pem")); }, "is missing or unreadable"],
  ["a folder that is a link", (state: string) => { renameSync(join(state, "keys"), join(state, "elsewhere")); symlinkSync(join(state, "elsewhere"), join(state, "keys")); }, "is not a folder"],
  ["a key of the wrong kind", (state: string) => writeFileSync(join(state, "keys", "gate.pem"), readFileSync(join(state, "keys", "log.pem"))), "not a key for ecdsa-p256-sha256"],
  ["a key that is not one", (state: string) => writeFileSync(join(state, "keys", "gate.pem"), "hello"), "not a PKCS #8 private key"],
  ["a salt of another length", (state: string) => writeFileSync(join(state, "keys", "salt.key"), "short"), "5 bytes"],
  ["a trust file of another node", (state: string) => { const other = stateDir(); open(other); writeFileSync(join(state, "keys", "trust.json"), readFileSync(join(other, "keys", "trust.json"))); }, "does not name gate key"],
  ["a trust file that is broken", (state: string) => writeFileSync(join(state, "keys", "trust.json"), "{}"), "trust.json:"],
];

describe("first start", () => {
  test("makes keys nobody else can read, and a public trust file that says it is self-made", () => {
    const state = stateDir();
    const keys = open(state);
    expect(readdirSync(join(state, "keys")).toSorted()).toEqual(["gate.pem", "log.pem", "root.pem", "salt.key", "sums", "trust.json"]);
    expect(statSync(join(state, "keys")).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(state, "keys"))) expect(statSync(join(state, "keys", name)).mode & 0o777).toBe(0o600);
    const opened = openTrust(new Uint8Array(readFileSync(keys.trust_path)));
    expect(opened.ok && { self_made: opened.value.self_made, modes: opened.value.entries.map(({ entry }) => entry.modes) }).toEqual({ self_made: true, modes: [["local"], ["local"]] });
  });

  test("names log and trust domain after the log key, as a bare host name", () => {
    const { log_note, trust } = open(stateDir());
    expect(log_note.name).toMatch(/^log\.[a-z2-7]{16}\.local\.maestro\.internal$/);
    expect(`log.${trust.trust_domain}`).toBe(log_note.name);
    const named = open(stateDir(), "example.com");
    expect(named.trust.trust_domain).toBe("example.com");
    expect(named.log_note.name).toMatch(/^log\.[a-z2-7]{16}\.example\.com$/);
  });

  test("two nodes share nothing", () => {
    const [a, b] = [open(stateDir()), open(stateDir())];
    expect(a.gate.key.fingerprint).not.toBe(b.gate.key.fingerprint);
    expect(a.log_note.name).not.toBe(b.log_note.name);
    expect(a.salt_secret).not.toEqual(b.salt_secret);
  });

  test("interrupted half-way leaves nothing that counts as keys", () => {
    const state = stateDir();
    const whole = stateDir();
    open(whole);
    renameSync(join(whole, "keys"), join(state, "keys.new"));
    rmSync(join(state, "keys.new", "log.pem"));
    const keys = open(state);
    expect(verifySignature(keys.log.key, utf8("m"), keys.log.sign(utf8("m")))).toBe(true);
    expect(existsSync(join(state, "keys.new"))).toBe(false);
  });
});

describe("later starts", () => {
  test("find the same keys and the same trust file", () => {
    const state = stateDir();
    const first = open(state);
    const again = open(state, null, new Date("2027-01-01T00:00:00Z"));
    expect(again.gate.key.fingerprint).toBe(first.gate.key.fingerprint);
    expect(again.trust_bytes).toEqual(first.trust_bytes);
    expect(verifySignature(first.gate.key, utf8("m"), again.gate.sign(utf8("m")))).toBe(true);
  });

  test("write the public trust file again when it is gone or changed", () => {
    const state = stateDir();
    const { trust_path, trust_bytes } = open(state);
    writeFileSync(trust_path, "{}");
    open(state);
    expect(equalBytes(readFileSync(trust_path), trust_bytes)).toBe(true);
    rmSync(trust_path);
    open(state);
    expect(equalBytes(readFileSync(trust_path), trust_bytes)).toBe(true);
  });

  test.each(HARMS)("refuse %s", (_, harm, because) => {
    const state = stateDir();
    open(state);
    harm(state);
    const said = refusal(() => open(state));
    expect(said).toStartWith("evidence.keys: ");
    expect(said).toContain(because);
  });

  test("refuse another trust domain than the keys were made for", () => {
    const state = stateDir();
    open(state, "example.com");
    expect(refusal(() => open(state, "example.org"))).toContain("write trust_domain: example.com there, or give this daemon a state folder of its own");
  });
});

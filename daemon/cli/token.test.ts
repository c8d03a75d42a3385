/** `maestro token` as an operator uses it, and what carries a token to the daemon. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemUids } from "../client/owner.ts";
import { skipWithout } from "../testing/skip.ts";
import { openCapability } from "../verifier/capability.ts";
import { tokenHeaders } from "./token-file.ts";
import { readTrust } from "./trust-root.ts";

const folder = mkdtempSync(join(tmpdir(), "token-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function maestro(...args: string[]): { readonly code: number; readonly out: string; readonly err: string } {
  const ran = Bun.spawnSync([process.execPath, join(import.meta.dir, "main.ts"), ...args], { env: { HOME: folder, PATH: "/usr/bin:/bin" }, stdin: "ignore" });
  return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

describe("maestro token", () => {
  test("key, issue, inspect: the daemon's own check takes what was issued", () => {
    expect(maestro("trust", "init", "--root", at("root.pem")).code).toBe(0);
    expect(maestro("token", "key", "--root", at("root.pem"), "--key", at("cap.pem"), "--domain", "ci.example.org", "--out", at("trust.json")).code).toBe(0);
    const issued = maestro("token", "issue", "--key", at("cap.pem"), "--domain", "ci.example.org", "--tenant", "web", "--verbs", "gate", "--repositories", "acme/*,acme", "--expires", "15m", "--wall", "10m", "--jti", "token-0001", "--out", at("token"));
    expect([issued.code, issued.out]).toEqual([0, expect.stringMatching(/^token token-0001 for web until /)]);
    expect([statSync(at("token")).mode & 0o777, statSync(at("cap.pem")).mode & 0o777]).toEqual([0o600, 0o600]);
    const opened = openCapability(readFileSync(at("token"), "utf8").trim(), readTrust(at("trust.json")), "ci.example.org");
    expect(opened).toMatchObject({ ok: true, value: { body: { tenant: "web", verbs: ["gate"], repositories: ["acme/*", "acme"], budget: { wall_us: 600_000_000 } } } });
    const seen = maestro("token", "inspect", at("token"), "--trust", at("trust.json"), "--json");
    expect([seen.code, JSON.parse(seen.out)]).toEqual([0, expect.objectContaining({ verified: true, because: null })]);
    expect(maestro("token", "inspect", at("token")).out).toContain("signature was not checked");
  });

  test("what the daemon would refuse is not issued, and nothing is written over", () => {
    const base = ["token", "issue", "--key", at("cap.pem"), "--domain", "ci.example.org", "--tenant", "web", "--repositories", "*"];
    for (const more of [["--expires", "32d"], ["--expires", "soon"], ["--verbs", "admin"], ["--tenant", "Web"], ["--jti", "a b"], ["--model-tokens", "many"]]) expect([more, maestro(...base, ...more).code]).toEqual([more, 2]);
    expect(maestro(...base, "--out", at("token")).err).toContain("stands there already");
    expect(maestro("token", "key", "--root", at("root.pem"), "--key", at("cap.pem"), "--domain", "x", "--out", at("other.json")).code).not.toBe(0);
  });

  test("attack: a token that another key signed, or that was changed, is seen", () => {
    const text = readFileSync(at("token"), "utf8").trim();
    writeFileSync(at("changed"), `${text.slice(0, 40)}${text[40] === "A" ? "B" : "A"}${text.slice(41)}`);
    expect(maestro("token", "inspect", at("changed"), "--trust", at("trust.json")).code).toBe(1);
    maestro("token", "key", "--root", at("root.pem"), "--key", at("cap2.pem"), "--domain", "ci.example.org", "--out", at("trust2.json"));
    expect(maestro("token", "inspect", at("token"), "--trust", at("trust2.json")).out).toContain("no capability key of that fingerprint");
  });
});

describe("how a token travels", () => {
  const file = (name: string, text: string): string => {
    writeFileSync(at(name), text);
    return at(name);
  };
  test("ours in a header of its own, a CI system's as a bearer", () => {
    expect(tokenHeaders(file("a", "mcap1.AAAA.BBBB\n"))).toEqual({ "maestro-capability": "mcap1.AAAA.BBBB" });
    expect(tokenHeaders(file("b", "eyJ.eyJ.sig"))).toEqual({ authorization: "Bearer eyJ.eyJ.sig" });
  });
  test("attack: a file that smuggles a header, or is none of a token, is refused without being repeated", () => {
    for (const text of ["mcap1.A.B\r\nhost: x", "two words", "", "A".repeat(20_000)]) {
      const refused = () => tokenHeaders(file("c", text));
      expect(refused).toThrow("holds no token");
      expect(refused).not.toThrow("smuggle");
    }
    expect(() => tokenHeaders(at("absent"))).toThrow("cannot be read");
  });
});

const root = process.getuid?.() === 0;
describe.skipIf(skipWithout(root, "owner of the system folder: needs root"))("whose socket is the host's", () => {
  test("of the user that root gave the system folder to, and of no other", () => {
    const system = at("run/maestro");
    mkdirSync(system, { recursive: true });
    for (const path of [at("run"), system]) chmodSync(path, 0o755);
    chownSync(system, 1234, 1234);
    expect(systemUids(join(system, "gate.sock"), system)).toEqual([1234]);
    expect(systemUids(at("elsewhere.sock"), system)).toEqual([]);
  });
  test("attack: a folder that others may write, or whose parent is not root's", () => {
    const system = at("run/maestro");
    chmodSync(system, 0o775);
    expect(systemUids(join(system, "gate.sock"), system)).toEqual([]);
    chmodSync(system, 0o755);
    chownSync(at("run"), 1234, 1234);
    expect(systemUids(join(system, "gate.sock"), system)).toEqual([]);
  });
});

/** Which private keys ask nobody, of every form that ssh-keygen writes. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HAS_SSH_KEYGEN } from "../testing/ssh.ts";
import { skipWithout } from "../testing/skip.ts";
import { liesBare } from "./signing.ts";

const folder = mkdtempSync(join(tmpdir(), "me-bare-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(skipWithout(HAS_SSH_KEYGEN, "keys without a passphrase: needs ssh-keygen"))("a private key lies bare", () => {
  test.each(["ed25519 OPENSSH", "ecdsa OPENSSH", "ecdsa PEM", "ecdsa PKCS8"])("%s: without a passphrase, and not with one", (kind) => {
    const [type = "", format = ""] = kind.split(" ");
    const made = ["", "only carol knows"].map((passphrase, at) => {
      const path = join(folder, `${type}-${format}-${at}`);
      const ran = Bun.spawnSync(["ssh-keygen", "-q", "-t", type, ...(format === "OPENSSH" ? [] : ["-m", format]), "-N", passphrase, "-f", path], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
      return [ran.exitCode, liesBare(readFileSync(path, "latin1"))];
    });
    expect(made).toEqual([[0, true], [0, false]]);
  });

  test("a public key and a text of no kind do not", () => {
    expect([liesBare("ssh-ed25519 AAAA carol\n"), liesBare("")]).toEqual([false, false]);
  });
});

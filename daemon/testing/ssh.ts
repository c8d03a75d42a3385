/** SSH keys of people, for tests: real ones by ssh-keygen, and a stand-in for a security key, which says what it is. */
import { createHash, generateKeyPairSync, sign as signWith, type KeyObject } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalText } from "../../proto/canonical.ts";
import { concatBytes, utf8 } from "../../proto/encoding.ts";
import { RELEASE_NAMESPACE, type ReleaseRequest } from "../../proto/release.ts";

export const HAS_SSH_KEYGEN = Bun.which("ssh-keygen") !== null;
export const HAS_SSH_AGENT = Bun.which("ssh-agent") !== null && Bun.which("ssh-add") !== null;

function ssh(...args: string[]): void {
  const ran = Bun.spawnSync(["ssh-keygen", ...args], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  if (ran.exitCode !== 0) throw new Error(`ssh-keygen ${args.join(" ")}: ${ran.stderr.toString()}`);
}

/** A folder of keys; dispose it. */
export class KeyRing implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "me-ssh-"));
  private signatures = 0;

  make(name: string, type: "ed25519" | "ecdsa" = "ed25519"): string {
    ssh("-q", "-t", type, ...(type === "ecdsa" ? ["-b", "256"] : []), "-N", "", "-C", name, "-f", join(this.folder, name));
    return this.public(name);
  }

  public(name: string): string {
    return readFileSync(join(this.folder, `${name}.pub`), "utf8").trim();
  }

  sign(name: string, text: string, namespace = RELEASE_NAMESPACE): string {
    const file = join(this.folder, `signed-${this.signatures++}`);
    writeFileSync(file, text);
    ssh("-Y", "sign", "-q", "-f", join(this.folder, name), "-n", namespace, file);
    return readFileSync(`${file}.sig`, "utf8");
  }

  request(name: string, request: ReleaseRequest): string {
    return this.sign(name, canonicalText(request));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function sshString(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
}

const sha = (name: "sha256" | "sha512", bytes: Uint8Array): Uint8Array => new Uint8Array(createHash(name).update(bytes).digest());
const mpint = (bytes: Uint8Array): Uint8Array => {
  const start = bytes.findIndex((byte) => byte !== 0);
  const rest = bytes.slice(start < 0 ? bytes.length : start);
  return sshString((rest[0] ?? 0) >= 0x80 ? concatBytes(new Uint8Array(1), rest) : rest);
};

/** No security key: a key in memory that signs in the form of one (OpenSSH PROTOCOL.u2f), with the touch flag as the test wants it. */
export class FakeSecurityKey {
  readonly type: string;
  readonly wire: Uint8Array;
  private readonly private_key: KeyObject;
  private counter = 7;

  constructor(private readonly curve: "ed25519" | "p256" = "ed25519", private readonly application = "ssh:") {
    this.type = curve === "ed25519" ? "sk-ssh-ed25519@openssh.com" : "sk-ecdsa-sha2-nistp256@openssh.com";
    const pair = curve === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.private_key = pair.privateKey;
    const spki = new Uint8Array(pair.publicKey.export({ type: "spki", format: "der" }));
    const raw = spki.slice(curve === "ed25519" ? -32 : -65);
    this.wire = concatBytes(sshString(utf8(this.type)), ...(curve === "p256" ? [sshString(utf8("nistp256"))] : []), sshString(raw), sshString(utf8(application)));
  }

  get line(): string {
    return `${this.type} ${Buffer.from(this.wire).toString("base64")} not-a-real-token`;
  }

  sign(text: string, { touched = true, namespace = RELEASE_NAMESPACE }: { readonly touched?: boolean; readonly namespace?: string } = {}): string {
    const head = concatBytes(utf8("SSHSIG"), sshString(utf8(namespace)), sshString(new Uint8Array()), sshString(utf8("sha512")));
    const message = concatBytes(head, sshString(sha("sha512", utf8(text))));
    const flags = new Uint8Array([touched ? 1 : 0]);
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, this.counter++);
    const signed = concatBytes(sha("sha256", utf8(this.application)), flags, counter, sha("sha256", message));
    const ed = this.curve === "ed25519";
    const raw = new Uint8Array(ed ? signWith(null, signed, this.private_key) : signWith("sha256", signed, { key: this.private_key, dsaEncoding: "ieee-p1363" }));
    const inner = ed ? raw : concatBytes(mpint(raw.slice(0, 32)), mpint(raw.slice(32)));
    const signature = concatBytes(sshString(utf8(this.type)), sshString(inner), flags, counter);
    const blob = concatBytes(utf8("SSHSIG"), new Uint8Array([0, 0, 0, 1]), sshString(this.wire), sshString(utf8(namespace)), sshString(new Uint8Array()), sshString(utf8("sha512")), sshString(signature));
    return `-----BEGIN SSH SIGNATURE-----\n${Buffer.from(blob).toString("base64").replace(/(.{70})/g, "$1\n")}\n-----END SSH SIGNATURE-----\n`;
  }
}

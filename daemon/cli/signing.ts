/** Signs a request to release with the person's own tools: `ssh-keygen` asks for the passphrase, the agent's confirmation, or the touch. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalText } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { BreakerResetRequest } from "../../proto/breaker.ts";
import { RELEASE_NAMESPACE, type ReleaseRequest } from "../../proto/release.ts";
import { note } from "./output.ts";

/** A person may be looking for their key. */
const SIGN_DEADLINE_MS = 300_000;
const LINE_CHARACTERS_MAX = 2_000;
const OPENSSH_MAGIC = "openssh-key-v1\0";
/** The cipher as an SSH string: its length, then its name. */
const NO_CIPHER = "\0\0\0\u0004none";
/** A key in a security key, which asks by itself. */
const SECURITY_KEY = /^sk-/;
const KEY_BYTES_MAX = 65_536;

export interface SigningKey {
  /** What `ssh-keygen -f` is given: the private key, or the public one whose private half an agent holds. */
  readonly path: string;
  readonly public_key: string;
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n")[0]?.trim().slice(0, LINE_CHARACTERS_MAX) ?? "";
  } catch (error) {
    throw new MaestroError("cli.usage", `${path} cannot be read; give the private key whose public half lies beside it as FILE.pub`, { cause: error });
  }
}

/**
 * Whether a private key lies in its file for whoever reads it: OpenSSH's own form names the cipher first (PROTOCOL.key), PEM says
 * ENCRYPTED. A file of another kind is left to `ssh-keygen`. Kept in a file by itself a security key's handle signs nothing.
 */
export function liesBare(text: string): boolean {
  const own = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text)?.[1];
  if (own !== undefined) return Buffer.from(own, "base64").subarray(OPENSSH_MAGIC.length).toString("latin1").startsWith(NO_CIPHER);
  return /-----BEGIN (?:EC |RSA )?PRIVATE KEY-----/.test(text) && !text.includes("ENCRYPTED");
}

/** A key file with its `.pub` beside it, or the `.pub` of a key in the agent. Throws `cli.usage`. */
export function keyOfFile(path: string): SigningKey {
  return { path, public_key: firstLine(path.endsWith(".pub") ? path : `${path}.pub`) };
}

/** A security key of the agent, else its first key of a kind taken here, written where `ssh-keygen` finds it. Throws `cli.usage`. */
export function keyOfAgent(folder: string): SigningKey {
  const listed = Bun.spawnSync(["ssh-add", "-L"], { env: process.env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const taken = listed.stdout.toString().split("\n").filter((one) => /^(?:sk-)?(?:ssh-ed25519|ecdsa-sha2-nistp256)(?:@openssh\.com)? /.test(one));
  const line = taken.find((one) => SECURITY_KEY.test(one)) ?? taken[0];
  if (line === undefined) throw new MaestroError("cli.usage", `the agent holds no key that is taken here (${listed.stderr.toString().trim() || "ed25519, ecdsa P-256, or either in a security key"})`);
  const path = join(folder, "key.pub");
  writeFileSync(path, `${line}\n`, { mode: 0o600 });
  return { path, public_key: line.slice(0, LINE_CHARACTERS_MAX) };
}

/** Runs `work` with a folder that is gone afterwards. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "maestro-sign-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The armoured signature over the request's canonical bytes. Throws `cli.usage` where it was not made. */
export async function signed(request: ReleaseRequest | BreakerResetRequest, { path, public_key }: SigningKey, folder: string, namespace = RELEASE_NAMESPACE): Promise<string> {
  if (!path.endsWith(".pub") && !SECURITY_KEY.test(public_key) && existsSync(path) && liesBare(readFileSync(path, "latin1").slice(0, KEY_BYTES_MAX))) {
    throw new MaestroError("cli.usage", `${path} has no passphrase, so it signs for whoever can read it and asks nobody; give it one (ssh-keygen -p -f FILE), or keep it in an agent that asks (ssh-add -c)`);
  }
  if (Bun.which("ssh-keygen") === null) throw new MaestroError("cli.usage", "ssh-keygen is not on the PATH; install OpenSSH's client");
  const file = join(folder, "request");
  writeFileSync(file, canonicalText(request), { mode: 0o600 });
  note("maestro: your key is asked to sign; it may want its passphrase, a confirmation or a touch");
  const child = Bun.spawn(["ssh-keygen", "-Y", "sign", "-f", path, "-n", namespace, file], { env: process.env, stdin: "inherit", stdout: "ignore", stderr: "inherit", timeout: SIGN_DEADLINE_MS, killSignal: "SIGKILL" });
  const code = await child.exited;
  if (code !== 0 || !existsSync(`${file}.sig`)) throw new MaestroError("cli.usage", `ssh-keygen signed nothing (exit ${code})`);
  return readFileSync(`${file}.sig`, "utf8");
}

/** Signs a request to release with the person's own tools: `ssh-keygen` asks for the passphrase, the agent's confirmation, or the touch. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalText } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import { RELEASE_NAMESPACE, type ReleaseRequest } from "../../proto/release.ts";
import { note } from "./output.ts";

/** A person may be looking for their key. */
const SIGN_DEADLINE_MS = 300_000;
const LINE_CHARACTERS_MAX = 2_000;

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

/** A key file with its `.pub` beside it, or the `.pub` of a key in the agent. Throws `cli.usage`. */
export function keyOfFile(path: string): SigningKey {
  return { path, public_key: firstLine(path.endsWith(".pub") ? path : `${path}.pub`) };
}

/** The first key of the agent that is of a kind taken here, written where `ssh-keygen` finds it. Throws `cli.usage`. */
export function keyOfAgent(folder: string): SigningKey {
  const listed = Bun.spawnSync(["ssh-add", "-L"], { env: process.env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const line = listed.stdout.toString().split("\n").find((one) => /^(?:sk-)?(?:ssh-ed25519|ecdsa-sha2-nistp256)(?:@openssh\.com)? /.test(one));
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
export async function signed(request: ReleaseRequest, { path }: SigningKey, folder: string): Promise<string> {
  if (Bun.which("ssh-keygen") === null) throw new MaestroError("cli.usage", "ssh-keygen is not on the PATH; install OpenSSH's client");
  const file = join(folder, "request");
  writeFileSync(file, canonicalText(request), { mode: 0o600 });
  note("maestro: your key is asked to sign; it may want its passphrase, a confirmation or a touch");
  const child = Bun.spawn(["ssh-keygen", "-Y", "sign", "-f", path, "-n", RELEASE_NAMESPACE, file], { env: process.env, stdin: "inherit", stdout: "ignore", stderr: "inherit", timeout: SIGN_DEADLINE_MS, killSignal: "SIGKILL" });
  const code = await child.exited;
  if (code !== 0 || !existsSync(`${file}.sig`)) throw new MaestroError("cli.usage", `ssh-keygen signed nothing (exit ${code})`);
  return readFileSync(`${file}.sig`, "utf8");
}

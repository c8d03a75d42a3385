/**
 * Builds the default policy bundle, or checks the committed one.
 *
 *   bun policies/build.ts            writes policies/default/bundle.tar.gz
 *   bun policies/build.ts --check    compares byte for byte and runs the Rego tests
 *
 * The bundle is committed so that nobody needs `opa` to run Maestro. The
 * version is pinned because another compiler gives other bytes.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const OPA_VERSION = "1.22.2";
export const REVISION = "default@1";
const ENTRYPOINT = "maestro/gate/answer";
const SOURCE = join(import.meta.dir, "default");
const TOOLCHAIN = join(import.meta.dir, "..", ".toolchain", "bin");
const RUN_DEADLINE_MS = 120_000;
const INSTALL_DEADLINE_MS = 420_000;

export const COMMITTED_BUNDLE = join(SOURCE, "bundle.tar.gz");

interface Ended {
  readonly code: number;
  readonly text: string;
}

async function run(argv: readonly string[], cwd: string, deadline_ms: number): Promise<Ended> {
  const child = Bun.spawn([...argv], { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: deadline_ms, killSignal: "SIGKILL" });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, text: `${out}${err}`.trim() };
}

async function hasPinnedVersion(path: string): Promise<boolean> {
  const { code, text } = await run([path, "version"], import.meta.dir, RUN_DEADLINE_MS);
  return code === 0 && text.split("\n").some((line) => line.trim() === `Version: ${OPA_VERSION}`);
}

/** The pinned `opa` of the tool chain folder or the PATH; a null result names no reason because absence is one. */
export async function findOpa(): Promise<string | null> {
  for (const path of [join(TOOLCHAIN, "opa"), Bun.which("opa")]) {
    if (path !== null && (await Bun.file(path).exists()) && (await hasPinnedVersion(path))) return path;
  }
  return null;
}

/** Builds `opa` with Go into the tool chain folder (about a minute and a half), or says why it cannot. */
export async function installOpa(): Promise<{ path: string } | { because: string }> {
  const go = Bun.which("go");
  if (go === null) return { because: `no opa ${OPA_VERSION} on the PATH, and no Go to build it with` };
  await mkdir(TOOLCHAIN, { recursive: true });
  const install = ["env", `GOBIN=${TOOLCHAIN}`, go, "install", `github.com/open-policy-agent/opa@v${OPA_VERSION}`];
  const { code, text } = await run(install, tmpdir(), INSTALL_DEADLINE_MS);
  if (code !== 0) return { because: `go install of opa ${OPA_VERSION} failed: ${text.split("\n").at(-1) ?? code}` };
  return { path: join(TOOLCHAIN, "opa") };
}

export async function requireOpa(): Promise<{ path: string } | { because: string }> {
  const found = await findOpa();
  return found === null ? installOpa() : { path: found };
}

/** Bytes of the bundle that `opa` compiles from the source in this folder. */
export async function compileBundle(opa: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "maestro-policy-"));
  try {
    const out = join(folder, "bundle.tar.gz");
    const argv = [opa, "build", "--target", "wasm", "--entrypoint", ENTRYPOINT, "--revision", REVISION];
    const { code, text } = await run([...argv, "--ignore", "*_test.rego", "--ignore", "*.tar.gz", "--bundle", ".", "--output", out], SOURCE, RUN_DEADLINE_MS);
    if (code !== 0) throw new Error(`opa build failed: ${text}`);
    return await Bun.file(out).bytes();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Strict check, format and tests of the Rego source; the text is opa's own. */
export async function testRego(opa: string): Promise<Ended> {
  // opa would load the compiled bundle in this folder too, and find every name defined twice.
  const sources = ["--ignore", "*.tar.gz", "."];
  const steps = [["check", "--strict", ...sources], ["fmt", "--fail", "--list", "."], ["test", ...sources]];
  const texts: string[] = [];
  for (const step of steps) {
    const ended = await run([opa, ...step], SOURCE, RUN_DEADLINE_MS);
    texts.push(ended.text);
    if (ended.code !== 0) return { code: ended.code, text: `opa ${step.join(" ")}: ${texts.join("\n")}` };
  }
  return { code: 0, text: texts.join("\n").trim() };
}

async function main(argv: readonly string[]): Promise<number> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const opa = await requireOpa();
  if ("because" in opa) {
    say(`policies: SKIPPED, nothing was compared: ${opa.because}`);
    return 69;
  }
  const bytes = await compileBundle(opa.path);
  if (!argv.includes("--check")) {
    await Bun.write(COMMITTED_BUNDLE, bytes);
    say(`policies: wrote ${COMMITTED_BUNDLE} (${bytes.length} bytes)`);
    return 0;
  }
  const same = Buffer.from(bytes).equals(await Bun.file(COMMITTED_BUNDLE).bytes());
  const rego = await testRego(opa.path);
  say(`policies: the committed bundle ${same ? "is what the source compiles to" : "differs from its source; run `bun policies/build.ts`"}`);
  say(rego.text);
  return same && rego.code === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));

/**
 * Builds the policy bundles, or checks the committed ones.
 *
 *   bun policies/build.ts            writes each bundle and, beside it, what it was made of
 *   bun policies/build.ts --check    compares byte for byte and runs the Rego tests
 *
 * The bundles are committed so that nobody needs `opa` to run or test Maestro.
 * The version is pinned because another compiler gives other bytes.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const OPA_VERSION = "1.22.2";
const ENTRYPOINT = "maestro/gate/answer";
const SOURCE = join(import.meta.dir, "default");
const TOOLCHAIN = join(import.meta.dir, "..", ".toolchain", "bin");
const RUN_DEADLINE_MS = 120_000;
const INSTALL_DEADLINE_MS = 420_000;

/** A committed bundle: Rego and data of one folder, compiled. */
export interface Source {
  readonly folder: string;
  readonly revision: string;
}

/** What the daemon ships, and what a user might write, for tests. */
export const SOURCES: readonly Source[] = [
  { folder: SOURCE, revision: "default@1" },
  { folder: join(import.meta.dir, "../daemon/policy/testing/user"), revision: "mine@1" },
];

export const committedBundle = ({ folder }: Source): string => join(folder, "bundle.tar.gz");
/** Beside each bundle: digests of the bundle and of all it was made of, as `sha256sum` writes them. */
export const madeOf = ({ folder }: Source): string => join(folder, "bundle.sha256");

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** The text of `madeOf`: one line for the bundle, one for how it is compiled, one for each source in the order of their names. */
export function digestsOf({ folder, revision }: Source, bundle: Uint8Array): string {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.(?:rego|json|ya?ml)$/.test(file) && !file.endsWith("_test.rego"));
  const lines = [["bundle.tar.gz", bundle] as const, [`opa-${OPA_VERSION}-${revision}`, compilerArgs(revision).join("\n")] as const, ...sources.sort().map((file) => [file, readFileSync(join(folder, file))] as const)];
  return lines.map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`).join("");
}

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

function compilerArgs(revision: string): readonly string[] {
  return ["build", "--target", "wasm", "--entrypoint", ENTRYPOINT, "--revision", revision, "--ignore", "*_test.rego", "--ignore", "*.tar.gz", "--bundle", "."];
}

/** Bytes of the bundle that `opa` compiles from a source. */
export async function compileBundle(opa: string, source: Source): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "maestro-policy-"));
  try {
    const out = join(folder, "bundle.tar.gz");
    const { code, text } = await run([opa, ...compilerArgs(source.revision), "--output", out], source.folder, RUN_DEADLINE_MS);
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
  let same = true;
  for (const source of SOURCES) {
    const [path, bytes] = [committedBundle(source), await compileBundle(opa.path, source)];
    if (argv.includes("--check")) {
      const equal = Buffer.from(bytes).equals(await Bun.file(path).bytes());
      same &&= equal;
      say(`policies: ${path} ${equal ? "is what its source compiles to" : "differs from its source; run `bun policies/build.ts`"}`);
    } else {
      await Bun.write(path, bytes);
      await Bun.write(madeOf(source), digestsOf(source, bytes));
      say(`policies: wrote ${path} (${bytes.length} bytes)`);
    }
  }
  if (!argv.includes("--check")) return 0;
  const rego = await testRego(opa.path);
  say(rego.text);
  return same && rego.code === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));

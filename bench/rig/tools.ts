/** Other people's programs that only `npm run accept` needs: found where they are, or built into `.toolchain/bin`. */
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireOpa } from "../../policies/build.ts";
import { run, type Tool } from "./accepts.ts";

const TOOLCHAIN = join(import.meta.dir, "../../.toolchain/bin");
const CRANE_VERSION = "v0.22.1";
const BUILD_DEADLINE_MS = 420_000;

/** A tool at hand, or the reason why it is not; an item that needs it fails with that reason. */
export interface Found extends Tool {
  readonly path: () => string;
}

const missing = (name: string, because: string): Found => ({
  name,
  version: "missing",
  path() {
    throw new Error(`${name} is needed: ${because}`);
  },
});

const found = (name: string, version: string, path: string): Found => ({ name, version, path: () => path });

async function firstLine(argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(argv);
  return /v?\d+\.\d+[^\s,]*/.exec(stdout || stderr)?.[0] ?? "unknown version";
}

/** A program of the distribution. */
export async function onPath(name: string, hint: string): Promise<Found> {
  const path = Bun.which(name);
  return path === null ? missing(name, hint) : found(name, await firstLine([path, "--version"]), path);
}

export async function opa(): Promise<Found> {
  const at = await requireOpa();
  return "because" in at ? missing("opa", at.because) : found("opa", await firstLine([at.path, "version"]), at.path);
}

/** Builds `crane` with Go where it is not there in this version (about twenty seconds). */
export async function crane(): Promise<Found> {
  const path = join(TOOLCHAIN, "crane");
  if (existsSync(path) && (await run([path, "version"])).stdout.trim() === CRANE_VERSION) return found("crane", CRANE_VERSION, path);
  const go = Bun.which("go");
  if (go === null) return missing("crane", `there is no Go to build ${CRANE_VERSION} with`);
  mkdirSync(TOOLCHAIN, { recursive: true });
  const argv = [go, "install", `github.com/google/go-containerregistry/cmd/crane@${CRANE_VERSION}`];
  const { code, stderr } = await run(argv, { cwd: tmpdir(), env: { GOBIN: TOOLCHAIN }, timeout_ms: BUILD_DEADLINE_MS });
  return code === 0 ? found("crane", CRANE_VERSION, path) : missing("crane", `go install ended with ${code}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
}

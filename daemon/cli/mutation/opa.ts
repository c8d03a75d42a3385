/** OPA as a program: it parses, and runs the tests. A policy is never evaluated in this process. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MaestroError } from "../../../proto/errors.ts";

const PARSE_DEADLINE_MS = 30_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** In a clone `npm run accept -- opa` builds it there. */
const TOOLCHAIN = new URL("../../../.toolchain/bin/opa", import.meta.url);

export const REMEDY = "no opa here; put the program of Open Policy Agent (1.0 or newer) on the PATH";

export interface Opa {
  readonly path: string;
  readonly version: string;
}

interface Ended {
  /** Null where it was killed. */
  readonly code: number | null;
  /** At its deadline. */
  readonly late: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runOpa(path: string, args: readonly string[], cwd: string, deadline_ms: number): Promise<Ended> {
  const until = performance.now() + deadline_ms;
  const child = Bun.spawn([path, ...args], { cwd, env: { ...process.env }, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: deadline_ms, killSignal: "SIGKILL", maxBuffer: OUTPUT_BYTES_MAX });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code: child.signalCode === null ? code : null, late: performance.now() >= until, stdout, stderr };
}

/** Null where there is none, or one from before Rego v1. */
export async function findOpa(search_path?: string): Promise<Opa | null> {
  const shipped = fileURLToPath(TOOLCHAIN);
  const path = search_path === undefined && existsSync(shipped) ? shipped : Bun.which("opa", search_path === undefined ? undefined : { PATH: search_path });
  if (path === null) return null;
  const { code, stdout } = await runOpa(path, ["version"], "/", PARSE_DEADLINE_MS);
  const version = /^Version: ([0-9]+)(\.[0-9.]+)/m.exec(stdout);
  return code !== 0 || version === null || Number(version[1]) < 1 ? null : { path, version: `${version[1]}${version[2]}` };
}

/** The syntax tree with its places. Throws `cli.usage` with OPA's first word for what does not parse. */
export async function parseRego({ path }: Opa, file: string, cwd: string): Promise<unknown> {
  const { code, stdout, stderr } = await runOpa(path, ["parse", "--format", "json", "--json-include", "locations,-comments", file], cwd, PARSE_DEADLINE_MS);
  if (code !== 0) throw new MaestroError("cli.usage", `${file} does not parse: ${firstError(stderr || stdout)}`);
  return JSON.parse(stdout);
}

/** One line of what OPA said was wrong. */
export function firstError(text: string): string {
  const message = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  const lines = text.trim().split("\n");
  return (message ?? lines.find((line) => line.includes("rego_")) ?? lines[0] ?? "").slice(0, 300);
}

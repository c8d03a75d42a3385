/** Items of `npm run accept`: each is a test that also says on stdout which tool, of which version, gave which verdict. */
import { test } from "bun:test";

export interface Tool {
  readonly name: string;
  readonly version: string;
}

const DEADLINE_MS = 1_200_000;

/** A tool that is missing must not be skipped: `work` throws, and the item fails. */
export function accepts(tool: Tool, title: string, work: () => Promise<unknown> | unknown, deadline_ms = DEADLINE_MS): void {
  test(`${tool.name}: ${title}`, async () => {
    let verdict = "FAILED";
    try {
      await work();
      verdict = "passed";
    } finally {
      process.stdout.write(`accept: ${tool.name} ${tool.version}: ${title}: ${verdict}\n`);
    }
  }, deadline_ms);
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout_ms?: number;
}

/** A program from start to end; it is killed at its timeout, and `code` is then null. */
export async function run(argv: readonly string[], { cwd, stdin, env, timeout_ms = 120_000 }: RunOptions = {}): Promise<Ended> {
  const child = Bun.spawn([...argv], { ...(cwd === undefined ? {} : { cwd }), env: { ...Bun.env, ...env }, stdin: Buffer.from(stdin ?? ""), stdout: "pipe", stderr: "pipe", timeout: timeout_ms, killSignal: "SIGKILL" });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code: child.signalCode === null ? code : null, stdout, stderr };
}

/** What a program printed; throws with its own words where it failed. */
export async function output(argv: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

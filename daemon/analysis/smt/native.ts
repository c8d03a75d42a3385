/** The native z3 as a process of its own for each question: 20 ms and 34 MB, and nothing of one question is left for the next. */
import { existsSync } from "node:fs";
import { runCommand } from "../../platform/process/command.ts";
import { ANSWER_BYTES_MAX, type Backend, GRACE_MS } from "./backend.ts";

const VERSION_DEADLINE_MS = 10_000;
const MiB = 1024 * 1024;

/** z3 reads no configuration of its own from these; nothing of the daemon's environment is inherited. */
const PLACE = { cwd: "/", env: {} };

/** Where programs of the host lie. The PATH is not asked: a check process has none, and in a job it may lead into the workspace. */
const HOST_FOLDERS = "/usr/local/bin:/usr/bin:/bin";

/** The z3 of the first of these paths that is there, else of the host's folders, else `null`. */
export function findZ3(paths: readonly string[], folders = HOST_FOLDERS): string | null {
  return paths.find((path) => existsSync(path)) ?? Bun.which("z3", { PATH: folders });
}

async function versionOf(z3: string): Promise<string | null> {
  const { code, stdout } = await runCommand([z3, "--version"], { ...PLACE, stdout_bytes_max: 4_096, deadline_ms: VERSION_DEADLINE_MS });
  return code === 0 ? (/^Z3 version ([0-9]+(?:\.[0-9]+)+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? null) : null;
}

export function nativeBackend(z3: string, grace_ms = GRACE_MS): Backend {
  let version: Promise<string | null> | undefined;
  return {
    solver: "z3-native",
    version: () => (version ??= versionOf(z3)),
    ask: async ({ smt2 }, { deadline_ms, memory_bytes_max, signal }) => {
      const argv = [z3, "-in", "-smt2", `-t:${deadline_ms}`, `-memory:${Math.max(1, Math.floor(memory_bytes_max / MiB))}`];
      const stdin = new TextEncoder().encode(smt2);
      // z3 ends with 1 after an error it printed, such as a value asked of no model: what it printed is the answer.
      const { stdout } = await runCommand(argv, { ...PLACE, stdin, stdout_bytes_max: ANSWER_BYTES_MAX, deadline_ms: deadline_ms + grace_ms, ...(signal === undefined ? {} : { signal }) });
      return new TextDecoder().decode(stdout);
    },
    close: async () => undefined,
  };
}

/** A program of the daemon's side that runs what the command line itself never does, and says what came of it: one JSON document a line. */
import { MaestroError } from "../../proto/errors.ts";
import { isErrorCode } from "../../proto/problem.ts";

interface Said {
  readonly event?: unknown;
  readonly row?: unknown;
  readonly report?: unknown;
  readonly text?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<Said> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) yield JSON.parse(line) as Said;
  }
}

/**
 * The first that `take` takes. Paths among `argv` are absolute: Bun takes settings from the folder it starts in, which may be a stranger's.
 * Throws the failure the program names; one that says nothing more has crashed, at `what`.
 */
export async function answerOf<T>(what: string, argv: readonly string[], take: (said: Said) => T | undefined): Promise<T> {
  const child = Bun.spawn([process.execPath, ...argv], { stdin: "ignore", stdout: "pipe", stderr: "inherit", cwd: "/" });
  for await (const said of lines(child.stdout)) {
    if (said.event === "failure") throw new MaestroError(typeof said.code === "string" && isErrorCode(said.code) ? said.code : "internal.bug", String(said.detail));
    const taken = take(said);
    if (taken !== undefined) return taken;
  }
  await child.exited;
  throw new MaestroError("worker.crashed", `${what} ended with ${child.signalCode ?? child.exitCode} before its report`);
}

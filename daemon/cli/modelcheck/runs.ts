/** Model checking is done by a process of the daemon's side: it runs a specification, which the command line itself never does. */
import { Value } from "@sinclair/typebox/value";
import { ERRORS, type ErrorCode, MaestroError } from "../../../proto/errors.ts";
import { ModelReport, ModelRow } from "../../../proto/model.ts";

const PROGRAM = Bun.fileURLToPath(new URL("../../analysis/modelcheck/program.ts", import.meta.url));

interface Said {
  readonly event?: unknown;
  readonly row?: unknown;
  readonly report?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
}

const isCode = (code: unknown): code is ErrorCode => typeof code === "string" && Object.hasOwn(ERRORS, code);

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}

/** `each` hears of a row once it is there. Throws the failure the program names; one that says nothing more has crashed. */
export async function modelRuns(folder: string, names: readonly string[], cached: boolean, each: (row: ModelRow) => void): Promise<ModelReport> {
  const child = Bun.spawn([process.execPath, PROGRAM, "--folder", folder, ...(cached ? [] : ["--no-cache"]), "--", ...names], { stdin: "ignore", stdout: "pipe", stderr: "inherit", cwd: "/" });
  for await (const line of lines(child.stdout)) {
    const said = JSON.parse(line) as Said;
    if (said.event === "failure") throw new MaestroError(isCode(said.code) ? said.code : "internal.bug", String(said.detail));
    if (said.event === "row" && Value.Check(ModelRow, said.row)) each(said.row);
    if (said.event === "report" && Value.Check(ModelReport, said.report)) return said.report;
  }
  await child.exited;
  throw new MaestroError("worker.crashed", `checking the models ended with ${child.signalCode ?? child.exitCode} before its report`);
}

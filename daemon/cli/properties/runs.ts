/** Property tests run what a change brought along, so a process of the daemon's side has them run in the sandbox; the command line never does. */
import { Value } from "@sinclair/typebox/value";
import { ERRORS, type ErrorCode, MaestroError } from "../../../proto/errors.ts";
import { PropertyReport, PropertyRow } from "../../../proto/property.ts";

const PROGRAM = Bun.fileURLToPath(new URL("../../analysis/properties/program.ts", import.meta.url));

interface Said {
  readonly event?: unknown;
  readonly row?: unknown;
  readonly report?: unknown;
  readonly text?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
}

const isCode = (code: unknown): code is ErrorCode => typeof code === "string" && Object.hasOwn(ERRORS, code);

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<Said> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) yield JSON.parse(line) as Said;
  }
}

async function answer<T>(args: readonly string[], take: (said: Said) => T | undefined): Promise<T> {
  const child = Bun.spawn([process.execPath, PROGRAM, ...args], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  for await (const said of lines(child.stdout)) {
    if (said.event === "failure") throw new MaestroError(isCode(said.code) ? said.code : "internal.bug", String(said.detail));
    const taken = take(said);
    if (taken !== undefined) return taken;
  }
  await child.exited;
  throw new MaestroError("worker.crashed", `testing properties ended with ${child.signalCode ?? child.exitCode} before its report`);
}

/** `each` hears of a row once it is there. Throws the failure the program names; one that says nothing more has crashed. */
export function propertyRuns(args: readonly string[], each: (row: PropertyRow) => void): Promise<PropertyReport> {
  return answer(["test", ...args], (said) => {
    if (said.event === "row" && Value.Check(PropertyRow, said.row)) each(said.row);
    return said.event === "report" && Value.Check(PropertyReport, said.report) ? said.report : undefined;
  });
}

/** The text of one test. */
export function generatedTest(args: readonly string[]): Promise<string> {
  return answer(["generate", ...args], ({ event, text }) => (event === "generated" && typeof text === "string" ? text : undefined));
}

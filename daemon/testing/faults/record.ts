/** Runs a program under strace and reads what it asked of the disk. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Recording } from "./disk-model.ts";
import type { Acknowledged } from "./evidence-writer.ts";
import { RECORDED_CALLS, TraceReader } from "./recording.ts";
import { parseStrace, unhexText, type Call } from "./strace-lines.ts";

const DEADLINE_MS = 120_000;
const STRING_BYTES_MAX = 1 << 26;

export const straceArgv = (output: string): string[] => ["strace", "-f", "-y", "-xx", "-qq", "--seccomp-bpf", "-s", String(STRING_BYTES_MAX), "-o", output, "-e", `trace=${RECORDED_CALLS.join(",")}`];

const written = (call: Call): string => [...call.args.slice(1, 2).join("").matchAll(/"([^"]*)"/g)].map(([, bytes]) => unhexText(bytes ?? "")).join("");

/** What a rig's own program writes to standard output: one promise per line. */
export function linesToStdout(call: Call): Acknowledged[] {
  if (call.name !== "write" || !call.args[0]?.startsWith("1<")) return [];
  const lines = written(call).split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Acknowledged);
}

const RESULT = /"event":"result","gate_id":"(gate:[a-z2-7]+)","attempt":(\d+)/g;

/** A daemon's replies: from the moment it hands the result to the kernel, the client may have it. */
export function resultsToSocket(call: Call): Acknowledged[] {
  const target = /^\d+<([^>]*)>/.exec(call.args[0] ?? "")?.[1];
  if (target === undefined || !/^(?:write|writev|sendto|sendmsg)$/.test(call.name) || !/^(?:socket|UNIX)/.test(unhexText(target))) return [];
  return [...written(call).matchAll(RESULT)].map(([, gate_id = "", attempt]) => ({ gate_id, attempt: Number(attempt), log_index: null, bundle: null }));
}

/** What strace wrote, as operations on `root`. */
export const readTrace = <T>(trace: string, root: string, ackOf: (call: Call) => readonly T[]): Recording<T> => new TraceReader(root, ackOf).read(parseStrace(readFileSync(trace, "latin1")));

/** A run of `argv` whose state lies in `root`; the caller removes `trace`. Throws where it does not end with 0. */
export async function record(argv: readonly string[], trace: string): Promise<void> {
  const child = Bun.spawn([...straceArgv(trace), ...argv], { stdin: "ignore", stdout: "ignore", stderr: "pipe", timeout: DEADLINE_MS, killSignal: "SIGKILL" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`the recorded program ended with ${child.exitCode ?? child.signalCode}: ${said}`);
}

/** A folder of one recording: the trace, and the state beside it. */
export function recordingFolder(): { readonly folder: string; readonly trace: string; readonly root: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "maestro-record-"));
  return { folder, trace: join(folder, "trace"), root: join(folder, "state"), [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

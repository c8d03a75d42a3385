/** Starts a private daemon for whoever has none; loaded only then. */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { constants } from "node:os";
import { ENGINE_SETTINGS } from "../../proto/engine.ts";
import { ERRORS, EXIT, MaestroError, type ErrorCode } from "../../proto/errors.ts";
import type { Locations } from "../../proto/locations.ts";
import { isErrorCode } from "../../proto/problem.ts";
import type { MaestroClient } from "../client/maestro.ts";
import { note } from "./output.ts";

const START_DEADLINE_MS = 15_000;
/** How long another instance of the same state may take until its socket answers. */
const OTHER_DEADLINE_MS = 3_000;
/** Past it a private daemon starts with a new file; one older is kept. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
const PROBE_INTERVAL_MS = 20;
const GIVES_UP = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A shell's exit code of a program that a signal ended, less the signal's number. */
const SIGNALLED = 128;
const PREFIX = "maestrod: ";
/** Of what a daemon wrote before it ended; its reason is the last line. */
const LAST_WORDS_BYTES_MAX = 4_096;

/** The private daemon's log, in a state folder that is made if need be. Throws `store.folder`. */
function openLog(state_dir: string): number {
  try {
    mkdirSync(state_dir, { recursive: true, mode: 0o700 });
    const path = `${state_dir}/maestrod.log`;
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
    return openSync(path, "a+", 0o600);
  } catch (error) {
    throw new MaestroError("store.folder", error instanceof Error ? error.message : state_dir, { cause: error });
  }
}

/** Why a daemon ended, if it wrote that after `from_bytes`; the log holds earlier ones' words too. */
function lastWords(log: number, from_bytes: number): string | null {
  const { size } = fstatSync(log);
  const at = Math.max(from_bytes, size - LAST_WORDS_BYTES_MAX);
  const bytes = new Uint8Array(Math.max(0, size - at));
  const read = readSync(log, bytes, 0, bytes.length, at);
  const lines = new TextDecoder().decode(bytes.subarray(0, read)).split("\n");
  return lines.findLast((line) => line.startsWith(PREFIX))?.slice(PREFIX.length) ?? null;
}

/** A daemon that knows why it cannot start ends with `SENTENCE DETAIL (CODE)`; null where it did not. */
function ownWords(words: string): { readonly code: ErrorCode; readonly detail: string } | null {
  const code = / \(([a-z_.]+)\)$/.exec(words)?.[1];
  if (code === undefined || !isErrorCode(code)) return null;
  const { sentence } = ERRORS[code];
  return words.startsWith(`${sentence} `) ? { code, detail: words.slice(sentence.length + 1, -` (${code})`.length) } : null;
}

/** `config`: a host configuration in place of the built-in one. Resolves once it answers. Throws `daemon.another_instance`, the daemon's own reason where it had one, else `daemon.unreachable`, with where to read why. */
export async function startEmbedded(client: MaestroClient, locations: Locations, config?: string): Promise<void> {
  note("maestro: starting a private daemon (mode local)");
  const log = openLog(locations.state_dir);
  using stack = new DisposableStack();
  stack.defer(() => closeSync(log));
  const { size: from_bytes } = fstatSync(log);
  // A package holds the daemon in one file, which is up in half the time; a clone, whose source may change, does not.
  const [main = "", source = ""] = ["../../run/maestrod.js", "../main.ts"].map((program) => Bun.fileURLToPath(new URL(program, import.meta.url)));
  // Whoever gives up while it starts leaves nobody behind who would answer later; heard from before there is anybody.
  const started: { daemon?: Bun.Subprocess } = {};
  const giveUp = (signal: NodeJS.Signals): void => {
    started.daemon?.kill();
    void Promise.resolve(started.daemon?.exited).then(() => process.exit(SIGNALLED + constants.signals[signal]));
  };
  for (const signal of GIVES_UP) process.on(signal, giveUp);
  stack.defer(() => {
    for (const signal of GIVES_UP) process.off(signal, giveUp);
  });
  const daemon = Bun.spawn([process.execPath, existsSync(main) ? main : source, ...(config === undefined ? ["--embedded"] : ["--config", config]), "--state", locations.state_dir, "--socket", locations.socket_path], {
    cwd: "/",
    env: { ...process.env, ...ENGINE_SETTINGS },
    detached: true,
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
  started.daemon = daemon;
  daemon.unref();
  let left_ms = START_DEADLINE_MS;
  for (; left_ms > 0; left_ms -= PROBE_INTERVAL_MS) {
    if (await client.answers()) return;
    if (daemon.exitCode !== null && daemon.exitCode !== EXIT.another_instance) break;
    // Another instance won the race (75): it is starting, or it serves another socket and will not come.
    if (daemon.exitCode === EXIT.another_instance) left_ms = Math.min(left_ms, OTHER_DEADLINE_MS);
    await Bun.sleep(PROBE_INTERVAL_MS);
  }
  if (daemon.exitCode === EXIT.another_instance) {
    throw new MaestroError("daemon.another_instance", `the daemon of ${locations.state_dir} does not answer on ${locations.socket_path}; name its socket with --socket`);
  }
  const words = lastWords(log, from_bytes);
  const own = daemon.exitCode === null || words === null ? null : ownWords(words);
  if (own !== null) throw new MaestroError(own.code, `${own.detail}; see ${locations.state_dir}/maestrod.log`);
  const why = daemon.exitCode === null ? `it did not answer within ${START_DEADLINE_MS} ms` : `it ended with exit code ${daemon.exitCode}${words === null ? "" : `: ${words}`}`;
  throw new MaestroError("daemon.unreachable", `${why}; see ${locations.state_dir}/maestrod.log`);
}

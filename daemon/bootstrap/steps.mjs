/** Progress on stderr, and child processes that behave as if they had been called directly. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";

/** Exit codes as in `proto/errors.ts`, which Node 20 cannot import. */
export const EXIT = { failed: 1, usage: 2, unavailable: 69 };

/** The sentence of `install.failed` in `proto/errors.ts`. */
export const INSTALL_FAILED = "A needed package could not be installed; check the network to your package registry.";

/** A failure a person can act on: printed without a stack. */
export class BootstrapError extends Error {
  constructor(message, exit = EXIT.unavailable) {
    super(message);
    this.exit = exit;
  }
}

/** One line per step, with the time it took. */
export async function step(title, work) {
  const started = performance.now();
  process.stderr.write(`maestro: ${title} ...`);
  try {
    const result = await work();
    process.stderr.write(` ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stderr.write(" failed\n");
    throw error;
  }
}

/** Runs quietly and resolves with the exit code and the last of what was printed. */
export function runQuietly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk) => {
      output = (output + chunk).slice(-8000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? EXIT.failed, output }));
  });
}

/**
 * Runs in the foreground: the child has the terminal, gets our signals, and
 * its exit code (128 + signal where one ended it) is what this resolves with.
 */
export function runInForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    let child = null;
    // At a terminal Ctrl-C reaches the whole group: forwarded, it would arrive twice.
    const forward = (signal) => signal === "SIGINT" && process.stdin.isTTY ? undefined : child?.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    // Before there is a child: a signal that came in between would end us and leave it behind.
    for (const signal of signals) process.on(signal, forward);
    child = spawn(command, args, { stdio: "inherit", ...options });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/**
 * Runs the command line for a user who stands in `cwd`. Bun starts in our own
 * folder, because it takes `bunfig.toml` (with programs to load first), `.env`
 * and `tsconfig.json` from where it starts, and the user may stand in the very
 * change that is to be judged. `daemon/cli/main.ts` goes to `cwd` afterwards.
 */
export function runCommandLine(bun, root, args, cwd) {
  return runInForeground(bun, [join(root, "daemon", "cli", "main.ts"), ...args], { cwd: root, env: { ...process.env, MAESTRO_CWD: cwd } });
}

/** Ends the process with what `main` resolves with; a `BootstrapError` is a sentence, anything else a bug. */
export async function exitWith(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    process.stderr.write(`maestro: ${error.message}\n`);
    process.exitCode = error.exit;
  }
}

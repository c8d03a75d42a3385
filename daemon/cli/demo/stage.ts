/** A scratch folder, and commands that run in it as they are shown. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";

const DEADLINE_MS = 120_000;
const OUTPUT_CHARACTERS_MAX = 256 * 1024;

export interface Step {
  readonly command: string;
  readonly exit: number;
  readonly ms: number;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const word = (text: string): string => (/^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** As it would be typed; what git or a file system allows in a name cannot speak to a terminal. */
export const typed = (argv: readonly string[]): string => argv.map((one) => escapeTerminal(word(one.replaceAll("\n", " ")))).join(" ");

/** The caller's own settings, without what would point the demo at another daemon or repository. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:MAESTRO|GIT|GITHUB|GITLAB)_/.test(name));
  return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

export class Stage implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "maestro-demo-"));
  readonly clone = join(this.folder, "clone");
  readonly state = join(this.folder, "state");
  readonly elsewhere = join(this.folder, "elsewhere");
  readonly steps: Step[] = [];
  private readonly env: Record<string, string>;
  private readonly interrupted = (): void => void this[Symbol.asyncDispose]().then(() => process.exit(130));
  private running: Bun.Subprocess | null = null;
  private gone = false;

  constructor(
    private readonly say: (text: string) => void,
    private readonly keep: boolean,
    colour: boolean,
  ) {
    mkdirSync(this.clone);
    mkdirSync(this.elsewhere);
    // No filter of large files asks a server, and no daemon but the demo's own is meant.
    this.env = { ...environment(), GIT_TERMINAL_PROMPT: "0", GIT_LFS_SKIP_SMUDGE: "1", MAESTRO_STATE: this.state, MAESTRO_CONFIG: join(this.folder, "no-host.yaml"), ...(colour ? { CLICOLOR_FORCE: "1" } : {}) };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, this.interrupted);
  }

  /** Shows the line and runs it in `cwd`; what it prints is the caller's to show. */
  private async spawn(shown: string, argv: readonly string[], cwd: string, env: Record<string, string>): Promise<Ran> {
    this.say(`$ ${shown}`);
    const started = performance.now();
    const child = Bun.spawn([...argv], { cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: DEADLINE_MS, killSignal: "SIGKILL" });
    this.running = child;
    const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    this.steps.push({ command: shown, exit: code, ms: Math.round(performance.now() - started) });
    return { code, stdout: stdout.slice(0, OUTPUT_CHARACTERS_MAX), stderr: stderr.slice(0, OUTPUT_CHARACTERS_MAX) };
  }

  /** Throws `git.failed` with git's own last line. */
  async git(args: readonly string[], cwd = this.clone): Promise<string> {
    const { code, stdout, stderr } = await this.spawn(typed(["git", ...args]), ["git", ...args], cwd, this.env);
    if (code !== 0) throw new MaestroError("git.failed", `git ${args[0] ?? ""}: ${stderr.trim().split("\n").at(-1) ?? code}`);
    return stdout.trim();
  }

  /** This very program, started where it is at home: Bun takes settings from the folder it starts in, and a clone is not ours. */
  maestro(args: readonly string[]): Promise<Ran> {
    return this.spawn(typed(["maestro", ...args]), [process.execPath, Bun.main, ...args], dirname(Bun.main), { ...this.env, MAESTRO_CWD: this.clone });
  }

  /** In another folder with an environment of two words. */
  stranger(args: readonly string[]): Promise<Ran> {
    const env = { HOME: "/nonexistent", PATH: process.env["PATH"] ?? "/usr/bin:/bin" };
    return this.spawn(`env -i HOME=/nonexistent PATH="$PATH" ${typed(["maestro", ...args])}`, [process.execPath, Bun.main, ...args], this.elsewhere, env);
  }

  /** Stops the demo's daemon, if it runs. */
  async stop(): Promise<void> {
    await this.maestro(["stop"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.gone) return;
    this.gone = true;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, this.interrupted);
    // A command that went on could start a daemon after the stop below; one that is starting a daemon takes it along.
    this.running?.kill();
    await this.running?.exited;
    await Bun.spawn([process.execPath, Bun.main, "stop"], { cwd: dirname(Bun.main), env: this.env, stdin: "ignore", stdout: "ignore", stderr: "ignore", timeout: DEADLINE_MS }).exited;
    if (!this.keep) rmSync(this.folder, { recursive: true, force: true });
  }
}

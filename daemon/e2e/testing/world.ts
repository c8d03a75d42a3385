/** A machine of its own for one test file: home, state folder, repositories, and the real command line as a child process. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GateResult, StatusReply } from "../../../proto/api.ts";
import { MaestroClient } from "../../client/maestro.ts";
import { Source } from "../../platform/git/testing/scratch.ts";
import { CLI, MAESTROD } from "../../testing/programs.ts";

/** A daemon has taken 20 s to start beside 40 others on two processors; nothing waits longer than it must. */
const START_DEADLINE_MS = 60_000;
const PROBE_INTERVAL_MS = 5;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `maestro gate --json` prints. */
export type GateDocument = Omit<GateResult, "bundle"> & { readonly bundle: string; readonly verified: string };

/** What a screen says, whatever columns its lines were folded at. */
export const unfolded = (ran: Ran): Ran => ({ ...ran, stdout: ran.stdout.replace(/\s+/g, " ") });

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running command whose stderr can be waited for, line by line. */
export class Running {
  private seen = "";
  /** Ended, and all it said is read: the code of a quick one may come before its last words. */
  private over = false;
  readonly done: Promise<Ran>;

  constructor(readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">) {
    this.done = this.follow();
  }

  private async follow(): Promise<Ran> {
    const stdout = new Response(this.child.stdout).text();
    const decoder = new TextDecoder();
    for await (const chunk of this.child.stderr) this.seen += decoder.decode(chunk, { stream: true });
    const ran = { stdout: await stdout, code: await this.child.exited, stderr: this.seen };
    this.over = true;
    return ran;
  }

  get stderr(): string {
    return this.seen;
  }

  /** Resolves as soon as stderr holds `text`; throws where the command ends without. */
  async said(text: string): Promise<void> {
    await until(() => this.seen.includes(text) || this.over);
    if (!this.seen.includes(text)) throw new Error(`ended with ${this.child.exitCode} before ${JSON.stringify(text)}: ${this.seen}`);
  }
}

export async function until(holds: () => boolean | Promise<boolean>, deadline_ms = START_DEADLINE_MS): Promise<void> {
  const ends_ms = performance.now() + deadline_ms;
  while (!(await holds())) {
    if (performance.now() > ends_ms) throw new Error(`did not come true within ${deadline_ms} ms: ${String(holds)}`);
    await Bun.sleep(PROBE_INTERVAL_MS);
  }
}

export function alive(pid: number): boolean {
  try {
    // A zombie answers signal 0 and is dead all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return false;
    throw error;
  }
}

/** Of a file or process that was listed a moment ago: nothing where it has gone since. */
export function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return Buffer.alloc(0);
    throw error;
  }
}

/** Check processes of a daemon, by what they run. */
export function workersOf(pid: number): number[] {
  const text = (path: string): string => bytesOf(path).toString("utf8");
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => text(`/proc/${pid}/task/${task}/children`).split(" "));
  return children.map(Number).filter((child) => child > 0 && text(`/proc/${child}/cmdline`).match(/\/(?:gate\/worker\.ts|run\/worker\.js)\0/) !== null);
}

export class World {
  readonly home: string;
  readonly state_dir: string;
  readonly socket_path: string;
  private readonly running: Bun.Subprocess<"ignore", "pipe" | number, "pipe" | number>[] = [];
  private repositories = 0;

  /** `within` starts every program, as `unshare -n` does. */
  constructor(private readonly within: readonly string[] = []) {
    this.home = mkdtempSync(join(tmpdir(), "me-"));
    this.state_dir = join(this.home, "state/maestro");
    this.socket_path = join(this.state_dir, "maestrod.sock");
    mkdirSync(this.state_dir, { recursive: true, mode: 0o700 });
  }

  path(name: string): string {
    return join(this.home, name);
  }

  /** Nothing of the caller's environment: a test must not depend on whose machine it runs on. Bun keeps what it compiled out of the home that tests look at. */
  private environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { HOME: this.home, XDG_STATE_HOME: join(this.home, "state"), PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", MAESTRO_CONFIG: this.path("no-host-config.yaml"), BUN_RUNTIME_TRANSPILER_CACHE_PATH: join(this.home, "state/bun"), ...more };
  }

  start(args: readonly string[], { cwd = this.home, env }: RunOptions = {}): Running {
    const child = Bun.spawn([...this.within, process.execPath, CLI, ...args], { cwd, env: this.environment(env), stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    this.running.push(child);
    return new Running(child);
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.start(args, options).done;
  }

  /** `maestro gate` of a repository, with a private daemon started where none runs. */
  gate(repository: Source, args: readonly string[] = [], options: RunOptions = {}): Promise<Ran> {
    return this.run(["gate", repository.path, "--embedded", ...args], options);
  }

  /** The gate's one document beside its exit code; throws where stdout is anything else. */
  async judged(repository: Source, args: readonly string[] = [], options: RunOptions = {}): Promise<GateDocument & { readonly code: number }> {
    const ran = await this.gate(repository, [...args, "--json"], options);
    return { ...(oneDocument(ran) as GateDocument), code: ran.code };
  }

  /** `maestrod` itself, for what the command line cannot start: a host configuration, another state folder. */
  async daemon(args: readonly string[] = ["--embedded"], env: Readonly<Record<string, string>> = {}): Promise<Bun.Subprocess<"ignore", "pipe", "pipe">> {
    const child = this.spawnDaemon(args, env);
    await this.answering(child);
    return child;
  }

  /** Resolves once the daemon answers; throws where it ends instead. */
  async answering(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<void> {
    await until(async () => (await this.client.answers()) || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`maestrod ended with ${child.exitCode}: ${await new Response(child.stderr).text()}`);
  }

  spawnDaemon(args: readonly string[], env: Readonly<Record<string, string>> = {}): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    return this.spawnProgram(MAESTROD, args, env);
  }

  /** Another file than the source's `daemon/main.ts`, such as a bundle of it. */
  spawnProgram(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const child = Bun.spawn([...this.within, process.execPath, program, ...args], { cwd: "/", env: this.environment(env), stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    this.running.push(child);
    return child;
  }

  /** Ends the daemon that answers, to the last byte it writes: another one may start. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const { pid } = (await this.status()).daemon;
    process.kill(pid, signal);
    await until(() => !alive(pid));
  }

  get client(): MaestroClient {
    return new MaestroClient(this.socket_path);
  }

  status(): Promise<StatusReply> {
    return this.client.status();
  }

  /** A repository with one commit on `main` and a work tree. */
  async repository(files: Record<string, string | Uint8Array> = { "src/a.ts": "export const a = 1;\n" }, name = `repo${this.repositories++}`): Promise<Source> {
    const source = this.emptyRepository(name);
    await source.commit(files, "first");
    return source;
  }

  emptyRepository(name: string): Source {
    const path = this.path(name);
    mkdirSync(path, { recursive: true });
    const source = new Source(path);
    source.git("init", "-q", "--template=", "-b", "main");
    return source;
  }

  /** A repository whose HEAD is one commit ahead of `main`. */
  async changed(before: Record<string, string | Uint8Array>, after: Record<string, string | Uint8Array | null>, message = "a change"): Promise<Source> {
    const source = await this.repository({ "src/a.ts": "export const a = 1;\n", ...before });
    source.git("switch", "-qc", "change");
    await source.commit(after, message);
    return source;
  }

  /** Ends the daemon, however it was started, and removes everything. */
  async dispose(): Promise<void> {
    const pid = (await this.client.answers()) ? (await this.status()).daemon.pid : null;
    if (pid !== null) await this.stop().catch(() => (alive(pid) ? process.kill(pid, "SIGKILL") : undefined));
    for (const child of this.running) child.kill("SIGKILL");
    await Promise.all(this.running.map((child) => child.exited));
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The only document on stdout. */
export function oneDocument({ stdout, stderr }: Ran): unknown {
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (lines.length !== 1) throw new Error(`${lines.length} lines on stdout: ${stdout.slice(0, 400)}\n${stderr}`);
  return JSON.parse(lines[0] ?? "");
}

export const AGENT = "a change\n\nCo-Authored-By: Claude <noreply@anthropic.com>";

/** The rules that decided, without those that only note or observe. */
export function decisive({ card }: Pick<GateDocument, "card">): string[] {
  return [...new Set(card.reasons.filter(({ effect, observed }) => effect !== "note" && !observed).map(({ rule }) => rule))].sort();
}

/** An agent's hook from standard input to exit, on a warm daemon: the calls an agent makes all day, one that is stopped, and a push that asks the daemon. */
import { join } from "node:path";
import { World } from "../daemon/e2e/testing/world.ts";
import { API_VERSION, API_VERSION_HEADER } from "../proto/routes.ts";
import { type Bench, median, percentile } from "./figure.ts";
import { installed } from "./rig/installed.ts";

const RUNS = 150;
const WARM_UP = 10;
const P95_MS = 30;
const CLI = join(import.meta.dir, "../daemon/cli/main.ts");
const ALLOWED = 0;
const BLOCKED = 2;

class Runs {
  readonly wall_ms: number[] = [];
  readonly cpu_ms: number[] = [];

  constructor(
    private readonly argv: readonly string[],
    private readonly env: Readonly<Record<string, string>>,
    private readonly input: object,
    private readonly code: number,
  ) {}

  /** Throws where the answer is another one. */
  once(counts: boolean): void {
    const started = performance.now();
    const { exitCode, stderr, resourceUsage } = Bun.spawnSync([...this.argv], { env: this.env, stdin: Buffer.from(JSON.stringify(this.input)), stdout: "pipe", stderr: "pipe" });
    const ms = performance.now() - started;
    if (exitCode !== this.code) throw new Error(`${this.argv.join(" ")} ended with ${exitCode}: ${stderr.toString()}`);
    if (!counts) return;
    this.wall_ms.push(ms);
    this.cpu_ms.push(Number(resourceUsage.cpuTime.total) / 1000);
  }
}

export const bench: Bench = async (figure) => {
  const world = new World();
  const programs = await installed();
  try {
    const source = await world.changed({}, { "src/b.ts": "export const b = 2;\n" });
    const gated = await world.judged(source);
    if (gated.verdict !== "admit") throw new Error(`the gate says ${gated.verdict}`);
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", HOME: world.home, MAESTRO_STATE: world.state_dir, MAESTRO_CONFIG: world.path("no-host-config.yaml") };
    const call = (command: string): object => ({ session_id: "s", hook_event_name: "PreToolUse", tool_name: "Bash", tool_input: { command }, cwd: source.path });
    const of = (command: string, code: number, program: readonly string[] = [programs.command]): Runs => new Runs([...program, "hook", "claude"], env, call(command), code);
    const kinds = { "a call that goes on": of("ls -la && npm test", ALLOWED), "a guard edit, stopped": of("echo x > maestro.yaml", BLOCKED), "a push of an admitted commit": of("git push origin HEAD", ALLOWED) };
    const unbundled = of("ls -la && npm test", ALLOWED, [process.execPath, CLI]);
    const bare = new Runs([process.execPath, "-e", "0"], env, {}, ALLOWED);
    const curl = Bun.which("curl");
    const theirs = curl === null ? null : new Runs([curl, "--silent", "--fail", "--unix-socket", world.socket_path, "--header", `${API_VERSION_HEADER}: ${API_VERSION}`, "http://maestro/v1/status"], env, {}, ALLOWED);
    const all = [...Object.values(kinds), unbundled, bare, theirs];
    // In turns, so that a busy moment of the machine falls on all of them.
    for (let run = -WARM_UP; run < RUNS; run++) for (const one of all) one?.once(run >= 0);
    const note = `as installed, shell script included; from source the first takes ${median(unbundled.wall_ms).toFixed(1)} ms, ${median(unbundled.cpu_ms).toFixed(1)} of the processor; a Bun that runs nothing ${median(bare.wall_ms).toFixed(1)} ms, ${median(bare.cpu_ms).toFixed(1)} of the processor`;
    for (const [name, runs] of Object.entries(kinds)) {
      for (const [at, share] of [["p50", 0.5], ["p95", 0.95]] as const) {
        const peer = theirs === null ? {} : { peer: { name: "curl --unix-socket, one question to the same daemon", value: percentile(theirs.wall_ms, share) } };
        figure({ figure: `maestro hook, ${name}, ${at}`, value: percentile(runs.wall_ms, share), unit: "ms", better: "less", ...peer, ...(at === "p95" ? { goal: { value: P95_MS } } : {}), note });
      }
      figure({ figure: `maestro hook, ${name}, processor time, p50`, value: median(runs.cpu_ms), unit: "ms", better: "less", note });
    }
  } finally {
    await world.dispose();
    programs.remove();
  }
};

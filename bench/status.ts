/** `maestro status` from start to exit on a warm daemon, against curl asking the same socket the same question. */
import { World } from "../daemon/e2e/testing/world.ts";
import { API_VERSION, API_VERSION_HEADER } from "../proto/routes.ts";
import { type Bench, median, percentile } from "./figure.ts";
import { join } from "node:path";
import { installed } from "./rig/installed.ts";

const RUNS = 200;
const WARM_UP = 10;
const P50_MS = 15;
const P95_MS = 30;
const CLI = join(import.meta.dir, "../daemon/cli/main.ts");

/** Milliseconds of one run from start to exit, and of processor time; a busy machine stretches the first and hardly the second. */
class Runs {
  readonly wall_ms: number[] = [];
  readonly cpu_ms: number[] = [];

  constructor(
    private readonly argv: readonly string[],
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** Throws where the command fails. */
  once(counts: boolean): void {
    const started = performance.now();
    const { exitCode, stderr, resourceUsage } = Bun.spawnSync([...this.argv], { env: this.env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const ms = performance.now() - started;
    if (exitCode !== 0) throw new Error(`${this.argv.join(" ")} ended with ${exitCode}: ${stderr.toString()}`);
    if (!counts) return;
    this.wall_ms.push(ms);
    this.cpu_ms.push(Number(resourceUsage.cpuTime.total) / 1000);
  }
}

export const bench: Bench = async (figure) => {
  const world = new World();
  const programs = await installed();
  try {
    await world.repository({ "a.txt": "a\n" });
    const started = await world.run(["gate", world.path("repo0"), "--embedded", "--json"]);
    if (started.code !== 0) throw new Error(started.stderr);
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", MAESTRO_STATE: world.state_dir };
    const curl = Bun.which("curl");
    const ask = ["--silent", "--show-error", "--fail", "--unix-socket", world.socket_path, "--header", `${API_VERSION_HEADER}: ${API_VERSION}`, "http://maestro/v1/status"];
    const ours = new Runs([programs.command, "status"], env);
    const source = new Runs([process.execPath, CLI, "status"], env);
    const bare = new Runs([process.execPath, "-e", "0"], env);
    const theirs = curl === null ? null : new Runs([curl, ...ask], env);
    // In turns, so that a busy moment of the machine falls on all of them.
    for (let run = -WARM_UP; run < RUNS; run++) for (const one of [ours, source, bare, theirs]) one?.once(run >= 0);
    const peer = (read: (runs: Runs) => number) => (theirs === null ? {} : { peer: { name: "curl --unix-socket, the same daemon", value: read(theirs) } });
    const note = `as installed, shell script included; from source ${median(source.wall_ms).toFixed(1)} ms, ${median(source.cpu_ms).toFixed(1)} of the processor; a Bun that runs nothing takes ${median(bare.wall_ms).toFixed(1)} ms here, ${median(bare.cpu_ms).toFixed(1)} ms of the processor; curl is a C program without a runtime to start`;
    for (const [name, share, goal] of [["p50", 0.5, P50_MS], ["p95", 0.95, P95_MS]] as const) {
      const read = ({ wall_ms }: Runs): number => percentile(wall_ms, share);
      figure({ figure: `maestro status, whole process, ${name}`, value: read(ours), unit: "ms", better: "less", ...peer(read), goal: { value: goal }, note });
    }
    const cpu = ({ cpu_ms }: Runs): number => median(cpu_ms);
    figure({ figure: "maestro status, processor time of the process, p50", value: cpu(ours), unit: "ms", better: "less", ...peer(cpu), note });
  } finally {
    await world.dispose();
    programs.remove();
  }
};

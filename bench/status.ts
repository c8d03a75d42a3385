/** `maestro status` from start to exit on a warm daemon, against curl asking the same socket the same question. */
import { World } from "../daemon/e2e/testing/world.ts";
import { API_VERSION, API_VERSION_HEADER } from "../proto/routes.ts";
import { type Bench, percentile } from "./figure.ts";
import { join } from "node:path";

const RUNS = 200;
const WARM_UP = 10;
const P50_MS = 15;
const P95_MS = 30;
const CLI = join(import.meta.dir, "../daemon/cli/main.ts");

/** Milliseconds from start to exit; throws where the command fails. */
function timed(argv: readonly string[], env: Readonly<Record<string, string>>): number {
  const started = performance.now();
  const { exitCode, stderr } = Bun.spawnSync([...argv], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const ms = performance.now() - started;
  if (exitCode !== 0) throw new Error(`${argv[0]} ended with ${exitCode}: ${stderr.toString()}`);
  return ms;
}

export const bench: Bench = async (figure) => {
  const world = new World();
  try {
    await world.repository({ "a.txt": "a\n" });
    const started = await world.run(["gate", world.path("repo0"), "--embedded", "--json"]);
    if (started.code !== 0) throw new Error(started.stderr);
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", MAESTRO_STATE: world.state_dir };
    const ours = [process.execPath, CLI, "status"];
    const curl = Bun.which("curl");
    const theirs = curl === null ? null : [curl, "--silent", "--show-error", "--fail", "--unix-socket", world.socket_path, "--header", `${API_VERSION_HEADER}: ${API_VERSION}`, "http://maestro/v1/status"];
    const bare = [process.execPath, "-e", "0"];
    const times: { readonly ours: number[]; readonly theirs: number[]; readonly bare: number[] } = { ours: [], theirs: [], bare: [] };
    // In turns, so that a busy moment of the machine falls on all of them.
    for (let run = -WARM_UP; run < RUNS; run++) {
      const [own, other, floor] = [timed(ours, env), theirs === null ? null : timed(theirs, env), timed(bare, env)];
      if (run < 0) continue;
      times.ours.push(own);
      times.bare.push(floor);
      if (other !== null) times.theirs.push(other);
    }
    const floor = percentile(times.bare, 0.5).toFixed(1);
    const note = `a Bun that runs nothing takes ${floor} ms here; curl is a C program without a runtime to start`;
    for (const [name, share, goal] of [["p50", 0.5, P50_MS], ["p95", 0.95, P95_MS]] as const) {
      const peer = theirs === null ? {} : { peer: { name: "curl --unix-socket, the same daemon", value: percentile(times.theirs, share) } };
      figure({ figure: `maestro status, whole process, ${name}`, value: percentile(times.ours, share), unit: "ms", better: "less", ...peer, goal: { value: goal }, note });
    }
  } finally {
    await world.dispose();
  }
};

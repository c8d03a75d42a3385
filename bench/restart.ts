/** `maestrod` restarted under load behind a held socket: failed requests, and the longest anybody waited. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { World } from "../daemon/e2e/testing/world.ts";
import { SocketHolder } from "../daemon/systemd/testing/holder.ts";
import { Load } from "../daemon/systemd/testing/load.ts";
import { ENGINE_SETTINGS } from "../proto/engine.ts";
import { type Bench, median } from "./figure.ts";
import { installed } from "./rig/installed.ts";

const RESTARTS = 10;
const LANES = 16;
const BETWEEN_MS = 700;
const WORST_MS = 250;
const SOURCE = join(import.meta.dir, "../daemon/main.ts");

/** One daemon behind a socket that outlives it. */
class Service {
  private readonly world = new World();
  private readonly holder: SocketHolder;
  private daemon: Bun.Subprocess;
  /** From SIGTERM to the next answer, and of it until the old process was gone. */
  readonly down_ms: number[] = [];
  readonly stop_ms: number[] = [];
  readonly loads: Load[] = [];

  constructor(private readonly program: string) {
    this.holder = new SocketHolder(this.world.socket_path);
    chmodSync(this.world.socket_path, 0o600);
    this.daemon = this.start();
  }

  private start(): Bun.Subprocess {
    const { state_dir, socket_path, home } = this.world;
    return this.holder.start(["--embedded", "--state", state_dir, "--socket", socket_path], { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: home, ...ENGINE_SETTINGS }, this.program);
  }

  /** One restart under load of its own, so that two services may take turns. */
  async restart(): Promise<void> {
    await this.world.status();
    const load = new Load(this.world.socket_path, LANES);
    this.loads.push(load);
    await Bun.sleep(BETWEEN_MS);
    const stopped_ms = performance.now();
    this.daemon.kill("SIGTERM");
    await this.daemon.exited;
    this.stop_ms.push(performance.now() - stopped_ms);
    this.daemon = this.start();
    while ((await this.world.status()).daemon.pid !== this.daemon.pid) await Bun.sleep(1);
    this.down_ms.push(performance.now() - stopped_ms);
    await load.end();
  }

  get failed(): number {
    return this.loads.reduce((sum, { failures }) => sum + failures.length, 0);
  }

  get worst_ms(): number {
    return Math.max(...this.loads.map((load) => load.worst_ms));
  }

  async end(): Promise<void> {
    this.daemon.kill("SIGKILL");
    await this.daemon.exited;
    this.holder.close();
    await this.world.dispose();
  }
}

export const bench: Bench = async (figure) => {
  const programs = await installed();
  const [ours, source] = [new Service(programs.maestrod), new Service(SOURCE)];
  try {
    for (let restart = 0; restart < RESTARTS; restart++) for (const service of [ours, source]) await service.restart();
    const said = ({ down_ms, stop_ms }: Service): string => `from SIGTERM to the next answer ${median(down_ms).toFixed(0)} ms at the middle, ${median(stop_ms).toFixed(0)} of them until the old process is gone`;
    const note = `${LANES} clients asking for the status without a pause; ${said(ours)}; with a gate in flight the rest of that gate comes on top`;
    figure({ figure: `failed requests over ${RESTARTS} restarts`, value: ours.failed + source.failed, unit: "requests", better: "less", goal: { value: 0 }, hard: true, note });
    figure({ figure: `longest request over ${RESTARTS} restarts, as installed`, value: ours.worst_ms, unit: "ms", better: "less", peer: { name: "the same from source", value: source.worst_ms }, goal: { value: WORST_MS }, note });
    figure({ figure: "from SIGTERM to the next answer, as installed, p50", value: median(ours.down_ms), unit: "ms", better: "less", peer: { name: "the same from source", value: median(source.down_ms) }, note: said(source) });
  } finally {
    for (const service of [ours, source]) await service.end();
    programs.remove();
  }
};

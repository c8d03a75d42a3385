/** `maestrod` restarted under load behind a held socket: failed requests, and the longest anybody waited. */
import { chmodSync } from "node:fs";
import { World } from "../daemon/e2e/testing/world.ts";
import { SocketHolder } from "../daemon/systemd/testing/holder.ts";
import { Load } from "../daemon/systemd/testing/load.ts";
import { type Bench, median } from "./figure.ts";

const RESTARTS = 10;
const LANES = 16;
const BETWEEN_MS = 700;
const WORST_MS = 250;

export const bench: Bench = async (figure) => {
  const world = new World();
  const holder = new SocketHolder(world.socket_path);
  chmodSync(world.socket_path, 0o600);
  const start = () => holder.start(["--embedded", "--state", world.state_dir, "--socket", world.socket_path], { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: world.home });
  let daemon = start();
  try {
    await world.status();
    const load = new Load(world.socket_path, LANES);
    const down_ms: number[] = [];
    for (let restart = 0; restart < RESTARTS; restart++) {
      await Bun.sleep(BETWEEN_MS);
      const stopped_ms = performance.now();
      daemon.kill("SIGTERM");
      await daemon.exited;
      daemon = start();
      while ((await world.status()).daemon.pid !== daemon.pid) await Bun.sleep(1);
      down_ms.push(performance.now() - stopped_ms);
    }
    await load.end();
    const note = `${LANES} clients asking for the status without a pause, ${load.took_ms.length} requests; from SIGTERM to the next answer ${median(down_ms).toFixed(0)} ms at the middle; with a gate in flight the rest of that gate comes on top`;
    figure({ figure: `failed requests over ${RESTARTS} restarts`, value: load.failures.length, unit: "requests", better: "less", goal: { value: 0 }, hard: true, note });
    figure({ figure: `longest request over ${RESTARTS} restarts`, value: load.worst_ms, unit: "ms", better: "less", goal: { value: WORST_MS }, note });
  } finally {
    daemon.kill("SIGKILL");
    await daemon.exited;
    holder.close();
    await world.dispose();
  }
};

/** `maestrod` restarted under load, behind a socket that the service manager holds: nobody is refused, nothing acknowledged is lost. */
import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { SocketHolder } from "../systemd/testing/holder.ts";
import { Load } from "../systemd/testing/load.ts";
import { oneDocument, until, World, type GateDocument } from "./testing/world.ts";

const RESTARTS = 3;
const LANES = 8;
/** A bound for a machine that does other things too; the figure is bench/restart.ts's. */
const WORST_MS = 15_000;

test(`${RESTARTS} restarts under ${LANES} clients and a line of gates: no request fails, no verdict is lost`, async () => {
  const world = new World();
  const holder = new SocketHolder(world.socket_path);
  chmodSync(world.socket_path, 0o600);
  const start = () => holder.start(["--embedded", "--state", world.state_dir, "--socket", world.socket_path], { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: world.home });
  let daemon = start();
  try {
    const repository = await world.changed({}, { "src/b.ts": "export const b = 1;\n" });
    await world.status();
    const load = new Load(world.socket_path, LANES);
    const acknowledged: GateDocument[] = [];
    let gating = true;
    const gates = (async () => {
      while (gating) acknowledged.push(oneDocument(await world.run(["gate", repository.path, "--rerun", "--json"])) as GateDocument);
    })();
    for (let restart = 0; restart < RESTARTS; restart++) {
      // A command that had its answer from the daemon before may end only now.
      await until(async () => (await world.status()).daemon.pid === daemon.pid);
      const before = acknowledged.length;
      await until(() => acknowledged.length > before);
      // Somewhere inside the next gate.
      await Bun.sleep(100 + 150 * restart);
      daemon.kill("SIGTERM");
      expect(await daemon.exited).toBe(0);
      daemon = start();
    }
    await until(async () => (await world.status()).daemon.pid === daemon.pid);
    gating = false;
    await gates;
    await load.end();
    expect(load.failures).toEqual([]);
    expect(load.took_ms.length).toBeGreaterThan(100);
    expect(load.worst_ms).toBeLessThan(WORST_MS);
    // Whole documents, so that a failure says what the gate was told.
    expect(acknowledged.filter(({ verdict }) => verdict !== "admit")).toEqual([]);
    const recorded = await world.client.gateRecord(acknowledged[0]?.gate_id ?? "");
    for (const { attempt } of acknowledged) expect(recorded.attempts).toContain(attempt);
    expect(acknowledged.length).toBeGreaterThan(RESTARTS);
  } finally {
    daemon.kill("SIGKILL");
    await daemon.exited;
    holder.close();
    await world.dispose();
  }
}, 180_000);

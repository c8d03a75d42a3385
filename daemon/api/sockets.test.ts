/** The connections of a daemon, shared out between its sockets and the users of each. */
import { expect, test } from "bun:test";
import { connect as connectTo, type Socket } from "node:net";
import { Value } from "@sinclair/typebox/value";
import { ServerLimits } from "../../proto/config.ts";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import { scratch } from "../platform/socket/testing/raw.ts";
import { serveSockets } from "./sockets.ts";
import { LogBook } from "./testing/serve.ts";

const CONNECTIONS = 16;
const PER_UID = 12;
/** What the gate socket gets of them beside admin (1) and verify (2): five of eight parts. */
const GATE_SHARE = 10;

/** `true` once the server has turned the connection away. */
function turnedAway(socket: Socket): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("data", () => resolve(true));
  socket.once("close", () => resolve(true));
  setTimeout(() => resolve(false), 300);
  return promise;
}

test("attack: one user takes every connection of a socket, and its other users get none", async () => {
  const dir = scratch();
  const entry = (role: "admin" | "gate" | "verify") => ({ path: dir.path(role), role, mode: "0600" });
  const limits = { ...Value.Create(ServerLimits), connections_max: CONNECTIONS, connections_per_uid_max: PER_UID };
  const sockets = await serveSockets({ routes: [], path: dir.path("one"), sockets: [entry("admin"), entry("gate"), entry("verify")], inherited: [], limits, log: new LogBook(), clock: systemClock, random: systemRandom, own_uid: process.getuid?.() ?? -1 });
  const flood = Array.from({ length: GATE_SHARE }, () => connectTo(dir.path("gate")).on("error", () => undefined));
  try {
    const away = (await Promise.all(flood.map(turnedAway))).filter(Boolean).length;
    expect(away).toBe(GATE_SHARE - Math.floor((GATE_SHARE * PER_UID) / CONNECTIONS));
  } finally {
    for (const socket of flood) socket.destroy();
    await sockets.stop(0);
    dir.remove();
  }
});

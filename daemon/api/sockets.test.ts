/** The connections of a daemon, shared out between its sockets and the users of each. */
import { expect, test } from "bun:test";
import { connect as connectTo, type Socket } from "node:net";
import { Value } from "@sinclair/typebox/value";
import { ServerLimits } from "../../proto/config.ts";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import { get, scratch } from "../platform/socket/testing/raw.ts";
import { serveSockets } from "./sockets.ts";
import { LogBook } from "./testing/serve.ts";

const CONNECTIONS = 16;
const PER_UID = 12;
/** What the gate socket gets of them beside admin (1) and verify (2): five of eight parts. */
const GATE_SHARE = 10;

/** What a connection hears when it asks for something. */
function answered(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once("data", (bytes) => resolve(bytes.toString("latin1")));
  socket.once("close", () => resolve(""));
  socket.write(get("/"));
  return promise;
}

test("attack: one user takes every connection of a socket, and its other users get none", async () => {
  const dir = scratch();
  const entry = (role: "admin" | "gate" | "verify") => ({ path: dir.path(role), role, mode: "0600" });
  const limits = { ...Value.Create(ServerLimits), connections_max: CONNECTIONS, connections_per_uid_max: PER_UID };
  const sockets = await serveSockets({ routes: [], path: dir.path("one"), sockets: [entry("admin"), entry("gate"), entry("verify")], inherited: [], limits, log: new LogBook(), clock: systemClock, random: systemRandom, own_uid: process.getuid?.() ?? -1 });
  const flood = Array.from({ length: GATE_SHARE }, () => connectTo(dir.path("gate")).on("error", () => undefined));
  try {
    // Each is told something or asks in vain: one that was let in has its answer, so that nothing depends on how long a refusal takes.
    const answers = await Promise.all(flood.map(answered));
    const let_in = Math.floor((GATE_SHARE * PER_UID) / CONNECTIONS);
    expect([answers.filter((text) => text.startsWith("HTTP/1.1 404")).length, answers.filter((text) => !text.startsWith("HTTP/1.1 404")).length]).toEqual([let_in, GATE_SHARE - let_in]);
  } finally {
    for (const socket of flood) socket.destroy();
    await sockets.stop(0);
    dir.remove();
  }
});

import { expect, test } from "bun:test";
import net from "node:net";
import { descriptorOf, peerOf } from "./peer.ts";
import { connect, eventually, scratch } from "./testing/raw.ts";

test("a connection whose descriptor cannot be found is refused, not guessed at", () => {
  expect(() => peerOf(new net.Socket())).toThrow(expect.objectContaining({ code: "auth.peer_unknown" }));
  for (const _handle of [undefined, null, 7, {}, { fd: -1 }, { fd: "3" }, { fd: 1.5 }]) expect(descriptorOf({ _handle })).toBeNull();
});

test("a TCP connection has no peer to name", async () => {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = net.createServer((socket) => accepted.resolve(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const client = net.connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
  const socket = await accepted.promise;
  expect(() => peerOf(socket)).toThrow(expect.objectContaining({ code: "auth.peer_unknown" }));
  client.destroy();
  server.close();
});

test("a peer that is gone already is still who connected", async () => {
  const dir = scratch();
  const accepted = Promise.withResolvers<net.Socket>();
  const server = net.createServer((socket) => accepted.resolve(socket)).listen(dir.path("s"));
  const client = await connect(dir.path("s"));
  const socket = await accepted.promise;
  expect(peerOf(socket)).toMatchObject({ pid: process.pid, uid: process.getuid?.() ?? -1 });
  client.destroy();
  expect(await eventually(() => socket.destroyed)).toBe(true);
  expect(() => peerOf(socket)).toThrow(expect.objectContaining({ code: "auth.peer_unknown" }));
  server.close();
  dir.remove();
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import dgram from "node:dgram";
import net from "node:net";
import { join } from "node:path";
import { AF_UNIX } from "../kernel/socket.ts";
import { assertUnixListenersOnly, openSockets } from "./listeners.ts";
import { descriptorOf } from "./peer.ts";
import { scratch, type Scratch } from "./testing/raw.ts";

const INHERITS = join(import.meta.dir, "testing/inherits.ts");
const AF_INET6 = 10;
let dir: Scratch;
beforeEach(() => {
  dir = scratch();
});
afterEach(() => dir.remove());

async function inherits(server: string): Promise<{ families: number[]; verdict: string }> {
  const held = net.createServer().listen(dir.path("s"));
  const child = Bun.spawn([process.execPath, INHERITS, server], { stdio: ["ignore", "pipe", "inherit", descriptorOf(held) ?? -1] });
  const out = JSON.parse(await new Response(child.stdout).text());
  held.close();
  return out;
}

// Bun's behaviour, kept as a table: when a row changes with an upgrade, the recipe in server.ts may become simpler.
test.each(["Bun.serve", "node:http"])("%s ignores an inherited descriptor, opens TCP, and the self check says so", async (server) => {
  const { families, verdict } = await inherits(server);
  expect(families.filter((family) => family !== AF_UNIX)).toEqual([AF_INET6]);
  expect(verdict).toContain("descriptor");
  expect(verdict).toContain("not a Unix socket");
});

test("node:net adopts an inherited descriptor and opens nothing else", async () => {
  expect(await inherits("node:net")).toEqual({ families: [AF_UNIX], verdict: "unix only" });
});

test("a TCP listener of this process is found, and gone when closed", async () => {
  expect(() => assertUnixListenersOnly()).not.toThrow();
  const tcp = net.createServer();
  await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
  expect(() => assertUnixListenersOnly()).toThrow(expect.objectContaining({ code: "daemon.listener" }));
  await new Promise((resolve) => tcp.close(resolve));
  expect(() => assertUnixListenersOnly()).not.toThrow();
});

test("a UDP socket needs no listen(2) and is found all the same", async () => {
  const udp = dgram.createSocket("udp4");
  await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
  expect(() => assertUnixListenersOnly()).toThrow(expect.objectContaining({ code: "daemon.listener" }));
  udp.close();
});

test("an outgoing connection is not a listener", () => {
  expect(() => assertUnixListenersOnly([{ fd: 9, domain: 2, listening: false, stream: true }])).not.toThrow();
  expect(() => assertUnixListenersOnly([{ fd: 9, domain: 40, listening: true, stream: true }])).toThrow("address family 40");
});

test("every open socket is listed with its family", async () => {
  const server = net.createServer().listen(dir.path("s"));
  const fd = descriptorOf(server);
  expect(openSockets()).toContainEqual({ fd: fd ?? -1, domain: AF_UNIX, listening: true, stream: true });
  server.close();
});

/**
 * Started with a listening Unix socket as descriptor 3: hands it to the server
 * named by its argument and prints the sockets this process then holds.
 */
import http from "node:http";
import net from "node:net";
import { assertUnixListenersOnly, openSockets } from "../listeners.ts";

const listening = (server: http.Server | net.Server): Promise<void> =>
  new Promise((resolve) => {
    server.listen({ fd: 3 }, () => resolve());
  });

const SERVERS: Record<string, () => unknown> = {
  // The type has no `fd`, which is the point: given one, Bun ignores it without a word.
  "Bun.serve": () => Bun.serve(Object.assign({ port: 0, fetch: () => new Response("tcp") }, { fd: 3 })),
  "node:http": () => listening(http.createServer((_req, res) => res.end("tcp"))),
  "node:net": () => listening(net.createServer((socket) => socket.end("unix"))),
};

const [name = ""] = process.argv.slice(2);
await SERVERS[name]?.();
let verdict = "unix only";
try {
  assertUnixListenersOnly();
} catch (thrown) {
  verdict = String(thrown);
}
console.log(JSON.stringify({ families: openSockets().filter((s) => s.listening).map((s) => s.domain), verdict }));
process.exit(0);

/** What an operator puts before the socket, so that other machines reach a witness: docs/witness.md shows the same with nginx. */
import { createServer, request } from "node:http";

export interface SocketProxy {
  /** Submission and monitoring prefix. */
  readonly url: string;
  close(): void;
}

export async function socketProxy(socketPath: string): Promise<SocketProxy> {
  const proxy = createServer((incoming, outgoing) => {
    const forward = request({ socketPath, path: incoming.url ?? "/", method: incoming.method ?? "GET", headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(forward);
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return { url: `http://127.0.0.1:${address.port}/witness`, close: () => void proxy.close() };
}

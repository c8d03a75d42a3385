/** A client that can misbehave: bytes in, bytes out, over a real Unix socket. */
import { mkdtempSync, rmSync } from "node:fs";
import net, { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Scratch {
  readonly folder: string;
  path(name: string): string;
  remove(): void;
}

/** A fresh folder with a name short enough for sockets in it. */
export function scratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "ms-"));
  return { folder, path: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path, () => resolve(socket));
    socket.once("error", reject);
  });
}

export interface Ended {
  readonly text: string;
  /** From the call to the end of the connection. */
  readonly after_ms: number;
}

/** Everything until the other side closes. */
export function untilClosed(socket: Socket): Promise<Ended> {
  const start = performance.now();
  let text = "";
  socket.on("data", (bytes) => (text += bytes.toString("latin1")));
  return new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.once("close", () => resolve({ text, after_ms: performance.now() - start }));
  });
}

/** Sends `bytes` and waits until the daemon closes the connection. */
export async function exchange(path: string, bytes: string): Promise<Ended> {
  const socket = await connect(path);
  socket.write(bytes);
  return untilClosed(socket);
}

/** Resolves when `text` has arrived; what came is returned. */
export function untilText(socket: Socket, text: string): Promise<string> {
  let seen = "";
  return new Promise((resolve, reject) => {
    socket.on("data", (bytes) => {
      seen += bytes.toString("latin1");
      if (seen.includes(text)) resolve(seen);
    });
    socket.once("close", () => reject(new Error(`closed before ${JSON.stringify(text)}: ${JSON.stringify(seen)}`)));
  });
}

export const get = (path: string, extra = ""): string => `GET ${path} HTTP/1.1\r\nhost: d\r\n${extra}\r\n`;

/** Repeats `probe` until it holds. */
export async function eventually(probe: () => boolean, deadline_ms = 30_000): Promise<boolean> {
  const ends_ms = performance.now() + deadline_ms;
  while (!probe()) {
    if (performance.now() > ends_ms) return false;
    await Bun.sleep(5);
  }
  return true;
}

/** A body that asks its generator for the next chunk when the client wants one. */
export function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

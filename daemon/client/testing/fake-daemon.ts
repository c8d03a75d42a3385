/** A fake daemon for clients in other runtimes: it reads one request a connection and gives the next answer of its list. It judges nothing. */
import { createServer, type Server } from "node:net";

const HEAD = "maestro-api: 1\r\n";
export const OK = `HTTP/1.1 200 OK\r\n${HEAD}content-type: application/json\r\ncontent-length: 15\r\n\r\n{"status":"ok"}`;
export const STREAM = `HTTP/1.1 200 OK\r\n${HEAD}content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n`;
export const END = "0\r\n\r\n";
export const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

export function problem(code: string, status = 503, more = ""): string {
  const body = JSON.stringify({ code, detail: "said so", retry: true, status, request_id: "r1" });
  return `HTTP/1.1 ${status} x\r\n${HEAD}content-type: application/problem+json\r\n${more}content-length: ${body.length}\r\n\r\n${body}`;
}

export class FakeDaemon implements AsyncDisposable {
  readonly asked: string[] = [];

  private constructor(
    readonly path: string,
    private readonly server: Server,
  ) {}

  /** `null` cuts a connection without a word; past its end the last answer is given again. */
  static async start(path: string, answers: readonly (string | null)[]): Promise<FakeDaemon> {
    let next = 0;
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (bytes) => {
        fake.asked.push(bytes.toString("utf8"));
        const answer = answers[Math.min(next++, answers.length - 1)];
        if (answer === null || answer === undefined) socket.destroy();
        else socket.end(answer);
      });
    });
    const fake = new FakeDaemon(path, server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}

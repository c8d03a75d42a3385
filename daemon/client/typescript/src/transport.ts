/** HTTP over the daemon's Unix socket, with node:http alone, so that it runs in Node and in Bun. */
import { request, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { API_VERSION, API_VERSION_HEADER, CAPABILITY_HEADER, CAPABILITY_PREFIX, type Route } from "./contract/routes.ts";
import { MaestroError } from "./error.ts";
import { checkOwner, checkPath } from "./location.ts";
import { Patience } from "./patience.ts";
import type { Input, TransportOptions } from "./request.ts";

const PATIENCE_MS = 15_000;
const REPLY_BYTES_MAX = 256 * 1024 * 1024;
const PROBLEM_TYPE = "application/problem+json";
/** Errors of connect(2), which precede the first byte: such a request was never seen and may be sent again. */
const NOT_SENT = ["ECONNREFUSED", "EAGAIN", "ENOENT"];
/** A daemon that dies of this very request must not be given it for ever; an upload may be gigabytes. */
const CUT_OFF_MAX = { upload: 1, other: 5 } as const;

export class Transport {
  private readonly headers: Readonly<Record<string, string>>;

  /** Throws `socket.path_too_long` and `cli.usage`. */
  constructor(
    private readonly path: string,
    private readonly options: TransportOptions,
  ) {
    checkPath(path);
    this.headers = { [API_VERSION_HEADER]: API_VERSION, ...(options.token === undefined ? {} : tokenHeader(options.token.trim())) };
  }

  /** The daemon's answer once it is one. Throws `MaestroError` for everything else. */
  async send(route: Route, input: Input): Promise<IncomingMessage> {
    const patience = new Patience(this.options.patience_ms ?? PATIENCE_MS);
    for (;;) {
      checkOwner(this.path, this.options.trusted_uids ?? []);
      try {
        const response = await this.attempt(route, input);
        checkVersion(response);
        if (response.statusCode === 200) return response;
        const error = problemIn(await this.text(response, input.signal), response.statusCode ?? 0);
        // Both are said before the daemon reads a body: nothing has begun that a second time would do twice.
        const unread = error.code === "request.busy" || error.code === "tenant.rate";
        if (!unread || !(await patience.wait("busy", pauseIn(response), input.signal))) throw error;
      } catch (cause) {
        if (cause instanceof MaestroError || !(await this.again(cause, route, input, patience))) throw this.broken(cause, input.signal);
      }
    }
  }

  /** Throws `daemon.unreachable` where it breaks off, `request.cancelled` where it was given up. */
  async *chunks(response: IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of response) yield chunk as Uint8Array;
    } catch (cause) {
      throw this.broken(cause, signal);
    } finally {
      // Leaving early ends the daemon's work.
      response.destroy();
    }
  }

  async text(response: IncomingMessage, signal: AbortSignal | undefined): Promise<string> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of this.chunks(response, signal)) {
      bytes += piece.length;
      if (bytes > REPLY_BYTES_MAX) throw new MaestroError("worker.protocol", `the reply is longer than ${REPLY_BYTES_MAX} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString("utf8");
  }

  private attempt({ method, path, body }: Route, input: Input): Promise<IncomingMessage> {
    const document = body === "json" ? JSON.stringify(input.body) : null;
    const headers = { ...this.headers, ...(document === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(document) }), ...(body === "stream" ? { "content-type": "application/octet-stream" } : {}) };
    const to = path.replace(/:([a-z_]+)/g, (_whole, name: string) => encodeURIComponent(input.params?.[name] ?? ""));
    return new Promise((resolve, reject) => {
      // A connection for each request: none is found stale by the next one.
      const asked = request({ socketPath: this.path, host: "maestro", method, path: to, headers, agent: false, ...(input.signal === undefined ? {} : { signal: input.signal }) });
      asked.on("response", resolve);
      asked.on("error", reject);
      if (input.stream === undefined) asked.end(document ?? undefined);
      // The daemon may answer before it has read everything; then what is left need not arrive.
      else pipeline(Readable.from(input.stream(), { objectMode: false }), asked).catch(reject);
    });
  }

  /** Whether it may be asked again, after a pause. */
  private async again(cause: unknown, route: Route, input: Input, patience: Patience): Promise<boolean> {
    if (input.signal?.aborted === true) return false;
    const code = codeOf(cause);
    if (NOT_SENT.includes(code)) return patience.wait(code === "EAGAIN" ? "busy" : "absent", 0, input.signal);
    const tries = input.stream === undefined ? CUT_OFF_MAX.other : CUT_OFF_MAX.upload;
    return code === "ECONNRESET" && route.once !== true && patience.cutOff() < tries && (await patience.wait("busy", 0, input.signal));
  }

  private broken(cause: unknown, signal: AbortSignal | undefined): MaestroError {
    if (signal?.aborted === true) return new MaestroError("request.cancelled", "the request was given up", { cause });
    if (cause instanceof MaestroError) return cause;
    return new MaestroError("daemon.unreachable", `the connection on ${this.path} broke (${codeOf(cause)})`, { cause });
  }
}

/** A capability of ours, or a job token of the CI system. Never repeated in a message: it is a secret. */
function tokenHeader(token: string): Record<string, string> {
  if (!/^[A-Za-z0-9._~+/=-]+$/.test(token)) throw new MaestroError("cli.usage", "the token is not one line of letters, digits and . _ ~ + / = -");
  return token.startsWith(CAPABILITY_PREFIX) ? { [CAPABILITY_HEADER]: token } : { authorization: `Bearer ${token}` };
}

const codeOf = (thrown: unknown): string => (thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "no code");

/** What the daemon asks to wait for, in whole seconds (RFC 9110 section 10.2.3). */
function pauseIn({ statusCode, headers }: IncomingMessage): number {
  const said = statusCode === 429 ? /^[0-9]{1,6}$/.exec(headers["retry-after"] ?? "") : null;
  return said === null ? 0 : Number(said[0]) * 1000;
}

function checkVersion({ headers }: IncomingMessage): void {
  const theirs = headers[API_VERSION_HEADER];
  // A connection turned away never reached the part of the daemon that knows its version.
  if (theirs === API_VERSION || (theirs === undefined && headers["content-type"] === PROBLEM_TYPE)) return;
  throw new MaestroError("api.version", `this client speaks ${API_VERSION}, the daemon ${String(theirs ?? "does not say")}`);
}

/** The error of a problem document (RFC 9457). */
export function errorOf(problem: unknown): MaestroError {
  const field = (name: string): unknown => (typeof problem === "object" && problem !== null ? Reflect.get(problem, name) : undefined);
  const [code, detail, retry, status, request_id] = ["code", "detail", "retry", "status", "request_id"].map(field);
  if (typeof code !== "string" || typeof detail !== "string") return new MaestroError("worker.protocol", "the reply is no problem document");
  return new MaestroError(code, detail, { ...(typeof retry === "boolean" ? { retry } : {}), ...(typeof status === "number" ? { status } : {}), ...(typeof request_id === "string" ? { request_id } : {}) });
}

function problemIn(text: string, status: number): MaestroError {
  try {
    return errorOf(JSON.parse(text));
  } catch (cause) {
    return new MaestroError("worker.protocol", `status ${status} without a problem document`, { cause });
  }
}

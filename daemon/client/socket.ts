/** Typed transport to the daemon over its Unix socket. It loads no schema and no framework, so that a command starts in milliseconds. */
import type { Problem } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { checkSocketPath } from "../../proto/locations.ts";
import { problemError, PROBLEM_TYPE } from "../../proto/problem.ts";
import { API_VERSION, API_VERSION_HEADER, BYTES_TYPE, JSON_TYPE, NDJSON, NO_ROUTE, type ParamsOf, type ReplyOf, type RequestOf, type RouteName, ROUTES, type RouteShape } from "../../proto/routes.ts";
import { jsonLines } from "./lines.ts";
import { checkSocketOwner, ownUids } from "./owner.ts";
import { Patience } from "./patience.ts";

export interface ClientOptions {
  /** Owners of the socket besides this user and root. */
  readonly trusted_uids?: readonly number[];
  /** Sent with every request: a token, for example. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a daemon that is starting, full, or asked faster than the tenant may is asked again. */
  readonly patience_ms?: number;
}

/** What is streamed, from its beginning at each call: a request that nobody read is sent again. */
export type Body = () => ReadableStream<Uint8Array>;

type Named<K extends RouteName> = keyof ParamsOf<K> extends never ? { readonly params?: never } : { readonly params: ParamsOf<K> };
type Bodied<K extends RouteName> = (typeof ROUTES)[K]["body"] extends "json" ? { readonly body: RequestOf<K> } : (typeof ROUTES)[K]["body"] extends "stream" ? { readonly stream: Body } : { readonly body?: never };
export type Input<K extends RouteName> = Named<K> & Bodied<K> & { readonly signal?: AbortSignal };

type RouteWith<R extends RouteShape["reply"]> = { [K in RouteName]: (typeof ROUTES)[K]["reply"] extends R ? K : never }[RouteName];
export type JsonRoute = RouteWith<"json">;
export type EventRoute = RouteWith<"events">;

/** What `Input` is once its route is forgotten. */
interface Sent {
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly stream?: Body;
  readonly signal?: AbortSignal;
}

const PATIENCE_MS = 15_000;
/** Errors of connect(2), which precede the first byte: such a request was never seen and may be sent again. */
const NOT_SENT = new Set(["ECONNREFUSED", "EAGAIN", "ENOENT"]);
/**
 * A full daemon that cannot wait for its refusal to be read cuts the connection, and so does one that dies. Before the first byte of the
 * answer either may be asked again: asking twice what has no body stream and is not `once` attaches to the same gate, or opens an intake nobody uses.
 */
const CUT_OFF = "ECONNRESET";
/** A daemon that dies of this very request must not be given it for ever. */
const CUT_OFF_MAX = 5;
/** An upload may be gigabytes, and a daemon that is being replaced cuts it off once. Sent twice it is the same pack. */
const UPLOAD_CUT_OFF_MAX = 1;

export class SocketClient {
  readonly path: string;
  private readonly trusted_uids: readonly number[];
  private readonly headers: Readonly<Record<string, string>>;
  private readonly patience_ms: number;

  /** Throws `socket.path_too_long`. */
  constructor(path: string, options: ClientOptions = {}) {
    checkSocketPath(path);
    this.path = path;
    this.trusted_uids = [...ownUids(), ...(options.trusted_uids ?? [])];
    this.headers = options.headers ?? {};
    this.patience_ms = options.patience_ms ?? PATIENCE_MS;
  }

  /** One answer. Throws the failure the daemon reports, `daemon.unreachable`, `daemon.foreign_socket` or `api.version`. */
  async request<K extends JsonRoute>(name: K, input: Input<K>): Promise<ReplyOf<K>> {
    const response = await this.send(ROUTES[name], input);
    return documentIn<ReplyOf<K>>(await this.textOf(response, input.signal));
  }

  /** The reply's text as it came, for who hands them on. Throws as `request` does. */
  async handed<K extends JsonRoute>(name: K, input: Input<K>): Promise<string> {
    return this.textOf(await this.send(ROUTES[name], input), input.signal);
  }

  /** A file of the log's static site by its path below `/log/`; `null` where there is none. Throws as `request` does. */
  async logFile(path: string): Promise<Uint8Array | null> {
    try {
      const response = await this.send({ method: "GET", path: `/log/${path}`, body: "none", reply: "text" }, {});
      return new Uint8Array(await response.arrayBuffer());
    } catch (thrown) {
      if (thrown instanceof MaestroError && thrown.code === "request.not_found") return null;
      throw thrown;
    }
  }

  /** The events of a reply as they come; a failure at the end of the stream is thrown. Leaving early ends the daemon's work. */
  async *events<K extends EventRoute>(name: K, input: Input<K>): AsyncGenerator<Exclude<ReplyOf<K>, { event: "failure" }>, void> {
    const response = await this.send(ROUTES[name], input);
    if (response.headers.get("content-type") !== NDJSON || response.body === null) throw new MaestroError("worker.protocol", "the daemon's reply is no stream of events");
    for await (const event of jsonLines(this.whole(response.body, input.signal))) {
      if (typeof event !== "object" || event === null) throw new MaestroError("worker.protocol", "a line of the daemon's reply is no event");
      if (isFailure(event)) throw errorOf(event.problem);
      yield event as Exclude<ReplyOf<K>, { event: "failure" }>;
    }
  }

  /** A reply that breaks off says so in our words: its daemon is gone. */
  private async *whole(body: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    try {
      yield* body;
    } catch (cause) {
      throw this.broken(cause, signal);
    }
  }

  private async textOf(response: Response, signal: AbortSignal | undefined): Promise<string> {
    try {
      return await response.text();
    } catch (cause) {
      throw this.broken(cause, signal);
    }
  }

  private broken(cause: unknown, signal: AbortSignal | undefined): MaestroError {
    if (signal?.aborted === true) return new MaestroError("request.cancelled", "the request was given up", { cause });
    if (cause instanceof MaestroError) return cause;
    const code = codeOf(cause);
    return new MaestroError("daemon.unreachable", NOT_SENT.has(code) ? `nothing answers on ${this.path}` : `the connection on ${this.path} broke (${code})`, { cause });
  }

  private async send(shape: RouteShape, input: Sent): Promise<Response> {
    const patience = new Patience(this.patience_ms);
    for (;;) {
      const response = await this.attempt(shape, input, patience);
      if (response === null) continue;
      checkVersion(response);
      if (response.ok) return response;
      const problem = problemIn(await this.textOf(response, input.signal), response);
      if (lacksRoute(problem) && fits(input.params ?? {})) throw new MaestroError("api.version", `it has no ${shape.method} ${shape.path}: this daemon is older than the command; restart it`);
      // Both are said before the daemon reads a body: nothing has begun that a second time would do twice.
      const unread = problem.code === "request.busy" || problem.code === "tenant.rate";
      if (!unread || !(await patience.wait("busy", pauseIn(response)))) throw errorOf(problem);
    }
  }

  /** `null` when nobody took the connection and it is worth asking again. */
  private async attempt(shape: RouteShape, input: Sent, patience: Patience): Promise<Response | null> {
    checkSocketOwner(this.path, this.trusted_uids);
    try {
      return await fetch(`http://maestro${pathOf(shape, input.params ?? {})}`, this.init(shape, input));
    } catch (cause) {
      const code = codeOf(cause);
      if (NOT_SENT.has(code) && (await patience.wait(code === "EAGAIN" ? "busy" : "absent"))) return null;
      const tries = input.stream === undefined ? CUT_OFF_MAX : UPLOAD_CUT_OFF_MAX;
      const again = code === CUT_OFF && shape.once !== true && input.signal?.aborted !== true && patience.cutOff() < tries;
      if (again && (await patience.wait("busy"))) return null;
      throw this.broken(cause, input.signal);
    }
  }

  private init(shape: RouteShape, input: Sent): BunFetchRequestInit {
    const headers: Record<string, string> = { ...this.headers, [API_VERSION_HEADER]: API_VERSION };
    // The daemon decides how long a request may take; Bun's own five minutes would cut a long gate off.
    const init: BunFetchRequestInit & { timeout: false } = { method: shape.method, unix: this.path, headers, timeout: false };
    if (input.signal !== undefined) init.signal = input.signal;
    if (shape.body === "json") {
      headers["content-type"] = JSON_TYPE;
      init.body = JSON.stringify(input.body);
    } else if (input.stream !== undefined) {
      headers["content-type"] = BYTES_TYPE;
      init.body = input.stream();
    }
    return init;
  }
}

/** What the daemon asks to wait for, in whole seconds (RFC 9110 section 10.2.3); a busy one is known best by asking soon. */
function pauseIn(response: Response): number {
  const said = response.status === 429 ? /^[0-9]{1,6}$/.exec(response.headers.get("retry-after") ?? "") : null;
  return said === null ? 0 : Number(said[0]) * 1000;
}

function pathOf(shape: RouteShape, params: Readonly<Record<string, string>>): string {
  return shape.path.replace(/:([a-z_]+)/g, (_whole, name: string) => encodeURIComponent(params[name] ?? ""));
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "no code";
}

function checkVersion(response: Response): void {
  const theirs = response.headers.get(API_VERSION_HEADER);
  // A connection turned away never reached the part of the daemon that knows its version.
  if (theirs === API_VERSION || (theirs === null && response.headers.get("content-type") === PROBLEM_TYPE)) return;
  throw new MaestroError("api.version", `this client speaks ${API_VERSION}, the daemon ${theirs ?? "does not say"}`);
}

/** A parameter that is nothing or dots makes another path of the route (WHATWG URL, 4.4), whatever the daemon knows. */
const fits = (params: Readonly<Record<string, string>>): boolean => Object.values(params).every((value) => !/^\.{0,2}$/.test(value));

/** Every route asked for is one of the contract: a daemon that has it not is of an earlier release, whose number was the same. */
function lacksRoute({ code, detail }: Said): boolean {
  return (code === "request.not_found" && detail.startsWith(NO_ROUTE)) || code === "request.method";
}

function documentIn<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new MaestroError("worker.protocol", "the daemon's reply is not JSON", { cause });
  }
}

type Said = Pick<Problem, "code" | "detail" | "request_id">;

function problemIn(text: string, response: Response): Said {
  try {
    const document: unknown = JSON.parse(text);
    if (isSaid(document)) return document;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new MaestroError("worker.protocol", `status ${response.status} without a problem document`);
}

function isSaid(document: unknown): document is Said {
  if (typeof document !== "object" || document === null) return false;
  return ["code", "detail", "request_id"].every((key) => typeof Reflect.get(document, key) === "string");
}

function isFailure(event: unknown): event is { readonly problem: Said } {
  return typeof event === "object" && event !== null && Reflect.get(event, "event") === "failure" && isSaid(Reflect.get(event, "problem"));
}

function errorOf(said: Said): MaestroError {
  const detail = said.code === "internal.bug" ? `${said.detail}; request ${said.request_id}` : said.detail;
  return problemError({ code: said.code, detail }) ?? new MaestroError("api.version", `the daemon answered ${said.code}, which this client does not know: ${detail}`);
}

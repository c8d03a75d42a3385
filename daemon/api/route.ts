/** One route of the socket: a name from `proto/routes.ts`, its schemas, who may call it, and what it does. */
import type { TSchema } from "@sinclair/typebox";
import { type ParamsOf, type ReplyOf, type RequestOf, type RouteName, ROUTES, type RouteShape } from "../../proto/routes.ts";
import type { Access, AuthorisedCall } from "./access.ts";
import { checker } from "./check.ts";
import { type AskedGuard, guardedEvents, UNGUARDED } from "./route-guard.ts";

/** A request that passed every check. */
export interface RouteCall<K extends RouteName> extends AuthorisedCall {
  readonly params: ParamsOf<K>;
  /** The validated JSON body; `undefined` on routes without one. */
  readonly body: RequestOf<K>;
  /** The body of a `stream` route, failing with `request.too_large` at its limit; nothing to read elsewhere. */
  readonly stream: ReadableStream<Uint8Array>;
}

type Schema<T> = TSchema & { readonly static: T };
/** A text in a form that somebody else's specification fixed, refusals included. */
export class Plain {
  constructor(
    readonly status: number,
    readonly type: string,
    readonly text: string,
  ) {}
}

/** Server-sent events, each the text of its data; a comment keeps the connection alive and says nothing. */
export type SentEvent = { readonly data: string } | { readonly comment: string };
/** A reply in events where the request asked for that, of a route that answers with a document else. */
export class ServerSent {
  constructor(
    readonly events: AsyncGenerator<SentEvent, void>,
    /** The last event of a stream that fails. */
    readonly failed: (thrown: unknown) => SentEvent,
  ) {}
}

type Dialect<K extends RouteName> = (typeof ROUTES)[K] extends { readonly dialect: string } ? ServerSent : never;
type Answer<K extends RouteName> = (typeof ROUTES)[K]["reply"] extends "text" ? ReplyOf<K> | Plain : ReplyOf<K> | Dialect<K>;
type Reply<K extends RouteName> = (typeof ROUTES)[K]["reply"] extends "events" ? AsyncGenerator<ReplyOf<K>, void> : Answer<K> | Promise<Answer<K>>;

interface Definition<K extends RouteName> {
  readonly summary: string;
  readonly access: Access;
  /** Schema of each `:name` in the path. */
  readonly params: { readonly [N in keyof ParamsOf<K>]: TSchema };
  /** Schema of the JSON body; `null` on routes without one. */
  readonly request: RequestOf<K> extends undefined ? null : Schema<RequestOf<K>>;
  /** Schema of the reply, or of one event of it. */
  readonly reply: Schema<ReplyOf<K>>;
  /** Largest body; 0 where there is none. */
  readonly body_bytes_max: number;
  readonly handle: (call: RouteCall<K>) => Reply<K>;
}

/** What a reply is before it is written. */
export type Outcome = { readonly kind: "json"; readonly value: unknown } | { readonly kind: "text"; readonly text: string; readonly plain?: Plain } | { readonly kind: "events"; readonly events: AsyncGenerator<unknown, void> } | { readonly kind: "sent"; readonly sent: ServerSent };

/** A route whose types are checked and forgotten, so that all of them stand in one list. */
export interface Route {
  readonly name: RouteName;
  readonly shape: RouteShape;
  readonly summary: string;
  readonly access: Access;
  readonly params: Readonly<Record<string, TSchema>>;
  readonly request: TSchema | null;
  readonly reply: TSchema;
  readonly body_bytes_max: number;
  /** Throws `request.malformed` for params or a body that do not fit, `invariant.violated` where the guard refuses the request or its answer, and whatever the handler throws. */
  run(call: AuthorisedCall, params: unknown, body: unknown, stream: ReadableStream<Uint8Array>, guard?: AskedGuard): Promise<Outcome>;
}

export function route<K extends RouteName>(name: K, definition: Definition<K>): Route {
  const { handle, request, ...rest } = definition;
  const shape: RouteShape = ROUTES[name];
  const paramsOf = checker<ParamsOf<K>>(definition.params, "path");
  const bodyOf = checker<RequestOf<K>>(request, "body");
  return {
    name,
    shape,
    request,
    ...rest,
    async run(call, params, body, stream, guard = UNGUARDED) {
      const asked = { params: paramsOf(params), body: bodyOf(body) };
      guard.before(asked.params, asked.body);
      const reply = handle({ ...call, ...asked, stream });
      if (isEvents(shape, reply)) return { kind: "events", events: guardedEvents(reply, guard) };
      const said = await reply;
      if (said instanceof ServerSent) return { kind: "sent", sent: new ServerSent(guardedEvents(said.events, guard), said.failed) };
      guard.after(said instanceof Plain ? said.text : said);
      if (shape.reply === "text") {
        return said instanceof Plain ? { kind: "text", text: said.text, plain: said } : { kind: "text", text: String(said) };
      }
      return { kind: "json", value: said };
    },
  };
}

function isEvents(shape: RouteShape, reply: unknown): reply is AsyncGenerator<unknown, void> {
  return shape.reply === "events" && typeof reply === "object" && reply !== null && Symbol.asyncIterator in reply;
}

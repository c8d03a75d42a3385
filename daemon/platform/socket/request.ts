import type { IncomingMessage, ServerResponse } from "node:http";
import { MaestroError } from "../../../proto/errors.ts";
import { bodyOf, type BodyWaits } from "./body.ts";

/** The host a client names says nothing on a Unix socket, so every request gets the same one. */
const ORIGIN = "http://maestro";

/**
 * A Fetch API request over a Node one. The body is pulled chunk by chunk, so a
 * handler that reads slowly slows the client down instead of filling memory.
 * Throws `request.malformed` for targets and methods that have no URL form.
 */
export function toRequest(req: IncomingMessage, res: ServerResponse, signal: AbortSignal, waits: BodyWaits): Request {
  const method = req.method ?? "";
  const init: RequestInit & { duplex?: "half" } = { method, headers: headersOf(req), signal };
  if (hasBody(req) && method !== "GET" && method !== "HEAD") {
    init.body = bodyOf(req, waits, () => sendContinue(req, res));
    init.duplex = "half";
  }
  try {
    return new Request(ORIGIN + targetOf(req), init);
  } catch (cause) {
    throw new MaestroError("request.malformed", "the method or target is not one HTTP clients send", { cause });
  }
}

/** RFC 9112 section 6.3: a request has a body exactly when one of these two headers announces it. */
export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers["content-length"];
  return req.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

/** Path and query of the origin or absolute form (RFC 9112 section 3.2). */
function targetOf(req: IncomingMessage): string {
  const target = req.url ?? "";
  if (target.startsWith("/")) return target;
  const absolute = /^https?:\/\/[^/?#]*(\/.*)?$/.exec(target);
  if (absolute === null) throw new MaestroError("request.malformed", "the request target is not a path");
  return absolute[1] ?? "/";
}

function headersOf(req: IncomingMessage): [string, string][] {
  const raw = req.rawHeaders;
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at] ?? "", raw[at + 1] ?? ""]);
  return pairs;
}

/** Sent when the handler asks for the body, so a refusal costs the client nothing (RFC 9110 section 10.1.1). */
function sendContinue(req: IncomingMessage, res: ServerResponse): void {
  if (!awaitsContinue(req, res)) return;
  continued.add(req);
  res.writeContinue();
}

const continued = new WeakSet<IncomingMessage>();

/** Whether the client holds its body back until it is asked for it. */
export function awaitsContinue(req: IncomingMessage, res: ServerResponse): boolean {
  return req.headers.expect?.toLowerCase() === "100-continue" && !continued.has(req) && !res.writableEnded;
}

/** Reading a request under its route's limits, before any handler sees it. */
import { parseStrict } from "../../proto/canonical.ts";
import type { ServerLimits } from "../../proto/config.ts";
import { concatBytes } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { API_VERSION, API_VERSION_HEADER, JSON_TYPE } from "../../proto/routes.ts";
import type { Route } from "./route.ts";

export type JsonLimits = Pick<ServerLimits, "json_depth_max">;

const JSON_CONTENT_TYPE = /^application\/json(?:\s*;\s*charset=utf-8)?$/i;

/** Refuses a client of another version; one that names none speaks to whatever answers, as curl does. */
export function checkVersion(request: Request): void {
  const theirs = request.headers.get(API_VERSION_HEADER);
  if (theirs !== null && theirs !== API_VERSION) throw new MaestroError("api.version", `this daemon speaks ${API_VERSION}`);
}

/** What is wrong with the head of a request is said before a byte of its body is read. */
export function checkHead(route: Route, request: Request): void {
  checkVersion(request);
  if (request.url.includes("?")) throw new MaestroError("request.malformed", "no route takes a query");
  const length = Number(request.headers.get("content-length") ?? 0);
  const announced = length > 0 || request.headers.has("transfer-encoding");
  if (route.shape.body === "none") {
    if (announced) throw new MaestroError("request.malformed", "this route takes no body");
    return;
  }
  if (length > route.body_bytes_max) throw tooLarge(route);
  if (request.headers.has("content-encoding")) throw new MaestroError("request.media_type", "send the body without content-encoding");
  if (route.shape.body === "json" && !JSON_CONTENT_TYPE.test(request.headers.get("content-type") ?? "")) {
    throw new MaestroError("request.media_type", `send content-type: ${JSON_TYPE}`);
  }
}

/** The JSON body, read strictly; `undefined` on routes without one. */
export async function jsonOf(route: Route, request: Request, limits: JsonLimits): Promise<unknown> {
  if (route.shape.body !== "json") return undefined;
  const reader = request.body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    bytes += next.value.length;
    if (bytes > route.body_bytes_max) throw tooLarge(route);
    chunks.push(next.value);
  }
  const [first] = chunks;
  const whole = first !== undefined && chunks.length === 1 ? first : concatBytes(...chunks);
  return parseStrict(whole, { bytes_max: route.body_bytes_max, depth_max: limits.json_depth_max, ...(route.shape.fractions === true ? { fractions: true } : {}) });
}

/** The body as a stream that fails with `request.too_large` at the route's limit, announced length or not. */
export function bounded(route: Route, request: Request): ReadableStream<Uint8Array> {
  const reader = request.body?.getReader();
  let left = route.body_bytes_max;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await reader?.read();
        if (next?.value === undefined) return controller.close();
        left -= next.value.length;
        if (left < 0) throw tooLarge(route);
        controller.enqueue(next.value);
      },
      async cancel(reason) {
        await reader?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function tooLarge(route: Route): MaestroError {
  return new MaestroError("request.too_large", `limit ${route.body_bytes_max} bytes`);
}

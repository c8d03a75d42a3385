/** What is refused of a request before anything is done for it: where it says it came from, and how its body comes. */
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { concatBytes, fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { JSON_TYPE } from "../../../proto/routes.ts";

/** The path of a request to this very address: a name that a stranger made point at this machine has another Host (DNS rebinding). Throws `ui.origin`. */
export function pathOf({ headers, url }: Request, authority: string): string {
  const host = headers.get("host");
  // Before anything is made of the address: with a Host that is no name it is none.
  if (host !== authority) throw new MaestroError("ui.origin", `it was sent to ${JSON.stringify(host?.slice(0, 100) ?? "")}, and this is http://${authority}`);
  if (!URL.canParse(url)) throw new MaestroError("request.malformed", "the request names no path");
  return new URL(url).pathname;
}

/**
 * A page of another address has another Origin, and the browser says itself that it is another site (Fetch Metadata). Who sends neither is
 * no browser, and has no key. Throws `ui.origin`.
 */
export function checkOrigin({ headers }: Request, authority: string, page: boolean): void {
  const origin = headers.get("origin");
  if (origin !== null && origin !== `http://${authority}`) throw new MaestroError("ui.origin", `it was sent by ${JSON.stringify(origin.slice(0, 100))}`);
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin") return;
  // A link in a terminal or in a file leads here: the page itself is no secret, and what it may ask it has no key for.
  const opened = page && headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";
  if (!opened) throw new MaestroError("ui.origin", `the browser says that it is ${JSON.stringify(site.slice(0, 100))}`);
}

const slow = (body_ms_max: number): MaestroError => new MaestroError("request.slow", `the body took longer than ${body_ms_max} ms`);
const large = (bytes_max: number): MaestroError => new MaestroError("request.too_large", `the body has more than ${bytes_max} bytes`);

async function bytesOf(request: Request, bytes_max: number, body_ms_max: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(slow(body_ms_max)), body_ms_max);
  const parts: Uint8Array[] = [];
  try {
    for (let bytes = 0; ; ) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return concatBytes(...parts);
      bytes += value.length;
      if (bytes > bytes_max) throw large(bytes_max);
      parts.push(value);
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The body as what its schema says. Only what a page must ask the browser's leave for to send elsewhere is taken: no form has this type. */
export async function bodyOf<T extends TSchema>(request: Request, schema: T, bytes_max: number, body_ms_max: number): Promise<Static<T>> {
  if (request.headers.get("content-type") !== JSON_TYPE) throw new MaestroError("request.media_type", `send ${JSON_TYPE}`);
  const text = fromUtf8(await bytesOf(request, bytes_max, body_ms_max));
  try {
    const value: unknown = text === null ? null : JSON.parse(text);
    if (Value.Check(schema, value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new MaestroError("request.malformed", "the body is not what this path takes; see docs/pages.md");
}

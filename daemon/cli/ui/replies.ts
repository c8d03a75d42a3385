/** Every reply of `maestro ui`: nobody keeps it, frames it, guesses its type or reads it from another origin. */
import { MaestroError } from "../../../proto/errors.ts";
import { problem, PROBLEM_TYPE } from "../../../proto/problem.ts";
import { JSON_TYPE, NDJSON } from "../../../proto/routes.ts";

const HTML = "text/html; charset=utf-8";

const COMMON = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** The page brings its own policy; that nobody frames it can only be said here. */
const POLICY = { page: "frame-ancestors 'none'", data: "default-src 'none'; frame-ancestors 'none'" } as const;

const headers = (type: string, policy: keyof typeof POLICY): Record<string, string> => ({ ...COMMON, "content-type": type, "content-security-policy": POLICY[policy] });

export const page = (bytes: Uint8Array<ArrayBuffer>): Response => new Response(bytes, { headers: headers(HTML, "page") });
export const json = (text: string): Response => new Response(text, { headers: headers(JSON_TYPE, "data") });
export const nothing = (): Response => new Response(null, { status: 204, headers: headers(JSON_TYPE, "data") });
export const elsewhere = (path: string): Response => new Response(null, { status: 302, headers: { ...headers(JSON_TYPE, "data"), location: path } });

/** One document per line; the work goes on where nobody listens any more. */
export function lines(work: (send: (event: object) => void) => Promise<void>): Response {
  let listening = true;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder();
      const send = (event: object): void => {
        if (listening) controller.enqueue(encoder.encode(`${JSON.stringify(event)}\n`));
      };
      const end = (): void => {
        if (listening) controller.close();
        listening = false;
      };
      work(send).then(end, (error: unknown) => {
        send({ event: "failure", problem: said(error) });
        end();
      });
    },
    cancel() {
      listening = false;
    },
  });
  return new Response(body, { headers: headers(NDJSON, "data") });
}

const said = (error: unknown) => (error instanceof MaestroError ? problem(error.code, error.detail, "") : problem("internal.bug", "see the terminal where maestro ui runs", ""));

export function failure(error: unknown): Response {
  const document = said(error);
  return new Response(JSON.stringify(document), { status: document.status, headers: headers(PROBLEM_TYPE, "data") });
}

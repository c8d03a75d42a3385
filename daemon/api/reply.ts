/** Writing replies: one document, or events line by line. */
import type { FailureEvent } from "../../proto/api.ts";
import { utf8 } from "../../proto/encoding.ts";
import { API_VERSION, API_VERSION_HEADER, JSON_TYPE, NDJSON, REQUEST_ID_HEADER, TEXT_TYPE } from "../../proto/routes.ts";
import { problemOf } from "./errors.ts";
import type { Outcome } from "./route.ts";

/** How a reply ended; `failed` carries what was thrown. */
export type Ending = { readonly how: "sent" } | { readonly how: "cancelled" } | { readonly how: "failed"; readonly cause: unknown };

export function replyHeaders(id: string, type: string): Record<string, string> {
  return { "content-type": type, [REQUEST_ID_HEADER]: id, [API_VERSION_HEADER]: API_VERSION };
}

/**
 * The reply to a request. The first event is awaited before anything is
 * written, so that a request that fails at once gets its status; what fails
 * later is the last line of the stream. `ended` is called exactly once.
 */
export async function reply(id: string, outcome: Outcome, ended: (ending: Ending) => void): Promise<Response> {
  if (outcome.kind !== "events") {
    const response = outcome.kind === "text" ? textResponse(id, outcome) : new Response(JSON.stringify(outcome.value), { headers: replyHeaders(id, JSON_TYPE) });
    ended({ how: "sent" });
    return response;
  }
  const first = await outcome.events.next();
  return new Response(lines(id, first, outcome.events, ended), { headers: replyHeaders(id, NDJSON) });
}

function textResponse(id: string, { text, plain }: Extract<Outcome, { kind: "text" }>): Response {
  return new Response(text, { status: plain?.status ?? 200, headers: replyHeaders(id, plain?.type ?? TEXT_TYPE) });
}

function lines(id: string, first: IteratorResult<unknown, void>, events: AsyncGenerator<unknown, void>, ended: (ending: Ending) => void): ReadableStream<Uint8Array> {
  let ready: IteratorResult<unknown, void> | null = first;
  const step = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const next = ready ?? (await events.next());
    ready = null;
    if (next.done === true) {
      controller.close();
      ended({ how: "sent" });
    } else controller.enqueue(lineOf(next.value));
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          await step(controller);
        } catch (cause) {
          const failure: typeof FailureEvent.static = { event: "failure", problem: problemOf(cause, id) };
          controller.enqueue(lineOf(failure));
          controller.close();
          ended({ how: "failed", cause });
        }
      },
      async cancel() {
        ended({ how: "cancelled" });
        await events.return();
      },
    },
    { highWaterMark: 0 },
  );
}

function lineOf(event: unknown): Uint8Array {
  return utf8(`${JSON.stringify(event)}\n`);
}

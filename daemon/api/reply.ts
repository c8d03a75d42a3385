/** Writing replies: one document, or events line by line. */
import type { FailureEvent } from "../../proto/api.ts";
import { utf8 } from "../../proto/encoding.ts";
import { API_VERSION, API_VERSION_HEADER, EVENT_STREAM, JSON_TYPE, NDJSON, REQUEST_ID_HEADER, TEXT_TYPE } from "../../proto/routes.ts";
import { problemOf } from "./errors.ts";
import type { Outcome, SentEvent } from "./route.ts";

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
  if (outcome.kind === "sent") return sentResponse(id, outcome.sent, ended);
  if (outcome.kind !== "events") {
    const response = outcome.kind === "text" ? textResponse(id, outcome) : new Response(JSON.stringify(outcome.value), { headers: replyHeaders(id, JSON_TYPE) });
    ended({ how: "sent" });
    return response;
  }
  const first = await outcome.events.next();
  const failed = (cause: unknown): typeof FailureEvent.static => ({ event: "failure", problem: problemOf(cause, id) });
  return new Response(streamed(first, outcome.events, lineOf, failed, ended), { headers: replyHeaders(id, NDJSON) });
}

async function sentResponse(id: string, { events, failed }: Extract<Outcome, { kind: "sent" }>["sent"], ended: (ending: Ending) => void): Promise<Response> {
  const first = await events.next();
  return new Response(streamed(first, events, sentOf, failed, ended), { headers: { ...replyHeaders(id, EVENT_STREAM), "cache-control": "no-cache" } });
}

function textResponse(id: string, { text, plain }: Extract<Outcome, { kind: "text" }>): Response {
  return new Response(text, { status: plain?.status ?? 200, headers: replyHeaders(id, plain?.type ?? TEXT_TYPE) });
}

function streamed<Event>(first: IteratorResult<Event, void>, events: AsyncGenerator<Event, void>, write: (event: Event) => Uint8Array, failed: (cause: unknown) => Event, ended: (ending: Ending) => void): ReadableStream<Uint8Array> {
  let ready: IteratorResult<Event, void> | null = first;
  const step = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const next = ready ?? (await events.next());
    ready = null;
    if (next.done === true) {
      controller.close();
      ended({ how: "sent" });
    } else controller.enqueue(write(next.value));
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          await step(controller);
        } catch (cause) {
          controller.enqueue(write(failed(cause)));
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

/** A line break would end the field: JSON has none, and a comment of ours neither. */
function sentOf(event: SentEvent): Uint8Array {
  return utf8("data" in event ? `data: ${event.data}\n\n` : `: ${event.comment}\n\n`);
}

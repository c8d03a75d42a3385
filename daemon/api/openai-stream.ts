/** One answer as server-sent events: pieces as they come, then what it took. */
import { failureOf } from "./errors.ts";
import { openAiError } from "./openai-dialect.ts";
import type { Chunks, Heading } from "./openai-forms.ts";
import { type SentEvent, ServerSent } from "./route.ts";
import type { Answered } from "../models/serving/index.ts";

const DONE: SentEvent = { data: "[DONE]" };
/** Proxies and clients take a connection for dead that is silent for 30 s and more. */
const HEARTBEAT_MS = 10_000;

const event = (value: unknown): SentEvent => ({ data: JSON.stringify(value) });

export interface Streaming<Chunk> {
  readonly heading: Heading;
  readonly chunks: Chunks<Chunk>;
  readonly signal: AbortSignal;
  readonly generate: (options: { readonly signal: AbortSignal; readonly onText: (piece: string) => void }) => Promise<Answered>;
  readonly heartbeat_ms?: number;
}

/**
 * Whoever stops reading stops the generation. Pieces that nobody has read yet wait as one text, so a slow reader costs no more than the
 * answer itself; it gets them as one event.
 */
async function* sentEvents<Chunk>({ heading, chunks, signal, generate, heartbeat_ms = HEARTBEAT_MS }: Streaming<Chunk>): AsyncGenerator<SentEvent, void> {
  const stop = new AbortController();
  let waiting = "";
  let ended = false;
  let wake = Promise.withResolvers<void>();
  const done = generate({
    signal: AbortSignal.any([signal, stop.signal]),
    onText(piece) {
      waiting += piece;
      wake.resolve();
    },
  }).finally(() => {
    ended = true;
    wake.resolve();
  });
  // Thrown where it is awaited below, unless nobody reads that far.
  done.catch(() => undefined);
  let begun = false;
  const begin = function* (): Generator<SentEvent, void> {
    if (begun) return;
    begun = true;
    for (const chunk of chunks.first(heading)) yield event(chunk);
  };
  try {
    while (!ended || waiting !== "") {
      const beat = setTimeout(() => wake.resolve(), heartbeat_ms);
      await wake.promise;
      clearTimeout(beat);
      wake = Promise.withResolvers<void>();
      const text = waiting;
      waiting = "";
      if (text !== "") {
        yield* begin();
        yield event(chunks.piece(heading, text));
      } else if (!ended) yield { comment: "still working" };
      if (ended) wake.resolve();
    }
    const answer = await done;
    yield* begin();
    for (const chunk of chunks.last(heading, answer)) yield event(chunk);
    yield DONE;
  } finally {
    stop.abort();
  }
}

/** The last event of a stream that fails is the failure, in the form that clients of this interface throw; there is no `[DONE]` after it. */
export const streamed = <Chunk>(streaming: Streaming<Chunk>): ServerSent => new ServerSent(sentEvents(streaming), (thrown) => event(openAiError(failureOf(thrown))));

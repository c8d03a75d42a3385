/**
 * Events of a piece of work as a generator: those it emits, then its result.
 * Whoever stops reading stops the work. What is emitted faster than it is read
 * waits in memory, so the work has to be of a bounded number of events.
 */
export async function* eventsOf<Event>(work: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Event>, signal: AbortSignal): AsyncGenerator<Event, void> {
  const stop = new AbortController();
  const waiting: Event[] = [];
  let wake = Promise.withResolvers<void>();
  const emit = (event: Event): void => {
    waiting.push(event);
    wake.resolve();
  };
  let ended = false;
  const done = work(emit, AbortSignal.any([signal, stop.signal])).finally(() => {
    ended = true;
    wake.resolve();
  });
  // The failure is thrown where `done` is awaited below, unless nobody reads that far.
  done.catch(() => undefined);
  try {
    while (!ended) {
      await wake.promise;
      wake = Promise.withResolvers<void>();
      while (waiting.length > 0) yield waiting.shift() as Event;
    }
    yield await done;
  } finally {
    stop.abort();
  }
}

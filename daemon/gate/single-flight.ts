import { MaestroError } from "../../proto/errors.ts";

interface Flight<Event, Result> {
  readonly abort: AbortController;
  readonly result: Promise<Result>;
  readonly past: Event[];
  readonly listeners: Set<(event: Event) => void>;
  clients: number;
}

/**
 * One run for everybody who asks the same at the same time: later clients
 * attach and are told what they missed, the last to leave cancels it.
 */
export class SingleFlight<Event, Result> {
  private readonly flights = new Map<string, Flight<Event, Result>>();

  get running(): number {
    return this.flights.size;
  }

  async join(key: string, start: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>, listen: (event: Event) => void, signal: AbortSignal): Promise<Result> {
    const flight = this.flights.get(key) ?? this.take(key, start);
    flight.clients++;
    for (const event of flight.past) listen(event);
    flight.listeners.add(listen);
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(new MaestroError("request.cancelled", "the client left"));
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([flight.result, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
      flight.listeners.delete(listen);
      if (--flight.clients === 0) {
        flight.abort.abort(new MaestroError("request.cancelled", "the last client left"));
        if (this.flights.get(key) === flight) this.flights.delete(key);
      }
    }
  }

  private take(key: string, start: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>): Flight<Event, Result> {
    const abort = new AbortController();
    const past: Event[] = [];
    const listeners = new Set<(event: Event) => void>();
    const emit = (event: Event) => {
      past.push(event);
      for (const listener of listeners) listener(event);
    };
    const result = start(emit, abort.signal);
    // Whoever attached sees the rejection; a flight everybody left rejects unheard.
    result.catch(() => undefined);
    const flight: Flight<Event, Result> = { abort, result, past, listeners, clients: 0 };
    this.flights.set(key, flight);
    const land = () => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    result.then(land, land);
    return flight;
  }
}

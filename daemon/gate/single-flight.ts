import { MaestroError } from "../../proto/errors.ts";
import { acted, type Seen } from "../platform/actions/index.ts";
import { leavingAt } from "../platform/leaving.ts";

interface Flight<Event, Result> {
  readonly abort: AbortController;
  readonly result: Promise<Result>;
  readonly past: Event[];
  readonly listeners: Set<(event: Event) => void>;
  clients: number;
  /** Whether it has come to something; who leaves from then on has missed nothing. */
  over: boolean;
  /** Whether that is a result, which whoever waited for its end is told, too. */
  told: boolean;
}

type Start<Event, Result> = (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>;

/**
 * One run for everybody who asks the same at the same time: later clients
 * attach and are told what they missed, the last to leave cancels it.
 */
export class SingleFlight<Event, Result> {
  private readonly flights = new Map<string, Flight<Event, Result>>();
  /** Who asked, by number; said of a recorded run alone. */
  private clients = 0;

  /** `told`: what a recorded run says of a result. */
  constructor(private readonly told: (result: Result) => Seen = () => ({})) {}

  get running(): number {
    return this.flights.size;
  }

  async join(key: string, start: Start<Event, Result>, listen: (event: Event) => void, signal: AbortSignal): Promise<Result> {
    const client = this.clients++;
    const left = (): void => acted?.("Pipeline", this, "Leave", { key, client });
    acted?.("Pipeline", this, "Ask", { key, client });
    for (let ending = this.ending(key); ending !== undefined; ending = this.ending(key)) {
      // Told to stop, it may have been past the point where it can: then what it comes to is the answer, and a second run would give another one.
      const result = await leavingAt(ending.result.then((value) => ({ value }), () => null), signal).catch((error: unknown) => {
        if (!ending.told) left();
        throw error;
      });
      if (result !== null) return result.value;
    }
    const flight = this.flights.get(key) ?? this.take(key, start);
    flight.clients++;
    acted?.("Pipeline", this, "Join", { key, client, clients: flight.clients });
    for (const event of flight.past) listen(event);
    flight.listeners.add(listen);
    try {
      return await leavingAt(flight.result, signal);
    } finally {
      flight.listeners.delete(listen);
      if (!flight.over) left();
      if (--flight.clients === 0) flight.abort.abort(new MaestroError("request.cancelled", "the last client left"));
    }
  }

  /** The run of this key that everybody left and that has not ended yet. */
  private ending(key: string): Flight<Event, Result> | undefined {
    const flight = this.flights.get(key);
    return flight !== undefined && flight.clients === 0 ? flight : undefined;
  }

  private take(key: string, start: Start<Event, Result>): Flight<Event, Result> {
    const abort = new AbortController();
    const past: Event[] = [];
    const listeners = new Set<(event: Event) => void>();
    const emit = (event: Event) => {
      past.push(event);
      for (const listener of listeners) listener(event);
    };
    // Whatever comes of it, it is over for the next one before anybody hears of it.
    const ended = (action: string, seen: Seen): void => {
      this.flights.delete(key);
      flight.over = true;
      flight.told = action === "Record";
      acted?.("Pipeline", this, action, { key, ...seen });
    };
    const result = start(emit, abort.signal).then(
      (value) => {
        ended("Record", this.told(value));
        return value;
      },
      (error: unknown) => {
        ended(flight.clients === 0 ? "Cancelled" : "Failed", {});
        throw error;
      },
    );
    // Whoever attached sees the rejection; a flight everybody left rejects unheard.
    result.catch(() => undefined);
    const flight: Flight<Event, Result> = { abort, result, past, listeners, clients: 0, over: false, told: false };
    this.flights.set(key, flight);
    return flight;
  }
}

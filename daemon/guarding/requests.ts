/** The guard of the socket: a request about to be served, and its answer about to leave, as events. */
import type { RouteName } from "../../proto/routes.ts";
import type { Fields, Guards } from "./guards.ts";
import { namedIn, type Reader, type Recorded, SHOWING, SHOWN, shownFields } from "./shown.ts";

/** A request that passed the checks of its route; `params` and `body` fit their schemas. */
export interface Asked {
  /** `logFiles`: the log as files, which is no route of the interface. */
  readonly route: RouteName | "logFiles";
  readonly access: string;
  readonly once: boolean;
  /** What the socket it came through is for. */
  readonly role: string;
  readonly uid: number;
  /** Empty for the daemon's own user and root. */
  readonly tenant: string;
  readonly verbs: readonly string[];
  readonly params: Fields;
  readonly body: unknown;
  readonly reader?: Reader;
}

export interface RequestEvent {
  readonly event: string;
  fields(asked: Asked, answer: unknown): Fields;
}

/** Of one route: `before` its handler runs, and `after` it, of its answer or of each event it answers with. */
export interface RouteEvents {
  readonly before?: RequestEvent;
  readonly after?: RequestEvent;
}

/** Every request is this event, whatever its route. */
export const REQUEST = "request";

const requestFields = ({ params: _, body: __, reader: ___, ...fields }: Asked): Fields => ({ ...fields });

/** Fits `RouteGuard` of the api. */
export class RequestGuard {
  constructor(
    private readonly guards: Guards,
    private readonly routes: Readonly<Partial<Record<RouteName, RouteEvents>>>,
    /** Absent where no gate is on record. */
    private readonly recorded?: Recorded,
  ) {}

  before(asked: Asked): void {
    if (this.guards.live(REQUEST)) this.guards.check(REQUEST, requestFields(asked));
    this.ask(this.eventsOf(asked)?.before, asked, undefined);
  }

  after(asked: Asked, answer: unknown): void {
    const { recorded } = this;
    // The daemon's own user and root may read everything.
    if (recorded !== undefined && asked.tenant !== "" && SHOWING.has(asked.route) && this.guards.live(SHOWN)) {
      for (const one of namedIn(answer)) this.guards.checkRead(SHOWN, () => ({ fields: shownFields(asked, one, recorded) }));
    }
    this.ask(this.eventsOf(asked)?.after, asked, answer);
  }

  private eventsOf({ route }: Asked): RouteEvents | undefined {
    return route === "logFiles" ? undefined : this.routes[route];
  }

  private ask(found: RequestEvent | undefined, asked: Asked, answer: unknown): void {
    if (found !== undefined && this.guards.live(found.event)) this.guards.checkRead(found.event, () => ({ fields: found.fields(asked, answer) }));
  }
}

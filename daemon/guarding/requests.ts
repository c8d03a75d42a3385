/** The guard of the socket: a request about to be served, and its answer about to leave, as events. */
import type { RouteName } from "../../proto/routes.ts";
import type { Fields, Guards } from "./guards.ts";

/** A request that passed the checks of its route; `params` and `body` fit their schemas. */
export interface Asked {
  readonly route: RouteName;
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

const requestFields = ({ params: _, body: __, ...fields }: Asked): Fields => ({ ...fields });

/** Fits `RouteGuard` of the api. */
export class RequestGuard {
  constructor(
    private readonly guards: Guards,
    private readonly routes: Readonly<Partial<Record<RouteName, RouteEvents>>>,
  ) {}

  before(asked: Asked): void {
    if (this.guards.live(REQUEST)) this.guards.check(REQUEST, requestFields(asked));
    this.ask(this.routes[asked.route]?.before, asked, undefined);
  }

  after(asked: Asked, answer: unknown): void {
    this.ask(this.routes[asked.route]?.after, asked, answer);
  }

  private ask(found: RequestEvent | undefined, asked: Asked, answer: unknown): void {
    if (found !== undefined && this.guards.live(found.event)) this.guards.checkRead(found.event, () => ({ fields: found.fields(asked, answer) }));
  }
}

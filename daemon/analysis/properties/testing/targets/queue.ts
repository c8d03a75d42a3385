/** The gate's turnstile as a target: somebody comes, somebody who is inside goes. */
import { Turnstile } from "../../../../gate/turnstile.ts";

const PLACES = 2;
const WAITING_MAX = 3;

interface Guest {
  readonly tenant: string;
  readonly go: () => void;
  readonly left: Promise<unknown>;
}

interface Queue {
  readonly turnstile: Turnstile;
  readonly inside_now: Guest[];
  readonly inside: number;
  readonly waiting: number;
  readonly places: number;
  readonly waiting_max: number;
  /** Places of whoever came in last. */
  readonly own: number;
  readonly could_enter: number;
}

/** Every promise that can go on has gone on. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 12; turns++) await Promise.resolve();
}

const seen = (turnstile: Turnstile, inside_now: Guest[], own: number): Queue => ({
  turnstile,
  inside_now,
  inside: turnstile.inside,
  waiting: turnstile.waiting,
  places: PLACES,
  waiting_max: WAITING_MAX,
  own,
  // Below the number of places anybody may enter; whoever waits then waits beside an empty place.
  could_enter: turnstile.inside < PLACES ? turnstile.waiting : 0,
});

export const queue = {
  init: (): Queue => seen(new Turnstile(PLACES, WAITING_MAX), [], 0),
  async step({ turnstile, inside_now, own }: Queue, action: "come" | "go", { tenant = "", which = 0 }: { readonly tenant?: string; readonly which?: number }): Promise<Queue> {
    if (action === "come") {
      const { promise, resolve: go } = Promise.withResolvers<void>();
      const guest: { left: Promise<unknown> } & Guest = { tenant, go, left: Promise.resolve() };
      const enters = (): Promise<void> => {
        inside_now.push(guest);
        return promise;
      };
      // Turned away because the line is full: that is an answer too.
      guest.left = turnstile.pass(enters, new AbortController().signal, tenant).catch(() => undefined);
    } else {
      const [guest] = inside_now.splice(which % Math.max(1, inside_now.length), 1);
      guest?.go();
      await guest?.left;
    }
    await settled();
    const last = action === "come" ? inside_now.at(-1) : undefined;
    return seen(turnstile, inside_now, last?.tenant === tenant ? inside_now.filter((guest) => guest.tenant === tenant).length : own);
  },
};

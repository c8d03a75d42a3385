/** Which arm answers a request at the prices of its slot. Pure; + - * / alone, so that the same log chooses the same arms on any machine. */

/** What one arm would make of one request. */
export interface Offer {
  /** Value it would serve, in dollars; zero is a refusal. */
  readonly service: number;
  /** What it costs out of pocket, in dollars. */
  readonly cost: number;
  /** Of each priced resource, in natural units, at least zero. */
  readonly use: readonly number[];
}

export interface Bounds {
  /** Dual weight of the payer's promised share: its service counts `1 + favour` times. */
  readonly favour: number;
  /** What hard budgets and ceilings leave of each priced resource; an arm that takes more is never chosen, whatever was promised. */
  readonly room: readonly number[];
  /** Service below which the promised share would be broken; met by the arms that reach it, else by those that come nearest. */
  readonly service_min: number;
  /** In [0, 1): which of several equal arms. Drawn at random, the same price does not send everybody to the same arm. */
  readonly turn: number;
}

export interface Choice {
  /** Index of the arm, or -1 where none fits into the room. */
  readonly arm: number;
  /** What the arm was chosen by, beside the prices: `room` where a budget or ceiling took a better one away, `floor` where the promised share did, `short` where no arm that fits keeps the promise. */
  readonly by: "prices" | "room" | "floor" | "short";
}

const ANY: readonly number[] = [];
export const UNBOUND: Bounds = { favour: 0, room: ANY, service_min: 0, turn: 0 };

/** (1 + favour) service - cost - prices . use, in dollars. */
export function scoreOf({ service, cost, use }: Offer, prices: readonly number[], favour: number): number {
  let score = (1 + favour) * service - cost;
  for (let i = 0; i < use.length; i++) score -= (prices[i] ?? 0) * (use[i] ?? 0);
  return score;
}

export function fits({ use }: Offer, room: readonly number[]): boolean {
  for (let i = 0; i < room.length; i++) if ((use[i] ?? 0) > (room[i] ?? Number.POSITIVE_INFINITY)) return false;
  return true;
}

/** The best score among offers that fit and serve at least `least`; of equal ones the one whose `turn` it is. */
function best(offers: readonly Offer[], prices: readonly number[], { favour, turn }: Bounds, room: readonly number[], least: number): number {
  let arm = -1;
  let most = Number.NEGATIVE_INFINITY;
  let equals = 0;
  for (let a = 0; a < offers.length; a++) {
    const offer = offers[a] as Offer;
    if (offer.service < least || !fits(offer, room)) continue;
    const score = scoreOf(offer, prices, favour);
    equals = score > most ? 1 : score === most ? equals + 1 : equals;
    if (score > most) {
      arm = a;
      most = score;
    }
  }
  if (equals < 2 || turn === 0) return arm;
  let nth = Math.floor(turn * equals);
  for (let a = arm; a < offers.length; a++) {
    const offer = offers[a] as Offer;
    if (offer.service >= least && fits(offer, room) && scoreOf(offer, prices, favour) === most && nth-- === 0) return a;
  }
  return arm;
}

/** Hard budgets and ceilings come first, then the promised share, then the prices. */
export function choose(offers: readonly Offer[], prices: readonly number[], bounds: Bounds): Choice {
  const free = best(offers, prices, bounds, ANY, 0);
  const roomy = bounds.room.length === 0 ? free : best(offers, prices, bounds, bounds.room, 0);
  if (roomy === -1) return { arm: -1, by: "room" };
  if ((offers[roomy] as Offer).service >= bounds.service_min) return { arm: roomy, by: roomy === free ? "prices" : "room" };
  const kept = best(offers, prices, bounds, bounds.room, bounds.service_min);
  if (kept !== -1) return { arm: kept, by: "floor" };
  const nearest = offers.reduce((most, offer) => (fits(offer, bounds.room) ? Math.max(most, offer.service) : most), 0);
  return { arm: best(offers, prices, bounds, bounds.room, nearest), by: "short" };
}

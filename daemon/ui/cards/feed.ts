/** Cards of the daemon behind `maestro ui`: the newest page first, then the older ones, and from then on what is decided meanwhile. A daemon that stops leaves what was read. */
import { NEWEST_CARDS, type CardsReply } from "../../../proto/cards.ts";
import type { Failure, Live } from "../page/live.ts";
import { cardOfRow, type PageCard } from "./model.ts";

declare const document: { readonly visibilityState: "visible" | "hidden" };

/** How often a page that is looked at asks for what is new. */
const ASK_EVERY_MS = 10_000;
/** After a failure, doubled up to a minute. */
const AGAIN_MS_MIN = 3_000;
const AGAIN_MS_MAX = 60_000;

export interface FeedHooks {
  /** Takes these; false where there is no room for more. */
  readonly take: (cards: readonly PageCard[]) => boolean;
  /** What the page says of the daemon; null once it answers again. */
  readonly failed: (failure: Failure | null) => void;
  readonly state: (state: FeedState) => void;
}

export interface FeedState {
  /** Older pages are still being read. */
  readonly reading: boolean;
  /** The page is full, and older cards were left with the daemon. */
  readonly full: boolean;
}

const rest = (ms: number): Promise<void> => new Promise((over) => setTimeout(over, ms));
const pathOf = (before: number | null): string => `/v1/cards/${before ?? NEWEST_CARDS}`;
const cardsIn = ({ rows }: CardsReply): PageCard[] => rows.map((row) => cardOfRow(row, { kind: "live" }));

export class Feed {
  /** Above every place that was shown: what stands there or above is new. */
  private newest = 0;
  private stopped = false;
  private again_ms = AGAIN_MS_MIN;

  constructor(private readonly live: Live, private readonly hooks: FeedHooks) {}

  stop(): void {
    this.stopped = true;
  }

  /** One page; a failure is told, waited out and asked again, unless no asking will help. */
  private async page(before: number | null): Promise<CardsReply | null> {
    while (!this.stopped) {
      const answer = await this.live.daemon<CardsReply>(pathOf(before));
      if (answer.ok) {
        this.again_ms = AGAIN_MS_MIN;
        this.hooks.failed(null);
        return answer.value;
      }
      this.hooks.failed(answer.failure);
      if (answer.failure.why === "session" || answer.failure.why === "refused") return null;
      await rest(this.again_ms);
      this.again_ms = Math.min(AGAIN_MS_MAX, 2 * this.again_ms);
    }
    return null;
  }

  async run(): Promise<void> {
    const first = await this.page(null);
    if (first === null) return;
    this.newest = first.newest;
    let room = this.hooks.take(cardsIn(first));
    for (let next = first.next; next !== null && room && !this.stopped; ) {
      this.hooks.state({ reading: true, full: false });
      const page = await this.page(next);
      if (page === null) return;
      room = this.hooks.take(cardsIn(page));
      next = page.next;
    }
    this.hooks.state({ reading: false, full: !room });
    await this.follow();
  }

  private async follow(): Promise<void> {
    while (!this.stopped) {
      await rest(ASK_EVERY_MS);
      if (document.visibilityState === "hidden") continue;
      const first = await this.page(null);
      if (first === null) return;
      const known = this.newest;
      this.newest = Math.max(known, first.newest);
      let page: CardsReply | null = first;
      while (page !== null) {
        const fresh: CardsReply["rows"] = page.rows.filter(({ place }) => place >= known);
        const room = this.hooks.take(fresh.map((row) => cardOfRow(row, { kind: "live" })));
        this.hooks.state({ reading: false, full: !room });
        // A whole page of new ones: more of them stand behind it.
        page = fresh.length === page.rows.length && page.next !== null && page.next >= known && room ? await this.page(page.next) : null;
      }
    }
  }
}

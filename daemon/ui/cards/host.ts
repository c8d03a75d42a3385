/**
 * What the page of cards gives to its parts: the list is one of them, and beside it stand what opens when a card is chosen (`detail.ts`)
 * and the charts (`charts/index.ts`). A part is made once, with the host and the element it draws into.
 */
import type { PageElement } from "../page/dom.ts";
import type { Live } from "../page/live.ts";
import type { PageCard } from "./model.ts";

export interface CardsHost {
  /** All that are held, in the order they came. */
  readonly cards: () => readonly PageCard[];
  readonly byKey: (key: string) => PageCard | undefined;
  /** A file that was given, by its number; it is read again when somebody wants more of a card than its row. */
  readonly file: (file: number) => Blob | undefined;
  /** Narrows the list to what the text of a search leaves. */
  readonly search: (query: string) => void;
  /** Opens a card that is held, and says so in the address. */
  readonly open: (key: string) => void;
  /** The same with two of them beside each other. */
  readonly compare: (one: string, other: string) => void;
  /** A newer attempt of a card of the daemon's takes its place. */
  readonly take: (card: PageCard) => void;
  /** What served this page; null from disk, and while no session is open. */
  readonly live: () => Live | null;
  /** The page's own script, for a second worker that judges evidence: in a worker, main.ts asks `startJudge()` of judging.ts first, which says whether that is what it is. */
  readonly script: string;
  /** One polite sentence for who cannot see what changed. */
  readonly say: (sentence: string) => void;
}

/** What opens when a card is chosen. */
export interface Detail {
  readonly show: (card: PageCard) => void;
  readonly compare: (one: PageCard, other: PageCard) => void;
  readonly clear: () => void;
  /** Asks once more for what nobody answered; `answers` where it is the daemon that answers again, and not somebody who presses. */
  readonly again: (because: "pressed" | "answers") => void;
}
export type CreateDetail = (host: CardsHost, into: PageElement) => Detail;

/** Charts follow the filter: they are given what it leaves, a moment after the list was drawn. */
export interface Charts {
  readonly draw: (cards: readonly PageCard[]) => void;
}
export type CreateCharts = (host: CardsHost, into: PageElement) => Charts;

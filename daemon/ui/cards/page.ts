/** The page of cards in the browser: what it holds, how it is looked at, and what is drawn of it. */
import { plural } from "../../verifier/words/card.ts";
import type { PageBox, PageDocument } from "../page/dom.ts";
import { elementOf } from "../page/element.ts";
import type { Live } from "../page/live.ts";
import { showAbsent, showNothing } from "./absent.ts";
import { createCharts } from "./charts/index.ts";
import { fillControls, listenToControls, showControls } from "./controls.ts";
import { grouped, sumsOf } from "./group.ts";
import { HeldCards } from "./held.ts";
import type { CardsHost, Charts, Detail } from "./host.ts";
import { CardList, type Entry } from "./list.ts";
import { CARDS_LIMITS } from "./limits.ts";
import type { PageCard } from "./model.ts";
import { missingIn, sorted, SORT_WORDS, type SortKey } from "./order.ts";
import { createDetail } from "./detail.ts";
import { hintsFor } from "./query.ts";
import type { Reader } from "./reader.ts";
import { sumsText } from "./rows.ts";
import { createSearch, type SearchBox } from "./searching.ts";
import { Told } from "./told.ts";
import { fromFragment, narrowed, narrows, PLAIN, toFragment, type View } from "./view.ts";

declare const document: PageDocument;
declare const location: { readonly hash: string; readonly pathname: string; readonly search: string };
declare const history: { replaceState(state: null, title: string, url: string): void; pushState(state: null, title: string, url: string): void };
declare const window: { addEventListener(type: string, listener: () => void): void };

/** While files are read the list is drawn anew this often at most. */
const REDRAW_MS = 200;
/** Nobody wants every count of a word that is being typed read out. */
const SAY_MS = 700;
const ADDRESS_MS = 250;

export interface GivenFile {
  readonly name: string;
  readonly blob: Blob;
}

export class CardsPage {
  private readonly held = new HeldCards();
  private readonly files: Blob[] = [];
  private readonly told = new Told(() => this.goOn());
  private view: View = fromFragment(location.hash);
  private marked: readonly string[] = [];
  /** All that are held, in the order of the view; made anew where cards or order change. */
  private ordered: readonly PageCard[] = [];
  private orderedFor = "";
  private listed: readonly PageCard[] = [];
  /** The view that `listed` was made for; null where cards or order have changed since. */
  private listedFor: View | null = null;
  private shownCard = "";
  /** Whether cards that are not here yet may still come by themselves. */
  private awaiting = true;
  private drawn = 0;
  private redraw: ReturnType<typeof setTimeout> | undefined;
  private addressing: ReturnType<typeof setTimeout> | undefined;
  private saying: ReturnType<typeof setTimeout> | undefined;
  private readonly list: CardList;
  private readonly search: SearchBox;
  private readonly detail: Detail;
  private readonly charts: Charts;

  constructor(private readonly reader: Reader, script: string, private readonly live: () => Live | null) {
    const host: CardsHost = {
      cards: () => this.held.all(),
      byKey: (key) => this.held.get(key),
      file: (file) => this.files[file],
      search: (query) => {
        this.change({ ...this.view, query });
        this.goOn();
      },
      open: (key) => this.open(key),
      compare: (one, other) => this.compare([one, other]),
      take: (card) => void this.take([card]),
      live,
      script,
      say: (sentence) => this.say(sentence),
    };
    this.list = new CardList(elementOf("list") as PageBox, {
      open: (card) => this.open(card.key),
      fold: (group) => this.fold(group),
      mark: (card) => this.mark(card),
      sort: (key) => this.sort(key),
    });
    this.search = createSearch({ changed: (query) => this.change({ ...this.view, query }), hints: (query) => hintsFor(query, this.ordered) });
    this.detail = createDetail(host, elementOf("one-card"));
    this.charts = createCharts(host, elementOf("charts-part"));
    listenToControls(() => this.view, (view) => this.change(view));
    elementOf("one-close").addEventListener("click", () => this.close());
    elementOf("reset").addEventListener("click", () => this.clearFilters());
    window.addEventListener("popstate", () => this.change(fromFragment(location.hash), "told"));
    this.marked = this.view.compared;
    this.search.set(this.view.query);
  }

  /** Reads files into the page; what cannot be read is told, and the rest stays. */
  async give(given: readonly GivenFile[], remarks: readonly string[] = []): Promise<void> {
    const numbered = given.map(({ name, blob }) => ({ file: this.files.push(blob) - 1, name, blob }));
    this.told.tell(remarks);
    const unknown = new Set<string>();
    const before = this.held.size;
    let read = 0;
    const start = performance.now();
    elementOf("list").setAttribute("aria-busy", "true");
    await this.reader.read(numbered, this.held.room, (part) => {
      const { left_out, disagreeing } = this.held.take(part.cards);
      this.told.tell(part.problems);
      read += part.cards.length;
      if (left_out > 0) this.told.tell([`${plural(left_out, "card")} left out: this page holds ${CARDS_LIMITS.cards_max.toLocaleString("en")} at most.`]);
      this.told.tell(disagreeing.map((key) => `Two files, or a file and the daemon, say two things of ${key.replace(/^disk:/, "").slice(0, 80)}; both are shown, and only verifying tells which is true.`));
      for (const field of part.unknown) unknown.add(field);
      if (part.cards.length > 0) this.soon(before === 0 && this.drawn === 0);
    });
    if (unknown.size > 0) this.told.tell([`Some of these cards have fields that this page does not know and does not show: ${[...unknown].slice(0, 10).join(", ")}. A newer Maestro wrote them.`]);
    elementOf("list").setAttribute("aria-busy", "false");
    this.draw();
    document.documentElement.dataset["read"] = String(Number(document.documentElement.dataset["read"] ?? 0) + 1);
    document.documentElement.dataset["readMs"] = (performance.now() - start).toFixed(1);
    const known = read - (this.held.size - before);
    this.say(read === 0 ? "No card was found." : `${plural(read, "card")} read${known > 0 ? `, ${known} of them here already` : ""}.`);
  }

  /** Takes cards of the daemon; whether there is room for more. */
  take(cards: readonly PageCard[]): boolean {
    this.held.take(cards);
    this.soon(this.drawn === 0);
    return this.held.room > 0;
  }

  tell(problems: readonly string[]): void {
    this.told.tell(problems);
  }

  /** Forgets what was given; what the daemon said stays. */
  clear(): void {
    this.held.clear("files");
    this.files.fill(new Blob([]));
    this.marked = [];
    this.told.clear();
    this.orderedFor = "";
    this.change({ ...this.view, open: this.openCard()?.key ?? null, compared: [] });
    elementOf("given").focus();
  }

  /** Whether it shows any card. */
  get empty(): boolean {
    return this.held.size === 0;
  }

  /** How many cards that would take away. */
  get given(): number {
    return this.held.given;
  }

  focusSearch(): void {
    this.search.focus();
  }

  /** Where one goes on after what had the focus took itself away. */
  private goOn(): void {
    if (elementOf("filters").hidden) elementOf("giving-summary").focus();
    else this.search.focus();
  }

  /** Everything came that comes by itself: what is not here now has to be given, or is nowhere. */
  settled(): void {
    if (!this.awaiting) return;
    this.awaiting = false;
    this.drawOpen();
  }

  /** Somebody answers again: what was missing of an open card is asked for once more. */
  answers(): void {
    this.detail.again("answers");
  }

  private clearFilters(): void {
    const { open, compared } = this.view;
    this.change({ ...PLAIN, open, compared });
  }

  /** A card that is open already is asked for once more where something of it is missing. */
  private open(key: string): void {
    const same = this.openCard()?.key === key && this.view.compared.length === 0;
    this.change({ ...this.view, open: key, compared: [] });
    if (same) this.detail.again("pressed");
    elementOf("one").focus();
  }

  private compare(keys: readonly string[]): void {
    this.marked = keys;
    this.change({ ...this.view, compared: keys });
    elementOf("one").focus();
  }

  private openCard(): PageCard | undefined {
    return this.view.open === null ? undefined : this.held.find(this.view.open);
  }

  /** Closes what is open and gives the focus back to its line. */
  close(): void {
    const open = this.openCard()?.key ?? this.view.compared[1];
    if (open === undefined || elementOf("one").hidden) return;
    this.change({ ...this.view, open: null, compared: [] });
    this.list.focusOn(open);
  }

  private say(sentence: string): void {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => void (elementOf("said").textContent = sentence), SAY_MS);
  }

  private soon(now: boolean): void {
    this.orderedFor = "";
    if (now) return this.draw();
    this.redraw ??= setTimeout(() => this.draw(), REDRAW_MS);
  }

  private fold(group: string): void {
    const { unfolded } = this.view;
    this.change({ ...this.view, unfolded: unfolded.includes(group) ? unfolded.filter((one) => one !== group) : [...unfolded, group] });
  }

  private sort(key: SortKey): void {
    const turned = this.view.sort === key && this.view.direction === "down" ? "up" : "down";
    this.change({ ...this.view, sort: key, direction: turned });
  }

  /** Two cards are compared as soon as the second is marked. */
  private mark(card: PageCard): void {
    this.marked = this.marked.includes(card.key) ? this.marked.filter((key) => key !== card.key) : [...this.marked, card.key].slice(-2);
    if (this.marked.length === 2) return this.compare(this.marked);
    this.change({ ...this.view, compared: [] });
    this.say(this.marked.length === 0 ? "No card is marked." : "One card is marked; mark a second one to compare them.");
  }

  /** The next view; `told` where the address says it already. */
  private change(view: View, from: "told" | "here" = "here"): void {
    const opened = (view.open !== this.view.open && view.open !== null) || (view.compared.length > 0 && view.compared.join("\n") !== this.view.compared.join("\n"));
    if (from === "told" && view.compared.length > 0) this.marked = view.compared;
    const start = performance.now();
    this.view = view;
    clearTimeout(this.addressing);
    if (from === "here") this.address(opened);
    this.search.set(view.query);
    this.draw();
    document.documentElement.dataset["changeMs"] = (performance.now() - start).toFixed(1);
  }

  /** A card that opens is a step that Back undoes. Browsers refuse an address that changes with every key, so it follows a moment later. */
  private address(opened: boolean): void {
    const write = (): void => {
      const url = `${location.pathname}${location.search}${toFragment(this.view)}`;
      if (opened) history.pushState(null, "", url);
      else history.replaceState(null, "", url);
    };
    if (opened) write();
    else this.addressing = setTimeout(write, ADDRESS_MS);
  }

  /** Beside an opened card the list is narrower, and its lines may be higher. */
  private layOut(open: boolean): void {
    if (elementOf("one").hidden === !open) return;
    elementOf("both").className = open ? "both beside" : "both";
    elementOf("one").hidden = !open;
    this.list.resized();
  }

  private entries(): Entry[] {
    const { group: by, sort, direction, unfolded } = this.view;
    const line = (card: PageCard, within = ""): Entry => ({ kind: "card", key: `${within}${card.key}`, card });
    if (by === null) return this.listed.map((card) => line(card));
    return grouped(this.listed, by, sort, direction).flatMap((group) => {
      const open = unfolded.includes(group.key);
      const head: Entry = { kind: "group", key: group.key, group, unfolded: open };
      return open ? [head, ...group.cards.map((card) => line(card, `${group.key}\n`))] : [head];
    });
  }

  private draw(): void {
    clearTimeout(this.redraw);
    this.redraw = undefined;
    const { sort, direction } = this.view;
    const now_ms = Date.now();
    if (this.orderedFor !== `${sort} ${direction}`) {
      this.ordered = sorted(this.held.all(), sort, direction);
      this.orderedFor = `${sort} ${direction}`;
      this.listedFor = null;
      fillControls(this.ordered, this.view);
    } else showControls(this.view);
    // Between two keys of a word only what the first one left has to be looked through.
    const within = this.listedFor !== null && this.view.since === null && narrows(this.view, this.listedFor) ? this.listed : this.ordered;
    this.listed = narrowed(within, this.view, now_ms);
    this.listedFor = this.view;
    const none = this.held.size === 0;
    for (const id of ["filters", "summary", "charts-part", "both"]) elementOf(id).hidden = none;
    elementOf("clear").hidden = this.held.given === 0;
    showNothing(!none && this.listed.length === 0, `${this.held.size.toLocaleString("en")} ${this.held.size === 1 ? "card is" : "cards are"}`, this.view.query, () => {
      this.clearFilters();
      this.goOn();
    });
    this.list.show(this.entries(), { grouped: this.view.group !== null, open: this.openCard()?.key ?? null, marked: this.marked, now_ms, sort, direction });
    this.drawCount();
    this.drawOpen();
    this.charts.draw(this.listed);
    this.drawn++;
    document.documentElement.dataset["drawn"] = String(this.drawn);
    document.documentElement.dataset["listed"] = String(this.listed.length);
  }

  private drawCount(): void {
    const { listed, view } = this;
    const all = this.held.size;
    const missing = missingIn(listed, view.sort);
    const untimed = view.since === null ? 0 : missingIn(this.ordered, "age");
    const texts = [
      listed.length === all ? sumsText(sumsOf(listed)) : `${sumsText(sumsOf(listed))}. ${(all - listed.length).toLocaleString("en")} more are filtered out`,
      ...(missing > 0 ? [`${missing.toLocaleString("en")} ${SORT_WORDS[view.sort].missing} stand last`] : []),
      ...(untimed > 0 ? [`${untimed.toLocaleString("en")} without a time are in no span of time`] : []),
      ...(this.held.doubles > 0 ? [`${this.held.doubles.toLocaleString("en")} out of files ${this.held.doubles === 1 ? "is" : "are"} on the daemon's list too, and listed once`] : []),
      ...(view.group === "rule" ? ["A card stands under each rule that stopped it"] : []),
    ];
    elementOf("count").textContent = `${texts.join(". ")}.`;
    elementOf("printed").textContent = listed.length > CARDS_LIMITS.printed_rows_max ? `On paper: the first ${CARDS_LIMITS.printed_rows_max} of ${listed.length.toLocaleString("en")} lines.` : "";
    this.say(elementOf("count").textContent ?? "");
  }

  /** A card in the address that is not here yet is opened when it comes. */
  private drawOpen(): void {
    const { open, compared } = this.view;
    const wanted = compared.length > 0 ? compared : open === null ? [] : [open];
    const cards = wanted.flatMap((name) => this.held.find(name) ?? []);
    const absent = this.awaiting ? [] : wanted.filter((name) => this.held.find(name) === undefined);
    showAbsent(absent, this.live() === null ? "disk" : "live", () => {
      this.change({ ...this.view, open: null, compared: [] });
      this.goOn();
    });
    // A newer attempt of an open card is another one to draw.
    const named = cards.length < wanted.length ? "" : cards.map(({ key, attempt }) => `${key}#${attempt}`).join(" ");
    if (this.shownCard === named) return;
    this.shownCard = named;
    const [one, other] = named === "" ? [] : cards;
    this.layOut(one !== undefined);
    if (one === undefined) this.detail.clear();
    else if (other === undefined) this.detail.show(one);
    else this.detail.compare(one, other);
    document.title = one === undefined ? "Maestro cards" : other === undefined ? `${one.verdict}: ${one.title.slice(0, 80)} \u2013 Maestro cards` : "Two cards compared \u2013 Maestro cards";
  }
}

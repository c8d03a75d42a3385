/** What opens when a card is chosen: everything that is known of it, or two of them beside each other. */
import type { GateResult } from "../../../proto/api.ts";
import type { PageBox, PageDocument, PageElement } from "../page/dom.ts";
import { elementOf, h } from "../page/element.ts";
import { approvePart } from "./opened/approving.ts";
import { cardParts, headFacts, rowParts } from "./opened/card.ts";
import { comparison } from "./opened/compare.ts";
import { counterexamplesPart } from "./opened/counterexamples.ts";
import type { Compared } from "./opened/differences.ts";
import { evidencePart } from "./opened/evidence.ts";
import { findingsPart } from "./opened/findings.ts";
import { rulePart } from "./opened/rule.ts";
import { button, said, verdictBadge } from "./opened/pieces.ts";
import { earlierCard, loadWhole, type Whole } from "./opened/whole.ts";
import type { CardsHost, CreateDetail } from "./host.ts";
import { judgeOf } from "./judging.ts";
import { cardOfWhole, type PageCard } from "./model.ts";
import { Progress, SAID_FROM_BYTES } from "./progress.ts";
import { createOpener, type Opener } from "./reader.ts";

declare const document: PageDocument;

/** One of two that are compared may be known from elsewhere, and then nobody is asked for it again. */
type Asked = Compared & { readonly again?: Whole["again"] };

class Opened {
  /** What a slower answer for an earlier card must not draw over. */
  private turn = 0;
  /** What somebody has written as their reason, by gate: a newer attempt that comes meanwhile is drawn anew, and must not take it away. */
  private readonly words = new Map<string, string>();

  /** Shows the same once more, where somebody did not answer. */
  private unanswered: { readonly again: "itself" | "asked"; readonly show: () => Promise<void> } | null = null;

  private readonly opener: Opener;

  constructor(private readonly host: CardsHost, private readonly into: PageBox) {
    this.opener = createOpener(host.script, new Progress(elementOf("one-reading"), () => elementOf("one")));
  }

  private draw(title: PageElement, ...children: PageElement[]): void {
    const focused = this.into.contains(document.activeElement);
    this.into.replaceChildren(h("article", { class: "opened", "aria-labelledby": "opened-title" }, title, ...children));
    // A browser gives the focus of what is taken out to nobody.
    if (focused) title.focus({ preventScroll: true });
  }

  /** Another card begins at its top; the same one, drawn anew, stays where it was read. */
  private named(name: string): void {
    if (this.into.dataset["opened"] !== name) (elementOf("one") as PageBox).scrollTop = 0;
    this.into.dataset["opened"] = name;
  }

  /** What was begun for another card is with that card. */
  private kept({ gate_id }: PageCard): PageElement[] {
    const begun = [...this.words].flatMap(([gate, words]) => (gate === gate_id || words.trim() === "" ? [] : [gate]));
    const other = this.host.cards().find((one) => one.gate_id === begun.at(-1));
    if (begun.length === 0) return [];
    return [h("p", { class: "hint kept" }, "A reason that you began for another card is kept with that card. ", ...(other === undefined ? [] : [button("Open that card", () => this.host.open(other.key))]))];
  }

  private title(...text: (PageElement | string)[]): PageElement {
    return h("h2", { id: "opened-title", tabindex: "-1" }, ...text);
  }

  private load(row: PageCard): Promise<Whole> {
    return loadWhole(row, this.host.file, this.host.live(), this.opener.takeApart);
  }

  again(because: "pressed" | "answers"): void {
    const { unanswered } = this;
    if (unanswered === null || (because === "answers" && unanswered.again !== "itself")) return;
    this.unanswered = null;
    void unanswered.show();
  }

  /** What to do where not everything came. */
  private keepAsking(wholes: readonly Asked[], show: () => Promise<void>): PageElement[] {
    const all = wholes.flatMap(({ again }) => again ?? []);
    this.unanswered = all.length === 0 ? null : { again: all.includes("itself") ? "itself" : "asked", show };
    return all.length === 0 ? [] : [h("p", { class: "actions" }, button("Try again", () => this.again("pressed")))];
  }

  /** Nobody waits any more for what was asked for before. */
  private begin(): number {
    this.turn += 1;
    this.unanswered = null;
    this.opener.giveUp();
    return this.turn;
  }

  async show(chosen: PageCard): Promise<void> {
    const turn = this.begin();
    const { origin } = chosen;
    // Below the line of a large file that is being read, the card before it would be taken for its own.
    if (origin.kind === "file" && origin.end - origin.start >= SAID_FROM_BYTES && this.into.dataset["opened"] !== chosen.key) this.into.replaceChildren();
    this.into.setAttribute("aria-busy", "true");
    const whole = await this.load(chosen);
    if (turn !== this.turn) return;
    this.into.setAttribute("aria-busy", "false");
    const { card, missing, row } = whole;
    const live = this.host.live();
    const current = (): boolean => turn === this.turn;
    const parts = card === null ? null : cardParts(whole, card, this.host.say);
    const note = [...(missing === null ? [] : [h("p", { class: "missing" }, said(missing))]), ...this.keepAsking([whole], () => this.show(chosen))];
    const evidence = evidencePart(whole, live, { judge: () => judgeOf(this.host.script), takeApart: this.opener.takeApart });
    this.draw(
      this.title(verdictBadge(row.verdict), " ", said(row.title === "" ? "(no title)" : row.title)),
      ...note,
      ...this.kept(row),
      ...this.attempts(whole),
      headFacts(row, card),
      ...(parts?.above ?? rowParts(row)),
      ...(card === null ? [] : counterexamplesPart(card, this.host.say)),
      ...(card === null || row.counts.refuse + row.counts.hold + row.counts.observed + row.counts.note === 0 ? [] : [findingsPart(whole, live, current)]),
      ...(parts?.below ?? []),
      ...rulePart(chosen, live !== null),
      ...approvePart(row, { live, words: this.words, opened: (result) => this.open(result) }),
      evidence,
    );
    this.named(row.key);
  }

  /** The new attempt is listed and shown at once; when exactly it was decided, the list hears as soon as it asks again. */
  private open(result: GateResult): void {
    const at = result.card.releases?.at(-1)?.at ?? null;
    const row = cardOfWhole(result.card, { at, total_us: result.timings.total_us, cost: result.cost ?? null }, { kind: "live" });
    this.host.take(row);
    this.host.open(row.key);
  }

  /** Other attempts of the same gate: those that the page holds, and those that the daemon has evidence of. */
  private attempts({ row, attempts }: Whole): PageElement[] {
    const { gate_id } = row;
    if (gate_id === null) return [];
    const held = this.host.cards().filter((one) => one.gate_id === gate_id && one.attempt !== row.attempt);
    const known = new Set(held.map(({ attempt }) => attempt));
    const live = this.host.live();
    const older = row.origin.kind === "live" && live !== null ? attempts.filter((attempt) => attempt !== row.attempt && !known.has(attempt)) : [];
    if (held.length + older.length === 0) return [];
    const others = [...known, ...older].toSorted((a, b) => b - a);
    const note = h("span", { class: "hint", role: "status" });
    const compareWith = async (attempt: number): Promise<void> => {
      const other = held.find((one) => one.attempt === attempt);
      if (other !== undefined) return this.host.compare(other.key, row.key);
      if (live === null) return;
      note.replaceChildren("Asking for it…");
      const turn = this.turn;
      const found = await earlierCard(gate_id, attempt, live, this.opener.takeApart);
      if (turn !== this.turn) return;
      if ("said" in found) return note.replaceChildren(said(found.said));
      const { card } = found;
      if (card === null) return note.replaceChildren(`The daemon has no evidence of attempt ${attempt} any more.`);
      const earlier = { row: cardOfWhole(card, { at: null, total_us: null, cost: null }, { kind: "live" }), card };
      this.drawCompared(earlier, await this.load(row));
    };
    return [h("p", { class: "actions" }, ...others.slice(0, ATTEMPTS_MAX).map((attempt) => button(`Compare with attempt ${attempt}`, () => void compareWith(attempt))), note)];
  }

  async compare(one: PageCard, other: PageCard): Promise<void> {
    const turn = this.begin();
    const [first, second] = await Promise.all([this.load(one), this.load(other)]);
    if (turn === this.turn) this.drawCompared(first, second, () => this.compare(one, other));
  }

  private drawCompared(one: Asked, other: Asked, again?: () => Promise<void>): void {
    const back = this.host.byKey(other.row.key) === undefined ? [] : [button("Back to the second card", () => this.host.open(other.row.key))];
    const asking = again === undefined ? [] : this.keepAsking([one, other], again);
    this.draw(this.title("Two cards compared"), h("p", { class: "actions" }, button("Swap them", () => this.drawCompared(other, one, again)), ...back), ...asking, ...comparison(one, other));
    this.named(`${one.row.key} ${other.row.key}`);
  }

  clear(): void {
    this.begin();
    this.into.replaceChildren();
    delete this.into.dataset["opened"];
  }
}

/** Attempts that have a button; a gate with more of them is found in the list. */
const ATTEMPTS_MAX = 8;

export const createDetail: CreateDetail = (host, into) => {
  const opened = new Opened(host, into as PageBox);
  return { show: (card) => void opened.show(card), compare: (one, other) => void opened.compare(one, other), clear: () => opened.clear(), again: (because) => opened.again(because) };
};

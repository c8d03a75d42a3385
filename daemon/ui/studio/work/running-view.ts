/** "Would have fired N times of M": the rule over what was recorded, from a file or from the daemon. */
import type { PageElement, PageInput, PageScrolled } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import { stepper } from "../../page/stepper.ts";
import type { Fire, Ran, Reply, Source } from "../running/protocol.ts";
import { asRead, grouped, headline, remarks } from "../running/words.ts";
import type { Walk } from "../stepping/walk.ts";
import type { Studio } from "../studio.ts";
import type { Asking } from "./asking.ts";
import type { Folder } from "./folder.ts";
import { button, cardHref, other } from "./parts.ts";

const SAID = "What is said";
/** Violations that are drawn at once; more come by a button. */
const FIRES_DRAWN = 50;

export class RunningView {
  readonly element: PageElement;
  private readonly status = h("p", { id: "run-status", role: "status" }, "Nothing was run yet.");
  private readonly result = h("div", { id: "run-result" });
  private readonly steps = h("div", { id: "run-steps" });
  private readonly live: PageElement;
  private readonly again: PageElement;
  private readonly stop: PageElement;
  private source: Source | null = null;
  /** When the daemon's rows of `source` were read; `null`: it is something else. */
  private read_ms: number | null = null;
  /** Where it would have fired. */
  private list: PageElement | null = null;
  private going = false;

  constructor(private readonly studio: Studio, private readonly asking: Asking, private readonly folder: Folder) {
    this.live = button("Run over what the daemon recorded", () => void this.recorded(), { id: "run-live" });
    this.again = button("Run again", () => this.run(this.read_ms), { id: "run-again" });
    this.stop = button("Stop", () => this.end(), { id: "run-stop" });
    folder.watch(() => this.buttons());
    const input = h("input", { id: "recording", type: "file", "aria-describedby": "recording-hint" }) as PageInput;
    input.addEventListener("change", () => {
      for (const blob of input.files ?? []) this.give({ name: blob.name, blob });
      input.value = "";
    });
    const hint = h("div", { class: "given" }, h("label", { for: "recording" }, "A recording"), input, h("p", { class: "hint", id: "recording-hint" }, "NDJSON, the form of ", h("code", {}, "maestro invariants check --events"), ", or what ", h("code", {}, "maestro cards --out"), " writes. It may also be dropped anywhere on this page."));
    this.element = h("section", { "aria-labelledby": "run-title" }, h("h2", { id: "run-title" }, "What happened"), hint, h("div", { class: "actions" }, this.live, this.again, this.stop), this.status, h("div", { class: "found" }, this.result, this.steps));
    this.buttons();
  }

  private buttons(): void {
    this.live.hidden = this.going || this.folder.state.is === "disk" || this.folder.state.is === "waiting";
    this.again.hidden = this.going || this.source === null;
    this.stop.hidden = !this.going;
  }

  private end(): void {
    this.going = false;
    this.asking.stop("Stopped; nothing is known of what was not looked at.");
    this.buttons();
  }

  /** Saying of a result where somebody sees it while writing; `listed`: there is a list to go to. */
  onSaid: (text: string, listed: boolean) => void = () => undefined;

  /** Over the file that was run last, else over what the daemon recorded until now; where it does not answer, what was read of it. */
  once(): void {
    if (this.going) return;
    if (this.source !== null && (this.read_ms === null || this.folder.state.is !== "open")) this.run(this.read_ms);
    else if (this.live.hidden) this.say("Give a recording first, under What happened.");
    else void this.recorded();
  }

  /** Goes to the list of where it would have fired. */
  toList(): void {
    (this.status as PageScrolled).scrollIntoView({ block: "center" });
    this.list?.focus({ preventScroll: true });
  }

  private say(text: string, listed = false): void {
    this.onSaid(text, listed);
    this.status.replaceChildren(other(text));
  }

  give(source: Source): void {
    this.source = source;
    this.read_ms = null;
    this.run(null);
  }

  /** What an earlier run found says nothing of this one. */
  private clear(): void {
    this.result.replaceChildren();
    this.steps.replaceChildren();
  }

  private async recorded(): Promise<void> {
    this.going = true;
    this.clear();
    this.buttons();
    const rows = await this.folder.rows((count) => this.say(`reading what was recorded: ${grouped(count)} changes`), () => this.going);
    if (!this.going) return this.say("Stopped.");
    this.going = false;
    this.buttons();
    if (!rows.ok) return this.say(rows.failure.said);
    this.give({ name: "what the daemon recorded", rows: rows.value });
    this.read_ms = Date.now();
  }

  /** `read_ms`: the rows are those of an earlier reading, which is said. */
  private run(read_ms: number | null): void {
    const { source } = this;
    if (source === null) return;
    if (this.going) this.end();
    this.going = true;
    this.buttons();
    this.say(`Running over ${source.name}\u2026`);
    this.clear();
    this.asking.ask({ ask: "run", text: this.studio.store.draft.text, beside: this.studio.beside, source }, (reply) => this.heard(reply, source.name, read_ms));
  }

  private heard(reply: Reply, name: string, read_ms: number | null): void {
    if ("progress" in reply) return this.say(`${name}: ${reply.progress}`);
    this.going = false;
    this.buttons();
    if ("failed" in reply) this.say(reply.failed);
    if ("mistakes" in reply) {
      this.say("The rule has mistakes, so it was not run.");
      this.result.replaceChildren(h("ul", {}, ...reply.mistakes.map(({ line, column, message, fix }) => h("li", {}, other(`line ${line}, column ${column}: ${message}; ${fix}`)))));
    }
    if ("ran" in reply) this.show(reply.ran, `${headline(reply.ran, name)}${read_ms === null ? "" : asRead(read_ms)}`);
  }

  /** With an opener the new tab has this one's session; from disk there is no page to go to. */
  private link(gate_id: string): PageElement[] {
    if (this.folder.state.is !== "open") return [];
    return [h("a", { href: cardHref(gate_id), target: "_blank", rel: "opener" }, "its card")];
  }

  private row(fire: Fire, index: number): PageElement {
    const { line, at, message, key, card } = fire;
    const what = card === null ? h("span", {}, `line ${grouped(line)}`) : h("span", {}, other(card.title), h("span", { class: "hint" }, " ", other(`${card.verdict}, ${card.repository}`), " "), ...this.link(card.gate_id));
    const of = key === null || key.length === 0 ? "" : ` (${key.map((one) => JSON.stringify(one)).join(", ")})`;
    const cells: readonly (readonly [string, PageElement | string])[] = [["When", other(at ?? "")], ["Event", what], [SAID, other(`${message}${of}`)], ["", button("Steps", () => this.walk(index), { "aria-label": `Steps to violation ${index + 1}` })]];
    return h("tr", {}, ...cells.map(([label, cell]) => h("td", { "data-label": label, ...(label === SAID || label === "Event" ? { class: "words" } : {}) }, cell)));
  }

  private show(ran: Ran, said: string): void {
    this.list = null;
    const notes = remarks(ran).map((text) => h("li", {}, other(text)));
    const parts: PageElement[] = notes.length === 0 ? [] : [h("ul", { class: "remarks" }, ...notes)];
    if (ran.fires.length > 0) {
      const head = h("tr", {}, ...["When", "Event", SAID].map((name) => h("th", { scope: "col" }, name)), h("td", {}));
      const body = h("tbody", {}, ...ran.fires.slice(0, FIRES_DRAWN).map((fire, i) => this.row(fire, i)));
      const rest = ran.fires.slice(FIRES_DRAWN);
      const more = button(`Show ${grouped(rest.length)} more`, () => {
        body.append(...rest.map((fire, i) => this.row(fire, FIRES_DRAWN + i)));
        more.hidden = true;
      });
      const unlisted = ran.violations - ran.fires.length;
      this.list = h("table", { class: "list", tabindex: "-1" }, h("caption", { class: "unseen" }, "Where it would have fired"), h("thead", {}, head), body);
      parts.push(this.list, ...(rest.length === 0 ? [] : [more]), ...(unlisted > 0 ? [h("p", { class: "more" }, `and ${grouped(unlisted)} more that are only counted`)] : []));
    }
    this.result.replaceChildren(...parts);
    this.say(said, this.list !== null);
  }

  private walk(index: number): void {
    this.asking.ask({ ask: "walk", fire: index }, (reply) => {
      if ("walk" in reply) this.step(reply.walk);
      else if ("failed" in reply) this.steps.replaceChildren(h("p", { class: "hint" }, other(reply.failed)));
    });
  }

  /** Draws the way, and goes there: whoever asked for it wants to look at it. */
  step(walk: Walk): void {
    const title = h("h3", { tabindex: "-1" }, other(walk.title));
    this.steps.replaceChildren(h("section", { "aria-label": "Step by step" }, title, ...(walk.cut === 0 ? [] : [h("p", { class: "hint" }, `${grouped(walk.cut)} earlier events of this key are left out`)]), stepper(walk)));
    title.focus();
  }

  /** Counterexamples of a file that somebody dropped: each by a button. */
  choose(name: string, walks: readonly Walk[]): void {
    const [first] = walks;
    this.say(walks.length === 0 ? `${name} holds no counterexample.` : `${name}: ${walks.length} ${walks.length === 1 ? "counterexample" : "counterexamples"}.`);
    this.result.replaceChildren(...(walks.length > 1 ? [h("ul", { class: "rows" }, ...walks.map((walk) => h("li", {}, button("Steps", () => this.step(walk)), " ", other(walk.title))))] : []));
    if (first !== undefined) this.step(first);
  }
}

export const runningView = (studio: Studio, asking: Asking, folder: Folder): RunningView => new RunningView(studio, asking, folder);

/**
 * Releasing what was held, from the page: ask what would be signed, look at it, agree to it. Three steps, none of which a single press takes
 * by accident: nothing here is a form that Enter sends, and the last button stays shut until the box above it is ticked.
 */
import { Value } from "@sinclair/typebox/value";
import { GateEvent, type GateResult } from "../../../../proto/api.ts";
import { isOwnReason, type ReleaseKind } from "../../../../proto/release.ts";
import { ReleaseOffer } from "../../../../proto/release-api.ts";
import { type ApproveAsk, type OfferAsk, UI_PATHS } from "../../../../proto/ui.ts";
import { plural } from "../../../verifier/words/card.ts";
import type { PageElement, PageTyped } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { Live } from "../../page/live.ts";
import type { PageCard } from "../model.ts";
import { button, facts, part, said, verdictBadge } from "./pieces.ts";

const SIGNS: Readonly<Record<Live["about"]["signer"], string>> = {
  user: "your user on this machine is the proof, as with maestro approve",
  key: "the key file that maestro ui was started with signs; it may ask in that terminal",
  agent: "a key of the agent signs; it may ask in the terminal where maestro ui runs, or for a touch",
};

const KINDS: readonly (readonly [ReleaseKind, string])[] = [
  ["approve", "Approve what policy lets a person approve"],
  ["override", "Override (break the glass): every reason, and it stays on record as that"],
];

/** The daemon tells nobody who may, before somebody asks to; but one that a user started for themselves seldom has people. */
const NEEDS_PEOPLE = "Only somebody whom the host configuration lists under people can release it. The daemon that npm start runs lists nobody, and then this is refused: an operator's maestrod.yaml names them.";

const REASON_CHARS_MAX = 500;
const PROGRESS_LINES_MAX = 40;

/** Everything that is signed, in the order it is read. */
function offered({ request, stays }: ReleaseOffer, live: Live): PageElement {
  const { kind, person, repo_id, target_ref, head, gate_id, attempt, reasons, reason, expires, answer_until, mode, trust_domain } = request;
  return h(
    "div",
    { class: "offer" },
    facts("What would be signed", [
      ["Kind", kind],
      ["Person", said(person)],
      ["Repository", said(repo_id)],
      ["Into", said(target_ref)],
      ["Commit", head],
      ["Gate", said(`${gate_id}, attempt ${attempt}, mode ${mode}, ${trust_domain}`)],
      ["Your reason", said(reason)],
      ["Counts", expires === null ? "as long as the head stays what it is" : `until ${expires}`],
      ["Signed by", SIGNS[live.about.signer]],
      ["To be answered", `until ${answer_until}`],
    ]),
    h("p", {}, reasons.length === 0 ? "It releases nothing." : "It releases:"),
    h("ul", {}, ...reasons.map(({ rule, effect, fingerprints }) => h("li", {}, h("code", {}, said(rule)), ` (${effect}s it; ${plural(fingerprints.length, "finding")} that you say you have seen)`))),
    ...(stays.length === 0 ? [] : [h("p", {}, "It does not touch:"), h("ul", {}, ...stays.map(({ rule, because }) => h("li", {}, h("code", {}, said(rule)), ": ", said(because))))]),
  );
}

interface Around {
  readonly live: Live | null;
  /** Reasons as far as they are written, by gate. */
  readonly words: Map<string, string>;
  /** Shows the new attempt. */
  readonly opened: (result: GateResult) => void;
}

class Approval {
  private readonly stage = h("div", { "aria-live": "polite" });
  private readonly reason = h("textarea", { id: "release-reason", rows: "3", maxlength: String(REASON_CHARS_MAX), "aria-describedby": "release-hint" }) as PageTyped;
  private readonly kinds = KINDS.map(([kind, text], i) => {
    const input = h("input", { type: "radio", name: "release-kind", id: `release-${kind}`, value: kind, ...(i === 0 ? { checked: "" } : {}) }) as PageTyped;
    input.addEventListener("change", () => this.withdraw());
    return { kind, input, text };
  });
  private readonly ask = button("Show what would be signed", () => void this.offer()) as PageTyped;
  /** The answer to an older question is dropped. */
  private turn = 0;
  private signing = false;

  constructor(private readonly row: PageCard & { readonly gate_id: string }, private readonly live: Live, private readonly around: Around) {
    this.reason.value = around.words.get(row.gate_id) ?? "";
    this.reason.addEventListener("input", () => {
      around.words.set(row.gate_id, this.reason.value);
      this.withdraw();
    });
  }

  element(): PageElement {
    const kinds = this.kinds.map(({ kind, input, text }) => h("div", { class: "choice" }, input, " ", h("label", { for: `release-${kind}` }, text)));
    return part(
      "approve",
      "Release it",
      ...(this.row.mode === "local" ? [h("p", { class: "hint" }, NEEDS_PEOPLE)] : []),
      h("fieldset", {}, h("legend", {}, "What kind of release"), ...kinds),
      h("label", { for: "release-reason" }, "Why, in your own words"),
      this.reason,
      h("p", { class: "hint", id: "release-hint" }, "It is signed and logged with your name. Nothing is signed before you have seen what, and have agreed to it."),
      h("div", { class: "actions" }, this.ask),
      this.stage,
    );
  }

  /** What was offered was for other words. */
  private withdraw(): void {
    if (this.signing) return;
    this.turn += 1;
    this.stage.replaceChildren();
  }

  private declined(): void {
    this.withdraw();
    this.ask.focus();
  }

  private told(text: string, retry = false): void {
    this.stage.replaceChildren(h("p", { class: "refused" }, said(text)), ...(retry ? [h("p", { class: "hint" }, "Nothing was signed.")] : []));
  }

  private async offer(): Promise<void> {
    const reason = this.reason.value.trim();
    if (!isOwnReason(reason)) {
      this.told("Say in your own words why; it is what stands on record.", true);
      return this.reason.focus();
    }
    const turn = ++this.turn;
    this.ask.disabled = true;
    const kind = this.kinds.find(({ input }) => input.checked)?.kind ?? "approve";
    const body: OfferAsk = { gate: this.row.gate_id, kind, reason };
    const answer = await this.live.ask<unknown>(UI_PATHS.offer, { method: "POST", body });
    this.ask.disabled = false;
    if (turn !== this.turn) return;
    if (!answer.ok) {
      this.told(answer.failure.said, true);
      // A browser takes the focus from what is shut for a moment.
      return this.ask.focus();
    }
    if (!Value.Check(ReleaseOffer, answer.value)) return this.told("The offer has a form that this page does not read; approve it with maestro approve.", true);
    this.confirm(answer.value);
  }

  private confirm(offer: ReleaseOffer): void {
    const { gate_id, head, attempt } = offer.request;
    // What is signed must be what is open: the daemon judges the newest attempt.
    if (gate_id !== this.row.gate_id || head !== this.row.head) return this.told("The offer is of another change than the card that is open; nothing was signed.");
    const newer = attempt === this.row.attempt ? [] : [h("p", { class: "refused" }, `Mind: this is attempt ${attempt}, and the card that is open is of attempt ${this.row.attempt}.`)];
    const agreed = h("input", { type: "checkbox", id: "release-agreed" }) as PageTyped;
    const sign = button(`Sign and ${offer.request.kind}`, () => void this.sign(offer, sign)) as PageTyped;
    sign.disabled = true;
    agreed.addEventListener("change", () => (sign.disabled = !agreed.checked));
    const title = h("h4", { tabindex: "-1" }, "This would be signed");
    this.stage.replaceChildren(title, ...newer, offered(offer, this.live), h("div", { class: "choice" }, agreed, " ", h("label", { for: "release-agreed" }, "I have looked at everything it releases")), h("div", { class: "actions" }, sign, button("Do not", () => this.declined())));
    title.focus();
  }

  private async sign(offer: ReleaseOffer, sign: PageTyped): Promise<void> {
    if (this.signing || sign.disabled) return;
    [this.signing, sign.disabled, this.ask.disabled] = [true, true, true];
    const log = h("ul", { class: "progress" });
    const status = h("p", { role: "status", tabindex: "-1" }, "Signing…");
    this.stage.replaceChildren(status, log);
    status.focus();
    let result: GateResult | null = null;
    let told = 0;
    const body: ApproveAsk = { nonce: offer.request.nonce };
    const end = await this.live.events<unknown>(UI_PATHS.approve, body, (event) => {
      if (!Value.Check(GateEvent, event)) return;
      if (event.event === "result") result = event;
      else if (event.event === "progress" && told++ < PROGRESS_LINES_MAX) log.append(h("li", {}, said(event.check === null ? event.stage : `${event.check}: ${event.result ?? "asked"}`)));
    });
    [this.signing, this.ask.disabled] = [false, false];
    if (!end.ok || result === null) this.ask.focus();
    if (!end.ok) return this.told(`${end.failure.said} Whether it was signed, the newest card of this change says.`);
    if (result === null) return this.told("The answer ended without a decision. Whether it was signed, the newest card of this change says.");
    this.done(result);
  }

  private done(result: GateResult): void {
    this.around.words.delete(this.row.gate_id);
    const waits = result.card.releases?.some(({ counts }) => !counts) === true;
    const title = h("h4", { tabindex: "-1" }, "Signed and logged: the change is ", verdictBadge(result.verdict));
    this.stage.replaceChildren(title, ...(waits ? [h("p", {}, "Recorded, and without effect until a second person overrides too.")] : []), h("p", {}, `Attempt ${result.attempt}, log entry ${result.proof.log_index}.`), h("div", { class: "actions" }, button("Open the new card", () => this.around.opened(result))));
    title.focus();
  }
}

/** Only where something was held or refused, a daemon is connected, and the card is that daemon's. */
export function approvePart(row: PageCard, around: Around): PageElement[] {
  const { gate_id, verdict } = row;
  const { live } = around;
  if (verdict === "admit" || gate_id === null) return [];
  if (live === null || row.origin.kind !== "live") return [part("approve", "Release it", h("p", { class: "hint" }, "A card from a file cannot be released here: start maestro ui cards, or type the command under Next."))];
  return [new Approval({ ...row, gate_id }, live, around).element()];
}
